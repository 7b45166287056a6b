// Package demo shows a fleet on one machine: a server, two devices of different generations, a gateway, a canary of a smaller profile, a
// stream that changes, and the return to the profile before.
package demo

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/dqa-go/dqa/dataset"
	"github.com/dqa-go/dqa/fleet/device"
	"github.com/dqa-go/dqa/fleet/gateway"
	"github.com/dqa-go/dqa/fleet/link"
	"github.com/dqa-go/dqa/fleet/outbox"
	"github.com/dqa-go/dqa/fleet/rollout"
	"github.com/dqa-go/dqa/frame"
	"github.com/dqa-go/dqa/profile"
	"github.com/dqa-go/dqa/session"
)

// ErrWrong is an answer that is not the whole quantized network's, bit for bit.
var ErrWrong = errors.New("another answer than the whole network's")

// Options steer the demonstration. The zero value works.
type Options struct {
	Dir  string       // of streams and outboxes; "": a temporary one
	Say  func(string) // is told what happens; may be nil
	Seed uint64
	// Running is told where the server listens, while it does; may be nil.
	Running func(url string)
	Hold    bool // the fleet stays until the context ends, which is no error then
}

// Result is what it came to.
type Result struct {
	Sent       int  `json:"sent"` // frames of both devices
	Answered   int  `json:"answered"`
	Lost       int  `json:"lost"`
	Duplicates int  `json:"duplicates"`  // frames that were answered more than once
	RolledBack bool `json:"rolled_back"` // the canary was stopped and the device returned to the profile before
}

// What is shown.
const (
	model    = "demo:classify"
	edge     = "1"
	calib    = "demo:classify[0:64]"
	clean    = "demo:classify[128:368]" // learning, then watching
	canary   = "demo:classify[368:528]" // with the new profile, which learns anew
	changed  = "corrupt:contrast:5:demo:classify[528:648]"
	learn    = 64
	ert      = 5000 // images between false alarms
	patience = time.Minute
)

// the two generations: format 2 is format 1 under another number, as there is but one yet; that gateways tell them apart is real.
const oldFormat, newFormat = frame.Version, frame.Version + 1

// show is one demonstration.
type show struct {
	opt     Options
	net     *session.Network
	heads   [2]device.Head      // the profile before, and the canary's
	whole   [2]*session.Encoder // what answers must be
	gate    *gateway.Gateway
	devices []*member
}

// member is a device with what it was answered.
type member struct {
	*device.Device
	show  *show
	name  string
	names []string // of the network's outputs

	using sync.Mutex       // of a head: an image is sent, or another one is taken
	runs  int              // number of the head
	whole *session.Encoder // what its answers must be

	mu      sync.Mutex
	sent    map[outbox.ID]string // digests of the answers that are due
	answers map[outbox.ID][]string
	lost    int
	since   rollout.Report // counted since the head was taken
}

// Run shows it. Errors are those of link, device and gateway; an answer that differs from the whole network's is one.
func Run(ctx context.Context, opt Options) (*Result, error) {
	if opt.Say == nil {
		opt.Say = func(string) {}
	}
	if opt.Dir == "" {
		dir, err := os.MkdirTemp("", "dqa-fleet-demo-")
		if err != nil {
			return nil, err
		}
		defer os.RemoveAll(dir)
		opt.Dir = dir
	}
	s := &show{opt: opt}
	if err := s.calibrate(ctx); err != nil {
		return nil, err
	}
	server, err := link.Start(filepath.Join(opt.Dir, "streams"), link.ServerOptions{})
	if err != nil {
		return nil, err
	}
	defer server.Stop()
	opt.Say("a server listens on " + server.URL())
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if opt.Running != nil {
		opt.Running(server.URL())
	}
	stop, err := s.start(ctx, server.URL())
	if err != nil {
		return nil, err
	}
	r, err := s.play(ctx, server.URL())
	if err == nil && opt.Hold {
		opt.Say("that was it; the fleet stays until Ctrl-C")
		<-ctx.Done()
	}
	cancel()
	stop()
	return r, err
}

// calibrate makes the two profiles.
func (s *show) calibrate(ctx context.Context) (err error) {
	if s.net, err = session.Open(model, session.Options{}); err != nil {
		return err
	}
	data, err := s.net.Data(calib)
	if err != nil {
		return err
	}
	for i, setting := range []profile.Setting{
		{Name: "direct", Bits: 4},
		{Name: "direct", Bits: 3},
	} {
		made, err := s.net.Calibrate(ctx, data, session.Variant{Setting: setting, Seed: s.opt.Seed}, session.CalibrateOptions{})
		if err != nil {
			return err
		}
		q, err := s.net.Bind(made.Profile)
		if err != nil {
			return err
		}
		e, err := q.Ends(edge)
		if err != nil {
			return err
		}
		s.whole[i] = q.NewEncoder(session.EncodeOptions{})
		s.heads[i] = device.Head{
			Ends: e, Model: model, Profile: made.Profile.Digest(), Watch: session.DriftOptions{Learn: learn, ERT: ert, Seed: s.opt.Seed},
		}
		s.opt.Say(fmt.Sprintf("profile %d: %s, %d bits, cut behind %s", i+1, setting.Name, setting.Bits, e.Edge()))
	}
	return nil
}

