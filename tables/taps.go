package tables

import (
	"cmp"
	"math"
	"slices"

	"github.com/dqa-go/dqa/internal/rans"
	"github.com/dqa-go/dqa/profile"
)

// tapSamples keeps codes of an edge for the coder Smallest2: weights of neighbours are fitted to them, and models made of the
// contexts that come of these. It takes as much of every image: bands of planes, fewer of each where there are many images, and
// of all channels.
type tapSamples struct {
	edge   *profile.Edge
	rows   int // of a tile, when it is taught
	images [][]tapSample
	seen   []int // parts of a channel that are kept
	kept   int   // codes
	limit  int   // of them
	image  int   // the same, of one image
	beside bool  // parts have an earlier edge's
}

// tapSample is a part of a channel, row by row, from where a tile begins.
type tapSample struct {
	channel int
	codes   []int16
	earlier []int8 // those of an earlier edge at the same places, as they are weighted; nil: none
}

// How many codes are kept: of all edges and of one edge, the same of one image, and in one piece.
const (
	tapKept      = 32 << 20
	tapKeptEdge  = 1 << 20
	tapImage     = 8 << 20
	tapImageEdge = 1 << 18
	tapPart      = 1 << 12
)

// newTapSamples returns nil for an edge that the coder cannot store. edges is the number of all.
func newTapSamples(e *profile.Edge, edges int) *tapSamples {
	if e.ExtraBits > 0 || e.Refine > 0 || e.Cols > profile.MaxTapCols {
		return nil
	}
	return &tapSamples{
		edge: e, rows: e.Tile.Rows, seen: make([]int, e.Channels),
		limit: min(tapKeptEdge, tapKept/edges), image: min(tapImageEdge, tapImage/edges),
	}
}

// add keeps a part of the codes of an image, beginning with a band that number chooses: where bands are many, or images, each
// gives but a few, and all channels are to be among them. Edges of one shape keep the same places.
func (t *tapSamples) add(wide []int16, number uint32) {
	e := t.edge
	rows := e.Rows // of a part: whole tiles
	if e.PlaneSize() > tapPart {
		rows = max(1, tapPart/(e.Cols*e.Tile.Rows)) * e.Tile.Rows
	}
	bands := (e.Rows + rows - 1) / rows
	all := bands * e.Channels
	at, step := int(number%uint32(all)), all*5/8
	for gcd(step, all) > 1 {
		step++
	}
	var parts []tapSample
	for size := 0; len(parts) < all && size < t.image; at = (at + step) % all {
		c, from := at%e.Channels, at/e.Channels*rows
		part := wide[(c*e.Rows+from)*e.Cols:][:min(rows, e.Rows-from)*e.Cols]
		parts = append(parts, tapSample{channel: c, codes: slices.Clone(part)})
		size += len(part)
	}
	t.keep(parts)
}

func gcd(a, b int) int {
	for b > 0 {
		a, b = b, a%b
	}
	return a
}

// keep takes in parts of one image.
func (t *tapSamples) keep(parts []tapSample) {
	t.images = append(t.images, parts)
	t.trim(len(t.images) - 1)
	for t.kept > t.limit && t.image > 0 {
		t.image = t.image * 3 / 4
		t.kept = 0
		clear(t.seen)
		for i := range t.images {
			t.trim(i)
		}
	}
}

// trim drops parts of an image that are too many, but for one: those of channels of which most is kept of the images before it.
func (t *tapSamples) trim(image int) {
	parts := t.images[image]
	n, size := 0, 0
	for n < len(parts) && (n == 0 || size+len(parts[n].codes) <= t.image) {
		size += len(parts[n].codes)
		n++
	}
	if n < len(parts) {
		parts = slices.Clone(parts)
		slices.SortStableFunc(parts, func(a, b tapSample) int { return cmp.Compare(t.seen[a.channel], t.seen[b.channel]) })
		parts = slices.Clone(parts[:n])
	}
	for _, p := range parts {
		t.seen[p.channel]++
		t.kept += len(p.codes)
	}
	t.images[image] = parts
}

// merge takes over what another one has kept.
func (t *tapSamples) merge(other *tapSamples) {
	for _, parts := range other.images {
		t.keep(parts)
	}
}

// bands calls f with every part, cut where tiles begin.
func (t *tapSamples) bands(f func(part tapSample)) {
	band := t.rows * t.edge.Cols
	for _, image := range t.images {
		for _, p := range image {
			for at := 0; at < len(p.codes); at += band {
				end := min(at+band, len(p.codes))
				part := tapSample{channel: p.channel, codes: p.codes[at:end]}
				if p.earlier != nil {
					part.earlier = p.earlier[at:end]
				}
				f(part)
			}
		}
	}
}

// tapCoding is what the coder is taught.
type tapCoding struct {
	taps    *profile.Taps
	weights [2][]int8 // by channel, of an earlier edge
	slots   slots     // by context
	bits    float64
}

