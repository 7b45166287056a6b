package rollout

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Device is what follows assignments.
type Device interface {
	// Take runs what is assigned: it verifies, loads, and answers by it from then on, and compares in shadow mode. An error is told to
	// the fleet, and the device goes on with what it ran; one that wraps ErrLater is not told, and it is tried again.
	Take(ctx context.Context, a Assignment) error
	// Count is what was counted since Take: Profile, Images, Errors, Alarms, LatencyMS, Compared, Agreed.
	Count() Report
}

// Identity is what a device says of itself.
type Identity struct {
	Name    string
	Model   string // SHA-256 of the network that it was started with, hex; "": any
	Formats []int  // schema versions of profiles that it reads
	// Revision is that of what was taken before this process began: what is older is not taken again.
	Revision uint64
}

// Source is where a device finds the state; *Fleet is one.
type Source interface {
	Current(ctx context.Context) (State, error)
	Tell(ctx context.Context, r Report) error
}

// Follow keeps a device at what it is assigned, and reports, until the context ends. It needs no server to be there: what it cannot learn
// or tell it learns and tells later. failed is told of errors; may be nil.
func Follow(ctx context.Context, src Source, id Identity, every time.Duration, d Device, failed func(error)) error {
	f := follower{src: src, id: id, device: d, boot: time.Now().UnixNano(), at: Assignment{Revision: id.Revision}}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		if err := f.step(ctx); err != nil && ctx.Err() == nil && failed != nil {
			failed(err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

type follower struct {
	src    Source
	id     Identity
	device Device
	boot   int64
	number uint64
	at     Assignment // that was taken
	begun  bool
	failed string
}

// step learns what is assigned, takes it if it is new, and reports.
func (f *follower) step(ctx context.Context) error {
	s, err := f.src.Current(ctx)
	if err != nil {
		return err
	}
	a := s.For(f.id.Name, f.id.Model, f.id.Formats)
	if a.Revision < f.at.Revision {
		return fmt.Errorf("%w: step %d there, step %d here", ErrOld, a.Revision, f.at.Revision)
	}
	if !f.begun || a.Revision > f.at.Revision || f.failed != "" {
		f.failed = ""
		if err = f.device.Take(ctx, a); errors.Is(err, ErrLater) {
			return err // what it does by the assignment before goes on
		}
		if err != nil {
			f.failed = err.Error()
		}
		f.at, f.begun = a, true
	}
	f.number++
	r := f.device.Count()
	r.Device, r.Epoch, r.Boot, r.Number = f.id.Name, f.at.Epoch, f.boot, f.number
	if f.failed != "" {
		r.Failed = f.failed
	}
	if told := f.src.Tell(ctx, r); err == nil {
		err = told
	}
	return err
}
