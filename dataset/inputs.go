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
	Label int     // class index after the shift, Ignored when there is none or it is to be ignored
	Mask  []int32 // class of every pixel of the input, or Ignored; nil when there is none
}

// NewInputs checks p and shape, the network's input shape with batch 1, see Prepare. It reads no image.
func NewInputs(src Source, p profile.Preprocess, shape []int) (*Inputs, error) {
	f, err := newFit(p, shape)
	if err != nil {
		return nil, err
	}
	f.opt = optionsOf(src)
	return &Inputs{src, f}, nil
}

// Source is where the images come from.
func (in *Inputs) Source() Source { return in.src }

// Len is the number of images.
func (in *Inputs) Len() int { return in.src.Len() }

// Input is the network's input for image i; its label is not read.
func (in *Inputs) Input(i int) (*tensor.Tensor, error) {
	x, _, _, err := in.input(i)
	return x, err
}

// Feed is Input with the image's name, as the inputs of a network that has one.
func (in *Inputs) Feed(i int) (name string, inputs []*tensor.Tensor, err error) {
	x, err := in.Input(i)
	if err != nil {
		return "", nil, err
	}
	return nameAt(in.src, i), []*tensor.Tensor{x}, nil
}

// input also gives the size of the picture.
func (in *Inputs) input(i int) (x *tensor.Tensor, height, width int, err error) {
	r, err := rasterAt(in.src, i, func(p pictureInfo) error { return in.fit.admit(p) })
	if err == nil {
		x, err = in.fit.prepare(r)
	}
	if err != nil {
		return nil, 0, 0, fmt.Errorf("image %s: %w", nameAt(in.src, i), err)
	}
	return x, r.height, r.width, nil
}

// Example is input and label of image i. Errors name the image.
func (in *Inputs) Example(i int) (Example, error) {
	x, height, width, err := in.input(i)
	if err != nil {
		return Example{}, err
	}
	ex := Example{Name: nameAt(in.src, i), Input: x, Label: Ignored}
	if in.src.Labels() == Unlabelled {
		return ex, nil
	}
	l, err := labelAt(in.src, i)
	if err != nil {
		return Example{}, err
	}
	if in.src.Labels() == ClassLabels {
		ex.Label, err = in.fit.class(l.class)
	} else {
		ex.Mask, err = in.fit.mask(l, height, width)
	}
	if err != nil {
		return Example{}, fmt.Errorf("image %s: %w", ex.Name, err)
	}
	return ex, nil
}

// Notes are what a user should know of how the data is read, see the function Notes.
func (in *Inputs) Notes() []string {
	notes := slices.Clone(Notes(in.src))
	if in.fit.p.Divisor == 0 && holdsMeasurements(in.src) {
		notes = append(notes,
			"the data is not of 8 or 16 bits and is divided by 255 all the same, which is the default: give --divisor 1 where it is scaled already")
	}
	return notes
}

// holdsMeasurements tells whether a source is an array of floats or of wide integers.
func holdsMeasurements(src Source) bool {
	switch s := src.(type) {
	case *source:
		x, ok := s.store.(*arrayImages)
		return ok && x.header.dtype[1:] != "u1" && x.header.dtype[1:] != "u2"
	case *slice:
		return holdsMeasurements(s.Source)
	case *picked:
		return holdsMeasurements(s.Source)
	case *jittered:
		return holdsMeasurements(s.Source)
	}
	return false
}

// Peak is the largest value of image i before preprocessing, and whether values are measurements and not levels.
func (in *Inputs) Peak(i int) (peak float32, float bool, err error) {
	r, err := rasterAt(in.src, i, func(p pictureInfo) error { return in.fit.opt.afford(p, 0) })
	if err != nil {
		return 0, false, err
	}
	row := make([]float32, r.channels*r.width)
	for y := range r.height {
		r.read(y, row)
		peak = max(peak, slices.Max(row))
	}
	return peak, r.top == 0, nil
}

// class is a label as the network counts: ignored ones first, then the shift.
func (f *fit) class(label int) (int, error) {
	if slices.Contains(f.p.Ignore, label) {
		return Ignored, nil
	}
	if label < 0 {
		return 0, fmt.Errorf("%w: class %d: is it one to --ignore?", ErrLabel, label)
	}
	if label += f.p.LabelShift; label < 0 {
		return 0, fmt.Errorf("%w: class 0 shifted by %d: is it one to --ignore?", ErrLabel, f.p.LabelShift)
	}
	return label, nil
}

// mask is the mask of a picture of height x width as the network counts and sees it.
func (f *fit) mask(l label, height, width int) ([]int32, error) {
	if l.height != height || l.width != width {
		return nil, fmt.Errorf("%w: mask of %dx%d for an image of %dx%d", ErrLabel, l.height, l.width, height, width)
	}
	mask := make([]int32, len(l.mask))
	last, moved := int32(0), -2 // masks have long runs of one class
	for i, c := range l.mask {
		if c != last || moved == -2 {
			class, err := f.class(int(c))
			if err != nil {
				return nil, fmt.Errorf("a pixel at row %d, column %d: %w", i/width, i%width, err)
			}
			last, moved = c, class
		}
		mask[i] = int32(moved)
	}
	return f.prepareMask(mask, height, width)
}