// start starts the gateway and the devices; stop ends them, once the context has ended.
func (s *show) start(ctx context.Context, url string) (stop func(), err error) {
	asItIs := func(b []byte) ([]byte, error) { return b, nil }
	opt := gateway.Options{
		Name: "gate", Link: link.Options{URL: url}, Tell: 200 * time.Millisecond, Note: s.opt.Say,
		Formats: map[int]func([]byte) ([]byte, error){oldFormat: asItIs, newFormat: asItIs},
	}
	var tails []gateway.Tail
	for _, h := range s.heads {
		tails = append(tails, gateway.Tail{Ends: h.Ends, Model: h.Model, Profile: h.Profile})
	}
	if s.gate, err = gateway.Start(ctx, opt, tails...); err != nil {
		return nil, err
	}
	done := make(chan error, 1)
	go func() { done <- s.gate.Run(ctx) }()
	stop = func() {
		for _, m := range s.devices {
			_ = m.Close()
		}
		<-done
	}
	for i, format := range []int{oldFormat, newFormat} {
		m := &member{
			show: s, name: fmt.Sprint("press-", i+1), names: s.heads[0].Ends.Outputs(), whole: s.whole[0],
			sent: map[outbox.ID]string{}, answers: map[outbox.ID][]string{},
		}
		head := s.heads[0]
		head.Watch.Alarm = s.alarm(m)
		m.Device, err = device.Start(ctx, device.Options{
			Name: m.name, Link: link.Options{URL: url}, Dir: filepath.Join(s.opt.Dir, m.name), Sink: m, Format: format,
			Tell: 200 * time.Millisecond, Note: s.opt.Say,
		}, head)
		if err != nil {
			return nil, err
		}
		s.devices = append(s.devices, m)
		s.opt.Say(fmt.Sprintf("%s sends frames of format %d", m.name, format))
	}
	return stop, nil
}

// alarm counts and tells a device's alarms of drift.
func (s *show) alarm(m *member) func(session.DriftAlarm) {
	return func(a session.DriftAlarm) {
		m.mu.Lock()
		m.since.Alarms++
		m.mu.Unlock()
		s.opt.Say(fmt.Sprintf("%s: alarm, %s, since image %d of this profile", m.name, a.Like, a.Since))
	}
}

// play plays it.
func (s *show) play(ctx context.Context, url string) (*Result, error) {
	if err := s.send(ctx, clean); err != nil {
		return nil, err
	}
	s.opt.Say("both devices have learned what their stream looks like")
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r, err := s.rollOut(ctx, url)
	if err != nil {
		return nil, err
	}
	defer r.close(cancel)
	if err := s.send(ctx, canary); err != nil {
		return nil, err
	}
	s.opt.Say("the light changes: less contrast")
	if err := s.send(ctx, changed); err != nil {
		return nil, err
	}
	back, err := r.returned(ctx, s.devices[1])
	if err != nil {
		return nil, err
	}
	return s.sum(ctx, back)
}

// send sends images from both devices in turn.
func (s *show) send(ctx context.Context, spec string) error {
	data, err := s.net.Data(spec)
	if err != nil {
		return err
	}
	for i := range data.Len() {
		for _, m := range s.devices {
			if err := m.sendImage(ctx, data, i); err != nil {
				return err
			}
		}
	}
	return nil
}

func (m *member) sendImage(ctx context.Context, data *dataset.Inputs, i int) error {
	name, inputs, err := data.Feed(i)
	if err != nil {
		return err
	}
	m.using.Lock()
	defer m.using.Unlock()
	id, err := m.Send(ctx, name, inputs)
	if err != nil {
		return err
	}
	_, outputs, err := m.whole.EncodeInputs(nil, inputs)
	if err != nil {
		return err
	}
	list, err := link.OutputsOf(m.names, outputs)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sent[id] = device.DigestOf(link.Answer{Outputs: list})
	return err
}

// sum waits for all answers and counts.
func (s *show) sum(ctx context.Context, rolledBack bool) (*Result, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	r := &Result{RolledBack: rolledBack}
	for _, m := range s.devices {
		if err := m.Drain(ctx); err != nil {
			return nil, err
		}
		m.mu.Lock()
		defer m.mu.Unlock()
		r.Sent += len(m.sent)
		r.Lost += m.lost
		for id, want := range m.sent {
			got := m.answers[id]
			if len(got) > 0 {
				r.Answered++
			}
			if len(got) > 1 {
				r.Duplicates++
			}
			for _, digest := range got {
				if digest != want {
					return nil, fmt.Errorf("%w: frame %v of %s", ErrWrong, id, m.name)
				}
			}
		}
		c := m.Status()
		s.opt.Say(fmt.Sprintf("%s: %d frames sent, %d answered; %.2f bits per value, %.1f ms until the answer", m.name, c.Counters.Accepted,
			c.Counters.Answered, 8*float64(c.Counters.Bytes)/float64(max(c.Counters.Values, 1)), c.Latency.P50))
	}
	return r, nil
}

// Put implements device.Sink.
func (m *member) Put(a device.Answer) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.since.Images++
	m.since.LatencyMS += float64(a.Latency.Microseconds()) / 1000
	if a.Outcome == device.Lost || a.Outcome == device.Refused {
		m.since.Errors++
		m.lost++
		return nil
	}
	m.answers[a.ID] = append(m.answers[a.ID], device.LineOf(a, false).Digest)
	return nil
}

// Flush implements device.Sink.
func (m *member) Flush() error { return nil }

// Has implements device.Sink.
func (m *member) Has(outbox.ID) bool { return false }
