package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/dqa-go/dqa/fleet/rollout"
	"github.com/dqa-go/dqa/fleet/ui"
	"github.com/nats-io/nats.go/jetstream"
)

// Rollouts is the last one, as journal and devices tell it; none where nothing was ever rolled out.
func (s *linked) Rollouts(ctx context.Context) ([]ui.Rollout, error) {
	f, err := rollout.OnLink(ctx, s.l, false, 0)
	if errors.Is(err, jetstream.ErrBucketNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	state, err := f.Current(ctx)
	if err != nil || state.Rollout == nil {
		return nil, err
	}
	events, err := s.events(ctx, f, state.Revision)
	if err != nil {
		return nil, err
	}
	shown := shownRollout(state, events)
	reports, err := f.Reports(ctx)
	if err != nil {
		return nil, err
	}
	var all rollout.Reports
	for _, r := range reports {
		all.Add(state, r)
	}
	if e := all.Evidence(state); e.Compared > 0 {
		agreement := float64(e.Agreed) / float64(e.Compared)
		shown.Agreement = &agreement
	}
	return []ui.Rollout{shown}, nil
}

// events are those of the journal, which is read again only where something was added.
func (s *linked) events(ctx context.Context, f *rollout.Fleet, revision uint64) ([]rollout.Event, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if uint64(len(s.journal)) == revision {
		return s.journal, nil
	}
	journal, err := f.Events(ctx)
	if err == nil {
		s.journal = journal
	}
	return journal, err
}

// shownRollout is the last roll-out of a state, as the page has it.
func shownRollout(state rollout.State, events []rollout.Event) ui.Rollout {
	r := state.Rollout
	shown := ui.Rollout{Name: r.Plan.Release.Name, Stage: string(r.Phase), Time: r.Since, Profile: firstProfile(r.Plan.Release)}
	switch r.Phase {
	case rollout.Canary:
		shown.Share = r.Plan.Shares[min(r.Stage, len(r.Plan.Shares)-1)]
	case rollout.Completed:
		shown.Share = 1
	}
	if r.Phase != rollout.Completed {
		shown.Before = firstProfile(state.Stable)
	} else if len(state.History) > 0 {
		shown.Before = firstProfile(state.History[0])
	}
	for _, e := range events {
		if e.Number < r.ID {
			continue
		}
		text := fmt.Sprintf("%s by %s", e.Step, e.By)
		if e.Cause != "" {
			text += ": " + e.Cause
		}
		shown.Steps = append(shown.Steps, ui.Step{Time: e.Time, Text: text})
	}
	return shown
}

// firstProfile names a release by its first variant: others are the same for other formats.
func firstProfile(r rollout.Release) string {
	if len(r.Variants) == 0 {
		return ""
	}
	return r.Variants[0].Profile
}
