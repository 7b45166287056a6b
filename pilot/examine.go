package pilot

import (
	"context"

	"github.com/dqa-go/dqa/dataset"
	"github.com/dqa-go/dqa/profile"
	"github.com/dqa-go/dqa/session"
)

// examine looks at the chosen setting in detail.
func (r *run) examine(ctx context.Context) (*profile.Profile, error) {
	s := r.study
	c := r.candidates[s.Frontier.Chosen]
	p, err := profile.Parse(c.Profile)
	if err != nil {
		return nil, err
	}
	q, err := r.net.Bind(p)
	if err != nil {
		return nil, err
	}
	d, err := step(r, "details "+c.Setting, func() (details, error) { return r.details(ctx, q) })
	if err != nil {
		return nil, err
	}
	s.Changes, s.Pictures = d.Changes, d.Pictures
	s.Layers = layersOf(r.net, p, d.Edges)
	s.Bytes = Bytes{Float: 4 * s.Model.Values, Input: 4 * int64(elements(s.Model.Input)), JPEG: d.JPEG}
	bits := s.Frontier.Points[s.Frontier.Chosen].Confirm.StoredBits
	per := float64(s.Model.Values) / 8
	s.Bytes.Stored = Interval{Value: bits.Value * per, Low: bits.Low * per, High: bits.High * per}
	if s.Link, err = r.link(ctx); err != nil {
		return nil, err
	}
	if err := r.times(ctx, q, p); err != nil {
		return nil, err
	}
	if err := r.risk(ctx, p); err != nil {
		return nil, err
	}
	s.Cost.Calibration, s.Cost.Profile = r.calibrating(c), len(p.Append(nil))
	s.Cost.PerDay, s.Cost.Cameras, s.Cost.Price = r.opt.PerDay, r.opt.Cameras, r.opt.Price
	return p, nil
}

// calibrating is the processor time of calibrating a setting alone: the first that was tried measured what all share.
func (r *run) calibrating(c candidate) float64 {
	seconds := c.Seconds
	for _, first := range r.candidates {
		if first.Ours && first.Budget == firstBudget && first.Budget != c.Budget {
			seconds += first.Seconds
		}
	}
	return seconds
}

func elements(shape []int) int {
	n := 1
	for _, v := range shape {
		n *= v
	}
	return n
}

// details are what looking at every image of the confirmation part says.
type details struct {
	Changes  Changes   `json:"changes"`
	Pictures []Picture `json:"pictures"`
	Edges    []float64 `json:"edges"` // mean bytes
	JPEG     *Interval `json:"jpeg"`
}

func (r *run) details(ctx context.Context, q *session.Quantized) (d details, err error) {
	m, err := r.compare(ctx, "looking at every image", r.confirm, stored(q), true)
	if err != nil {
		return d, err
	}
	d.Edges = m.edges
	d.Changes = changesOf(m, &r.study.Task)
	if d.JPEG, err = r.jpegSizes(ctx); err != nil {
		return d, err
	}
	d.Pictures = []Picture{}
	if !r.opt.NoPictures {
		d.Pictures, err = r.pictures(q, m)
	}
	return d, err
}

// times are those of this machine, and of the device if somebody has measured there.
func (r *run) times(ctx context.Context, q *session.Quantized, p *profile.Profile) error {
	s := r.study
	s.Device.Here = []Timing{}
	if _, own := r.net.Memory(); !own {
		return nil
	}
	x, err := r.confirm.Input(0)
	if err != nil {
		return err
	}
	b, err := r.net.BenchEngine(ctx, session.BenchOptions{Rounds: 7, Profile: p, Input: x, Progress: r.opt.Progress})
	if err != nil {
		return err
	}
	for _, row := range b.Rows {
		half := row.Spread * row.MS / 2
		s.Device.Here = append(s.Device.Here, Timing{row.Mode, row.MS, row.MS - half, row.MS + half, row.CPUMS, 7})
		s.Device.Load = row.Load
		if row.Mode == "packed" {
			s.Memory = &Memory{Float: row.FloatPeak, Ideal: row.FloatIdeal, Packed: row.Peak}
		}
	}
	if s.Cost.EncodeMS, s.Cost.DecodeMS, err = coding(q, x); err != nil {
		return err
	}
	return nil
}

// inputs are a source's images as the network wants them.
func (r *run) inputs(src dataset.Source, err error) (*dataset.Inputs, error) {
	if err != nil {
		return nil, err
	}
	return r.net.Inputs(src)
}
