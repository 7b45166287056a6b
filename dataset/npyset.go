package dataset

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// openNPY opens one array of images and, where there is a second part, one of labels.
func openNPY(parts []string) (Source, error) {
	if len(parts) > 2 {
		return nil, fmt.Errorf(`%w: X or X,Y expected, not %d paths; in a path write \, for a comma`, ErrSpec, len(parts))
	}
	x, err := openArrayImages(parts[0])
	if err != nil {
		return nil, err
	}
	var y labeller = unlabelled{}
	if len(parts) == 2 {
		if y, err = openArrayLabels(parts[1], x); err != nil {
			return nil, err
		}
	}
	return &source{x, y, spec{scheme: "npy", parts: parts}.String()}, nil
}

// arrayImages is a store in an array of N x H x W, N x C x H x W or N x H x W x C.
type arrayImages struct {
	*array
	channels, height, width int
	channelsLast            bool
}

func openArrayImages(path string) (*arrayImages, error) {
	a, err := openArray(path)
	if err != nil {
		return nil, arrayError(err, ErrImage)
	}
	if t := a.header.dtype; t != "|u1" && t[1:] != "f4" {
		return nil, fmt.Errorf("%w: %s: values of type %s; images are uint8 or float32", ErrImage, path, t)
	}
	if a.items == 0 {
		return nil, fmt.Errorf("%w: %s has shape %v", ErrEmpty, path, a.header.shape)
	}
	x := &arrayImages{array: a}
	if !x.setShape(a.header.shape) {
		return nil, fmt.Errorf("%w: %s has shape %v; images are N x H x W, N x C x H x W or N x H x W x C", ErrImage, path, a.header.shape)
	}
	return x, nil
}

// arrayError adds a sentinel to errors of openArray that have none.
func arrayError(err, sentinel error) error {
	for _, s := range []error{ErrMissing, ErrSpec} {
		if errors.Is(err, s) {
			return err
		}
	}
	return fmt.Errorf("%w: %w", sentinel, err)
}

// setShape tells channels from rows and columns: they are last where the last axis is 1, 3 or 4 and the second is
// too long to be one of channels.
func (x *arrayImages) setShape(s []int) bool {
	switch {
	case len(s) == 3:
		x.channels, x.height, x.width = 1, s[1], s[2]
	case len(s) == 4 && (s[3] == 1 || s[3] == 3 || s[3] == 4) && s[1] > 4:
		x.height, x.width, x.channels = s[1], s[2], s[3]
		x.channelsLast = true
	case len(s) == 4:
		x.channels, x.height, x.width = s[1], s[2], s[3]
	default:
		return false
	}
	return true
}

func (x *arrayImages) Len() int          { return x.items }
func (x *arrayImages) name(i int) string { return strconv.Itoa(i) }

func (x *arrayImages) image(i int) (Image, error) {
	img := Image{Channels: x.channels, Height: x.height, Width: x.width, Float: x.header.dtype != "|u1"}
	b, err := x.item(i)
	if err != nil {
		return img, fmt.Errorf("%w: image %d: %w", ErrImage, i, err)
	}
	img.Pix = floats(x.header.dtype, b)
	if x.channelsLast {
		img.Pix = deinterleave(img.Pix, x.channels)
	}
	return img, nil
}

// deinterleave turns (row, column, channel) into (channel, row, column).
func deinterleave(v []float32, channels int) []float32 {
	out, n := make([]float32, len(v)), len(v)/channels
	for i := range n {
		for c := range channels {
			out[c*n+i] = v[i*channels+c]
		}
	}
	return out
}

func (x *arrayImages) content(w io.Writer, i int) error {
	b, err := x.item(i)
	if err != nil {
		return fmt.Errorf("%w: image %d: %w", ErrImage, i, err)
	}
	shape := []int{x.channels, x.height, x.width}
	if x.channelsLast {
		shape = x.header.shape[1:]
	}
	return rawContent(w, x.header.dtype, shape, b)
}

// openArrayLabels opens class indices (N) or masks (N x H x W) for the images x.
func openArrayLabels(path string, x *arrayImages) (labeller, error) {
	a, err := openArray(path)
	if err != nil {
		return nil, arrayError(err, ErrLabel)
	}
	shape := a.header.shape
	if !strings.ContainsRune("uib", rune(a.header.dtype[1])) {
		return nil, fmt.Errorf("%w: %s: values of type %s; labels are integers", ErrLabel, path, a.header.dtype)
	}
	if a.items != x.items {
		return nil, fmt.Errorf("%w: %s has %d labels for %d images", ErrLabel, path, a.items, x.items)
	}
	switch {
	case len(shape) == 1:
		return arrayClasses{a}, nil
	case len(shape) == 3 && shape[1] == x.height && shape[2] == x.width:
		return arrayMasks{a}, nil
	}
	return nil, fmt.Errorf("%w: %s has shape %v; for these images it must be [%d] (class indices) or [%d %d %d] (masks)", ErrLabel, path, shape, x.items, x.items, x.height, x.width)
}

type arrayClasses struct{ *array }

func (arrayClasses) kind() LabelKind { return ClassLabels }

func (a arrayClasses) label(i int) (label, error) {
	b, err := a.item(i)
	if err != nil {
		return label{}, fmt.Errorf("%w: image %d: %w", ErrLabel, i, err)
	}
	class := integer(a.header.dtype, b, 0)
	if class < 0 || class >= maxClasses {
		return label{}, fmt.Errorf("%w: %s: image %d has class %d", ErrLabel, a.path, i, class)
	}
	return label{class: int(class)}, nil
}

type arrayMasks struct{ *array }

func (arrayMasks) kind() LabelKind { return MaskLabels }

func (a arrayMasks) label(i int) (label, error) {
	b, err := a.item(i)
	if err != nil {
		return label{}, fmt.Errorf("%w: image %d: %w", ErrLabel, i, err)
	}
	h, w := a.header.shape[1], a.header.shape[2]
	l := label{class: -1, mask: make([]uint8, h*w), height: h, width: w}
	for k := range l.mask {
		v := integer(a.header.dtype, b, k)
		if v < 0 || v > 255 {
			return l, fmt.Errorf("%w: %s: image %d, row %d, column %d: class %d, 0 to 255 are read", ErrLabel, a.path, i, k/w, k%w, v)
		}
		l.mask[k] = uint8(v)
	}
	return l, nil
}
