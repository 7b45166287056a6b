package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"regexp"
	"slices"
	"time"

	"github.com/dqa-go/dqa/fleet/link"
	"github.com/dqa-go/dqa/fleet/registry"
	"github.com/dqa-go/dqa/fleet/rollout"
	"github.com/dqa-go/dqa/internal/cli"
	"github.com/dqa-go/dqa/internal/text"
	"github.com/spf13/cobra"
)

// rolloutStatus is a state and how it came to be.
type rolloutStatus struct {
	rollout.State
	Events []rollout.Event `json:"events,omitempty"`
}

func (s rolloutStatus) WriteText(w io.Writer) error {
	stable := s.Stable.Name
	if s.Stable.IsZero() {
		stable = "what devices were started with"
	}
	if _, err := fmt.Fprintf(w, "stable: %s\n", text.Visible(stable)); err != nil {
		return err
	}
	if r := s.Rollout; r != nil {
		fmt.Fprintf(w, "roll-out %d of %s: %s", r.ID, text.Visible(r.Plan.Release.Name), r.Phase)
		if r.Running() {
			fmt.Fprintf(w, ", %.3g %% of devices, seed %d", 100*r.Plan.Shares[r.Stage], r.Plan.Seed)
		}
		if r.Cause != "" {
			fmt.Fprintf(w, " (%s)", text.Visible(r.Cause))
		}
		fmt.Fprintln(w)
	}
	if len(s.Revoked) > 0 {
		fmt.Fprintf(w, "revoked: %s\n", text.Count(len(s.Revoked), "profile"))
	}
	var rows [][]string
	for _, e := range s.Events {
		rows = append(rows, []string{
			fmt.Sprint(e.Number), e.Time.UTC().Format(time.DateTime), string(e.Step), text.Visible(e.By), text.Visible(e.Cause),
		})
	}
	if rows == nil {
		return nil
	}
	fmt.Fprintln(w)
	return text.Table(w, "step\ttime\t\tby\tcause", rows)
}

func (a *app) rollout() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "rollout",
		Short: "bring a release to devices step by step, and back",
		Args:  cli.NoSuchCommand,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.rolloutStart(), a.rolloutStatus(), a.rolloutStop())
	return cmd
}

const rolloutLong = `start rolls profiles out that are published: several are one release for readers of different formats. Devices whose
place (a hash of --seed and the device's name) lies within the first share run it; with --shadow they first run both on the same images
and compare. When enough images keep the plan, for sure (three standard errors), the next share follows, and at last all. Alarms of
drift, errors, latency or too little agreement end it: all devices go back, and the release is revoked. Every step is recorded. The
command watches until the end; --detach only begins, and start --watch goes on with what runs.

A profile of another network than devices were started with needs --replaces and that network in the registry (publish --kind model):
devices and gateways fetch it, verify it, and take network and profile at once, or neither. Later roll-outs to these devices name what is
replaced again: it is the network that they were started with.`

func (a *app) rolloutStart() *cobra.Command {
	o := owner{a: a}
	var plan rollout.Plan
	var detach, watch bool
	var every time.Duration
	var net network
	cmd := &cobra.Command{
		Use:   "start NAME...",
		Short: "roll a published profile out, with its network where that is a new one",
		Long:  rolloutLong,
		Example: "  dqa-fleet rollout start profile/net.dqap --shadow --shares 0.05,0.25,1\n" +
			"  dqa-fleet rollout start profile/net2.dqap --replaces model/net.onnx\n  dqa-fleet rollout start --watch",
		RunE: func(cmd *cobra.Command, args []string) error {
			defer o.close()
			if (len(args) == 0) != watch || watch && detach {
				return cli.Usage(cmd, errors.New("give the names of published profiles, or --watch"))
			}
			if !cmd.Flags().Changed("seed") {
				plan.Seed = rand.Uint64() >> 11 // readers of JSON that know floats alone read it, too
			}
			f, err := a.begin(cmd.Context(), &o, plan, net, args)
			if err != nil {
				return err
			}
			if detach {
				every = 0
			}
			return a.control(cmd.Context(), f, every)
		},
	}
	o.register(cmd, false)
	planFlags(cmd, &plan)
	f := cmd.Flags()
	f.StringVar(&net.replaces, "replaces", "", "the profile's network takes the place of this one: its name in the registry, or its SHA-256")
	f.StringVar(&net.at, "at", "", "where that network is cut (default: at the edge that the device's is cut at)")
	f.DurationVar(&every, "every", 2*time.Second, "how often reports are looked at")
	f.BoolVar(&detach, "detach", false, "begin, and do not watch: nothing goes on until somebody does (--watch)")
	f.BoolVar(&watch, "watch", false, "go on with what is rolled out")
	return cmd
}

