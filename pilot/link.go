package pilot

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"

	"github.com/dqa-go/dqa/dataset"
	"github.com/dqa-go/dqa/internal/parallel"
	"github.com/dqa-go/dqa/tensor"
)

// qualities of JPEG that are tried, the smallest files first.
var qualities = []int{30, 50, 75, JPEGQuality, 95}

// link compares what passes at the best cut with sending JPEG files, whose loss is measured as ours is.
func (r *run) link(ctx context.Context) (l Link, err error) {
	l = Link{Rate: r.opt.Link, Best: -1, JPEG: []JPEGResult{}}
	for i, c := range r.study.Cuts {
		if c.Head <= MaxHead && (l.Cut == nil || c.Stored < l.Cut.Stored) {
			l.Cut = &r.study.Cuts[i]
		}
	}
	if r.study.Bytes.JPEG == nil {
		return l, nil
	}
	for _, q := range qualities {
		v, err := step(r, fmt.Sprintf("jpeg %d", q), func() (v JPEGResult, err error) {
			v.Quality = q
			if v.Choice, err = r.throughJPEG(ctx, r.choice, q); err != nil {
				return v, err
			}
			v.Confirm, err = r.throughJPEG(ctx, r.confirm, q)
			return v, err
		})
		if err != nil {
			return l, err
		}
		if l.JPEG = append(l.JPEG, v); l.Best < 0 && within(v.Choice, r.opt.Limit) {
			l.Best = len(l.JPEG) - 1
		}
	}
	return l, nil
}

// throughJPEG runs the float network on images that were JPEG files in between.
func (r *run) throughJPEG(ctx context.Context, data *dataset.Inputs, quality int) (Outcome, error) {
	worse, err := r.net.Inputs(&compressed{data.Source(), quality})
	if err != nil {
		return Outcome{}, err
	}
	m, err := r.compare(ctx, fmt.Sprintf("sending JPEG, quality %d", quality), data, func() runner {
		return func(i int, _ *tensor.Tensor) ([]*tensor.Tensor, []byte, error) {
			sample, err := data.Source().Sample(i)
			if err != nil {
				return nil, nil, err
			}
			file, _, err := throughJPEG(sample.Image, quality)
			if err != nil {
				return nil, nil, err
			}
			x, err := worse.Input(i)
			if err != nil {
				return nil, nil, err
			}
			outputs, err := r.net.Program().Run(x, nil)
			return outputs, file, err
		}
	}, false)
	if err != nil {
		return Outcome{}, err
	}
	return m.Outcome, nil
}

// jpegSizes are the sizes of the confirmation part's images as JPEG; nil where they are no pictures.
func (r *run) jpegSizes(ctx context.Context) (*Interval, error) {
	src := r.confirm.Source()
	first, err := src.Sample(0)
	if err != nil {
		return nil, err
	}
	if first.Image.Float || first.Image.Channels > 4 {
		return nil, nil
	}
	var sizes []float64
	err = parallel.Ordered(ctx, src.Len(), r.opt.Workers, func(_, i int) (int, error) {
		sample, err := src.Sample(i)
		if err != nil {
			return 0, err
		}
		file, _, err := throughJPEG(sample.Image, JPEGQuality)
		return len(file), err
	}, func(_, n int) error { sizes = append(sizes, float64(n)); return nil })
	if err != nil {
		return nil, err
	}
	mean, _ := meanOf(sizes)
	return &mean, nil
}

// compressed are a source's images after they were JPEG files.
type compressed struct {
	dataset.Source
	quality int
}

func (c *compressed) Sample(i int) (dataset.Sample, error) {
	s, err := c.Source.Sample(i)
	if err == nil {
		_, s.Image, err = throughJPEG(s.Image, c.quality)
	}
	return s, err
}

func (c *compressed) Digest() ([32]byte, error) { return dataset.Digest(c) }

// throughJPEG is an image as a JPEG file and what is read of it: three channels as colours, others as one gray file each, one after the
// other.
func throughJPEG(img dataset.Image, quality int) (file []byte, back dataset.Image, err error) {
	n := img.Height * img.Width
	back = img
	back.Pix = make([]float32, len(img.Pix))
	planes := img.Channels
	if img.Channels == 3 {
		planes = 1
	}
	var b bytes.Buffer
	for p := range planes {
		begin := b.Len()
		if err := jpeg.Encode(&b, raster(img, p, planes), &jpeg.Options{Quality: quality}); err != nil {
			return nil, back, err
		}
		got, err := jpeg.Decode(bytes.NewReader(b.Bytes()[begin:]))
		if err != nil {
			return nil, back, err
		}
		for y := range img.Height {
			for x := range img.Width {
				at := y*img.Width + x
				if planes == img.Channels {
					back.Pix[p*n+at] = float32(color.GrayModel.Convert(got.At(x, y)).(color.Gray).Y) / 255 * topOf(img)
					continue
				}
				c := color.NRGBAModel.Convert(got.At(x, y)).(color.NRGBA)
				for k, v := range []uint8{c.R, c.G, c.B} {
					back.Pix[k*n+at] = float32(v) / 255 * topOf(img)
				}
			}
		}
	}
	return b.Bytes(), back, nil
}

func topOf(img dataset.Image) float32 {
	if img.Top == 0 {
		return 255
	}
	return img.Top
}

// raster is an image in 8 bits: in colours where planes is 1 of three channels, else channel p in gray.
func raster(img dataset.Image, p, planes int) image.Image {
	n, scale := img.Height*img.Width, 255/topOf(img)
	level := func(v float32) uint8 { return uint8(max(0, min(255, v*scale+.5))) }
	if planes == img.Channels {
		g := image.NewGray(image.Rect(0, 0, img.Width, img.Height))
		for i := range n {
			g.Pix[i] = level(img.Pix[p*n+i])
		}
		return g
	}
	out := image.NewNRGBA(image.Rect(0, 0, img.Width, img.Height))
	for i := range n {
		out.Pix[4*i], out.Pix[4*i+1], out.Pix[4*i+2], out.Pix[4*i+3] = level(img.Pix[i]), level(img.Pix[n+i]), level(img.Pix[2*n+i]), 255
	}
	return out
}
