package session

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"

	"github.com/dqa-go/dqa"
	"github.com/dqa-go/dqa/drift"
	"github.com/dqa-go/dqa/profile"
)

// DriftOptions steer the watching of a stream. The zero value works.
type DriftOptions struct {
	ERT    float64 // images between false alarms, on average; 0: drift.DefaultERT
	Window int     // images within which changes are looked for; 0: drift.DefaultWindow
	// Learn takes the reference from so many images at the stream's beginning instead of the profile's; they are not watched.
	Learn    int
	Seed     uint64
	Workers  int // goroutines; 0 or less: one. Results do not depend on it
	Progress Progress
	// MaxMemory bounds what a frame may take (dqa.Limits); 0: dqa.DefaultMaxMemory.
	MaxMemory int64
	// Alarm is told of an alarm as soon as it rises; nil: nobody is.
	Alarm func(DriftAlarm)
}

// DriftAlarm is an alarm, with the name of its image.
type DriftAlarm struct {
	drift.Alarm
	Name string `json:"name"`
}

// Drift is what watching a stream came to.
type Drift struct {
	Network   string        `json:"model"`
	Images    int           `json:"images"` // that were watched
	Learned   int           `json:"learned"`
	Reference int           `json:"reference_images"`
	ERT       float64       `json:"ert"`
	Window    int           `json:"window"`
	Seed      uint64        `json:"seed"`
	Statistic float64       `json:"statistic"` // after the last image, in parts of the threshold
	Raised    bool          `json:"raised"`    // an alarm stands
	Alarms    []DriftAlarm  `json:"alarms"`
	Edges     []drift.Edge  `json:"edges"` // of the last window
	Trace     []DriftMoment `json:"trace"` // at most maxTrace: of longer streams, the highest of several
}

// DriftMoment is the statistic after an image.
type DriftMoment struct {
	Image     int     `json:"image"`
	Statistic float64 `json:"statistic"`
}

const maxTrace = 1024

// watcher watches one stream, once it has a reference.
type watcher struct {
	profile *profile.Profile
	opt     DriftOptions
	learner *drift.Learner // nil: it has
	monitor *drift.Monitor
	found   Drift
	every   int // images of a moment of the trace
}

func newWatcher(p *profile.Profile, opt DriftOptions) (*watcher, error) {
	if opt.ERT == 0 {
		opt.ERT = drift.DefaultERT
	}
	if opt.Window == 0 {
		opt.Window = drift.DefaultWindow
	}
	if !(opt.ERT >= 1 && opt.ERT <= 1e12) || opt.Window < 1 || opt.Window > 1<<16 || opt.Learn < 0 || opt.Learn > drift.MaxImages {
		return nil, fmt.Errorf("%w: ert %g, window %d, learn %d: 1 to 1e12, 1 to 65536, and at most %d", ErrSetting, opt.ERT, opt.Window,
			opt.Learn, drift.MaxImages)
	}
	w := &watcher{profile: p, opt: opt, every: 1}
	w.found = Drift{Network: p.Network.Name, ERT: opt.ERT, Window: opt.Window, Seed: opt.Seed, Learned: opt.Learn, Alarms: []DriftAlarm{}}
	if opt.Learn > 0 {
		w.learner = drift.NewLearner(p)
		return w, nil
	}
	r, err := p.Reference()
	if errors.Is(err, profile.ErrNoSection) {
		return nil, fmt.Errorf("%w in the profile", ErrReference)
	}
	if err != nil {
		return nil, err
	}
	return w, w.start(r)
}

func (w *watcher) start(r *profile.Reference) (err error) {
	w.monitor, err = drift.New(w.profile, r, drift.Options{ERT: w.opt.ERT, Window: w.opt.Window, Seed: w.opt.Seed})
	w.found.Reference = len(r.Rows)
	w.learner = nil
	return err
}

// add takes the counts of the next image.
func (w *watcher) add(name string, edges []dqa.EdgeCounts) error {
	if w.learner != nil {
		w.learner.Add(edges)
		if w.learner.Images() < w.opt.Learn {
			return nil
		}
		r, err := w.learner.Reference(w.opt.Learn)
		if err != nil {
			return err
		}
		return w.start(r)
	}
	a, err := w.monitor.Add(edges)
	if err != nil {
		return err
	}
	image := w.opt.Learn + w.monitor.Images() - 1
	if a != nil {
		a.Image, a.Since = image, a.Since+w.opt.Learn
		w.found.Alarms = append(w.found.Alarms, DriftAlarm{*a, name})
		if w.opt.Alarm != nil {
			w.opt.Alarm(w.found.Alarms[len(w.found.Alarms)-1])
		}
	}
	w.trace(image)
	return nil
}

