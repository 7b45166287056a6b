package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/dqa-go/dqa/calib"
	"github.com/dqa-go/dqa/dataset"
	"github.com/dqa-go/dqa/eval"
	"github.com/dqa-go/dqa/internal/file"
	"github.com/dqa-go/dqa/method"
	"github.com/dqa-go/dqa/metric"
	"github.com/dqa-go/dqa/profile"
	"github.com/spf13/cobra"
)

// calibrateFlags are those of the verb.
type calibrateFlags struct {
	pre            preprocessFlags
	set            methodFlags
	data, out      string
	method, coder  string
	link           string
	rate           float64 // of link, in bits per second; 0 unless the coder is auto
	bits, extra    int
	ratio          float64
	dial           dialFlags
	resume, dryRun bool
	probabilities  bool
	saveEvery      time.Duration
}

func (a *app) calibrate() *cobra.Command {
	var f calibrateFlags
	cmd := &cobra.Command{
		Use:   "calibrate MODEL.onnx --data SPEC -o P.dqap",
		Short: "learn a profile from unlabelled images",
		Long: `calibrate runs the network on the images and writes a profile: how every edge is quantized, and the coder's tables.

graded, the default, measures what coarser steps in every edge do to the network's outputs, and spends bits where they
matter. What it is to reach is one of --budget, --max-kl, --min-agreement, --max-drop and --tier; all are measured on
the calibration images, in real frames. "dqa inspect P.dqap" shows what it found. dqa is the paper's method.

Curves (graded) and the rankings greedy, greedy-all and quantize-one run a part of the network many times per image;
--dry-run tells what that takes. They save their progress beside the output (P.dqap.progress); after Ctrl-C, or if the
machine goes down, the same command with --resume goes on and ends with the same profile, byte for byte. Memory does not
grow with the number of images.`,
		Example: `  dqa calibrate resnet32.onnx --data 'cifar10:calib.bin[0:128]' -o resnet32.dqap
  dqa calibrate demo:classify --data 'demo:classify[0:128]' --max-kl 0.01 -o demo.dqap
  dqa calibrate demo:classify --data 'demo:classify[0:128]' --tier compact --skip 0 --min-bits 3=2.5 -o demo.dqap
  dqa calibrate demo:classify --data 'demo:classify[0:128]' --coder auto --link 100Mbit -o demo.dqap
  dqa calibrate demo:classify --data 'demo:classify[0:64]' --method dqa --ranking greedy --dry-run -o demo.dqap
  dqa calibrate demo:classify --data 'demo:classify[0:64]' --method clip --scale static-tensor -o demo.dqap`,
		Args:              exactArgs("MODEL"),
		ValidArgsFunction: completeModel,
		RunE:              func(cmd *cobra.Command, args []string) error { return a.runCalibrate(cmd, args[0], &f) },
	}
	f.pre.register(cmd)
	f.set.register(cmd)
	f.dial.register(cmd)
	flags := cmd.Flags()
	flags.StringVar(&f.data, "data", "", "calibration images (SPEC); only greedy rankings use labels")
	flags.StringVarP(&f.out, "output", "o", "", "profile to write; - for standard output")
	flags.StringVar(&f.method, "method", "graded", strings.Join(method.Names(), ", "))
	flags.IntVar(&f.bits, "bits", 3, "n: bits of a code, 2 to 8")
	flags.IntVar(&f.extra, "extra-bits", 3, "m: bits more for important channels (dqa), 0 to 4")
	flags.Float64Var(&f.ratio, "ratio", 0.5, "r: share of important channels per edge (dqa)")
	flags.StringVar(&f.coder, "coder", "", "raw, paper, fast, small, smallest, or auto: by edge, what is through soonest with --link (default: the method's own)")
	flags.StringVar(&f.link, "link", "10Mbit", "rate that --coder auto is for, per second: 250kbit, 10Mbit, 1Gbit")
	flags.BoolVar(&f.dryRun, "dry-run", false, "tell what it would take (passes, time, memory) and stop")
	flags.BoolVar(&f.resume, "resume", false, "go on from the progress that an interrupted run has saved")
	flags.DurationVar(&f.saveEvery, "save-every", 10*time.Second, "how often a search saves its progress")
	flags.BoolVar(&f.probabilities, "probabilities", false, "the network's outputs are probabilities (greedy rankings)")
	completeWords(cmd, "method", method.Names())
	completeWords(cmd, "coder", []string{"raw", "paper", "fast", "small", "smallest", "auto"})
	must(cmd.MarkFlagRequired("data"))
	return cmd
}

