//go:build !device

package main

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/dqa-go/dqa/internal/cli"
	"github.com/dqa-go/dqa/internal/file"
	"github.com/dqa-go/dqa/internal/text"
	"github.com/dqa-go/dqa/pilot"
	"github.com/dqa-go/dqa/pilot/page"
	"github.com/dqa-go/dqa/session"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// pilotFlags are those of the verb.
type pilotFlags struct {
	pre    preprocessFlags
	opt    pilot.Options
	edges  string
	link   string
	names  string
	normal string
	out    string
	fresh  bool
}

func (a *app) pilot() *cobra.Command {
	var f pilotFlags
	cmd := &cobra.Command{
		Use:   "pilot MODEL.onnx --data SPEC -o DIR",
		Short: "should we deploy this, where, and what does it cost? a report for a meeting",
		Long: `pilot answers on one machine whether the activations of a network should be stored in few bits: for memory, for a link, for
a store. It writes report.html (English), report.ja.html (Japanese), report.json, tables (.csv), profile.dqap and command.txt. The
first page is for who decides: a verdict with a light, what changes in practice, one chart. The rest is for engineers and auditors.

What is recommended is chosen on one part of the images, and reported on another that is looked at once. Without --calib a part of
the data is taken for calibration. The verdict says "do not use it here" where that is the answer.

It tells first what it will take: minutes. After Ctrl-C or a power cut the same command goes on where it stopped (--fresh begins
anew); nothing is left of the report until all of it is there.`,
		Example: `  dqa pilot demo:classify --data demo:classify --normal none -o pilot
  dqa pilot boards.onnx --data 'npy:test_x.npy,test_y.npy' --calib npy:calib_x.npy --normal 0 --link 20Mbit -o pilot
  dqa pilot resnet32.onnx --data cifar10:test.bin --device pi4.json -o pilot     # of dqa bench engine --json, on the device`,
	}
	onModel(cmd, func(model string) error { return a.runPilot(cmd, model, &f) })
	f.pre.register(cmd, a)
	f.register(cmd)
	return cmd
}

func (f *pilotFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.opt.Data, "data", "", "images (SPEC), with labels if there are any; they are taken apart")
	flags.StringVar(&f.opt.Calib, "calib", "", "calibration images (SPEC), other ones than --data (default: a part of --data)")
	flags.StringVar(&f.opt.Lot, "lot", "", "images of another lot, day or line (SPEC): would a change be noticed?")
	flags.StringVar(&f.opt.MetricCommand, "metric-command", "", "your own metric: a program with arguments (words between spaces) that "+
		"reads one line of JSON per image and prints a score from 0 to 100, the more the better (docs/JSON.md)")
	flags.Float64Var(&f.opt.Limit, "max-loss", pilot.DefaultLimit, "points of accuracy that may be lost (without labels: of agreement)")
	flags.StringVar(&f.link, "link", "10Mbit", "rate of the link, per second: 250kbit, 10Mbit, 1Gbit")
	flags.StringVar(&f.opt.Device, "device", "", "pi4, jetson, or the file or address of a measured run: what "+
		"dqa bench engine --json printed there")
	flags.IntVar(&f.opt.Images, "images", 0, "images of every part at most (default: as many as take minutes)")
	flags.StringVar(&f.names, "names", "", "names of the classes: none,scratch,pit")
	flags.StringVar(&f.normal, "normal", "", "class without a defect, a number or a name: newly missed defects and false alarms are counted")
	flags.IntVar(&f.opt.PerDay, "per-day", pilot.DefaultPerDay, "images a day of one camera, for the costs")
	flags.IntVar(&f.opt.Cameras, "cameras", 1, "cameras, for the costs")
	flags.Float64Var(&f.opt.Price, "price", pilot.DefaultPrice, "price of a gigabyte, for the costs")
	flags.BoolVar(&f.opt.NoPictures, "no-pictures", false, "show no image")
	flags.BoolVar(&f.opt.Probabilities, "probabilities", false, "the network's outputs are probabilities (it ends in a softmax)")
	flags.Uint64Var(&f.opt.Seed, "seed", 1, "of every random choice")
	flags.BoolVar(&f.fresh, "fresh", false, "begin anew: do not go on from what an interrupted run has left")
	flags.StringVarP(&f.out, "output", "o", "", "folder for the report; made if needed")
	edgesFlag(cmd, &f.edges, "stored, activations or blocks")
	cli.CompleteWords(cmd, "device", pilot.KnownDevices()...)
	cli.Required(cmd, "data", "output")
}

