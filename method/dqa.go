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
func (DQA) Complete(s profile.Method) (profile.Method, error) {
	s.Name = "dqa"
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

// Plan ranks the channels and marks round(r*C) of every edge as important, at least one unless r is 0.
func (DQA) Plan(env Env, s profile.Method) ([]profile.Edge, error) {
	edges, err := plain(env, s)
	if err != nil {
		return nil, err
	}
	if s.ExtraBits > 0 {
		scores, err := env.Rank(s.Ranking, edges)
		if err != nil {
			return nil, err
		}
		for i := range edges {
			edges[i].ExtraBits = s.ExtraBits
			edges[i].Important = Top(scores[i], Count(s.Ratio, edges[i].Channels))
		}
	}
	return edges, addSteps(env, edges)
}

// Count is the number of important channels of C.
func Count(ratio float64, channels int) int {
	if ratio == 0 {
		return 0
	}
	return min(channels, max(1, int(math.Round(ratio*float64(channels)))))
}

// Top marks the k highest scores; of equal ones the first.
func Top(scores []float64, k int) []bool {
	order := make([]int, len(scores))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case scores[a] > scores[b]:
			return -1
		case scores[a] < scores[b]:
			return 1
		}
		return 0
	})
	top := make([]bool, len(scores))
	for _, i := range order[:k] {
		top[i] = true
	}
	return top
}
