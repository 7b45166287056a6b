package method

import (
	"fmt"
	"math"
	"slices"

	"github.com/dqa-go/dqa/profile"
)

// Choice says whether a part of graded is used.
type Choice uint8

// The choices. The zero value is what suits the part: ByTrial, but for means, which keep an edge from being packed in memory.
const (
	Default Choice = iota
	ByTrial        // where whole networks are better with it
	Always
	Never
)

var choiceNames = []string{"default", "auto", "always", "never"}

func (c Choice) String() string { return choiceNames[c] }

// ParseChoice is the inverse of String.
func ParseChoice(s string) (Choice, error) {
	i := slices.Index(choiceNames, s)
	if i < 0 {
		return 0, fmt.Errorf("%w: %q: one of %q", ErrSetting, s, choiceNames)
	}
	return Choice(i), nil
}

// Choices are those of all parts. The zero value is the default.
type Choices struct {
	ChannelSteps Choice // steps by the channels' sensitivity
	Gains        Choice // before biases; Always: no biases without
	Means        Choice // of channels, stored with every image (profile.Edge.DC); Default: Never
}

func (c Choices) means() Choice {
	if c.Means == Default {
		return Never
	}
	return c.Means
}

// options lists whether something is tried without and with.
func (c Choice) options() []bool {
	switch c {
	case Always:
		return []bool{true}
	case Never:
		return []bool{false}
	}
	return []bool{false, true}
}

// leastSpread is how much less sensitive than the most sensitive channel of its edge one may count as.
const leastSpread = 1. / 4096

// setMultipliers gives every channel of an edge its share of the edge's step: of errors that add up, weighed by w, those do least
// harm for their bits whose w * step^2 is the same everywhere. The geometric mean of the shares is 1. Edges of which nothing is known
// stay as they are. It tells whether there are others.
func setMultipliers(edges []profile.Edge, sensitivity [][]float64, pow2 bool) (some bool) {
	for i := range edges {
		w := slices.Clone(sensitivity[i])
		top := slices.Max(w)
		if !(top > 0) || math.IsInf(top, 0) || len(w) < 2 {
			continue
		}
		mean := 0.0
		for c := range w {
			w[c] = max(w[c], top*leastSpread)
			mean += math.Log2(w[c]) / float64(len(w))
		}
		edges[i].Scale = profile.StaticChannel
		edges[i].Steps = make([]float32, len(w))
		for c := range w {
			octaves := (mean - math.Log2(w[c])) / 2
			if pow2 {
				octaves = math.RoundToEven(octaves)
			}
			edges[i].Steps[c] = float32(math.Exp2(octaves))
		}
		some = true
	}
	return some
}

// meansFrom is the size of planes whose means are worth their bits.
const meansFrom = 1000

// withMeans are the edges with means of their channels stored, where planes are large, in tiles of whole planes. It tells whether
// there are any.
func withMeans(edges []profile.Edge) (with []profile.Edge, some bool) {
	with = slices.Clone(edges)
	for i := range with {
		e := &with[i]
		if e.PlaneSize() < meansFrom || e.RowSums || e.Refine > 0 || e.ChannelsLast {
			continue
		}
		e.DC, some = true, true
		e.Tile = profile.Tile{Channels: min(e.Channels, max(1, planesPerTile/e.PlaneSize())), Rows: e.Rows}
	}
	return with, some
}

// planesPerTile is how many values tiles of whole planes have at most, where a plane has no more.
const planesPerTile = 1 << 16

// at is what a whole network would come to at other bits: one quarters a distortion.
func (a *attempt) at(bits float64) float64 { return a.HeldOut * math.Exp2(2*(a.Bits-bits)) }

// Means of channels take from an edge that it can be packed in memory: they have to be worth it.
const meansShare = .9

// contest is won by the search whose first rung within the goal, corrected, comes to the least; a later one has to come to
// less than a share of what the earlier do.
func contest(searches []*search, goal, share float64) (*search, error) {
	if len(searches) == 1 {
		return searches[0], nil
	}
	var winner *search
	var best *attempt
	for _, s := range searches {
		if winner != nil {
			if winner.factors != nil && s.factors == nil {
				s.ladder = s.priced(s.env, winner.factors, winner.other)
			}
		}
		a, err := s.firstWithin(goal)
		if err != nil {
			return nil, err
		}
		if a, err = s.corrected(a); err != nil {
			return nil, err
		}
		if best == nil || a.at(goal) < share*best.at(goal) {
			winner, best = s, a
		}
	}
	return winner, nil
}