// earlier is what an earlier edge has beside a part.
func (c *tapCoding) earlier(p tapSample) (e rans.Earlier) {
	if p.earlier == nil {
		return e
	}
	e.Codes = p.earlier
	for k := range c.weights {
		e.Weights[k] = c.weights[k][p.channel]
	}
	return e
}

// teach fits weights and counts contexts; means are the mean magnitudes of channels, and a tile has so many rows.
func (t *tapSamples) teach(means []float64, rows int) *tapCoding {
	t.rows = rows
	c := &tapCoding{taps: &profile.Taps{}}
	c.taps.TwoSided = !t.edge.OneSided
	if t.edge.Cols == 1 {
		c.taps.Grid = t.some().grid()
	}
	t.fit(c, means)
	few := t.some()
	flat := *c.taps
	flat.Flat = true
	if few.bits(c, &flat) < flatGain*few.bits(c, c.taps) {
		c.taps = &flat
	}
	c.count(t)
	return c
}

// flatGain is what looking at which neighbours are the same must save: levels are half as fine then.
const flatGain = .995

// some has an eighth of the parts.
func (t *tapSamples) some() *tapSamples {
	few := *t
	few.images = nil
	for _, parts := range t.images {
		few.images = append(few.images, parts[:(len(parts)+7)/8])
	}
	return &few
}

// bits is what the kept codes take with other taps.
func (t *tapSamples) bits(c *tapCoding, taps *profile.Taps) float64 {
	own := *taps
	other := tapCoding{taps: &own, weights: c.weights}
	other.count(t)
	return other.bits
}

// grid is the width at which codes of tokens are most alike; 0 where there are too few.
func (t *tapSamples) grid() (best int) {
	rows, most := t.edge.Rows, 0.0
	for g := rans.MinGrid; g <= min(rows/3, 64); g++ {
		sum, n := 0.0, 0
		t.bands(func(p tapSample) {
			for i := g; i < len(p.codes); i++ {
				sum += float64(min(64, math.Abs(float64(p.codes[i]))) * min(64, math.Abs(float64(p.codes[i-g]))))
				n++
			}
		})
		if mean := sum / float64(max(n, 1)); mean > most {
			best, most = g, mean
		}
	}
	return best
}

// count fills the slots, and chooses by context whether codes are coded less their prediction.
func (c *tapCoding) count(t *tapSamples) {
	counts := c.tally(t)
	c.slots = counts[0]
	for i := range c.slots {
		plain, relative := measure(counts[0][i]), measure(counts[1][i])
		if relative.bits() < plain.bits() {
			c.taps.Relative[i], c.slots[i] = true, counts[1][i]
		}
		c.bits += min(relative.bits(), plain.bits())
	}
	c.fill()
}

// tally counts codes by context, and what they are more than their predictions.
func (c *tapCoding) tally(t *tapSamples) (counts [2]slots) {
	e := t.edge
	symbols := 1<<e.Bits + 1
	var all [2][]uint32
	for k := range counts {
		all[k] = make([]uint32, rans.NumTapContexts*symbols)
		for i := range rans.NumTapContexts {
			counts[k] = append(counts[k], all[k][i*symbols:][:symbols:symbols])
		}
	}
	low, middle, last := int(e.Lowest(0)), -(symbols / 2), uint(symbols-1)
	var memory rans.TapMemory
	var planes []rans.TapPlane // as many as go in step
	visit := func() {
		rans.VisitTaps(&memory, &c.taps.Taps, planes, e.Cols, func(context uint8, prediction, code int16) {
			at := uint(context) * uint(symbols)
			all[0][at+min(uint(int(code)-low), last)]++ // below the lowest is far beyond the last
			all[1][at+min(uint(int(code)-int(prediction)-middle), last)]++
		})
		planes = planes[:0]
	}
	t.bands(func(p tapSample) {
		if len(planes) > 0 && (len(planes) == rans.MaxLanes || len(planes[0].Codes) != len(p.codes)) {
			visit()
		}
		planes = append(planes, rans.TapPlane{Offset: c.taps.Offset(p.channel), Codes: p.codes, Earlier: c.earlier(p)})
	})
	if len(planes) > 0 {
		visit()
	}
	return counts
}

// fill lets contexts that were not seen be coded as the nearest level that was.
func (c *tapCoding) fill() {
	were := make([]bool, len(c.slots))
	for i, counts := range c.slots {
		were[i] = slices.ContainsFunc(counts, func(n uint32) bool { return n > 0 })
	}
	seen := func(i int) bool { return i >= 0 && i < len(were) && were[i] }
	step := rans.TapClasses(c.taps.Flat)
	for i := range c.slots {
		for d := step; !seen(i) && d < len(c.slots); d += step {
			for _, k := range []int{i - d, i + d} {
				if seen(k) {
					c.taps.Relative[i] = c.taps.Relative[k]
				}
			}
			if seen(i-d) || seen(i+d) {
				break
			}
		}
	}
}