func (a *app) runCalibrate(cmd *cobra.Command, model string, f *calibrateFlags) error {
	if f.out == "" && !f.dryRun {
		return &usageError{cmd, errors.New("-o, the profile to write, is missing")}
	}
	v, coder, err := f.setting(cmd)
	if err != nil {
		return err
	}
	net, err := a.networkFor(model, &f.pre, &f.set)
	if err != nil {
		return err
	}
	data, err := net.openData(f.data)
	if err != nil {
		return err
	}
	var store *progressFile
	if f.out != pipe {
		store = &progressFile{path: f.out + progressExt, resume: f.resume}
	}
	c, done, err := a.calibration(net, data, f, store, coder)
	if err != nil {
		return err
	}
	defer done()
	if f.dryRun {
		return a.dryRun(cmd.Context(), c, v, data)
	}
	store.warn(a)
	plan, err := c.Plan(cmd.Context(), v.Method, v.seed)
	if err != nil {
		return err
	}
	done()
	if plan.Note != "" {
		a.note("%s", plan.Note)
	}
	if v.Dial == profile.MaxDrop {
		a.note("the loss was measured on the calibration images; if the network was trained on them, on others it loses more")
	}
	p := plan.Profile(coder)
	if f.rate > 0 {
		p = plan.ProfileFor(f.rate)
	}
	if err := net.origin(p, data); err != nil {
		return err
	}
	encoded := p.Append(nil)
	w, err := a.writeOutput(f.out, func(w io.Writer) error { _, err := w.Write(encoded); return err })
	if err != nil {
		return err
	}
	if err := store.remove(); err != nil {
		return err
	}
	return a.printCalibrated(w, f.out, net, p, len(encoded))
}

func (f *calibrateFlags) setting(cmd *cobra.Command) (variant, profile.Coder, error) {
	v, err := f.set.base()
	if err != nil {
		return v, 0, err
	}
	v.Name, v.Bits, v.ExtraBits, v.Ratio = f.method, f.bits, f.extra, f.ratio
	if err := f.dial.apply(cmd, &v.Method); err != nil {
		return v, 0, err
	}
	if v.Method, err = method.Complete(v.Method); err != nil {
		return v, 0, err
	}
	if f.coder == "" && !cmd.Flags().Changed("link") {
		return v, paperCoder(v.Method), nil
	}
	if f.coder == "auto" {
		f.rate, err = parseRate(f.link)
		return v, profile.Smallest, err
	}
	if cmd.Flags().Changed("link") {
		return v, 0, fmt.Errorf("%w: --link without --coder auto", method.ErrSetting)
	}
	coder, err := profile.ParseCoder(f.coder)
	if err != nil {
		err = fmt.Errorf("%w: --coder: %w", method.ErrSetting, err)
	}
	if v.Dial != profile.NoDial && !coder.Whole() {
		err = fmt.Errorf("%w: graded codes are stored by fast, small or smallest, not by %s", method.ErrSetting, coder)
	}
	return v, coder, err
}

// parseRate reads a rate in bits per second: a number and kbit, Mbit or Gbit.
func parseRate(s string) (float64, error) {
	for unit, scale := range map[string]float64{"kbit": 1e3, "Mbit": 1e6, "Gbit": 1e9} {
		if digits, ok := strings.CutSuffix(s, unit); ok {
			if v, err := strconv.ParseFloat(digits, 64); err == nil && v > 0 && v <= 1e6 {
				return v * scale, nil
			}
		}
	}
	return 0, fmt.Errorf("%w: --link %q is no rate such as 250kbit, 10Mbit or 1Gbit", method.ErrSetting, s)
}

