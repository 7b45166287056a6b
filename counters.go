package dqa

import (
	"math"
	"math/bits"

	"github.com/dqa-go/dqa/internal/quant"
	"github.com/dqa-go/dqa/internal/tile"
	"github.com/dqa-go/dqa/profile"
)

// Counters are what an Encoder or a Decoder counts of a stream (WithCounters): how many bits the codes of an edge took, and, of
// a fixed sample of its values, which codes they had. They are what package drift looks at. An encoder and a decoder of the
// same frames count the same, save on edges that store means of channels, where a decoder's codes may be one off.
//
// Their memory does not depend on the stream: at most 64 KiB. Counters belong to one Encoder or Decoder.
type Counters struct {
	Edges []EdgeCounts // as many as are watched: all, or MaxWatched spread over them
}

// MaxWatched is the number of edges that Counters watch at most.
const MaxWatched = 128

// Classes is the number of classes that codes are counted in, by magnitude: those of the contexts of coders (spec/coders.md).
const Classes = 16

// ChannelGroups is the number of groups of neighbouring channels whose codes are summed up, at most.
const ChannelGroups = 16

// EdgeCounts are those of one edge, summed over Images.
type EdgeCounts struct {
	Edge    int    // of the profile
	Images  uint64 // whose values were seen
	Bits    uint64 // of the edge's tiles and their refinements, without what surrounds them
	Sampled uint64 // values
	Escapes uint64 // of them, codes that leave the edge's bits
	Size    uint64 // sum of the magnitudes of their codes
	Classes [Classes]uint64
	Groups  [ChannelGroups]GroupCounts // channel c is of group c*G/Channels of G
}

// Zeros is the number of sampled codes that are 0.
func (k *EdgeCounts) Zeros() uint64 { return k.Classes[0] }

// GroupCounts are those of one group of channels.
type GroupCounts struct {
	Sampled uint64
	Sum     int64 // of codes, with their signs
}

// classBounds are the magnitudes that classes begin with, from the second on.
var classBounds = [Classes - 1]int{1, 2, 3, 4, 5, 6, 8, 11, 15, 20, 27, 36, 50, 75, 120}

// classOf is the class of a magnitude; those beyond the table are of the last.
var classOf = func() (t [128]uint8) {
	for m := range t {
		for _, b := range classBounds {
			if m >= b {
				t[m]++
			}
		}
	}
	return t
}()

// ClassSize is the number of codes in class k of an edge: two of a magnitude if it has signs. The last class ends where the
// edge's bits do, or at twice its first magnitude.
func ClassSize(e *profile.Edge, k int) int {
	first, end := 0, 2*classBounds[Classes-2]
	if k > 0 {
		first = classBounds[k-1]
	}
	if k < Classes-1 {
		end = classBounds[k]
	}
	if e.Unsigned || k == 0 {
		return end - first
	}
	return 2 * (end - first)
}

// Groups is the number of groups of channels of an edge.
func Groups(e *profile.Edge) int { return min(e.Channels, ChannelGroups) }

// Watched are the edges that Counters of a profile watch: those whose values tell their codes (all but noisy and transformed ones), spread
// over the network if there are more than MaxWatched.
func Watched(p *profile.Profile) (edges []int) {
	var able []int
	for i := range p.Edges {
		if e := &p.Edges[i]; e.Map != profile.Noisy && e.Transform == nil {
			able = append(able, i)
		}
	}
	n := min(len(able), MaxWatched)
	for k := range n {
		edges = append(edges, able[k*len(able)/n])
	}
	return edges
}

// NewCounters returns counters for streams of the codec's profile.
func (c *Codec) NewCounters() *Counters {
	k := &Counters{}
	for _, i := range Watched(c.profile) {
		k.Edges = append(k.Edges, EdgeCounts{Edge: i})
	}
	return k
}

// Reset forgets what was counted.
func (c *Counters) Reset() {
	for k := range c.Edges {
		c.Edges[k] = EdgeCounts{Edge: c.Edges[k].Edge}
	}
}

// WithCounters makes an Encoder or a Decoder count, in whole edges; what Decoder.Tile and Decoder.Channel read is not counted.
// The counters are those of the same codec.
func WithCounters(c *Counters) Option { return func(o *options) { o.counters = c } }

