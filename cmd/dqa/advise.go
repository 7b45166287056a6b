//go:build !device

package main

import (
	"errors"
	"io"
	"strconv"

	"github.com/dqa-go/dqa/advise"
	"github.com/dqa-go/dqa/internal/cli"
	"github.com/dqa-go/dqa/internal/text"
	"github.com/dqa-go/dqa/session"
	"github.com/spf13/cobra"
)

// adviseFlags are those of split --advise.
type adviseFlags struct {
	on            bool
	data, calib   string
	confirm       string
	link, budgets string
	coder         string
	opt           advise.Options
}

func (f *adviseFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.BoolVar(&f.on, "advise", false, "tell where to cut, if at all: cuts beside JPEG, WebP and PNG files of the input, and beside "+
		"the device alone")
	flags.StringVar(&f.data, "data", "", "advise: test images (SPEC)")
	flags.StringVar(&f.calib, "calib", "", "advise: calibration images (SPEC), other ones than --data")
	flags.StringVar(&f.link, "link", "10Mbit", "advise: rate of the link, per second: 250kbit, 10Mbit, 1Gbit")
	flags.StringVar(&f.budgets, "budget", "0.5,1,2", "advise: stored bits per value that passes, a list")
	flags.Float64Var(&f.opt.Limit, "max-loss", advise.DefaultLimit, "advise: points of accuracy that may be lost (without labels: of "+
		"agreement)")
	flags.Float64Var(&f.opt.Slower, "slower", 1, "advise: how many times as long the device takes as one core of this machine")
	flags.StringVar(&f.confirm, "confirm", "", "advise: images (SPEC), other ones than --data, on which what was chosen is "+
		"measured once more; then all of --data choose, by loss and its standard error (default: half of --data choose, the other half "+
		"confirm)")
	flags.Float64Var(&f.opt.Share, "max-share", 1, "advise: measure no cut that gives the device more than this share of the work")
	flags.IntVar(&f.opt.Most, "max-cuts", 0, "advise: measure at most so many cuts, those behind which the fewest values "+
		"pass (default: no limit)")
	flags.BoolVar(&f.opt.All, "all", false, "advise: measure every cut, also those behind which no fewer values pass than behind "+
		"earlier ones")
	flags.BoolVar(&f.opt.Probabilities, "probabilities", false, "advise: the network's outputs are probabilities (it ends in a softmax)")
	flags.Uint64Var(&f.opt.Seed, "seed", 1, "advise: of standard errors by bootstrap")
	flags.StringVar(&f.coder, "coder", "smallest2", "advise: of what passes: fast, small, smallest or smallest2")
	cli.CompleteWords(cmd, "coder", "fast", "small", "smallest", "smallest2")
}

// runAdvise measures all ways and prints them.
func (a *app) runAdvise(cmd *cobra.Command, model string, f *adviseFlags, pre *preprocessFlags, edges string) error {
	if f.data == "" || f.calib == "" {
		return cli.Usage(cmd, errors.New("--advise needs --data and --calib"))
	}
	opt, err := f.options()
	if err != nil {
		return err
	}
	set, err := parseEdges(edges)
	if err != nil {
		return err
	}
	net, err := a.open(model, pre, session.Options{Edges: set})
	if err != nil {
		return err
	}
	data, err := a.openData(net, f.data)
	if err != nil {
		return err
	}
	calib, err := a.openData(net, f.calib)
	if err != nil {
		return err
	}
	if f.confirm != "" {
		if opt.Confirm, err = a.openData(net, f.confirm); err != nil {
			return err
		}
	}
	bar := a.NewProgress()
	opt.Workers, opt.Progress = a.workers, bar.Report
	advice, err := advise.Measure(cmd.Context(), net, data, calib, opt)
	if err != nil {
		return err
	}
	a.FinishProgress()
	shown := text.AllVisible(advice)
	return a.Print(a.Out, shown, func(w io.Writer) error { return shown.WriteText(w, a.StyleOf(w)) })
}

// options reads the flags that are words.
func (f *adviseFlags) options() (opt advise.Options, err error) {
	opt = f.opt
	if opt.Link, err = session.ParseRate(f.link); err != nil {
		return opt, err
	}
	grid := session.Grid{Methods: "graded"}
	number := func(s string) (float64, error) { return strconv.ParseFloat(s, 64) }
	if grid.Budgets, err = session.ParseList("--budget", f.budgets, number); err != nil {
		return opt, err
	}
	opt.Budgets = grid.Budgets
	variants, err := grid.Variants(session.Variant{})
	if err != nil {
		return opt, err
	}
	opt.Coder, err = session.GradedCoder(f.coder, variants)
	return opt, err
}
