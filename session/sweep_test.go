package session

import (
	"slices"
	"testing"

	"github.com/dqa-go/dqa/profile"
)

// The order of work visits everything once, every method before the second setting of any, and the ends before the middle.
func TestCoarseFirst(t *testing.T) {
	variants, err := SweepGrid.Variants(Variant{Setting: profile.Setting{Ranking: "energy"}})
	if err != nil {
		t.Fatal(err)
	}
	order := coarseFirst(variants)
	seen := slices.Clone(order)
	slices.Sort(seen)
	if len(slices.Compact(seen)) != len(variants) || len(order) != len(variants) {
		t.Fatalf("%d of %d variants: %v", len(seen), len(variants), order)
	}
	names := func(places []int) (list []string) {
		for _, i := range places {
			v := variants[i]
			if v.Unsigned && v.Name != "graded" {
				v.Name += ":unsigned"
			}
			list = append(list, v.Name)
		}
		return list
	}
	methods := []string{"direct", "direct:unsigned", "dqa", "dqa:unsigned", "graded"}
	for turn := range 2 {
		if got := names(order[5*turn:][:5]); !slices.Equal(got, methods) {
			t.Errorf("turn %d: %v", turn, got)
		}
	}
	if a, b := variants[order[0]], variants[order[5]]; a.Bits != 2 || b.Bits != 6 {
		t.Errorf("%d, then %d bits", a.Bits, b.Bits)
	}
	for n, want := range map[int][]int{1: {0}, 2: {0, 1}, 5: {0, 4, 2, 1, 3}} {
		if got := halving(n); !slices.Equal(got, want) {
			t.Errorf("%d: %v", n, got)
		}
	}
}
