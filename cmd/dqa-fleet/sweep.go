package main

import (
	"context"
	"fmt"
	"io"
	"runtime"

	"github.com/dqa-go/dqa/dataset"
	"github.com/dqa-go/dqa/fleet/link"
	"github.com/dqa-go/dqa/fleet/shard"
	"github.com/dqa-go/dqa/graph"
	"github.com/dqa-go/dqa/internal/cli"
	"github.com/dqa-go/dqa/report"
	"github.com/dqa-go/dqa/session"
	"github.com/spf13/cobra"
)

// sweepFlags are those of who asks and of who works: what results depend on.
type sweepFlags struct {
	data, calib, cut, on, edges string
	skip                        []string
	workers                     int
	probabilities               bool
	seed                        uint64
}

func (f *sweepFlags) register(a *app, cmd *cobra.Command) {
	a.linkFlags(cmd)
	flags := cmd.Flags()
	flags.StringVar(&f.data, "data", "", "test images (SPEC, as of dqa)")
	flags.StringVar(&f.calib, "calib", "", "calibration images (SPEC), other ones than --data")
	flags.StringVar(&f.cut, "cut", "", "edge: nothing is quantized but what passes where the network is cut behind it")
	flags.StringVar(&f.edges, "edges", string(graph.Stored), "stored, activations or blocks, as of dqa")
	flags.StringArrayVar(&f.skip, "skip", nil, "edge that stays float32 and is not stored; may be repeated")
	flags.StringVar(&f.on, "on", "", "URLs of the servers that settings are shared over, as --server")
	flags.IntVar(&f.workers, "workers", runtime.GOMAXPROCS(0), "images at once on this machine; results do not depend on it")
	flags.BoolVar(&f.probabilities, "probabilities", false, "the network's outputs are probabilities (it ends in a softmax)")
	flags.Uint64Var(&f.seed, "seed", 1, "of every random choice")
	cli.Required(cmd, "data", "calib")
}

// place is a network with its images: what each machine of a sweep has.
type place struct {
	k        *session.Calibrator
	data     *dataset.Inputs
	opt      session.EvaluateOptions
	key      string
	warnings []string
}

func (a *app) sweep() *cobra.Command {
	var (
		f    sweepFlags
		grid session.GridText
		set  session.SettingText
		out  string
	)
	cmd := &cobra.Command{
		Use:   "sweep MODEL.onnx --data SPEC --calib SPEC --on nats://HOST:4222",
		Short: "dqa sweep, its settings shared among machines: the same bytes as on one",
		Long: `sweep calibrates and evaluates every method at every setting, as dqa sweep does, on all machines that run dqa-fleet worker with the
same network, images and instruction set: settings go to whoever is free, and the table is that of one machine, byte for byte. A
machine that dies loses what it was at, which another one does. Without --on this machine does everything. This verb is here and not in
dqa so that dqa knows nothing of servers.`,
		Example: `  dqa-fleet worker net.onnx --data dir:test --calib dir:calib --on nats://10.0.0.1:4222    # on each machine
  dqa-fleet sweep net.onnx --data dir:test --calib dir:calib --on nats://10.0.0.1:4222 -o sweep`,
		Args: cli.ExactArgs("MODEL"),
		RunE: func(cmd *cobra.Command, args []string) error {
			variants, err := variantsOf(grid, set, f.seed)
			if err != nil {
				return err
			}
			return a.runSweep(cmd.Context(), args[0], &f, variants, out)
		},
	}
	f.register(a, cmd)
	settingFlags(cmd, &grid, &set)
	cmd.Flags().StringVarP(&out, "output", "o", "", "folder for report.html, report.json and sweep.svg; made if needed")
	return cmd
}

func variantsOf(grid session.GridText, set session.SettingText, seed uint64) ([]session.Variant, error) {
	g, err := grid.Parse()
	if err != nil {
		return nil, err
	}
	base, err := set.Parse()
	if err != nil {
		return nil, err
	}
	base.Seed = seed
	return g.Variants(base)
}

// settingFlags say what a sweep goes over, as dqa sweep's do.
func settingFlags(cmd *cobra.Command, grid *session.GridText, set *session.SettingText) {
	defaults, flags := session.SweepGrid.Text(), cmd.Flags()
	flags.StringVar(&grid.Methods, "methods", defaults.Methods, "what to compare, as of dqa sweep")
	flags.StringVar(&grid.Bits, "bits", defaults.Bits, "n: bits of a code, a list")
	flags.StringVar(&grid.ExtraBits, "extra-bits", defaults.ExtraBits, "m: bits more for important channels, a list")
	flags.StringVar(&grid.Ratios, "ratio", defaults.Ratios, "r: share of important channels per edge, a list")
	flags.StringVar(&grid.Budgets, "budget", defaults.Budgets, "stored bits per value (graded), a list")
	flags.StringVar(&set.Ranking, "ranking", "energy", "how channels are ranked (dqa), as of dqa sweep; so are the following")
	flags.StringVar(&set.Scale, "scale", "dynamic-channel", "dynamic-channel, dynamic-tensor, static-channel or static-tensor")
	flags.StringVar(&set.Steps, "steps", "free", "free, or pow2 (graded)")
	flags.StringVar(&set.Curves, "curves", "gradient", "gradient or measured (graded)")
	flags.StringVar(&set.ChannelSteps, "channel-steps", "auto", "auto, always or never (graded)")
	flags.StringVar(&set.Gains, "gains", "auto", "auto, always or never (graded)")
	flags.StringVar(&set.Means, "means", "never", "never, auto or always (graded)")
}

