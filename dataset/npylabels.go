package dataset

import (
	"errors"
	"fmt"
	"math"
)

// arrayLabels are labels in an array: class indices N or N x 1, masks N x H x W, N x 1 x H x W or N x H x W x 1, or any of
// them one-hot, the classes along the axis of 1 (masks: along axis 1 or the last). Their values are whole numbers.
type arrayLabels struct {
	*array
	classes       int // of one-hot labels; 0: indices
	height, width int // of masks; 0: class indices
	last          bool
}

// newArrayLabels are the labels of the images x.
func newArrayLabels(a *array, x *arrayImages) (labeller, error) {
	path := a.path
	if t := a.header.dtype; !numeric(t) {
		return nil, fmt.Errorf("%w: %s: values of type %s; labels are whole numbers", ErrLabel, path, t)
	}
	l := arrayLabels{array: a}
	if x.items == 1 && a.items != 1 && len(a.header.shape) == 2 { // the mask of one image
		a.header.shape = append([]int{1}, a.header.shape...)
		a.items, a.bytes = 1, a.items*a.bytes
	}
	if a.items != x.items {
		return nil, fmt.Errorf("%w: %s has %d labels for %d images", ErrLabel, path, a.items, x.items)
	}
	if !l.setShape(a.header.shape[1:], x.height, x.width) {
		return nil, fmt.Errorf("%w: %s has shape %v; for these images it must be [%d] (class indices) or [%d %d %d] (masks), or one-hot",
			ErrLabel, path, a.header.shape, x.items, x.items, x.height, x.width)
	}
	return l, nil
}

// setShape understands the shape of one label.
func (a *arrayLabels) setShape(s []int, h, w int) bool {
	oneHot := func(n int) int { // an axis of 1 is none
		if n == 1 {
			return 0
		}
		return n
	}
	switch {
	case len(s) == 0:
	case len(s) == 1:
		a.classes = oneHot(s[0])
	case len(s) == 2 && s[0] == h && s[1] == w:
		a.height, a.width = h, w
	case len(s) == 3 && s[1] == h && s[2] == w:
		a.classes, a.height, a.width = oneHot(s[0]), h, w
	case len(s) == 3 && s[0] == h && s[1] == w:
		a.classes, a.height, a.width, a.last = oneHot(s[2]), h, w, true
	default:
		return false
	}
	return true
}

func (a arrayLabels) kind() LabelKind {
	if a.height > 0 {
		return MaskLabels
	}
	return ClassLabels
}

func (a arrayLabels) label(i int) (label, error) {
	b, err := a.item(i)
	if err != nil {
		return label{}, fmt.Errorf("%w: image %d: %w", ErrLabel, i, err)
	}
	if a.height == 0 {
		class, err := a.class(b, 0, 1)
		if err != nil {
			return label{}, fmt.Errorf("%w: %s: image %d: %w", ErrLabel, a.path, i, err)
		}
		return label{class: int(class)}, nil
	}
	n := a.height * a.width
	l := label{class: -1, mask: make([]int32, n), height: a.height, width: a.width}
	for k := range l.mask {
		if l.mask[k], err = a.class(b, k, n); err != nil {
			return l, fmt.Errorf("%w: %s: image %d, row %d, column %d: %w", ErrLabel, a.path, i, k/a.width, k%a.width, err)
		}
	}
	return l, nil
}

// class reads the label at position k of n.
func (a arrayLabels) class(b []byte, k, n int) (int32, error) {
	if a.classes == 0 {
		v := number(a.header.dtype, b, k)
		if v != math.Trunc(v) || v <= -maxClasses || v >= maxClasses {
			return 0, fmt.Errorf("%v is no class", v)
		}
		return int32(v), nil
	}
	found := -1
	for c := range a.classes {
		at := c*n + k
		if a.last {
			at = k*a.classes + c
		}
		switch v := number(a.header.dtype, b, at); {
		case v == 0:
		case v == 1 && found < 0:
			found = c
		default:
			return 0, errors.New("neither a class index nor one-hot: one 1 among zeros")
		}
	}
	if found < 0 {
		return 0, errors.New("one-hot without a 1")
	}
	return int32(found), nil
}