// control watches a roll-out to its end, or, with every 0 or less, only tells it.
func (a *app) control(ctx context.Context, f *rollout.Fleet, every time.Duration) (err error) {
	var s rollout.State
	if every <= 0 {
		s, err = f.Current(ctx)
	} else {
		s, err = rollout.Control(ctx, f, every, a.tellStep)
	}
	if err != nil {
		return err
	}
	v := rolloutStatus{State: s}
	if err := a.Print(a.Out, v, v.WriteText); err != nil {
		return err
	}
	if s.Rollout != nil && s.Rollout.Phase == rollout.Returned {
		return cli.ErrReported
	}
	return nil
}

func planFlags(cmd *cobra.Command, plan *rollout.Plan) {
	f := cmd.Flags()
	f.Float64SliceVar(&plan.Shares, "shares", rollout.DefaultShares, "shares of devices that run it, one after the other; the last is 1")
	f.Uint64Var(&plan.Seed, "seed", 0, "of which devices come first (default: a random one, printed)")
	f.BoolVar(&plan.Shadow, "shadow", false, "first compare both on the same images, on the first share's devices")
	f.Float64Var(&plan.MinAgreement, "agreement", rollout.DefaultMinAgreement, "of both, at least")
	f.Float64Var(&plan.MaxErrors, "errors", rollout.DefaultMaxErrors, "share of images that may fail")
	f.Float64Var(&plan.MaxSlower, "slower", rollout.DefaultMaxSlower, "latency, in parts of the other devices'")
	f.Int64Var(&plan.MaxAlarms, "alarms", 0, "alarms of drift that are allowed in a step")
	f.Int64Var(&plan.MinImages, "images", rollout.DefaultMinImages, "images of a step, at least")
	f.DurationVar(&plan.Patience, "patience", rollout.DefaultPatience, "of a step: without enough reports until then all go back")
}

// begin writes the start, if names are given.
func (a *app) begin(ctx context.Context, o *owner, plan rollout.Plan, net network, names []string) (*rollout.Fleet, error) {
	if len(names) == 0 {
		var err error
		if o.link, err = a.join(ctx); err != nil {
			return nil, err
		}
		return rollout.OnLink(ctx, o.link, false, 1)
	}
	r, err := o.repository(ctx, false)
	if err != nil {
		return nil, err
	}
	if o.link == nil { // the registry lies in a folder
		if o.link, err = a.join(ctx); err != nil {
			return nil, err
		}
	}
	if plan.Release, err = releaseOf(r, net, names); err != nil {
		return nil, err
	}
	f, err := rollout.OnLink(ctx, o.link, true, 1)
	if err != nil {
		return nil, err
	}
	_, err = rollout.Write(ctx, f, func(rollout.State) (rollout.Event, error) {
		return rollout.Event{Step: rollout.Start, By: a.who(), Plan: &plan}, nil
	})
	return f, err
}

// network is what flags say of a release's.
type network struct{ replaces, at string }

