//go:build !device

package session

import (
	"slices"
	"strings"

	"github.com/dqa-go/dqa/profile"
)

// Grid is every method at every number of bits, extra bits, ratio and budget.
type Grid struct {
	Methods   string    // as ParseVariant reads them, separated by commas: "direct:unsigned,dqa:mse"; "fp32" is passed over
	Bits      []int     // n: bits of a code
	ExtraBits []int     // m: bits more for important channels (dqa)
	Ratios    []float64 // r: share of important channels (dqa)
	Budgets   []float64 // stored bits per value (graded)
}

// PaperGrid is the paper's method between a plain quantizer and graded, whose bits are given by budgets or found: the fewest
// that lose at most a point. SweepGrid covers what can be set.
var (
	PaperGrid = Grid{"fp32,direct:unsigned,dqa,graded,graded:max-drop=1", []int{3, 4}, []int{3}, []float64{.5}, []float64{1.5, 2, 3}}
	SweepGrid = Grid{
		"direct,direct:unsigned,dqa,dqa:unsigned,graded", []int{2, 3, 4, 5, 6}, []int{1, 2, 3}, []float64{.25, .5, .75},
		[]float64{1, 1.5, 2, 2.5, 3},
	}
)

// Variants lists the grid method by method, other settings as in base; what a method does not use makes no variants of
// it. They are completed. The error wraps ErrSetting.
func (g Grid) Variants(base Variant) ([]Variant, error) {
	var all []Variant
	for _, name := range strings.Split(g.Methods, ",") {
		if name = strings.TrimSpace(name); name == "fp32" {
			continue // always there
		}
		for _, p := range g.points() {
			v := base
			v.Bits, v.ExtraBits, v.Ratio, v.Dial, v.Goal = p.Bits, p.ExtraBits, p.Ratio, p.Dial, p.Goal
			v, err := ParseVariant(name, v)
			if err != nil {
				return nil, err
			}
			if v, err = v.Complete(); err != nil {
				return nil, err
			}
			if !slices.Contains(all, v) {
				all = append(all, v)
			}
		}
	}
	return all, nil
}

// points are all combinations, the bits going fastest. Budgets stand in for bits: no method uses both. What a grid does
// not say stays zero.
func (g Grid) points() (all []profile.Setting) {
	for _, m := range orZero(g.ExtraBits) {
		for _, r := range orZero(g.Ratios) {
			bits, budgets := orZero(g.Bits), orZero(g.Budgets)
			for i := range max(len(bits), len(budgets)) {
				all = append(all, profile.Setting{
					Bits: bits[min(i, len(bits)-1)], ExtraBits: m, Ratio: r, Dial: profile.Budget, Goal: budgets[min(i, len(budgets)-1)],
				})
			}
		}
	}
	return all
}

func orZero[T any](list []T) []T {
	if len(list) == 0 {
		return make([]T, 1)
	}
	return list
}
