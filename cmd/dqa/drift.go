//go:build !device

package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/dqa-go/dqa/internal/cli"
	"github.com/dqa-go/dqa/internal/file"
	"github.com/dqa-go/dqa/session"
	"github.com/spf13/cobra"
)

// driftFlags are those of the verb.
type driftFlags struct {
	pre                      preprocessFlags
	frames, model, data, out string
	opt                      session.DriftOptions
}

func (a *app) drift() *cobra.Command {
	var f driftFlags
	cmd := &cobra.Command{
		Use:   "drift P.dqap --frames DIR | --model MODEL.onnx --data SPEC",
		Short: "watch a stream: does the network still see what its profile was calibrated on?",
		Long: `drift watches what coding counts of a stream, edge by edge: how many bits codes take, and which codes there are. It needs no
labels, and with --frames neither images nor the network. What clean images look like stands in the profile (calibrate), or is learned
from the stream's first images (--learn): of a video always, whose images are alike.

It tells at which image an alarm rises, in which edges and channels, and whether there is more detail (noise), less (blur, fog), or the
values have moved (light, colour). --ert is the dial: so many images pass between two false alarms, on average. Frames are a folder,
or - for frames one behind the other on standard input (of scalable profiles, cut after their base part).

Exit code 10: there was an alarm; 0: there was none.`,
		Example: `  dqa drift resnet32.dqap --frames frames
  cat frames/*.dqaf | dqa drift resnet32.dqap --frames - --json
  dqa drift resnet32.dqap --model resnet32.onnx --data dir:photos --ert 100000 -o drift.html
  dqa drift demo.dqap --model demo:classify --data 'corrupt:fog:3:demo:classify'`,
		Args: cli.ExactArgs("the profile"),
		RunE: func(cmd *cobra.Command, args []string) error { return a.runDrift(cmd, args[0], &f) },
	}
	f.pre.register(cmd, a)
	flags := cmd.Flags()
	flags.StringVar(&f.frames, "frames", "", "folder of frames, in the order of frames.json; - for standard input")
	flags.StringVar(&f.model, "model", "", "network to run on --data")
	flags.StringVar(&f.data, "data", "", "images (SPEC), in their order")
	flags.Float64Var(&f.opt.ERT, "ert", 10000, "images between false alarms, on average")
	flags.IntVar(&f.opt.Window, "window", 16, "images within which a change is looked for: more find smaller ones, later")
	flags.IntVar(&f.opt.Learn, "learn", 0, "take the reference from so many images at the beginning, 16 to 512, instead of the profile's")
	flags.Uint64Var(&f.opt.Seed, "seed", 1, "of the simulation that sets thresholds")
	flags.StringVarP(&f.out, "output", "o", "", "page with the plot to write (.html), or the plot alone (.svg)")
	cmd.MarkFlagsMutuallyExclusive("frames", "model")
	cmd.MarkFlagsMutuallyExclusive("frames", "data")
	cmd.MarkFlagsRequiredTogether("model", "data")
	cmd.MarkFlagsOneRequired("frames", "model")
	return cmd
}

func (a *app) runDrift(cmd *cobra.Command, path string, f *driftFlags) error {
	if f.out != "" && !strings.HasSuffix(f.out, ".html") && !strings.HasSuffix(f.out, ".svg") {
		return cli.Usage(cmd, fmt.Errorf("-o %s: a name that ends in .html or .svg", f.out))
	}
	if path == cli.Pipe && f.frames == cli.Pipe {
		return cli.Usage(cmd, errors.New("profile and frames cannot both come from standard input"))
	}
	if f.out != "" {
		if err := file.CheckOutput(f.out); err != nil {
			return err
		}
	}
	bar := a.NewProgress()
	f.opt.Workers, f.opt.Progress, f.opt.MaxMemory = a.workers, bar.Report, int64(a.MaxMemory)
	if !a.JSON {
		f.opt.Alarm = func(alarm session.DriftAlarm) {
			bar.Finish()
			fmt.Fprintln(a.Out, alarm)
		}
	}
	found, err := a.watch(cmd.Context(), path, f)
	if err != nil {
		return err
	}
	if f.out != "" {
		write := found.WritePage
		if strings.HasSuffix(f.out, ".svg") {
			write = found.WriteSVG
		}
		if _, err := a.WriteOutput(f.out, write); err != nil {
			return err
		}
	}
	if err := show(a, a.Out, found); err != nil {
		return err
	}
	if len(found.Alarms) > 0 {
		return cli.ErrAlarm
	}
	return nil
}

// watch watches frames, or images that the network is run on.
func (a *app) watch(ctx context.Context, path string, f *driftFlags) (*session.Drift, error) {
	if f.frames == "" {
		q, err := a.openQuantized(f.model, &f.pre, path, false)
		if err != nil {
			return nil, err
		}
		data, err := a.openFeed(q.Network(), f.data)
		if err != nil {
			return nil, err
		}
		return q.Drift(ctx, data, f.opt)
	}
	p, err := a.readProfile(path)
	if err != nil {
		return nil, err
	}
	frames := session.FramesFrom(a.In, int64(a.MaxMemory)/4)
	if f.frames != cli.Pipe {
		frames, err = session.FramesIn(f.frames, func(path string) ([]byte, error) { return a.ReadInput(path, cli.FrameMagic) })
		if err != nil {
			return nil, err
		}
	}
	return session.DriftFrames(ctx, p, frames, f.opt)
}