func (a *app) runPilot(cmd *cobra.Command, model string, f *pilotFlags) error {
	if err := f.complete(cmd, a, model); err != nil {
		return err
	}
	set, err := parseEdges(f.edges)
	if err != nil {
		return err
	}
	if err := file.CheckFolder(f.out); err != nil {
		return err
	}
	net, err := a.open(model, &f.pre, session.Options{Edges: set})
	if err != nil {
		return err
	}
	if f.fresh {
		if err := pilot.Clean(f.out); err != nil {
			return err
		}
	}
	if pilot.Interrupted(f.out) {
		a.Note("%s holds steps of an interrupted pilot: those of the same question are not done again (--fresh begins anew)", f.out)
	}
	bar := a.NewProgress()
	f.opt.Progress = bar.Report
	f.opt.Told = func(seconds float64) { a.Note("about %s", text.Duration(seconds)) }
	study, profile, err := pilot.Run(cmd.Context(), net, f.opt)
	if err != nil {
		return err
	}
	a.FinishProgress()
	if err := page.Save(f.out, study, profile); err != nil {
		return err
	}
	if err := pilot.Clean(f.out); err != nil {
		return err
	}
	return a.Print(a.Out, study, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "%s\nLook at %s\n", text.Visible(page.Sentence(study, "en")), filepath.Join(f.out, "report.html"))
		return err
	})
}

// complete fills in the options that are words.
func (f *pilotFlags) complete(cmd *cobra.Command, a *app, model string) (err error) {
	if f.opt.Link, err = session.ParseRate(f.link); err != nil {
		return err
	}
	if !(f.opt.Limit > 0 && f.opt.Limit <= 100) || f.opt.PerDay < 1 || f.opt.Cameras < 1 || f.opt.Price < 0 || f.opt.Images < 0 {
		return cli.Usage(cmd, errors.New("--max-loss, --per-day, --cameras and --price are above 0, --max-loss at most 100"))
	}
	if f.names != "" {
		f.opt.Names = strings.Split(f.names, ",")
	}
	if f.opt.Names == nil && session.BuiltIn(model) {
		f.opt.Names = session.BuiltInClasses()
	}
	f.opt.Normal = -1
	if f.normal != "" {
		if f.opt.Normal = slices.Index(f.opt.Names, f.normal); f.opt.Normal < 0 {
			if f.opt.Normal, err = strconv.Atoi(f.normal); err != nil || f.opt.Normal < 0 {
				return cli.Usage(cmd, fmt.Errorf("--normal %q: a class number, or one of --names %s", f.normal, strings.Join(f.opt.Names, ",")))
			}
		}
	}
	f.opt.Model, f.opt.Workers, f.opt.Dir = model, a.workers, f.out
	f.opt.Command = "dqa pilot " + pilot.Quote(model) + given(cmd, nil)
	f.opt.Flags = given(cmd, []string{"preprocess", "size", "resize", "crop", "mean", "std", "divisor", "channels", "layout", "shape",
		"ignore", "label-shift", "orientation", "palette", "classes", "input", "score-output", "edges", "probabilities"})
	return nil
}

// given are the flags that were given, as one would type them; only nil: all.
func given(cmd *cobra.Command, only []string) string {
	var b strings.Builder
	cmd.Flags().Visit(func(f *pflag.Flag) {
		if only != nil && !slices.Contains(only, f.Name) || f.Name == "fresh" || f.Name == "quiet" {
			return
		}
		values := []string{f.Value.String()}
		if s, ok := f.Value.(pflag.SliceValue); ok {
			values = s.GetSlice()
		}
		for _, v := range values {
			if f.Value.Type() == "bool" && v == "true" {
				fmt.Fprintf(&b, " --%s", f.Name)
				continue
			}
			fmt.Fprintf(&b, " --%s %s", f.Name, pilot.Quote(v))
		}
	})
	return b.String()
}
