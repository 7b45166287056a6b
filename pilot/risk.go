package pilot

import (
	"context"
	"errors"
	"fmt"

	"github.com/dqa-go/dqa/corrupt"
	"github.com/dqa-go/dqa/dataset"
	"github.com/dqa-go/dqa/drift"
	"github.com/dqa-go/dqa/internal/picture"
	"github.com/dqa-go/dqa/profile"
	"github.com/dqa-go/dqa/session"
)

// Of the streams that change: a third of the images comes before the change, at most mostBefore.
const (
	mostBefore  = 64
	mostChanged = 192
	severity    = 3
	// The ERT of watching the stream part, in times its images: of so many studies one says that images differ that do not.
	patience       = 200
	leastOfAStream = session.MinRecalibration + drift.MinImages
)

// battery is what happens to a camera, as far as it is tried.
var battery = []struct {
	name string
	kind corrupt.Kind
}{{"brightness", corrupt.Brightness}, {"blur", corrupt.DefocusBlur}}

// BatteryKinds are the words of Trial.Kind.
func BatteryKinds() []string { return []string{"brightness", "blur", "lot"} }

// Why a stream was not measured.
const (
	tooFew       = "few"    // Trial.Images behind the change
	cannotChange = "change" // measurements, or images that are too small
)

// TrialErrors are the words of Trial.Error.
func TrialErrors() []string { return []string{tooFew, cannotChange} }

// unmeasured are the codes of what a pilot on one machine cannot say.
var unmeasured = []string{"field", "longterm", "power", "others"}

// Unmeasured are the codes of Risk.Unmeasured.
func Unmeasured() []string { return append([]string{"device", "drift", "lot"}, unmeasured...) }

// risk watches streams with the profile, which keeps what clean images look like from then on.
func (r *run) risk(ctx context.Context, p *profile.Profile) error {
	s := &r.study.Risk
	s.Battery, s.Unmeasured = []Trial{}, append([]string{}, unmeasured...)
	if r.study.Device.There == nil {
		s.Unmeasured = append(s.Unmeasured, "device")
	}
	if r.lot == nil {
		s.Unmeasured = append(s.Unmeasured, "lot")
	}
	err := r.net.LearnReference(ctx, p, r.calib, r.opt.Workers, r.opt.Progress) // as dqa calibrate does
	if errors.Is(err, session.ErrReference) {
		s.Unmeasured = append(s.Unmeasured, "drift")
		return nil
	}
	if err != nil {
		return err
	}
	clean, err := step(r, "stream as it is", func() (Trial, error) { return r.watchClean(ctx, p) })
	if err != nil {
		return err
	}
	s.Clean = &clean
	return r.tryBattery(ctx, p)
}

// tryBattery tries what happens to a camera, and the other lot.
func (r *run) tryBattery(ctx context.Context, p *profile.Profile) error {
	s := &r.study.Risk
	for _, b := range battery {
		t, err := step(r, "stream "+b.name, func() (Trial, error) {
			return r.trial(ctx, p, Trial{Kind: b.name, Severity: severity}, func(src dataset.Source) (dataset.Source, error) {
				return corrupted(src, corrupt.Corruption{Kind: b.kind, Severity: severity, Seed: r.opt.Seed})
			})
		})
		if err != nil {
			return err
		}
		s.Battery = append(s.Battery, t)
	}
	if r.lot == nil {
		return nil
	}
	t, err := step(r, "stream lot", func() (Trial, error) {
		return r.trial(ctx, p, Trial{Kind: "lot"}, func(dataset.Source) (dataset.Source, error) {
			return dataset.Shuffle(r.lot.Source(), r.opt.Seed), nil
		})
	})
	s.Battery = append(s.Battery, t)
	return err
}

// watchClean watches the stream part as it is: alarms say that the calibration images are not like these.
func (r *run) watchClean(ctx context.Context, p *profile.Profile) (Trial, error) {
	t := Trial{Kind: "clean", Alarm: -1, Delay: -1}
	q, err := r.net.Bind(p)
	if err != nil {
		return t, err
	}
	src := dataset.Shuffle(r.stream.Source(), r.opt.Seed)
	in, err := r.inputs(dataset.Slice(src, 0, min(src.Len(), mostBefore+mostChanged)))
	if err != nil {
		return t, err
	}
	found, err := q.Drift(ctx, in, session.DriftOptions{
		Workers: r.opt.Workers, Seed: r.opt.Seed, Progress: r.opt.Progress, ERT: patience * float64(in.Len()),
	})
	if err != nil {
		return t, err
	}
	t.Images, t.False = found.Images, len(found.Alarms)
	if t.False > 0 {
		t.Alarm = found.Alarms[0].Image
	}
	return t, nil
}

