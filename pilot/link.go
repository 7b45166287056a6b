package pilot

import (
	"context"
	"fmt"

	"github.com/dqa-go/dqa/dataset"
	"github.com/dqa-go/dqa/internal/parallel"
	"github.com/dqa-go/dqa/internal/picture"
	"github.com/dqa-go/dqa/tensor"
)

// qualities of JPEG that are tried, the smallest files first.
var qualities = []int{30, 50, 75, JPEGQuality, 95}

func jpegOf(quality int) picture.Format { return picture.Format{Kind: picture.JPEG, Quality: quality} }

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
	worse, err := r.net.Inputs(picture.Send(data.Source(), jpegOf(quality)))
	if err != nil {
		return Outcome{}, err
	}
	m, err := r.compare(ctx, fmt.Sprintf("sending JPEG, quality %d", quality), data, func() runner {
		return func(i int, _ *tensor.Tensor) ([]*tensor.Tensor, []byte, error) {
			sample, err := data.Source().Sample(i)
			if err != nil {
				return nil, nil, err
			}
			file, _, err := jpegOf(quality).Through(sample.Image)
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
		file, _, err := jpegOf(JPEGQuality).Through(sample.Image)
		return len(file), err
	}, func(_, n int) error { sizes = append(sizes, float64(n)); return nil })
	if err != nil {
		return nil, err
	}
	mean, _ := meanOf(sizes)
	return &mean, nil
}
