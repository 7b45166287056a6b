package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/dqa-go/dqa/fleet/link"
	"github.com/dqa-go/dqa/fleet/registry"
	"github.com/dqa-go/dqa/fleet/rollout"
	"github.com/dqa-go/dqa/internal/cli"
	"github.com/dqa-go/dqa/internal/text"
	"github.com/spf13/cobra"
)

// fleetStatus is what is published, and who runs what.
type fleetStatus struct {
	Roles   []registry.Role    `json:"roles"`
	Targets []registry.Target  `json:"targets"`
	Waiting []registry.Waiting `json:"waiting"`
	Rollout *rollout.State     `json:"rollout,omitempty"`
	Members []link.Status      `json:"members"`
	now     time.Time
}

func (s fleetStatus) WriteText(w io.Writer) error {
	var rows [][]string
	for _, r := range s.Roles {
		left := fmt.Sprintf("in %.0f days", r.Expires.Sub(s.now).Hours()/24)
		if r.Expires.Before(s.now) {
			left = "EXPIRED"
		}
		rows = append(rows, []string{r.Name, fmt.Sprint(r.Version), r.Expires.Format(time.DateOnly), left,
			fmt.Sprintf("%d of %d", r.Threshold, len(r.Keys))})
	}
	if err := text.Table(w, "role\tversion\texpires\t\tsignatures", rows); err != nil {
		return err
	}
	if rows = nil; len(s.Targets) > 0 {
		for _, t := range s.Targets {
			rows = append(rows, []string{t.Name, text.Size(t.Length), t.Digest[:12], fmt.Sprintf("%.12s", t.Model), text.Visible(t.Tool), s.runs(t)})
		}
		fmt.Fprintln(w)
		if err := text.Table(w, "target\tsize\tsha256\tmodel\ttool\trun by", rows); err != nil {
			return err
		}
	}
	if len(s.Waiting) > 0 {
		fmt.Fprintln(w)
		if err := (outcome{Outcome: registry.Outcome{Waiting: s.Waiting}}).WriteText(w); err != nil {
			return err
		}
	}
	if rows = nil; len(s.Members) > 0 {
		for _, m := range s.Members {
			rows = append(rows, []string{m.Name, m.Role, m.Program, fmt.Sprintf("%.12s", m.Profile), fmt.Sprint(m.ProfileFormats),
				text.Duration(max(0, s.now.Sub(m.Time).Seconds()))})
		}
		fmt.Fprintln(w)
		if err := text.Table(w, "member\trole\tprogram\tprofile\treads\tseen before", rows); err != nil {
			return err
		}
	}
	if s.Rollout != nil {
		fmt.Fprintln(w)
		return rolloutStatus{State: *s.Rollout}.WriteText(w)
	}
	return nil
}

// runs names who runs a target.
func (s fleetStatus) runs(t registry.Target) string {
	var names []string
	for _, m := range s.Members {
		if m.Profile == t.Digest || m.Model == t.Digest {
			names = append(names, m.Name)
		}
	}
	if len(names) > 4 {
		return fmt.Sprintf("%d", len(names))
	}
	return strings.Join(names, ", ")
}

func (a *app) status() *cobra.Command {
	o := owner{a: a}
	cmd := &cobra.Command{
		Use:   "status",
		Short: "what is published, until when it counts, what waits, who runs what",
		Long: `status verifies the registry as a device does, save that it shows what has expired, and asks the server who runs what. The first
root is needed once (--root), where this machine has verified nothing yet.`,
		Example: "  dqa-fleet status\n  dqa-fleet status --store registry --root root.json --json",
		Args:    cli.ExactArgs(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			defer o.close()
			r, err := o.repository(cmd.Context(), false)
			if err != nil {
				return err
			}
			v := fleetStatus{Roles: r.Roles(), Targets: []registry.Target{}, Members: []link.Status{}, now: time.Now()}
			all, err := r.Targets()
			if err != nil {
				return err
			}
			v.Targets = append(v.Targets, all...)
			if v.Waiting, err = r.Waiting(cmd.Context()); err != nil {
				return err
			}
			if v.Waiting == nil {
				v.Waiting = []registry.Waiting{}
			}
			if o.link != nil {
				if err := v.ask(cmd.Context(), o.link); err != nil {
					return err
				}
			}
			return a.Print(a.Out, v, v.WriteText)
		},
	}
	o.register(cmd, false)
	return cmd
}

// ask asks a server who runs what. A fleet without members or roll-outs is no error.
func (s *fleetStatus) ask(ctx context.Context, l *link.Link) error {
	if members, err := l.Statuses(ctx); err == nil {
		s.Members = append(s.Members, members...)
		slices.SortFunc(s.Members, func(a, b link.Status) int { return strings.Compare(a.Name, b.Name) })
	}
	if f, err := rollout.OnLink(ctx, l, false, 1); err == nil {
		state, err := f.Current(ctx)
		if err != nil {
			return err
		}
		s.Rollout = &state
	}
	return ctx.Err()
}