// trace keeps the statistic; when there are too many moments, two become one.
func (w *watcher) trace(image int) {
	t, now := w.found.Trace, w.monitor.Statistic()
	if n := len(t); n > 0 && (w.monitor.Images()-1)%w.every != 0 {
		t[n-1].Statistic = max(t[n-1].Statistic, now)
		return
	}
	if len(t) == maxTrace {
		for k := range maxTrace / 2 {
			t[k] = DriftMoment{t[2*k].Image, max(t[2*k].Statistic, t[2*k+1].Statistic)}
		}
		t = t[:maxTrace/2]
		w.every *= 2
	}
	w.found.Trace = append(t, DriftMoment{image, now})
}

// report is what was found. A stream that ended before there was a reference is ErrReference.
func (w *watcher) report() (*Drift, error) {
	if w.monitor == nil {
		return nil, fmt.Errorf("%w: the stream has %d images, of which %d are to be learned", ErrReference, w.learner.Images(), w.opt.Learn)
	}
	w.found.Images, w.found.Statistic, w.found.Raised = w.monitor.Images(), w.monitor.Statistic(), w.monitor.Raised()
	w.found.Edges = w.monitor.Edges()
	slices.SortStableFunc(w.found.Edges, func(a, b drift.Edge) int { return a.Edge - b.Edge })
	return &w.found, nil
}

// Drift runs the network on images and watches what coding counts of them. Errors wrap ErrReference (a profile without one), ErrSetting,
// and those of EncodeAll.
func (q *Quantized) Drift(ctx context.Context, data Feed, opt DriftOptions) (*Drift, error) {
	w, err := newWatcher(q.codec.Profile(), opt)
	if err != nil {
		return nil, err
	}
	images := make([]int, data.Len())
	for i := range images {
		images[i] = i
	}
	err = q.countAll(ctx, data, images, opt.Workers, func(i int, c counted) error {
		opt.Progress.report("watching", "images", i+1, len(images))
		return w.add(c.name, c.edges)
	})
	if err != nil {
		return nil, err
	}
	return w.report()
}

// Frames are a stream of them. Next gives the next one, whose bytes are valid until it is called again; at the end io.EOF.
type Frames interface {
	Next() (name string, frame []byte, err error)
}

// DriftFrames watches frames that were made with p; it needs neither network nor images. Errors wrap ErrReference, ErrSetting and those of
// decoding, and fs.ErrNotExist where there are none.
func DriftFrames(ctx context.Context, p *profile.Profile, frames Frames, opt DriftOptions) (*Drift, error) {
	w, err := newWatcher(p, opt)
	if err != nil {
		return nil, err
	}
	codec, err := dqa.Limits{MaxMemory: opt.MaxMemory}.NewCodec(p)
	if err != nil {
		return nil, err
	}
	counters := codec.NewCounters()
	dec := codec.NewDecoder(dqa.WithWorkers(opt.Workers), dqa.WithCounters(counters))
	var values [][]float32
	for ctx.Err() == nil {
		name, frame, err := frames.Next()
		if err == io.EOF && values == nil { // whoever sent them is gone: nothing was watched, which is not that nothing has changed
			return nil, fmt.Errorf("%w: the stream has no frames", fs.ErrNotExist)
		}
		if err == io.EOF {
			return w.report()
		}
		if err != nil {
			return nil, err
		}
		counters.Reset()
		if values == nil { // which checks that there is room for them
			if values, err = dec.Decode(frame); err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
		} else if err = dec.Open(frame); err == nil {
			err = dec.All(values)
		}
		if err == nil {
			err = w.add(name, counters.Edges)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil, context.Cause(ctx)
}

// folder are the frames of one.
type folder struct {
	dir   string
	files []FrameFile
	read  func(path string) ([]byte, error)
}

// FramesIn are the frames of a folder in the order of FramesOf, which read gets by their paths.
func FramesIn(dir string, read func(path string) ([]byte, error)) (Frames, error) {
	files, err := FramesOf(dir)
	return &folder{dir, files, read}, err
}

func (f *folder) Next() (name string, frame []byte, err error) {
	if len(f.files) == 0 {
		return "", nil, io.EOF
	}
	name = f.files[0].Image
	frame, err = f.read(filepath.Join(f.dir, f.files[0].Frame))
	f.files = f.files[1:]
	return name, frame, err
}
