package dataset

import (
	"errors"
	"slices"
	"testing"

	"github.com/dqa-go/dqa/profile"
)

// Labels are ignored as they are in the data, before the shift.
func TestLabelShift(t *testing.T) {
	for _, c := range []struct {
		name        string
		pre         profile.Preprocess
		label, want int
		mask, moved []int32
		err         error
	}{
		{name: "none", label: 3, want: 3, mask: []int32{0, 255}, moved: []int32{0, 255}},
		{name: "down", pre: profile.Preprocess{LabelShift: -1}, label: 3, want: 2, mask: []int32{1, 2}, moved: []int32{0, 1}},
		{name: "up", pre: profile.Preprocess{LabelShift: 1}, label: 0, want: 1, mask: []int32{0, 255}, moved: []int32{1, 256}},
		{name: "void is 0", pre: profile.Preprocess{LabelShift: -1, Ignore: []int{0, 255}}, label: 0, want: Ignored,
			mask: []int32{0, 255, 7, 1}, moved: []int32{Ignored, Ignored, 6, 0}},
		{name: "a class moves to the number of void", pre: profile.Preprocess{LabelShift: 1, Ignore: []int{3}}, label: 2, want: 3,
			mask: []int32{3, 2, 0}, moved: []int32{Ignored, 3, 1}},
		{name: "void is -1", pre: profile.Preprocess{Ignore: []int{-1}}, label: -1, want: Ignored, mask: []int32{-1, 0},
			moved: []int32{Ignored, 0}},
		{name: "negative", label: -1, err: ErrLabel},
		{name: "negative shifted to 0", pre: profile.Preprocess{LabelShift: 1}, label: -1, err: ErrLabel},
		{name: "below 0", pre: profile.Preprocess{LabelShift: -1}, label: 0, err: ErrLabel},
		{name: "pixel below 0", pre: profile.Preprocess{LabelShift: -1}, label: 1, mask: []int32{0}, err: ErrLabel},
		{name: "pixel negative", mask: []int32{0, -1}, err: ErrLabel},
	} {
		before := slices.Clone(c.mask)
		f := &fit{p: c.pre}
		got, err := f.class(c.label)
		var moved []int32
		if err == nil && c.mask != nil {
			moved, err = f.mask(label{mask: c.mask, height: 1, width: len(c.mask)}, 1, len(c.mask))
		}
		if !errors.Is(err, c.err) || c.err == nil && (got != c.want || !slices.Equal(moved, c.moved)) {
			t.Errorf("%s: %d %v %v", c.name, got, moved, err)
		}
		if !slices.Equal(c.mask, before) {
			t.Errorf("%s: the source's mask was changed", c.name)
		}
	}
}