// find is the place of the counts of an edge or, if it is not watched, of those behind it.
func (c *Counters) find(edge int) (k int, ok bool) {
	k, end := 0, len(c.Edges)
	for k < end {
		if mid := (k + end) / 2; c.Edges[mid].Edge < edge {
			k = mid + 1
		} else {
			end = mid
		}
	}
	return k, k < len(c.Edges) && c.Edges[k].Edge == edge
}

// countValues counts the samples of edges [first, end), whose values and steps are known.
func (c *coding) countValues(first, end int) {
	if c.counters == nil {
		return
	}
	for i := first; i < end; i++ {
		v := &c.values[i]
		data := v.Source
		if data == nil {
			data = v.Restored
		}
		if k, ok := c.counters.find(i); ok {
			c.counters.Edges[k].count(c.codec.edge(i), data, v.Steps)
		}
	}
}

// countBits counts the payloads of an edge's tiles.
func (c *coding) countBits(edge int, tiles []tile.Tile) {
	if c.counters == nil {
		return
	}
	if k, ok := c.counters.find(edge); ok {
		for t := range tiles {
			c.counters.Edges[k].Bits += 8 * uint64(len(tiles[t].Payload.Base)+len(tiles[t].Payload.Low))
		}
	}
}

// countTiles is countBits of edges [first, end), the edges at hand.
func (c *coding) countTiles(first, end int) {
	for i := first; i < end; i++ {
		c.countBits(i, c.tilesOf(i))
	}
}

// Samples is the number of values of an edge whose codes are counted in an image: a share that keeps counting below a hundredth
// of what its coder takes.
func Samples(e *profile.Edge) int {
	share, least := e.Coder.Samples()
	return min(e.Elements(), max(least, e.Elements()/share))
}

// perChannel is how many samples are taken of a channel at once: what a channel's codes are like is found out once for them.
const perChannel = 4

// count counts the samples of one image. They are taken of channels that are spread over the edge, up to perChannel of one, at
// places that a multiplicative hash gives, the same in every image.
func (k *EdgeCounts) count(e *profile.Edge, data []float32, steps []float32) {
	n, groups, plane := Samples(e), Groups(e), e.PlaneSize()
	across, along := plane, 1 // from channel to channel, from place to place
	if e.ChannelsLast {
		across, along = 1, e.Channels
	}
	visits := (n + perChannel - 1) / perChannel
	hash := uint32(0)
	for v := range visits {
		c := v * e.Channels / visits
		if visits > e.Channels {
			c = v % e.Channels
		}
		t := tallyOf(e, c, steps)
		for range min(perChannel, n-v*perChannel) {
			hash += 0x9e3779b9
			place, _ := bits.Mul32(hash, uint32(plane))
			t.add(k, data[c*across+int(place)*along])
		}
		g := &k.Groups[c*groups/e.Channels]
		g.Sampled += uint64(min(perChannel, n-v*perChannel))
		g.Sum += t.sum
	}
	k.Images++
	k.Sampled += uint64(n)
}

// tally counts samples of one channel.
type tally struct {
	inverse        float32
	low, high      float32 // codes
	inside, beyond int32   // those of the edge's bits: from one up to the other
	sum            int64
}

func tallyOf(e *profile.Edge, c int, steps []float32) tally {
	width, lowest := e.WideBits(c), 0
	if !e.Unsigned {
		lowest = -1 << (width - 1)
	}
	t := tally{inverse: quant.StepScale(steps[e.ScaleSlot(c)]).Inv, inside: int32(lowest), beyond: int32(lowest + 1<<width)}
	r := e.Levels(c)
	t.low, t.high = float32(r.Low), float32(r.High)
	return t
}

const rounding = 0x1.8p23 // added to a magnitude below 2^22, it rounds that to an integer, ties to even

func (t *tally) add(k *EdgeCounts, x float32) {
	y := float32(x * t.inverse)
	switch {
	case y >= t.high:
		y = t.high
	case y <= t.low:
		y = t.low
	case y != y:
		y = 0
	}
	code := int32(math.Float32bits(float32(y+rounding))) - 0x4b400000
	size := max(code, -code)
	k.Classes[classOf[min(size, int32(len(classOf)-1))]]++
	k.Size += uint64(size)
	if code < t.inside || code >= t.beyond {
		k.Escapes++
	}
	t.sum += int64(code)
}
