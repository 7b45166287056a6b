package pilot

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"

	"github.com/dqa-go/dqa/dataset"
	"github.com/dqa-go/dqa/internal/picture"
	"github.com/dqa-go/dqa/metric"
	"github.com/dqa-go/dqa/session"
)

// Pictures in a report are at most so large; those beyond smallPicture pixels are JPEG files.
const (
	pictureSide  = 160
	smallPicture = 64 * 64
)

// pictures makes the pictures of the images that are worth it.
func (r *run) pictures(q *session.Quantized, m *measured) ([]Picture, error) {
	all := []Picture{}
	enc := q.NewEncoder(session.EncodeOptions{})
	scores, err := r.scores(r.confirm)
	if err != nil {
		return nil, err
	}
	for _, s := range choosePictures(m, &r.study.Task) {
		g := s.guess
		p := Picture{
			Name: s.name, Why: s.why, Label: s.label, Float: g.float, Stored: g.stored, FloatP: 100 * g.floatP, StoreP: 100 * g.storedP,
			Loss: 100 * g.worse,
		}
		sample, err := r.confirm.Source().Sample(s.index)
		if err != nil {
			return nil, err
		}
		panel, err := photograph(sample.Image)
		if err != nil {
			return nil, err
		}
		p.Panels = append(p.Panels, panel)
		if g.float < 0 {
			if p.Panels, err = r.maps(p.Panels, enc, s, scores); err != nil {
				return nil, err
			}
		}
		all = append(all, p)
	}
	return all, nil
}

// maps adds truth, float, stored and what differs.
func (r *run) maps(panels []Panel, enc *session.Encoder, s shown, scores metric.Options) ([]Panel, error) {
	ex, err := r.confirm.Example(s.index)
	if err != nil {
		return nil, err
	}
	float, err := r.net.Program().Run(ex.Input, nil)
	if err != nil {
		return nil, err
	}
	_, got, err := enc.Encode(nil, ex.Input)
	if err != nil {
		return nil, err
	}
	k := scores.Outputs.Scored
	p, shape := scores.Outputs.All[k].Probabilities, float[k].Shape
	a, b := classMap(float[k], p), classMap(got[k], p)
	height, width := shape[2], shape[3]
	if ex.Mask != nil {
		panels = append(panels, Panel{Kind: "truth", Type: "image/png", Data: classPicture(ex.Mask, height, width)})
	}
	return append(panels, Panel{Kind: "float32", Type: "image/png", Data: classPicture(a, height, width)},
		Panel{Kind: "stored", Type: "image/png", Data: classPicture(b, height, width)},
		Panel{Kind: "difference", Type: "image/png", Data: differencePicture(a, b, ex.Mask, height, width)}), nil
}

// photograph is an image as it is, made smaller by leaving out pixels if it is large; of two or more than four channels the first.
func photograph(img dataset.Image) (Panel, error) {
	if img.Float {
		img = stretched(img)
	}
	small := shrink(picture.Of(img), pictureSide)
	var b bytes.Buffer
	if s := small.Bounds(); s.Dx()*s.Dy() <= smallPicture {
		err := png.Encode(&b, small)
		return Panel{Kind: "image", Type: "image/png", Data: b.Bytes()}, err
	}
	err := jpeg.Encode(&b, small, &jpeg.Options{Quality: 85})
	return Panel{Kind: "image", Type: "image/jpeg", Data: b.Bytes()}, err
}

// stretched are measurements from their least to their largest value as levels.
func stretched(img dataset.Image) dataset.Image {
	low, high := img.Pix[0], img.Pix[0]
	for _, v := range img.Pix {
		low, high = min(low, v), max(high, v)
	}
	out := img
	out.Top, out.Pix = 255, make([]float32, len(img.Pix))
	for i, v := range img.Pix {
		out.Pix[i] = (v - low) / max(high-low, 1e-20) * 255
	}
	return out
}

