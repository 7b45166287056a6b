package main

import (
	"strings"
	"testing"
	"time"

	"github.com/dqa-go/dqa/fleet/link"
	"github.com/dqa-go/dqa/fleet/rollout"
)

// The page shows the journal: nothing, a canary, and all devices back, read again where something was added.
func TestPageShowsRollouts(t *testing.T) {
	s, err := link.Start(t.TempDir(), link.ServerOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	l, err := link.Connect(t.Context(), link.Options{URL: s.URL(), Name: "ui"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	from := &linked{l: l}
	if list, err := from.Rollouts(t.Context()); err != nil || len(list) != 0 {
		t.Errorf("before the first: %v, %v", list, err)
	}
	f, err := rollout.OnLink(t.Context(), l, true, 1)
	if err != nil {
		t.Fatal(err)
	}
	release := rollout.Release{Name: "two bits", Variants: []rollout.Variant{{Profile: strings.Repeat("ab", 32), Model: strings.Repeat("cd", 32), Format: 1}}}
	plan, err := rollout.Plan{Release: release, Shares: []float64{.25, 1}}.Filled()
	if err != nil {
		t.Fatal(err)
	}
	write := func(e rollout.Event) {
		t.Helper()
		e.Time = time.Now()
		_, err := rollout.Write(t.Context(), f, func(s rollout.State) (rollout.Event, error) {
			e.Number = s.Revision + 1
			return e, nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	write(rollout.Event{Step: rollout.Start, By: "ops", Plan: &plan})
	list, err := from.Rollouts(t.Context())
	if err != nil || len(list) != 1 || list[0].Stage != "canary" || list[0].Share != .25 || list[0].Profile != release.Variants[0].Profile ||
		list[0].Steps[0].Text != "start by ops" {
		t.Fatalf("%+v, %v", list, err)
	}
	write(rollout.Event{Step: rollout.Return, By: "controller", Cause: "alarms of drift"})
	list, err = from.Rollouts(t.Context())
	if err != nil || list[0].Stage != "returned" || list[0].Share != 0 || len(list[0].Steps) != 2 ||
		list[0].Steps[1].Text != "return by controller: alarms of drift" {
		t.Errorf("%+v, %v", list, err)
	}
}