// paperCoder is how a method itself stores its codes: the paper raw, with Huffman-coded shift errors.
func paperCoder(m profile.Method) profile.Coder {
	switch {
	case m.Dial != profile.NoDial:
		return profile.Smallest
	case m.ExtraBits > 0:
		return profile.Paper
	}
	return profile.Raw
}

// calibration makes one with progress; done ends the progress and may be called twice.
func (a *app) calibration(net *network, data *dataset.Inputs, f *calibrateFlags, store *progressFile, coder profile.Coder) (c *calib.Calibration, done func(), err error) {
	bar := a.newProgress()
	opt := calib.Options{
		Workers: a.workers, AllowNonFinite: f.set.allowNonFinite, SaveEvery: f.saveEvery,
		Progress: func(phase, unit string, done, total int) { bar.report("calibrating: "+phase, unit, done, total) },
	}
	if err = net.graded(&opt, &f.set); err != nil {
		return nil, nil, err
	}
	if opt.Coder = coder; !coder.Whole() {
		opt.Coder = profile.Smallest
	}
	if store != nil {
		opt.Store = store
		if opt.Key, err = net.key(data); err != nil {
			return nil, nil, err
		}
	}
	c, err = calib.New(net.prog, eval.CalibrationSource(data, metric.Options{Ignore: net.pre.Ignore, Probabilities: f.probabilities}), opt)
	return c, bar.finish, err
}

// graded fills in what only the method graded uses.
func (n *network) graded(opt *calib.Options, set *methodFlags) (err error) {
	if opt.MinBits, err = parseMinBits(set.minBits, n.prog.Edges()); err != nil {
		return err
	}
	opt.Corrector = n.corrector()
	return nil
}

// key names what a search's result depends on besides its settings.
func (n *network) key(data *dataset.Inputs) ([]byte, error) {
	digest, err := data.Source().Digest()
	if err != nil {
		return nil, err
	}
	h := sha256.New()
	fmt.Fprintf(h, "%s %s %x %x %+v %q", version, n.engine, n.graph.Digest, digest, n.pre, n.skip)
	return h.Sum(nil), nil
}

// networkFor opens the network with the flags' preprocessing and edge set.
func (a *app) networkFor(model string, pre *preprocessFlags, set *methodFlags) (*network, error) {
	edges, err := set.edgeSet()
	if err != nil {
		return nil, err
	}
	resolved, err := resolvePreprocess(model, pre, nil)
	if err != nil {
		return nil, err
	}
	return a.openNetwork(model, resolved, edges, set.skip...)
}

// must is for errors that only a bug in this program can cause.
func must(err error) {
	if err != nil {
		panic(err)
	}
}

// calibrated is what calibrate --json prints.
type calibrated struct {
	Output  string `json:"output"`
	Model   string `json:"model"`
	Setting string `json:"setting"`
	Coder   string `json:"coder"`
	Edges   int    `json:"edges"`
	Values  int    `json:"values_per_image"`
	Data    string `json:"data"`
	Images  int    `json:"images"`
	Seed    uint64 `json:"seed"`
	Bytes   int    `json:"bytes"`
	Digest  string `json:"digest"`
}

func (a *app) printCalibrated(w io.Writer, out string, net *network, p *profile.Profile, size int) error {
	c := calibrated{out, net.name, describe(p.Method), codersOf(p), len(p.Edges), p.Elements(), p.Data.Spec, p.Data.Images, p.Seed, size, fmt.Sprintf("%x", p.Digest())}
	return a.print(w, c, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "%s: %s for %s, coder %s, %d edges, %d values per image, calibrated on %d images, seed %d, %d bytes\n",
			c.Output, c.Setting, c.Model, c.Coder, c.Edges, c.Values, c.Images, c.Seed, c.Bytes)
		return err
	})
}

