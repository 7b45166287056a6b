//go:build !device

package session

import (
	"fmt"
	"slices"
	"strconv"
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

// GridText is a Grid with its lists as text, as flags have them: "2,3,4".
type GridText struct{ Methods, Bits, ExtraBits, Ratios, Budgets string }

// Text writes a grid as Parse reads it.
func (g Grid) Text() GridText {
	return GridText{g.Methods, join(g.Bits), join(g.ExtraBits), join(g.Ratios), join(g.Budgets)}
}

func join[T any](list []T) string {
	texts := make([]string, len(list))
	for i, v := range list {
		texts[i] = fmt.Sprint(v)
	}
	return strings.Join(texts, ",")
}

// Parse reads the lists. The error wraps ErrSetting.
func (t GridText) Parse() (g Grid, err error) {
	g.Methods = t.Methods
	if g.Bits, err = ParseList("--bits", t.Bits, strconv.Atoi); err != nil {
		return g, err
	}
	if g.ExtraBits, err = ParseList("--extra-bits", t.ExtraBits, strconv.Atoi); err != nil {
		return g, err
	}
	if g.Ratios, err = ParseList("--ratio", t.Ratios, parseFloat); err != nil {
		return g, err
	}
	g.Budgets, err = ParseList("--budget", t.Budgets, parseFloat)
	return g, err
}

func parseFloat(s string) (float64, error) { return strconv.ParseFloat(s, 64) }

// ParseList reads values that are separated by commas; name is what the error calls them, which wraps ErrSetting.
func ParseList[T any](name, text string, parse func(string) (T, error)) (list []T, err error) {
	for s := range strings.SplitSeq(text, ",") {
		v, err := parse(strings.TrimSpace(s))
		if err != nil {
			return nil, fmt.Errorf("%w: %s %q: values separated by commas wanted", ErrSetting, name, text)
		}
		list = append(list, v)
	}
	return list, nil
}

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
