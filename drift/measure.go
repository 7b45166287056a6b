package drift

import (
	"math"

	"github.com/dqa-go/dqa"
	"github.com/dqa-go/dqa/profile"
)

// measures are those of one edge in one image.
type measures struct {
	stats  [profile.Statistics]float64
	groups [profile.CodeGroups]float64 // mean codes
}

// classes are shares of an edge's codes by class, and what codes of a class cost.
type classes struct {
	within [profile.CodeClasses]float64 // bits of which code of its class one is
	cost   [profile.CodeClasses]float64 // of the class, by the reference
}

func newClasses(e *profile.Edge, shares [profile.CodeClasses]uint16) *classes {
	c := &classes{}
	for k, share := range shares {
		c.within[k] = math.Log2(float64(dqa.ClassSize(e, k)))
		c.cost[k] = -math.Log2((float64(share) + .5) / 65535.5)
	}
	return c
}

// measure takes the statistics of one image from its counts. What an edge without samples has stays 0.
func measure(m *measures, e *profile.Edge, k *dqa.EdgeCounts, c *classes) {
	*m = measures{}
	if k.Sampled == 0 {
		return
	}
	n := float64(k.Sampled)
	own, model := 0.0, 0.0
	for i, count := range k.Classes {
		if count > 0 {
			p := float64(count) / n
			own += p * (c.within[i] - math.Log2(p))
			model += p * (c.within[i] + c.cost[i])
		}
	}
	m.stats = [profile.Statistics]float64{
		profile.CodedBits: float64(k.Bits) / float64(e.Elements()), profile.OwnBits: own, profile.ModelBits: model,
		profile.Zeros: float64(k.Zeros()) / n, profile.Escapes: float64(k.Escapes) / n, profile.Level: math.Log2(1./16 + float64(k.Size)/n),
	}
	for g := range dqa.Groups(e) {
		if s := k.Groups[g].Sampled; s > 0 {
			m.groups[g] = float64(k.Groups[g].Sum) / float64(s)
		}
	}
}

// standard is how many spreads a value is from the mean; no further than limit. A spread below what a statistic can mean is made that.
func standard(v float64, m profile.Moments, least float64) float64 {
	z := (v - float64(m.Mean)) / math.Max(float64(m.Spread), least)
	return math.Max(-limit, math.Min(limit, z))
}

const limit = 6

// least are the spreads below which statistics and mean codes are not told apart.
var least = [profile.Statistics]float64{.002, .005, .005, .002, .0005, .005}

const leastGroup = .01

// Streams of a row: coded bits of edges, or of bands of neighbouring edges where there are more; then of codes: the groups of channels of
// the first edge, and levels of bands.
const (
	maxCoded  = 32
	maxLevels = 8
)

// layout is which numbers a row has.
type layout struct{ coded, groups, levels int }

func layoutOf(edges []profile.ReferenceEdge) layout {
	return layout{min(len(edges), maxCoded), len(edges[0].Groups), min(len(edges), maxLevels)}
}

func (l layout) size() int { return l.coded + l.groups + l.levels }

// row fills dst with an image's streams from its standardized measures.
func (l layout) row(dst []float64, z []measures) {
	n := len(z)
	mean := func(band, bands int, s profile.Statistic) (sum float64) {
		from, to := band*n/bands, (band+1)*n/bands
		for _, m := range z[from:to] {
			sum += m.stats[s] / float64(to-from)
		}
		return sum
	}
	for b := range l.coded {
		dst[b] = mean(b, l.coded, profile.CodedBits)
	}
	copy(dst[l.coded:], z[0].groups[:l.groups])
	for b := range l.levels {
		dst[l.coded+l.groups+b] = mean(b, l.levels, profile.Level)
	}
}

// standardize turns an edge's measures into spreads from the reference.
func standardize(m *measures, r *profile.ReferenceEdge) {
	for s := range m.stats {
		m.stats[s] = standard(m.stats[s], r.Statistics[s], least[s])
	}
	for g := range r.Groups {
		m.groups[g] = standard(m.groups[g], r.Groups[g], leastGroup)
	}
}
