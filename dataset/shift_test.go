package dataset

import (
	"errors"
	"slices"
	"testing"

	"github.com/dqa-go/dqa/profile"
)

func TestLabelShift(t *testing.T) {
	for _, c := range []struct {
		name        string
		pre         profile.Preprocess
		label, want int
		mask, moved []uint8
		err         error
	}{
		{name: "none", label: 3, want: 3, mask: []uint8{0, 255}, moved: []uint8{0, 255}},
		{name: "down", pre: profile.Preprocess{LabelShift: -1}, label: 3, want: 2, mask: []uint8{1, 2}, moved: []uint8{0, 1}},
		{name: "up", pre: profile.Preprocess{LabelShift: 1}, label: 0, want: 1, mask: []uint8{0, 254}, moved: []uint8{1, 255}},
		{name: "no label", pre: profile.Preprocess{LabelShift: 1}, label: -1, want: -1},
		{name: "ignored stay", pre: profile.Preprocess{LabelShift: -1, Ignore: []int{0, 255}}, label: 0, want: 0, mask: []uint8{0, 255, 7}, moved: []uint8{0, 255, 6}},
		{name: "below 0", pre: profile.Preprocess{LabelShift: -1}, label: 0, err: ErrLabel},
		{name: "pixel below 0", pre: profile.Preprocess{LabelShift: -1}, label: -1, mask: []uint8{0}, err: ErrLabel},
		{name: "pixel above 255", pre: profile.Preprocess{LabelShift: 1}, label: -1, mask: []uint8{255}, err: ErrLabel},
	} {
		before := slices.Clone(c.mask)
		s, err := (&fit{p: c.pre}).shiftLabels(Sample{Label: c.label, Mask: c.mask})
		if !errors.Is(err, c.err) || err == nil && (s.Label != c.want || !slices.Equal(s.Mask, c.moved)) {
			t.Errorf("%s: %d %v %v", c.name, s.Label, s.Mask, err)
		}
		if !slices.Equal(c.mask, before) {
			t.Errorf("%s: the source's mask was changed", c.name)
		}
	}
}
