package dataset

import (
	"fmt"
	"math"

	"github.com/dqa-go/dqa/profile"
	"github.com/dqa-go/dqa/tensor"
)

// Prepare turns a picture into the network's input x = (pixel/divisor - mean) / std of METHOD section 1, in float32
// with every operation rounded by itself, so that it is bit-identical on every machine. In this order: alpha dropped
// unless the network wants 4 channels, gray conversion (ITU-R 601: L = (19595 R + 38470 G + 7471 B) / 65536), resize,
// centre crop, channel order, gray copied to all channels where the network wants 3, normalisation, layout.
//
// want is the network's input shape with batch 1: 1 x C x H x W, 1 x H x W x C for layout nhwc, or 1 x H x W for
// one-channel arrays. The result has that shape; a picture that does not come out so is ErrFit, and the text names the
// setting that would mend it. Settings that make no sense are ErrPreprocess.
func Prepare(img Image, p profile.Preprocess, want []int) (*tensor.Tensor, error) {
	f, err := newFit(p, want)
	if err != nil {
		return nil, err
	}
	return f.prepare(img)
}

// PrepareMask resizes (nearest) and crops the mask of a height x width image as Prepare does with the image.
func PrepareMask(mask []uint8, height, width int, p profile.Preprocess) ([]uint8, error) {
	if len(mask) != height*width {
		return nil, fmt.Errorf("%w: mask of %d pixels for an image of %dx%d", ErrLabel, len(mask), height, width)
	}
	h, w, err := resizedTo(height, width, p.Resize)
	if err != nil {
		return nil, err
	}
	if h != height || w != width {
		mask, height, width = resizeNearest(mask, height, width, h, w), h, w
	}
	if p.Crop == (profile.Size{}) {
		return mask, nil
	}
	top, left, err := cropAt(height, width, p.Crop)
	if err != nil {
		return nil, err
	}
	out := make([]uint8, 0, p.Crop.Height*p.Crop.Width)
	for y := range p.Crop.Height {
		out = append(out, mask[(top+y)*width+left:][:p.Crop.Width]...)
	}
	return out, nil
}

// fit is checked preprocessing for one network.
type fit struct {
	p                       profile.Preprocess
	want                    []int
	channels, height, width int // of want
	last                    bool
	divisor                 float32
	mean, std               []float32 // one per channel
}

func newFit(p profile.Preprocess, want []int) (*fit, error) {
	if err := checkPreprocess(p); err != nil {
		return nil, err
	}
	f := &fit{p: p, want: want, last: p.Layout == "nhwc", divisor: p.Divisor}
	for _, d := range want {
		if d < 1 {
			return nil, fmt.Errorf("%w: the network's input shape %s is not fixed: give --shape", ErrFit, shapeText(want))
		}
	}
	switch {
	case len(want) == 4 && want[0] == 1 && f.last:
		f.height, f.width, f.channels = want[1], want[2], want[3]
	case len(want) == 4 && want[0] == 1:
		f.channels, f.height, f.width = want[1], want[2], want[3]
	case len(want) == 3 && want[0] == 1:
		f.channels, f.height, f.width = 1, want[1], want[2]
	default:
		return nil, fmt.Errorf("%w: the network's input shape %s is not that of one image", ErrFit, shapeText(want))
	}
	if f.divisor == 0 {
		f.divisor = 255
	}
	var err error
	if f.mean, err = perChannel("mean", p.Mean, f.channels, 0); err != nil {
		return nil, err
	}
	f.std, err = perChannel("std", p.Std, f.channels, 1)
	return f, err
}

// perChannel spreads one value, or none, over all channels.
func perChannel(name string, v []float32, channels int, missing float32) ([]float32, error) {
	switch len(v) {
	case channels:
		return v, nil
	case 1:
		missing = v[0]
	case 0:
	default:
		return nil, fmt.Errorf("%w: %s has %d values, the network's input has %d channels", ErrPreprocess, name, len(v), channels)
	}
	out := make([]float32, channels)
	for i := range out {
		out[i] = missing
	}
	return out, nil
}

func (f *fit) prepare(img Image) (*tensor.Tensor, error) {
	if img.Channels < 1 || img.Height < 1 || img.Width < 1 || len(img.Pix) != img.Channels*img.Height*img.Width {
		return nil, fmt.Errorf("%w: %d values for %d channels of %dx%d", ErrImage, len(img.Pix), img.Channels, img.Height, img.Width)
	}
	source := img
	if img.Channels == 4 && f.channels != 4 {
		img = Image{Channels: 3, Height: img.Height, Width: img.Width, Pix: img.Pix[:3*img.Height*img.Width], Float: img.Float}
	}
	if img.Channels == 3 && f.p.Channels == "gray" {
		img = luma(img)
	}
	h, w, err := resizedTo(img.Height, img.Width, f.p.Resize)
	if err != nil {
		return nil, err
	}
	img = resize(img, h, w)
	if f.p.Crop != (profile.Size{}) {
		if img, err = crop(img, f.p.Crop); err != nil {
			return nil, err
		}
	}
	from, ok := f.channelMap(img.Channels)
	if !ok || img.Height != f.height || img.Width != f.width {
		return nil, f.misfit(source, img)
	}
	return f.normalise(img, from), nil
}