// codersOf names the profile's coder, or where edges have different ones how many have which.
func codersOf(p *profile.Profile) string {
	edges := map[profile.Coder]int{}
	for i := range p.Edges {
		edges[p.Edges[i].Coder]++
	}
	if len(edges) <= 1 {
		return p.Coder.String()
	}
	var all []string
	for c := profile.Raw; c <= profile.Smallest; c++ {
		if edges[c] > 0 {
			all = append(all, fmt.Sprintf("%s (%d)", c, edges[c]))
		}
	}
	return strings.Join(all, " and ")
}

// dryRun is what calibrate --dry-run --json prints.
type dryRun struct {
	Setting  string        `json:"setting"`
	Images   int           `json:"images"`
	Edges    int           `json:"edges"`
	Channels int           `json:"channels"`
	Workers  int           `json:"workers"`
	Phases   []dryRunPhase `json:"phases"`
	Seconds  float64       `json:"seconds"`
	Memory   uint64        `json:"memory_bytes"`
}

type dryRunPhase struct {
	Name    string  `json:"name"`
	Passes  float64 `json:"passes"`
	Seconds float64 `json:"seconds"`
	Resumes bool    `json:"resumes"`
}

func (a *app) dryRun(ctx context.Context, c *calib.Calibration, v variant, data *dataset.Inputs) error {
	e, err := calib.EstimatePlan(ctx, c, v.Method, v.seed)
	if err != nil {
		return err
	}
	d := dryRun{Setting: describe(v.Method), Images: data.Len(), Edges: e.Edges, Channels: e.Channels, Workers: a.workers, Seconds: e.Time().Seconds(), Memory: e.Memory}
	for _, p := range e.Phases {
		d.Phases = append(d.Phases, dryRunPhase{p.Name, p.Passes, p.Time.Seconds(), p.Search})
	}
	return a.print(a.out, d, d.text)
}

func (d dryRun) text(w io.Writer) error {
	fmt.Fprintf(w, "%s: %d images, %d edges, %d channels, %d workers; nothing is written\n\n", d.Setting, d.Images, d.Edges, d.Channels, d.Workers)
	var rows [][]string
	for _, p := range d.Phases {
		note := "one pass"
		if p.Passes > float64(d.Images) {
			note = "several passes per image"
		}
		if p.Resumes {
			note = "a search: many passes per image, can be resumed"
		}
		rows = append(rows, []string{p.Name, fmt.Sprintf("%.0f", p.Passes), duration(p.Seconds), note})
	}
	if err := tableOf(w, "phase\tpasses\ttime\t", rows); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "\nabout %s, estimated from %d images; about %d MiB of memory\n", duration(d.Seconds), min(d.Images, calib.TrialImages*max(1, d.Workers)), d.Memory>>20)
	return err
}

func duration(seconds float64) string {
	d := time.Duration(seconds * float64(time.Second))
	switch {
	case d < time.Second:
		return d.Round(10 * time.Millisecond).String()
	case d < time.Minute:
		return d.Round(100 * time.Millisecond).String()
	}
	return d.Round(time.Second).String()
}

const progressExt = ".progress"

// progressFile is a calib.Store in one file, for one search. All methods but Load and Save work on nil.
type progressFile struct {
	path   string
	resume bool
	saved  bool
}

// Load implements calib.Store. Without resume nothing is there.
func (s *progressFile) Load([32]byte) ([]byte, error) {
	if !s.resume {
		return nil, nil
	}
	b, err := file.Read(s.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	s.saved = true
	return b, err
}

// Save implements calib.Store.
func (s *progressFile) Save(_ [32]byte, state []byte) error {
	s.saved = true
	return file.WriteBytes(s.path, state)
}

// warn tells of progress that will be lost.
func (s *progressFile) warn(a *app) {
	if s == nil || s.resume {
		return
	}
	if _, err := os.Stat(s.path); err == nil {
		a.note("%s holds the progress of an earlier run; this one begins anew (--resume would go on)", s.path)
	}
}

// remove ends the search for good.
func (s *progressFile) remove() error {
	if s == nil || !s.saved {
		return nil
	}
	return file.Remove(s.path)
}
