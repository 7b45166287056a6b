package dataset

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"

	"github.com/dqa-go/dqa/tensor"
)

// openNPY opens one array of images and, where there is a second part, one of labels.
func openNPY(parts []string, opt Options) (Source, error) {
	if len(parts) > 2 {
		return nil, fmt.Errorf(`%w: X or X,Y expected, not %d paths; in a path write \, for a comma`, ErrSpec, len(parts))
	}
	images, err := openArray(parts[0], &opt)
	if err != nil {
		return nil, arrayError(err, ErrImage)
	}
	if len(parts) == 1 {
		return newArraySet(parts, images, nil, opt)
	}
	labels, err := openArray(parts[1], &opt)
	if err != nil {
		return nil, arrayError(err, ErrLabel)
	}
	return newArraySet(parts, images, labels, opt)
}

// newArraySet joins images with labels, which may be nil.
func newArraySet(parts []string, images, labels *array, opt Options) (Source, error) {
	x, err := newArrayImages(images, &opt)
	if err != nil {
		return nil, err
	}
	var y labeller = unlabelled{}
	if labels != nil {
		if y, err = newArrayLabels(labels, x); err != nil {
			return nil, err
		}
	}
	return &source{x, y, spec{scheme: "npy", parts: parts}.String(), opt, x.notes}, nil
}

// arrayImages is a store in an array of N x H x W, N x C x H x W or N x H x W x C, or in one image.
type arrayImages struct {
	*array
	channels, height, width int
	channelsLast            bool
	notes                   []string
}

func newArrayImages(a *array, opt *Options) (*arrayImages, error) {
	path := a.path
	if t := a.header.dtype; !numeric(t) {
		return nil, fmt.Errorf("%w: %s: values of type %s; images are numbers", ErrImage, path, t)
	}
	if a.items == 0 {
		return nil, fmt.Errorf("%w: %s has shape %v", ErrEmpty, path, a.header.shape)
	}
	x := &arrayImages{array: a}
	shape := a.header.shape
	if len(shape) == 3 && isOneImage(shape, opt) {
		x.notes = append(x.notes, fmt.Sprintf("%s: the shape %v is that of one image for this network, not of %d gray ones", path,
			shape, shape[0]))
		a.header.shape = append([]int{1}, shape...)
		a.items, a.bytes = 1, a.items*a.bytes
	}
	if !x.setShape(a.header.shape, opt) {
		return nil, fmt.Errorf("%w: %s has shape %v; images are N x H x W, N x C x H x W or N x H x W x C", ErrImage, path, shape)
	}
	return x, nil
}

// arrayError adds a sentinel to errors of openArray that have none.
func arrayError(err, sentinel error) error {
	for _, s := range []error{ErrMissing, ErrSpec, ErrMemory} {
		if errors.Is(err, s) {
			return err
		}
	}
	return fmt.Errorf("%w: %w", sentinel, err)
}

// wanted is the network's input as channels, height and width; ok is false where it is not known.
func (o *Options) wanted() (c, h, w int, ok bool) {
	if len(o.Shape) != 4 {
		return 0, 0, 0, false
	}
	if o.Layout == "nhwc" {
		return o.Shape[3], o.Shape[1], o.Shape[2], true
	}
	return o.Shape[1], o.Shape[2], o.Shape[3], true
}

// isOneImage tells C x H x W and H x W x C from N x H x W, by the network's channels.
func isOneImage(s []int, opt *Options) bool {
	c, h, w, ok := opt.wanted()
	switch {
	case !ok:
		return false
	case c == 1:
		return s[0] == h && s[1] == w && s[2] == 1
	}
	return s[0] == c || s[2] == c && s[0] > 4 && s[1] > 4
}

// setShape tells channels from rows and columns: by the network's input, where it fits one way only, and otherwise they
// are last where the last axis is 1, 3 or 4 and the second is too long to be one of channels.
func (x *arrayImages) setShape(s []int, opt *Options) bool {
	switch len(s) {
	case 3:
		x.channels, x.height, x.width = 1, s[1], s[2]
	case 4:
		if x.channelsLast = lastIsChannels(s, opt); x.channelsLast {
			x.height, x.width, x.channels = s[1], s[2], s[3]
		} else {
			x.channels, x.height, x.width = s[1], s[2], s[3]
		}
	default: // signals and volumes, where the network takes such
		if len(opt.Shape) != len(s) || !slices.Equal(opt.Shape[1:], s[1:]) || len(s) < 2 {
			return false
		}
		x.channels, x.height, x.width = 1, 1, s[len(s)-1]
		if len(s) > 4 {
			x.channels, x.height = s[1], tensor.Size(s[2:len(s)-1])
		}
	}
	return true
}

func lastIsChannels(s []int, opt *Options) bool {
	if c, h, w, ok := opt.wanted(); ok {
		first, last := slices.Equal(s[1:], []int{c, h, w}), slices.Equal(s[1:], []int{h, w, c})
		if !first && !last { // another size, to be resized
			first, last = s[1] == c, s[3] == c
		}
		if first != last {
			return last
		}
	}
	return (s[3] == 1 || s[3] == 3 || s[3] == 4) && s[1] > 4
}

func (x *arrayImages) Len() int          { return x.items }
func (x *arrayImages) name(i int) string { return strconv.Itoa(i) }

func (x *arrayImages) raster(i int, admit admission) (raster, error) {
	img := Image{Channels: x.channels, Height: x.height, Width: x.width}
	switch x.header.dtype[1:] {
	case "u1":
	case "u2":
		img.Top = 65535
	default:
		img.Float = true
	}
	need := int64(x.bytes) + 4*int64(x.channels)*int64(x.height)*int64(x.width)
	if err := admit(pictureInfo{channels: x.channels, height: x.height, width: x.width, bytes: need}); err != nil {
		return raster{}, err
	}
	b, err := x.item(i)
	if err != nil {
		return raster{}, fmt.Errorf("%w: image %d: %w", ErrImage, i, err)
	}
	img.Pix = floats(x.header.dtype, b)
	if x.channelsLast {
		return interleaved(img), nil
	}
	return rasterOf(img), nil
}

// interleaved reads (row, column, channel).
func interleaved(img Image) raster {
	r := rasterOf(img)
	r.read = func(y int, row []float32) {
		from := img.Pix[y*img.Width*img.Channels:]
		for x := range img.Width {
			for c := range img.Channels {
				row[c*img.Width+x] = from[x*img.Channels+c]
			}
		}
	}
	return r
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
