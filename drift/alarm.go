package drift

import (
	"fmt"
	"math"
	"slices"

	"github.com/dqa-go/dqa/profile"
)

// Alarm says that something has changed, and what.
type Alarm struct {
	Image     int     `json:"image"`     // at which it rose, from 0 on
	Since     int     `json:"since"`     // the first from which on the sum was above half of its threshold: the change is about as old
	Statistic float64 `json:"statistic"` // in parts of the threshold
	Chart     string  `json:"chart"`     // "bits" or "codes"
	Like      Like    `json:"like"`
	Edges     []Edge  `json:"edges"` // that changed most, the most changed first
}

// Like is what a change looks like.
type Like string

// The changes that are told apart, by the first third of the edges: codes have moved there more than their number of bits, or these
// have grown, or fallen.
const (
	BrightnessLike Like = "brightness-like" // values are moved: light, colour, offset
	NoiseLike      Like = "noise-like"      // there is more detail: noise, texture, snow
	BlurLike       Like = "blur-like"       // there is less: blur, fog, less contrast
)

// Edge is how one edge changed, over the last window, in standard deviations of a clean image.
type Edge struct {
	Edge     int        `json:"edge"`
	Name     string     `json:"name"`
	Change   float64    `json:"change"` // the largest of the others, without a sign
	Coded    float64    `json:"coded_bits"`
	Own      float64    `json:"own_bits"`
	Model    float64    `json:"model_bits"`
	Excess   float64    `json:"excess_bits"` // bits per value beyond the reference's: coded less own, not in deviations
	Zeros    float64    `json:"zeros"`
	Escapes  float64    `json:"escapes"`
	Level    float64    `json:"level"`
	Channels []Channels `json:"channels,omitempty"` // whose mean codes moved most
}

// Channels are neighbours, of which [From, To) are counted together.
type Channels struct {
	From   int     `json:"from"`
	To     int     `json:"to"`
	Change float64 `json:"change"`
}

// String names them.
func (c Channels) String() string {
	if c.To == c.From+1 {
		return fmt.Sprintf("channel %d", c.From)
	}
	return fmt.Sprintf("channels %d to %d", c.From, c.To-1)
}

const (
	namedEdges    = 5 // of an alarm
	namedChannels = 3 // of an edge
)

func (m *Monitor) alarm(c *chart) *Alarm {
	edges := m.Edges()
	slices.SortStableFunc(edges, func(a, b Edge) int { return compare(b.Change, a.Change) })
	return &Alarm{
		Image: m.images - 1, Since: min(c.low, m.images-1), Statistic: c.sum.length / c.h, Chart: c.name, Like: m.like(),
		Edges: edges[:min(namedEdges, len(edges))],
	}
}

func compare(a, b float64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// Edges are the changes of all watched edges over the last window.
func (m *Monitor) Edges() []Edge {
	var all []Edge
	for k := range m.recent {
		r, z := &m.reference.Edges[k], m.recent[k].stats
		back := func(s profile.Statistic) float64 { return z[s] * math.Max(float64(r.Statistics[s].Spread), least[s]) }
		e := Edge{
			Edge: r.Edge, Name: m.profile.Edges[r.Edge].Name, Coded: z[profile.CodedBits], Own: z[profile.OwnBits], Model: z[profile.ModelBits],
			Excess: back(profile.CodedBits) - back(profile.OwnBits), Zeros: z[profile.Zeros], Escapes: z[profile.Escapes], Level: z[profile.Level],
			Channels: m.channels(k),
		}
		for _, v := range z {
			e.Change = math.Max(e.Change, math.Abs(v))
		}
		if len(e.Channels) > 0 {
			e.Change = math.Max(e.Change, math.Abs(e.Channels[0].Change))
		}
		all = append(all, e)
	}
	return all
}

// channels are the groups of channels of a watched edge that moved most.
func (m *Monitor) channels(k int) (all []Channels) {
	n := m.profile.Edges[m.reference.Edges[k].Edge].Channels
	groups := len(m.reference.Edges[k].Groups)
	for g := range groups {
		// As channels are counted: c is of group c*groups/n.
		all = append(all, Channels{(g*n + groups - 1) / groups, ((g+1)*n + groups - 1) / groups, m.recent[k].groups[g]})
	}
	slices.SortStableFunc(all, func(a, b Channels) int { return compare(math.Abs(b.Change), math.Abs(a.Change)) })
	return all[:min(namedChannels, len(all))]
}

// like goes by the first third of the edges: what comes later is less of the image and more of what is in it.
func (m *Monitor) like() Like {
	bits, moved := 0.0, 0.0
	early := m.recent[:max(1, len(m.recent)/3)]
	for k := range early {
		bits += early[k].stats[profile.CodedBits] / float64(len(early))
	}
	groups := m.layout.groups
	for _, v := range m.recent[0].groups[:groups] {
		moved += math.Abs(v) / float64(groups)
	}
	switch {
	case moved > math.Abs(bits)/2:
		return BrightnessLike
	case bits > 0:
		return NoiseLike
	}
	return BlurLike
}
