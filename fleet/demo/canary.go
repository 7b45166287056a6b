package demo

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/dqa-go/dqa/fleet/link"
	"github.com/dqa-go/dqa/fleet/rollout"
	"github.com/dqa-go/dqa/profile"
)

// The roll-out of the second profile.
const (
	look  = 50 * time.Millisecond // how often devices and the controller do
	share = 0.5                   // of the devices that are canaries
	many  = 1 << 30               // images that a stage takes: longer than the demonstration
)

// rolling is a roll-out that is controlled here, and followed by both devices.
type rolling struct {
	link  *link.Link
	work  sync.WaitGroup
	ended chan rollout.State
}

// rollOut begins to roll the second profile out and returns when the second device runs it.
func (s *show) rollOut(ctx context.Context, url string) (*rolling, error) {
	l, err := link.Connect(ctx, link.Options{URL: url, Name: "controller"})
	if err != nil {
		return nil, err
	}
	r := &rolling{link: l, ended: make(chan rollout.State, 1)}
	board, err := rollout.OnLink(ctx, l, true, 1)
	if err != nil {
		l.Close()
		return nil, err
	}
	for _, m := range s.devices {
		id := rollout.Identity{Name: m.name, Formats: link.ProfileFormats()}
		r.work.Go(func() {
			_ = rollout.Follow(ctx, board, id, look, m, func(err error) { s.opt.Say(m.name + ": " + err.Error()) })
		})
	}
	_, err = rollout.Write(ctx, board, func(rollout.State) (rollout.Event, error) {
		return rollout.Event{Step: rollout.Start, By: "demo", Plan: s.plan()}, nil
	})
	if err == nil {
		r.work.Go(func() {
			state, err := rollout.Control(ctx, board, look, s.tell)
			if err != nil && ctx.Err() == nil {
				s.opt.Say(err.Error())
			}
			r.ended <- state
		})
		err = s.devices[1].runsSoon(ctx, 1)
	}
	return r, err
}

// plan makes the second device the canary: which devices come first depends on a seed.
func (s *show) plan() *rollout.Plan {
	seed := uint64(0)
	for rollout.Place(seed, s.devices[0].name) < share || rollout.Place(seed, s.devices[1].name) >= share {
		seed++
	}
	model := s.net.Graph().Digest
	return &rollout.Plan{
		Release: rollout.Release{Name: "profile 2", Variants: []rollout.Variant{{
			Profile: hex.EncodeToString(s.heads[1].Profile[:]), Model: hex.EncodeToString(model[:]), Format: profile.Version,
		}}},
		Shares: []float64{share, 1}, Seed: seed, MinImages: many,
	}
}

// tell tells every step of the roll-out.
func (s *show) tell(state rollout.State) {
	if r := state.Rollout; r != nil {
		s.opt.Say(strings.TrimSuffix(fmt.Sprintf("roll-out of %s: %s; %s", r.Plan.Release.Name, r.Phase, r.Cause), "; "))
	}
}

// returned waits for the end of the roll-out and tells whether the device runs the profile before.
func (r *rolling) returned(ctx context.Context, m *member) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	select {
	case state := <-r.ended:
		if state.Rollout == nil || state.Rollout.Phase != rollout.Returned {
			return false, nil
		}
		return true, m.runsSoon(ctx, 0)
	case <-ctx.Done():
		return false, errSlow
	}
}

func (r *rolling) close(cancel func()) {
	cancel()
	r.work.Wait()
	r.link.Close()
}

var errSlow = errors.New("the roll-out has not come to an end")

// runsSoon waits until the device runs a head.
func (m *member) runsSoon(ctx context.Context, head int) error {
	for end := time.Now().Add(patience); time.Now().Before(end); {
		m.using.Lock()
		runs := m.runs
		m.using.Unlock()
		if runs == head {
			return nil
		}
		select {
		case <-time.After(look):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return errSlow
}

// Take implements rollout.Device.
func (m *member) Take(_ context.Context, a rollout.Assignment) error {
	m.using.Lock()
	defer m.using.Unlock()
	next := 0
	if a.Run.Profile == hex.EncodeToString(m.show.heads[1].Profile[:]) {
		next = 1
	}
	m.mu.Lock()
	m.since = rollout.Report{Profile: a.Run.Profile}
	m.mu.Unlock()
	if next == m.runs {
		return nil
	}
	h := m.show.heads[next]
	h.Watch.Alarm = m.show.alarm(m)
	if err := m.Use(h); err != nil {
		return err
	}
	m.runs, m.whole = next, m.show.whole[next]
	m.show.opt.Say(fmt.Sprintf("%s runs profile %d", m.name, next+1))
	return nil
}

// Count implements rollout.Device.
func (m *member) Count() rollout.Report {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.since
}
