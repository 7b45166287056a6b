package rollout

import (
	"context"
	"errors"
	"time"
)

// Board is where the state is told and reports come from; *Fleet is one.
type Board interface {
	Journal
	Publish(ctx context.Context, s State) error
	Reports(ctx context.Context) ([]Report, error)
}

// Write appends what make returns for the newest state, again if somebody was quicker, and publishes the state after it. Errors are those
// of the board, of make and of Apply: nothing is written that cannot happen.
func Write(ctx context.Context, b Board, make func(State) (Event, error)) (State, error) {
	for {
		events, err := b.Events(ctx)
		if err != nil {
			return State{}, err
		}
		s := Replay(events)
		e, err := make(s)
		if err != nil {
			return s, err
		}
		e.Number = s.Revision + 1
		if e.Time.IsZero() {
			e.Time = time.Now().UTC()
		}
		next, err := s.Apply(e)
		if err != nil {
			return s, err
		}
		if err := b.Append(ctx, e); errors.Is(err, ErrBehind) {
			continue
		} else if err != nil {
			return s, err
		}
		return next, b.Publish(ctx, next)
	}
}

// Control decides until the roll-out has ended, looking at reports that often; any number may control one, the journal takes one step at
// a time. told is called with every state that is new; may be nil. Errors are those of the board that last, and the context's.
func Control(ctx context.Context, b Board, every time.Duration, told func(State)) (State, error) {
	var reports Reports
	var seen uint64
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		events, err := b.Events(ctx)
		if err != nil {
			return State{}, err
		}
		s := Replay(events)
		if s.Revision > seen && told != nil {
			told(s)
		}
		seen = s.Revision
		if err := b.Publish(ctx, s); err != nil || !s.Rollout.Running() {
			return s, err
		}
		list, err := b.Reports(ctx)
		if err != nil {
			return s, err
		}
		for _, r := range list {
			reports.Add(s, r)
		}
		if e, ok := reports.Decide(s, time.Now()); ok {
			if err := b.Append(ctx, e); err != nil && !errors.Is(err, ErrBehind) {
				return s, err
			}
			continue
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return s, context.Cause(ctx)
		}
	}
}
