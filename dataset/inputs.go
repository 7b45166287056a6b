package dataset

import (
	"fmt"

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