// channelMap tells which plane of an image with n channels becomes each channel of the input.
func (f *fit) channelMap(n int) (from []int, ok bool) {
	if n != f.channels && (n != 1 || f.channels != 3) {
		return nil, false
	}
	from = make([]int, f.channels)
	for c := range from {
		switch {
		case n == 1:
		case n == 3 && f.p.Channels == "bgr":
			from[c] = 2 - c
		default:
			from[c] = c
		}
	}
	return from, true
}

func (f *fit) normalise(img Image, from []int) *tensor.Tensor {
	t := tensor.New(f.want...)
	n := img.Height * img.Width
	for c, plane := range from {
		mean, std := f.mean[c], f.std[c]
		at, step := c*n, 1
		if f.last {
			at, step = c, f.channels
		}
		for _, pixel := range img.Pix[plane*n:][:n] {
			x := float32(pixel / f.divisor)
			x = float32(x - mean)
			t.Data[at] = float32(x / std)
			at += step
		}
	}
	return t
}

// misfit says what does not fit and which setting would help.
func (f *fit) misfit(source, img Image) error {
	c, h, w := img.Channels, img.Height, img.Width
	hint := fmt.Sprintf("give --size %dx%d, or --size (shorter side) and --crop %dx%d", f.height, f.width, f.height, f.width)
	switch {
	case len(f.want) == 4 && !f.last && (f.width == 1 || f.width == 3 || f.width == 4) && f.channels > 4:
		hint = "give --layout nhwc"
	case len(f.want) == 4 && f.last && f.height <= 4 && f.channels > 4:
		hint = "give --layout nchw"
	case c == 3 && f.channels == 1:
		hint = "give --channels gray"
	case c == 1 && f.p.Channels == "gray" && f.channels != 1:
		hint = "do not give --channels gray"
	case c != f.channels && (c != 1 || f.channels != 3):
		hint = "no setting turns these channels into those: this is data for another network"
	}
	was := ""
	if source.Height != h || source.Width != w || source.Channels != c {
		was = fmt.Sprintf(" (%s before preprocessing)", shapeText([]int{source.Channels, source.Height, source.Width}))
	}
	return fmt.Errorf("%w: the image is %s%s, the network wants %s: %s", ErrFit, shapeText([]int{c, h, w}), was, shapeText(f.want), hint)
}

// luma is what imaging libraries do: rounded to a level, exact for measurements.
func luma(img Image) Image {
	n := img.Height * img.Width
	out := Image{Channels: 1, Height: img.Height, Width: img.Width, Pix: make([]float32, n), Float: img.Float}
	r, g, b := img.Pix[:n], img.Pix[n:2*n], img.Pix[2*n:3*n]
	for i := range n {
		if img.Float {
			sum := float64(19595*float64(r[i])) + float64(38470*float64(g[i]))
			out.Pix[i] = float32((sum + float64(7471*float64(b[i]))) / 65536)
			continue
		}
		out.Pix[i] = float32((19595*int64(r[i]) + 38470*int64(g[i]) + 7471*int64(b[i]) + 1<<15) >> 16)
	}
	return out
}

// resizedTo gives the size after resizing. With Height 0 the shorter side becomes Width; the longer one is rounded
// down, as torchvision does.
func resizedTo(h, w int, to profile.Size) (height, width int, err error) {
	long := func(d, short int) int { return int(int64(to.Width) * int64(d) / int64(short)) }
	switch {
	case to == (profile.Size{}):
		return h, w, nil
	case to.Height != 0:
		height, width = to.Height, to.Width
	case h <= w:
		height, width = to.Width, long(w, h)
	default:
		height, width = long(h, w), to.Width
	}
	if height > maxPixels/width {
		return 0, 0, fmt.Errorf("%w: image of %dx%d would be resized to %dx%d", ErrFit, h, w, height, width)
	}
	return height, width, nil
}

// cropAt gives the upper left corner of a centre crop; half pixels round to even, as torchvision does.
func cropAt(h, w int, size profile.Size) (top, left int, err error) {
	if size.Height > h || size.Width > w {
		return 0, 0, fmt.Errorf("%w: image of %dx%d is smaller than the crop of %dx%d: give a larger --size", ErrFit, h, w, size.Height, size.Width)
	}
	half := func(d int) int { return int(math.RoundToEven(float64(d) / 2)) }
	return half(h - size.Height), half(w - size.Width), nil
}

func crop(img Image, size profile.Size) (Image, error) {
	top, left, err := cropAt(img.Height, img.Width, size)
	if err != nil {
		return img, err
	}
	out := Image{Channels: img.Channels, Height: size.Height, Width: size.Width, Float: img.Float}
	out.Pix = make([]float32, 0, out.Channels*out.Height*out.Width)
	for c := range img.Channels {
		for y := range size.Height {
			out.Pix = append(out.Pix, img.Pix[(c*img.Height+top+y)*img.Width+left:][:size.Width]...)
		}
	}
	return out, nil
}
