package dataset

import (
	"fmt"
	"slices"

	"github.com/dqa-go/dqa/profile"
	"github.com/dqa-go/dqa/tensor"
)

// Inputs are a source's samples as one network wants them. Its methods may be called from many goroutines at once.
type Inputs struct {
	src Source
	fit *fit
}

// Example is a network's input with what its output is judged by.
type Example struct {
	Name  string
	Input *tensor.Tensor
	Label int     // class index, -1 when there is none
	Mask  []uint8 // class of every pixel of the input, nil when there is none
}

// NewInputs checks p and shape, the network's input shape with batch 1, see Prepare. It reads no image.
func NewInputs(src Source, p profile.Preprocess, shape []int) (*Inputs, error) {
	f, err := newFit(p, shape)
	if err != nil {
		return nil, err
	}
	return &Inputs{src, f}, nil
}

// Source is where the images come from.
func (in *Inputs) Source() Source { return in.src }

// Len is the number of images.
func (in *Inputs) Len() int { return in.src.Len() }

// Input is the network's input for image i.
func (in *Inputs) Input(i int) (*tensor.Tensor, error) {
	ex, err := in.Example(i)
	return ex.Input, err
}

// Example is input and label of image i. Errors name the image.
func (in *Inputs) Example(i int) (Example, error) {
	s, err := in.src.Sample(i)
	if err != nil {
		return Example{}, err
	}
	if s, err = in.fit.shiftLabels(s); err != nil {
		return Example{}, err
	}
	ex := Example{Name: s.Name, Label: s.Label}
	if ex.Input, err = in.fit.prepare(s.Image); err != nil {
		return Example{}, fmt.Errorf("image %s: %w", s.Name, err)
	}
	if s.Mask == nil {
		return ex, nil
	}
	if ex.Mask, err = PrepareMask(s.Mask, s.Image.Height, s.Image.Width, in.fit.p); err != nil {
		return Example{}, fmt.Errorf("image %s: %w", s.Name, err)
	}
	return ex, nil
}

// shiftLabels applies the label shift; what has no label, or an ignored one, stays.
func (f *fit) shiftLabels(s Sample) (Sample, error) {
	shift := f.p.LabelShift
	if shift == 0 {
		return s, nil
	}
	if s.Label >= 0 && !slices.Contains(f.p.Ignore, s.Label) {
		if s.Label += shift; s.Label < 0 {
			return s, fmt.Errorf("%w: %s: class 0 shifted by %d", ErrLabel, s.Name, shift)
		}
	}
	if s.Mask == nil {
		return s, nil
	}
	mask := make([]uint8, len(s.Mask))
	for i, c := range s.Mask {
		moved := int(c)
		if !slices.Contains(f.p.Ignore, moved) {
			moved += shift
		}
		if moved < 0 || moved > 255 {
			return s, fmt.Errorf("%w: %s: a pixel of class %d shifted by %d", ErrLabel, s.Name, c, shift)
		}
		mask[i] = uint8(moved)
	}
	s.Mask = mask
	return s, nil
}
