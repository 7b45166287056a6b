package dataset

import (
	"fmt"
	"math"
	"slices"

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
	if err := img.check(); err != nil {
		return nil, err
	}
	if err := f.admit(pictureInfo{channels: img.Channels, height: img.Height, width: img.Width}); err != nil {
		return nil, err
	}
	return f.prepare(rasterOf(img))
}

func (m *Image) check() error {
	if m.Channels < 1 || m.Height < 1 || m.Width < 1 || len(m.Pix) != m.Channels*m.Height*m.Width {
		return fmt.Errorf("%w: %d values for %d channels of %dx%d", ErrImage, len(m.Pix), m.Channels, m.Height, m.Width)
	}
	return nil
}

// prepareMask resizes (nearest) and crops the mask of a height x width image as prepare does with the image. The border
// of a letterbox is ignored.
func (f *fit) prepareMask(mask []int32, height, width int) ([]int32, error) {
	h, w, err := f.resizedTo(height, width)
	if err != nil {
		return nil, err
	}
	switch {
	case f.p.Resample == profile.Letterbox:
		b := letterboxOf(height, width, h, w)
		inner := resizeNearest(mask, height, width, b.height, b.width)
		mask = slices.Repeat([]int32{Ignored}, h*w)
		for y := range b.height {
			copy(mask[(b.top+y)*w+b.left:], inner[y*b.width:][:b.width])
		}
	case h != height || w != width:
		mask = resizeNearest(mask, height, width, h, w)
	}
	if f.p.Crop == (profile.Size{}) {
		return mask, nil
	}
	top, left, err := cropAt(h, w, f.p.Crop)
	if err != nil {
		return nil, err
	}
	out := make([]int32, 0, f.p.Crop.Height*f.p.Crop.Width)
	for y := range f.p.Crop.Height {
		out = append(out, mask[(top+y)*w+left:][:f.p.Crop.Width]...)
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
	opt                     Options   // of the source
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
	case len(want) == 2 && want[0] == 1: // a signal or a vector
		f.channels, f.height, f.width = 1, 1, want[1]
	case len(want) > 4 && want[0] == 1: // a volume: slices lie below each other
		f.channels, f.height, f.width = want[1], tensor.Size(want[2:len(want)-1]), want[len(want)-1]
	default:
		return nil, fmt.Errorf("%w: the network's input shape %s is not that of one image", ErrFit, shapeText(want))
	}
	if f.divisor == 0 {
		f.divisor = 255
	}
	if p.Channels == "bgr" && !f.last && f.width == 3 && f.channels > 4 {
		return nil, fmt.Errorf("%w: the network's input %s has its channels last: give --layout nhwc", ErrPreprocess, shapeText(want))
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

// size is what a picture of h x w is resized and cropped to.
func (f *fit) size(h, w int) (height, width int, err error) {
	height, width, err = f.resizedTo(h, w)
	if err == nil && f.p.Crop != (profile.Size{}) {
		_, _, err = cropAt(height, width, f.p.Crop)
		height, width = f.p.Crop.Height, f.p.Crop.Width
	}
	return height, width, err
}

// admit refuses a picture that comes out in another size, or takes too much memory on its way, before it is decoded.
func (f *fit) admit(p pictureInfo) error {
	height, width, err := f.size(p.height, p.width)
	if err != nil {
		return err
	}
	if height != f.height || width != f.width {
		channels := p.channels
		if channels == 4 && f.channels != 4 {
			channels = 3
		}
		if channels == 3 && f.p.Channels == "gray" {
			channels = 1
		}
		return f.misfit(p.channels, p.height, p.width, channels, height, width)
	}
	h, w, _ := f.resizedTo(p.height, p.width)
	need := 4 * int64(p.channels) * int64(h) * int64(w)
	if h != p.height || w != p.width {
		need += resizeMemory(p.channels, p.height, p.width, h, w, f.p.Resample)
	}
	return f.opt.afford(p, need+4*int64(f.channels)*int64(f.height)*int64(f.width))
}

// prepare makes the input of a picture that was admitted.
func (f *fit) prepare(r raster) (*tensor.Tensor, error) {
	source := r.channels
	if r.channels == 4 && f.channels != 4 {
		r = r.opaque()
	}
	if r.channels == 3 && f.p.Channels == "gray" {
		r = r.luma()
	}
	from, ok := f.channelMap(r.channels)
	if !ok {
		height, width, err := f.size(r.height, r.width)
		if err != nil {
			return nil, err
		}
		return nil, f.misfit(source, r.height, r.width, r.channels, height, width)
	}
	h, w, err := f.resizedTo(r.height, r.width)
	if err != nil {
		return nil, err
	}
	switch {
	case f.p.Resample == profile.Letterbox:
		r = rasterOf(letterbox(r, h, w, letterGray*f.divisor/255))
	case h != r.height || w != r.width:
		r = rasterOf(resize(r, h, w, f.p.Resample))
	}
	if f.p.Crop == (profile.Size{}) {
		return f.normalise(r.whole(), from), nil
	}
	top, left, err := cropAt(h, w, f.p.Crop)
	if err != nil {
		return nil, err
	}
	return f.normalise(r.image(top, left, f.p.Crop.Height, f.p.Crop.Width), from), nil
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

// misfit says what does not fit, and which setting would help: a picture of channels x height x width that became
// c x h x w.
func (f *fit) misfit(channels, height, width, c, h, w int) error {
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
	if height != h || width != w || channels != c {
		was = fmt.Sprintf(" (%s before preprocessing)", shapeText([]int{channels, height, width}))
	}
	return fmt.Errorf("%w: the image is %s%s, the network wants %s: %s", ErrFit, shapeText([]int{c, h, w}), was, shapeText(f.want), hint)
}

// resizedTo gives the size after resizing. With Height 0 the shorter side becomes Width; the longer one is rounded
// down, as torchvision does. A letterbox is square then, and has the network's size where none is given.
func (f *fit) resizedTo(h, w int) (height, width int, err error) {
	to := f.p.Resize
	long := func(d, short int) int64 { return int64(to.Width) * int64(d) / int64(short) }
	letterbox := f.p.Resample == profile.Letterbox
	high, wide := int64(to.Height), int64(to.Width)
	switch {
	case letterbox && to == (profile.Size{}):
		return f.height, f.width, nil
	case letterbox && to.Height == 0:
		high = wide
	case to == (profile.Size{}):
		return h, w, nil
	case to.Height != 0:
	case h <= w:
		high, wide = int64(to.Width), long(w, h)
	default:
		high, wide = long(h, w), int64(to.Width)
	}
	if high > maxPixels/wide {
		return 0, 0, fmt.Errorf("%w: image of %dx%d would be resized to %dx%d", ErrFit, h, w, high, wide)
	}
	return int(high), int(wide), nil
}

// cropAt gives the upper left corner of a centre crop; half pixels round to even, as torchvision does.
func cropAt(h, w int, size profile.Size) (top, left int, err error) {
	if size.Height > h || size.Width > w {
		return 0, 0, fmt.Errorf("%w: image of %dx%d is smaller than the crop of %dx%d: give a larger --size", ErrFit, h, w, size.Height, size.Width)
	}
	half := func(d int) int { return int(math.RoundToEven(float64(d) / 2)) }
	return half(h - size.Height), half(w - size.Width), nil
}
