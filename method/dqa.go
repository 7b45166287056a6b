package method

import (
	"fmt"
	"math"
	"slices"

	"github.com/dqa-go/dqa/profile"
)

// DQA is the paper's method (METHOD section 2): the important channels of every edge get m bits more, which are stored
// as shift errors.
type DQA struct{}

// Name is "dqa".
func (DQA) Name() string { return "dqa" }

// Complete checks n, m, r and the ranking's presence.
func (DQA) Complete(s profile.Setting) (profile.Setting, error) {
	s = profile.Setting{
		Name: "dqa", Bits: s.Bits, ExtraBits: s.ExtraBits, Ratio: s.Ratio, Ranking: s.Ranking, Global: s.Global,
		Unsigned: s.Unsigned, Scale: s.Scale,
	}
	switch {
	case s.ExtraBits < 0 || s.ExtraBits > profile.MaxExtra:
		return s, fmt.Errorf("%w: %d extra bits, 0 to %d allowed", ErrSetting, s.ExtraBits, profile.MaxExtra)
	case !(s.Ratio >= 0 && s.Ratio <= 1):
		return s, fmt.Errorf("%w: ratio %v, 0 to 1 allowed", ErrSetting, s.Ratio)
	case s.Ranking == "":
		return s, fmt.Errorf("%w: no ranking given", ErrSetting)
	}
	return s, checkBits(s.Bits)
}

// Plan ranks the channels and marks the important ones.
func (DQA) Plan(env Env, s profile.Setting) (*Plan, error) {
	edges, err := plain(env, s)
	if err != nil || s.ExtraBits == 0 {
		return &Plan{Edges: edges}, err
	}
	scores, err := env.Rank(s.Ranking, edges)
	if err != nil {
		return nil, err
	}
	stats, err := env.Stats()
	if err != nil {
		return nil, err
	}
	important := perEdge(scores, s.Ratio)
	if s.Global {
		important = global(scores, edges, s.Ratio)
	}
	for i := range edges {
		edges[i].ExtraBits, edges[i].Important = s.ExtraBits, important[i]
		setSteps(&edges[i], stats[i])
	}
	return &Plan{Edges: edges}, nil
}

// Rank scores the channels of all edges as DQA has them ranked, for who chooses among them by another rule.
func Rank(env Env, s profile.Setting) ([][]Score, error) {
	edges, err := plain(env, s)
	if err != nil {
		return nil, err
	}
	return env.Rank(s.Ranking, edges)
}

// perEdge marks round(r*C) channels of every edge, at least one unless r is 0: the paper's choice.
func perEdge(scores [][]Score, ratio float64) [][]bool {
	important := make([][]bool, len(scores))
	for i, s := range scores {
		important[i] = Top(s, Count(ratio, len(s)))
	}
	return important
}

// Count is the number of important channels of C.
func Count(ratio float64, channels int) int {
	if ratio == 0 {
		return 0
	}
	return min(channels, max(1, int(math.Round(ratio*float64(channels)))))
}

// Top marks the k highest scores; of equal ones the first.
func Top(scores []Score, k int) []bool {
	order := make([]int, len(scores))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return scores[a].compare(scores[b]) })
	top := make([]bool, len(scores))
	for _, i := range order[:k] {
		top[i] = true
	}
	return top
}

// global marks channels of the whole network while they fit into the share r of all its values, those first that
// score highest per value: extra bits are paid per value, so a channel of a large map must be worth more.
func global(scores [][]Score, edges []profile.Edge, ratio float64) [][]bool {
	type channel struct {
		edge, index, values int
		perValue            Score
	}
	var all []channel
	important := make([][]bool, len(edges))
	budget := 0.0
	for i, e := range edges {
		important[i] = make([]bool, e.Channels)
		values := e.Rows * e.Cols
		for c, s := range scores[i] {
			all = append(all, channel{i, c, values, Score{s.First / float64(values), s.Second / float64(values)}})
		}
		budget += ratio * float64(e.Elements())
	}
	slices.SortStableFunc(all, func(a, b channel) int { return a.perValue.compare(b.perValue) })
	for _, c := range all {
		budget -= float64(c.values)
		if budget < -1e-6*float64(c.values) { // rounding must not cost r = 1 its last channel
			break
		}
		important[c.edge][c.index] = true
	}
	return important
}