func (a *app) worker() *cobra.Command {
	var f sweepFlags
	cmd := &cobra.Command{
		Use:   "worker MODEL.onnx --data SPEC --calib SPEC --on nats://HOST:4222",
		Short: "do settings of sweeps that other machines ask for, until a signal ends it",
		Long: `worker opens a network with its images and waits for settings of dqa-fleet sweep. It does one at a time, and those alone of sweeps
with the same network, images, options and instruction set. Nothing of its disk is asked for by name.`,
		Example: "  dqa-fleet worker net.onnx --data dir:test --calib dir:calib --on nats://10.0.0.1:4222",
		Args:    cli.ExactArgs("MODEL"),
		RunE:    func(cmd *cobra.Command, args []string) error { return a.runWorker(cmd.Context(), args[0], &f) },
	}
	f.register(a, cmd)
	return cmd
}

// openPlace opens network and images.
func (a *app) openPlace(ctx context.Context, model string, f *sweepFlags, progress session.Progress) (p place, err error) {
	opt := session.Options{Cut: f.cut, Edges: graph.EdgeSet(f.edges), Skip: f.skip}
	opt.Data.MaxMemory = int64(a.MaxMemory)
	net, err := session.Open(model, opt)
	if err != nil {
		return p, err
	}
	if p.data, err = net.Data(f.data); err != nil {
		return p, err
	}
	images, err := net.Data(f.calib)
	if err != nil {
		return p, err
	}
	p.opt = session.EvaluateOptions{Workers: f.workers, Probabilities: f.probabilities, Seed: f.seed, Progress: progress}
	if _, err := net.CheckScores(p.data, p.opt); err != nil {
		return p, err
	}
	checks, err := net.Glance(ctx, p.data, images, p.opt)
	if err != nil {
		return p, err
	}
	for _, c := range checks {
		a.Warn(c.Finding, c.Mend)
		p.warnings = append(p.warnings, c.Finding)
	}
	p.k, err = net.NewCalibrator(images, session.CalibrateOptions{Workers: f.workers, Probabilities: f.probabilities, Progress: progress})
	if err != nil {
		return p, err
	}
	p.key, err = p.k.SweepKey(p.data, p.opt)
	return p, err
}

func (a *app) connect(ctx context.Context, name, on string) (*link.Link, error) {
	if on != "" {
		a.link.URL = on
	}
	if a.link.Name = name; a.member.Name != "" {
		a.link.Name = a.member.Name
	}
	a.link.Changed = a.tellLink
	return link.Connect(ctx, a.link)
}

func (a *app) runWorker(ctx context.Context, model string, f *sweepFlags) error {
	p, err := a.openPlace(ctx, model, f, nil)
	if err != nil {
		return err
	}
	l, err := a.connect(ctx, "worker", f.on)
	if err != nil {
		return err
	}
	defer l.Close()
	a.Note("waiting for settings of sweeps %s", p.key)
	n := 0
	err = shard.Work(ctx, l, p.key, func(ctx context.Context, j shard.Job) (o shard.Outcome, err error) {
		if o.Result, o.Skipped, err = p.k.SweepOne(ctx, p.data, j.Variant, j.Several, p.opt); err == nil {
			n++
		}
		return o, err
	})
	if err != nil {
		return err
	}
	s := worked{n}
	return a.Print(a.Out, s, s.WriteText)
}

// worked is what a worker did.
type worked struct {
	Settings int `json:"settings"`
}

func (w worked) WriteText(to io.Writer) error {
	_, err := fmt.Fprintf(to, "%d settings measured\n", w.Settings)
	return err
}

func (a *app) runSweep(ctx context.Context, model string, f *sweepFlags, variants []session.Variant, out string) error {
	bar := a.NewProgress()
	p, err := a.openPlace(ctx, model, f, bar.Report)
	if err != nil {
		return err
	}
	var result report.Result
	if f.on == "" {
		result, err = p.k.Sweep(ctx, p.data, variants, session.SweepOptions{EvaluateOptions: p.opt})
	} else {
		result, err = a.share(ctx, p, f.on, variants, bar)
	}
	if err != nil {
		return err
	}
	a.FinishProgress()
	result.Warnings = p.warnings
	if out != "" {
		if err := session.WriteSweepReport(out, result); err != nil {
			return err
		}
	}
	if a.JSON {
		return report.WriteJSON(a.Out, result)
	}
	return report.WriteTable(a.Out, result, report.TableOptions{Width: max(cli.Width(a.Out), tableWidth)})
}

// tableWidth is the width of tables at least.
const tableWidth = 160

// share has workers do the settings.
func (a *app) share(ctx context.Context, p place, on string, variants []session.Variant, bar *cli.Progress) (r report.Result, err error) {
	l, err := a.connect(ctx, "sweep", on)
	if err != nil {
		return r, err
	}
	defer l.Close()
	jobs := make([]shard.Job, len(variants))
	for i, v := range variants {
		jobs[i] = shard.Job{Variant: v, Several: len(variants) > 1}
	}
	outcomes, err := shard.Ask(ctx, l, p.key, jobs, func(n int) { bar.Report("sweeping", "settings", n, len(jobs)) })
	if err != nil {
		return r, err
	}
	parts := make([]report.Result, len(outcomes))
	for i, o := range outcomes {
		if parts[i] = o.Result; o.Skipped != "" {
			a.Note("%s", o.Skipped)
		}
	}
	return p.k.JoinSweep(p.data, parts), nil
}