// trial watches a stream that changes, then repairs the profile with images as they are then. A change that cannot be made of these images
// is told, and is no error.
func (r *run) trial(ctx context.Context, p *profile.Profile, t Trial, change func(dataset.Source) (dataset.Source, error)) (Trial, error) {
	t.Alarm, t.Delay = -1, -1
	base := dataset.Shuffle(r.stream.Source(), r.opt.Seed)
	after, err := change(base)
	if err != nil {
		t.Error = cannotChange
		return t, nil
	}
	t.Change = min(mostBefore, base.Len()/3)
	n := min(mostChanged, after.Len()-t.Change)
	if t.Kind == "lot" {
		n = min(mostChanged, after.Len())
	}
	if n < leastOfAStream {
		t.Error, t.Images, t.Wanted = tooFew, max(0, n), leastOfAStream
		return t, nil
	}
	t.Images = t.Change + n
	first := t.Change
	if t.Kind == "lot" {
		first = 0
	}
	err = r.watch(ctx, p, &t, &changing{base, after, t.Change, first, t.Images})
	if errors.Is(err, corrupt.ErrKind) {
		t.Error = cannotChange
		return t, nil
	}
	if err != nil {
		return t, err
	}
	now, err := r.inputs(dataset.Slice(after, first, first+n))
	if err != nil {
		return t, err
	}
	err = r.repair(ctx, p, now, &t)
	return t, err
}

// watch fills in when a change is noticed.
func (r *run) watch(ctx context.Context, p *profile.Profile, t *Trial, src dataset.Source) error {
	watched, err := r.inputs(src, nil)
	if err != nil {
		return err
	}
	q, err := r.net.Bind(p)
	if err != nil {
		return err
	}
	found, err := q.Drift(ctx, watched, session.DriftOptions{Workers: r.opt.Workers, Seed: r.opt.Seed, Progress: r.opt.Progress})
	if err != nil {
		return err
	}
	for _, a := range found.Alarms {
		switch {
		case a.Image < t.Change:
			t.False++
		case t.Alarm < 0:
			t.Alarm, t.Delay = a.Image, a.Image-t.Change+1
		}
	}
	return nil
}

// repair makes the profile anew for images as they are, with new steps where that can be, else with new tables.
func (r *run) repair(ctx context.Context, p *profile.Profile, now *dataset.Inputs, t *Trial) error {
	opt := session.RecalibrateOptions{
		Level: session.RepairSteps, Reason: "pilot", Workers: r.opt.Workers, Probabilities: r.opt.Probabilities, Progress: r.opt.Progress,
	}
	made, err := r.net.Recalibrate(ctx, p, now, opt)
	if errors.Is(err, session.ErrSetting) {
		opt.Level = session.RepairTables
		made, err = r.net.Recalibrate(ctx, p, now, opt)
	}
	if err != nil {
		return err
	}
	t.Agreement, t.After, t.Repaired, t.Repair = made.Before.Agreement, made.After.Agreement, made.Accepted, made.Used
	t.Bits, t.BitsAfter = made.Before.StoredBits, made.After.StoredBits
	t.BitsClean = r.study.Frontier.Points[r.study.Frontier.Chosen].Confirm.StoredBits.Value
	return nil
}

// changing are the images of one source up to a change, then those of another, from number first on.
type changing struct {
	dataset.Source
	after         dataset.Source
	change, first int
	images        int
}

func (c *changing) Len() int { return c.images }

func (c *changing) Sample(i int) (dataset.Sample, error) {
	if i < c.change {
		return c.Source.Sample(i)
	}
	return c.after.Sample(c.first + i - c.change)
}

func (c *changing) Digest() ([32]byte, error) { return dataset.Digest(c) }

// corrupted are a source's images made worse: of other than one or three channels, each by itself.
func corrupted(src dataset.Source, c corrupt.Corruption) (dataset.Source, error) {
	first, err := src.Sample(0)
	if err != nil {
		return nil, err
	}
	im := first.Image
	switch {
	case im.Float:
		return nil, fmt.Errorf("%w for measurements: they have no white", corrupt.ErrKind)
	case min(im.Height, im.Width) < 16:
		return nil, fmt.Errorf("%w for images of %dx%d", corrupt.ErrKind, im.Height, im.Width)
	case im.Channels == 1 || im.Channels == 3:
		return corrupt.Source(src, c)
	}
	return &planewise{src, c}, c.Check()
}

// planewise are a source's images with every channel corrupted as a gray picture of its own.
type planewise struct {
	dataset.Source
	corruption corrupt.Corruption
}

func (s *planewise) Sample(i int) (dataset.Sample, error) {
	sample, err := s.Source.Sample(i)
	if err != nil {
		return sample, err
	}
	img := &sample.Image
	n, top := img.Height*img.Width, picture.Top(*img)
	pix := make([]float32, len(img.Pix))
	for ch := range img.Channels {
		plane := &corrupt.Image{Channels: 1, Height: img.Height, Width: img.Width, Pix: make([]float64, n)}
		plane.Large = max(img.Height, img.Width) > 64
		for k := range n {
			plane.Pix[k] = max(0, min(1, float64(img.Pix[ch*n+k]/top)))
		}
		if err := s.corruption.Apply(plane, i); err != nil {
			return sample, err
		}
		for k := range n {
			pix[ch*n+k] = float32(plane.Pix[k]) * top
		}
	}
	img.Pix = pix
	return sample, nil
}

func (s *planewise) Digest() ([32]byte, error) { return dataset.Digest(s) }
