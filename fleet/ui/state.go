// Package ui is a page that shows a fleet while it works: devices and gateways, what they run, their links, drift, and what is being rolled
// out. It needs nothing but the program that serves it, and changes nothing.
package ui

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/dqa-go/dqa/fleet/link"
	"github.com/dqa-go/dqa/fleet/metrics"
	"github.com/dqa-go/dqa/internal/text"
)

// Source is where the page's data come from. Both may be called by several goroutines.
type Source interface {
	Statuses(context.Context) ([]link.Status, error)
	Rollouts(context.Context) ([]Rollout, error)
}

// Rollout is something new that goes to devices step by step.
type Rollout struct {
	Name      string    `json:"name"`
	Stage     string    `json:"stage"` // "shadow", "canary", "done", "returned", ...
	Profile   string    `json:"profile"`
	Before    string    `json:"before,omitempty"` // the profile that it takes the place of
	Share     float64   `json:"share"`            // of devices that have it, 0 to 1
	Agreement *float64  `json:"agreement,omitempty"`
	Steps     []Step    `json:"steps"` // the last ones, newest last
	Time      time.Time `json:"time"`
}

// Step is one that was recorded.
type Step struct {
	Time time.Time `json:"time"`
	Text string    `json:"text"`
}

// Health is how somebody is.
type Health string

// Healths, the worst last.
const (
	OK      Health = "ok"
	Warning Health = "warning" // somebody should look
	Problem Health = "problem"
	Silent  Health = "silent" // nothing was heard for a while
)

var healths = []Health{OK, Warning, Problem, Silent}

// Member is a device or a gateway with what is thought of it.
type Member struct {
	link.Status
	Health       Health   `json:"health"`
	Reasons      []string `json:"reasons"`
	Age          float64  `json:"age_seconds"` // of what was told last, by the server's clock
	BitsPerValue float64  `json:"bits_per_value"`
}

// Version is what several members run.
type Version struct {
	What    string `json:"what"` // "program", "model", "profile", "frames"
	Value   string `json:"value"`
	Members int    `json:"members"`
}

// State is what the page shows.
type State struct {
	Time     time.Time `json:"time"`
	Members  []Member  `json:"members"` // the worst first, then by name
	Versions []Version `json:"versions"`
	Rollouts []Rollout `json:"rollouts"`
	Problems []string  `json:"problems"` // what could not be read
}

// Patience: how long nothing is heard of a member before it counts as silent. They tell their status every few seconds.
const Patience = 30 * time.Second

// Bounds of what is shown.
const (
	maxSteps    = 50
	maxRollouts = 20
)

// read asks a source. What cannot be read is in State.Problems.
func read(ctx context.Context, from Source, now time.Time) *State {
	s := &State{Time: now.UTC(), Members: []Member{}, Versions: []Version{}, Rollouts: []Rollout{}, Problems: []string{}}
	statuses, err := from.Statuses(ctx)
	if err != nil {
		s.Problems = append(s.Problems, err.Error())
	}
	for _, m := range statuses {
		s.Members = append(s.Members, judge(m, now))
	}
	slices.SortFunc(s.Members, func(a, b Member) int {
		return cmp.Or(cmp.Compare(slices.Index(healths, b.Health), slices.Index(healths, a.Health)), cmp.Compare(a.Name, b.Name))
	})
	s.Versions = versions(statuses)
	rollouts, err := from.Rollouts(ctx)
	if err != nil {
		s.Problems = append(s.Problems, err.Error())
	}
	for _, r := range rollouts[:min(len(rollouts), maxRollouts)] {
		r.Steps = append([]Step{}, r.Steps[max(0, len(r.Steps)-maxSteps):]...)
		s.Rollouts = append(s.Rollouts, r)
	}
	return s
}

// judge says how a member is, and why.
func judge(s link.Status, now time.Time) Member {
	m := Member{Status: s, Health: OK, Reasons: []string{}, BitsPerValue: metrics.BitsPerValue(&s)}
	heard := s.Seen
	if heard.IsZero() {
		heard = s.Time
	}
	m.Age = max(0, now.Sub(heard).Seconds())
	is := func(h Health, format string, v ...any) {
		m.Reasons = append(m.Reasons, fmt.Sprintf(format, v...))
		if slices.Index(healths, h) > slices.Index(healths, m.Health) {
			m.Health = h
		}
	}
	if now.Sub(heard) > Patience {
		is(Silent, "nothing heard for %s", coarse(now.Sub(heard)))
	}
	if s.Drift != nil && s.Drift.Alarm != "" {
		is(Problem, "drift: %s", s.Drift.Alarm)
	}
	if n := s.Counters.Lost; n > 0 {
		is(Problem, "%s lost", text.Count(int(n), "frame"))
	}
	if n := s.Counters.Refused; n > 0 {
		is(Warning, "%s refused", text.Count(int(n), "frame"))
	}
	if n := s.Counters.Forged; n > 0 {
		is(Problem, "%s that no gateway signed", text.Count(int(n), "answer"))
	}
	if s.Error != "" {
		is(Warning, "%s", s.Error)
	}
	return m
}

// coarse is how long, in words that do not change all the time: they are read aloud.
func coarse(d time.Duration) string {
	switch {
	case d < 2*time.Minute:
		return "a minute"
	case d < 2*time.Hour:
		return text.Count(int(d.Minutes()), "minute")
	case d < 48*time.Hour:
		return text.Count(int(d.Hours()), "hour")
	}
	return text.Count(int(d.Hours()/24), "day")
}

// versions counts what members run.
func versions(statuses []link.Status) []Version {
	list := []Version{}
	count := func(what, value string) {
		if value == "" {
			return
		}
		for i := range list {
			if list[i].What == what && list[i].Value == value {
				list[i].Members++
				return
			}
		}
		list = append(list, Version{what, value, 1})
	}
	for _, s := range statuses {
		count("program", s.Program)
		count("model", s.Model)
		count("profile", s.Profile)
		for _, f := range s.Formats {
			count("frames", fmt.Sprintf("format %d", f))
		}
	}
	slices.SortFunc(list, func(a, b Version) int {
		return cmp.Or(cmp.Compare(a.What, b.What), -cmp.Compare(a.Members, b.Members), cmp.Compare(a.Value, b.Value))
	})
	return list[:min(len(list), maxVersions)]
}

const maxVersions = 200