// shrink means pixels together until no side is longer.
func shrink(img image.Image, side int) image.Image {
	b := img.Bounds()
	step := (max(b.Dx(), b.Dy()) + side - 1) / side
	if step <= 1 {
		return img
	}
	w, h := b.Dx()/step, b.Dy()/step
	out := image.NewRGBA(image.Rect(0, 0, max(w, 1), max(h, 1)))
	for y := range out.Rect.Dy() {
		for x := range out.Rect.Dx() {
			var sum [3]uint32
			for k := range step * step {
				r, g, b, _ := img.At(x*step+k%step, y*step+k/step).RGBA()
				sum[0], sum[1], sum[2] = sum[0]+r>>8, sum[1]+g>>8, sum[2]+b>>8
			}
			n := uint32(step * step)
			out.SetRGBA(x, y, color.RGBA{uint8(sum[0] / n), uint8(sum[1] / n), uint8(sum[2] / n), 255})
		}
	}
	return out
}

// classColors are those of maps: 0 is dark, ignored pixels are white. Neighbours differ in lightness, too, for those who do not see
// colours.
var classColors = color.Palette{
	color.RGBA{0x20, 0x26, 0x2e, 255}, color.RGBA{0xe6, 0x9f, 0x00, 255}, color.RGBA{0x56, 0xb4, 0xe9, 255},
	color.RGBA{0x00, 0x9e, 0x73, 255}, color.RGBA{0xf0, 0xe4, 0x42, 255}, color.RGBA{0x00, 0x72, 0xb2, 255},
	color.RGBA{0xd5, 0x5e, 0x00, 255}, color.RGBA{0xcc, 0x79, 0xa7, 255}, color.RGBA{0x99, 0x99, 0x99, 255},
	color.RGBA{0x7a, 0x4b, 0x1e, 255}, color.RGBA{0xb8, 0xe1, 0x86, 255}, color.RGBA{0x6a, 0x3d, 0x9a, 255},
	color.RGBA{0xff, 0xff, 0xff, 255},
}

// ClassColor is that of a class in maps, as style sheets write it; beyond eleven classes colours come again.
func ClassColor(c int) string {
	r, g, b, _ := classColors[colorOf(int32(c))].RGBA()
	return fmt.Sprintf("#%02x%02x%02x", r>>8, g>>8, b>>8)
}

// colorOf is the number of a class's colour.
func colorOf(c int32) uint8 {
	last := len(classColors) - 1
	switch {
	case c < 0:
		return uint8(last)
	case c == 0:
		return 0
	}
	return uint8(1 + (int(c)-1)%(last-1))
}

// classPicture is a map of classes in colours.
func classPicture(classes []int32, height, width int) []byte {
	img := image.NewPaletted(image.Rect(0, 0, width, height), classColors)
	for i, c := range classes {
		img.Pix[i] = colorOf(c)
	}
	return pngOf(shrinkMap(img))
}

// Colours of what differs: pixels that were right and are wrong, that were wrong and are right, and that change otherwise.
var differenceColors = color.Palette{
	color.RGBA{0x20, 0x26, 0x2e, 255}, color.RGBA{0xff, 0x4d, 0x3d, 255}, color.RGBA{0x45, 0xd0, 0x9e, 255},
	color.RGBA{0xf0, 0xe4, 0x42, 255},
}

// differencePicture shows where the two maps differ.
func differencePicture(float, stored, truth []int32, height, width int) []byte {
	img := image.NewPaletted(image.Rect(0, 0, width, height), differenceColors)
	for i := range float {
		switch {
		case float[i] == stored[i]:
		case truth != nil && float[i] == truth[i]:
			img.Pix[i] = 1
		case truth != nil && stored[i] == truth[i]:
			img.Pix[i] = 2
		default:
			img.Pix[i] = 3
		}
	}
	return pngOf(shrinkMap(img))
}

// shrinkMap leaves out pixels until no side is longer than that of pictures: classes have no mean.
func shrinkMap(img *image.Paletted) image.Image {
	step := (max(img.Rect.Dx(), img.Rect.Dy()) + pictureSide - 1) / pictureSide
	if step <= 1 {
		return img
	}
	out := image.NewPaletted(image.Rect(0, 0, img.Rect.Dx()/step, img.Rect.Dy()/step), img.Palette)
	for y := range out.Rect.Dy() {
		for x := range out.Rect.Dx() {
			out.Pix[y*out.Stride+x] = img.Pix[y*step*img.Stride+x*step]
		}
	}
	return out
}

func pngOf(img image.Image) []byte {
	var b bytes.Buffer
	_ = png.Encode(&b, img) // a buffer takes all
	return b.Bytes()
}
