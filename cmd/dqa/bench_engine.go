//go:build !device

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"

	"github.com/dqa-go/dqa/internal/cli"
	"github.com/dqa-go/dqa/session"
	"github.com/spf13/cobra"
)

// engineFlags are those of bench engine.
type engineFlags struct {
	pre        preprocessFlags
	prof, data string
	threads    []int
	rounds     int
	child      string // the mode that a fresh process runs
}

func (a *app) benchEngine() *cobra.Command {
	var f engineFlags
	cmd := &cobra.Command{
		Use:   "engine MODEL...",
		Short: "latency, processor time and memory of the engine, beside ONNX Runtime's",
		Long: `engine runs networks in alternating rounds: in float32, with --profile also packed, and with --ort-lib, in a binary built
with the tag ort, on ONNX Runtime with all of its optimizations and as many threads. Times are medians of the rounds. Memory is
counted, and checked by what was resident of a fresh process that ran the network the same way. The input is the first image of
--data, or normally distributed numbers.`,
		Example: `  dqa bench engine resnet32.onnx
  dqa bench engine unet.onnx --profile unet.dqap --data 'npy:test_x.npy[0:1]' --threads 1,2
  dqa-ort bench engine resnet32.onnx unet.onnx --ort-lib libonnxruntime.so --threads 1,2 --json`,
		Args:              cobra.MinimumNArgs(1),
		ValidArgsFunction: completeModel,
		RunE:              func(cmd *cobra.Command, args []string) error { return a.runBenchEngine(cmd, &f, args) },
	}
	f.pre.register(cmd, a)
	flags := cmd.Flags()
	flags.StringVar(&f.prof, "profile", "", "profile of the network, which runs packed as well")
	flags.StringVar(&f.data, "data", "", "images (SPEC); the first is the input")
	flags.IntSliceVar(&f.threads, "threads", []int{1}, "threads of one image: 1,2")
	flags.IntVar(&f.rounds, "rounds", 7, "rounds of which the median counts")
	flags.StringVar(&f.child, "child", "", "")
	cli.Must(flags.MarkHidden("child"))
	return cmd
}

func (a *app) runBenchEngine(cmd *cobra.Command, f *engineFlags, models []string) error {
	if f.rounds < 1 || len(f.threads) == 0 {
		return fmt.Errorf("%w: --rounds %d, at least 1; --threads %v", session.ErrSetting, f.rounds, f.threads)
	}
	if f.prof != "" && len(models) > 1 {
		return cli.Usage(cmd, fmt.Errorf("a profile goes with one model, %d are given", len(models)))
	}
	bar := a.NewProgress()
	var rows []session.EngineRow
	version := ""
	for _, model := range models {
		res, err := a.benchModel(cmd.Context(), f, model, bar)
		if err != nil {
			return fmt.Errorf("%s: %w", model, err)
		}
		rows, version = append(rows, res.Rows...), res.ORTVersion
	}
	bar.Finish()
	if f.child != "" {
		return cli.PrintJSON(a.Out, session.PeakResident())
	}
	return a.Print(a.Out, rows, func(w io.Writer) error { return session.WriteEngine(w, rows, version) })
}

func (a *app) benchModel(ctx context.Context, f *engineFlags, model string, bar *cli.Progress) (*session.EngineBench, error) {
	opt := session.BenchOptions{
		Threads: f.threads, Rounds: f.rounds, ORT: a.ortLib != "", Model: model, Progress: bar.Report,
		Resident: func(mode string, threads int) (int64, error) { return a.residentOf(ctx, f, model, mode, threads) },
	}
	net, p, err := a.openWith(model, &f.pre, f.prof, session.Options{Lean: true})
	if err != nil {
		return nil, err
	}
	opt.Profile = p
	if f.data != "" {
		data, err := a.openData(net, f.data)
		if err != nil {
			return nil, err
		}
		if opt.Input, err = data.Input(0); err != nil {
			return nil, err
		}
	}
	if f.child != "" {
		opt.ORT = false
		return &session.EngineBench{}, net.RunContender(opt, f.child)
	}
	return net.BenchEngine(ctx, opt)
}

// residentOf asks a fresh process, whose memory nothing else has used; 0 where that cannot be told.
func (a *app) residentOf(ctx context.Context, f *engineFlags, model, mode string, threads int) (int64, error) {
	self, err := os.Executable()
	if err != nil {
		return 0, nil
	}
	args := []string{"bench", "engine", model, "--child", mode, "--threads", strconv.Itoa(threads), "--quiet"}
	for _, flag := range []string{"profile", "data", "preprocess", "shape"} {
		values := map[string]string{
			"profile": f.prof, "data": f.data, "preprocess": f.pre.file, "shape": f.pre.set.Lookup("shape").Value.String(),
		}
		if values[flag] != "" {
			args = append(args, "--"+flag, values[flag])
		}
	}
	out, err := exec.CommandContext(ctx, self, args...).Output()
	if err != nil {
		return 0, fmt.Errorf("a fresh process: %w", err)
	}
	var bytes int64
	return bytes, json.Unmarshal(out, &bytes)
}