// releaseOf is the release of published profiles. A network that is rolled out with them must be published, too.
func releaseOf(r *registry.Repository, net network, names []string) (rel rollout.Release, err error) {
	all, err := r.Targets()
	if err != nil {
		return rel, err
	}
	find := func(kind registry.Kind, is func(registry.Target) bool, what string) (registry.Target, error) {
		k := slices.IndexFunc(all, func(t registry.Target) bool { return t.Kind == kind && is(t) })
		if k < 0 {
			return registry.Target{}, fmt.Errorf("%w: no %s %s is published", registry.ErrMissing, kind, what)
		}
		return all[k], nil
	}
	if net.replaces != "" && !digestForm.MatchString(net.replaces) {
		old, err := find(registry.Model, func(t registry.Target) bool { return t.Name == net.replaces }, net.replaces)
		if err != nil {
			return rel, err
		}
		net.replaces = old.Digest
	}
	rel.Name = names[0]
	for _, name := range names {
		t, err := find(registry.Profile, func(t registry.Target) bool { return t.Name == name }, name)
		if err != nil {
			return rel, err
		}
		v := rollout.Variant{Profile: t.Digest, Model: t.Model, Format: t.Format, At: net.at}
		if net.replaces != "" && net.replaces != t.Model {
			v.Replaces = net.replaces
			if _, err := find(registry.Model, func(m registry.Target) bool { return m.Digest == t.Model }, t.Model[:12]); err != nil {
				return rel, err
			}
		}
		rel.Variants = append(rel.Variants, v)
	}
	return rel, nil
}

var digestForm = regexp.MustCompile(`^[0-9a-f]{64}$`)

// who writes to the journal.
func (a *app) who() string {
	if a.member.Name != "" {
		return a.member.Name
	}
	return "operator"
}

// tellStep tells a state while it is watched.
func (a *app) tellStep(s rollout.State) {
	if r := s.Rollout; r.Running() {
		a.Note("%s: %s, %.3g %% of devices, seed %d", r.Plan.Release.Name, r.Phase, 100*r.Plan.Shares[r.Stage], r.Plan.Seed)
	}
}

// board connects to the journal.
func (a *app) board(ctx context.Context) (*link.Link, *rollout.Fleet, error) {
	l, err := a.join(ctx)
	if err != nil {
		return nil, nil, err
	}
	f, err := rollout.OnLink(ctx, l, false, 1)
	if err != nil {
		l.Close()
		return nil, nil, err
	}
	return l, f, nil
}

func (a *app) rolloutStatus() *cobra.Command {
	cmd := &cobra.Command{
		Use: "status", Short: "what is rolled out, and every step so far", Args: cli.ExactArgs(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			l, f, err := a.board(cmd.Context())
			if err != nil {
				return err
			}
			defer l.Close()
			events, err := f.Events(cmd.Context())
			if err != nil {
				return err
			}
			v := rolloutStatus{rollout.Replay(events), events}
			return a.Print(a.Out, v, v.WriteText)
		},
	}
	a.linkFlags(cmd)
	return cmd
}

func (a *app) rolloutStop() *cobra.Command {
	var revoke bool
	var profile string
	cmd := &cobra.Command{
		Use:   "stop",
		Short: "end a roll-out: all devices go back",
		Long: `stop ends the roll-out that runs; devices go back to what was stable. --revoke also keeps the release from being rolled out
again. --profile DIGEST revokes one profile, rolled out or stable long since: devices run what was stable before it. To keep devices from
loading it at all, withdraw it as well (dqa-fleet publish NAME --withdraw).`,
		Args: cli.ExactArgs(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			l, f, err := a.board(cmd.Context())
			if err != nil {
				return err
			}
			defer l.Close()
			s, err := rollout.Write(cmd.Context(), f, func(rollout.State) (rollout.Event, error) {
				e := rollout.Event{Step: rollout.Return, By: a.who(), Cause: "stopped", Revoke: revoke}
				if profile != "" {
					e.Step, e.Profile, e.Cause = rollout.Revoke, profile, "revoked"
				}
				return e, nil
			})
			if err != nil {
				return err
			}
			v := rolloutStatus{State: s}
			return a.Print(a.Out, v, v.WriteText)
		},
	}
	a.linkFlags(cmd)
	cmd.Flags().BoolVar(&revoke, "revoke", false, "the release is not to be rolled out again")
	cmd.Flags().StringVar(&profile, "profile", "", "revoke the profile of this SHA-256")
	return cmd
}
