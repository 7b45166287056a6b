//go:build !device

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/dqa-go/dqa/bench"
	"github.com/dqa-go/dqa/graph"
	"github.com/dqa-go/dqa/internal/cli"
	"github.com/dqa-go/dqa/internal/file"
	"github.com/dqa-go/dqa/session"
	"github.com/spf13/cobra"
)

func (a *app) bench() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "what coding costs on this machine: bits and speed of every coder and of general-purpose compressors",
		Args:  cli.NoSuchCommand,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.benchCodec(), a.benchEngine())
	return cmd
}

// benchFlags are those of bench codec.
type benchFlags struct {
	pre                            preprocessFlags
	model, profile, data, npy, svg string
	edges, where                   string
	bits                           float64
	rounds                         int
	edge                           []string
	stack, peers                   bool
}

func (a *app) benchCodec() *cobra.Command {
	var f benchFlags
	cmd := &cobra.Command{
		Use:   "codec [--model MODEL.onnx --data SPEC [--profile P.dqap] | --npy FILE]",
		Short: "bits per value and speed of every coder, on your own tensors",
		Long: `codec quantizes tensors, codes them in every way and decodes them again, and tells bits per value and how fast either
way is: 1.00 is as fast as copying the same float32 values. Frames include headers and checksums; the compressors get the
same codes as bytes. "cache" works on 1 MiB of values, "memory" on 64 MiB, on one core; figures are medians of rounds in which
copying takes its turn.

With --peers there are more of them, which take their time (--where cache --rounds 1 makes it short): zstd and deflate at their best,
PNG, zero-value compression (zvc) and extended bit-plane compression (ebpc), on codes and on float16 values.

Tensors are what a network holds at its edges for up to 16 images (--model, --data; with --profile in its steps), or an array of
N x C x H x W in a NumPy file, or by default the edges of a built-in network. Where there is no profile, steps are chosen so that
codes have an entropy of --bits.`,
		Example: `  dqa bench codec
  dqa bench codec --model resnet32.onnx --data 'cifar10:calib.bin[0:16]' --profile resnet32.dqap --json
  dqa bench codec --npy activations.npy --bits 3 --plot codec.svg`,
		Args: cli.ExactArgs(),
		RunE: func(cmd *cobra.Command, _ []string) error { return a.runBenchCodec(cmd.Context(), &f) },
	}
	f.pre.register(cmd, a)
	flags := cmd.Flags()
	flags.StringVar(&f.model, "model", "", "network whose edges are coded: a file, or demo:classify (the default), demo:segment")
	flags.StringVar(&f.data, "data", "", "images (SPEC) for the network; the first 16 count")
	flags.StringVar(&f.profile, "profile", "", "profile with the steps of the edges")
	flags.StringVar(&f.edges, "edges", string(graph.Stored), "stored, activations or blocks, where there is no profile")
	flags.StringVar(&f.npy, "npy", "", "float32 array of N x C x H x W instead of a network")
	flags.StringVar(&f.svg, "plot", "", "SVG file to write")
	flags.StringSliceVar(&f.edge, "edge", nil, "only these edges, by number or name, as \"dqa inspect\" lists them")
	flags.BoolVar(&f.stack, "stack", false, "images below each other: one tensor per edge instead of one per image")
	flags.BoolVar(&f.peers, "peers", false, "slow compressors and such as are made for tensors, too, on codes and on float16")
	flags.Float64Var(&f.bits, "bits", 2, "entropy of the codes, bits per value, that steps are chosen for")
	flags.StringVar(&f.where, "where", "cache,memory", "cache, memory, or both")
	flags.IntVar(&f.rounds, "rounds", 7, "rounds of which the median counts")
	return cmd
}

func (a *app) runBenchCodec(ctx context.Context, f *benchFlags) error {
	if !(f.bits >= .2 && f.bits <= 7) || f.rounds < 1 {
		return fmt.Errorf("%w: --bits %v, 0.2 to 7 allowed; --rounds %d, at least 1", session.ErrSetting, f.bits, f.rounds)
	}
	places, err := session.ParseList("--where", f.where, bench.ParsePlace)
	if err != nil {
		return err
	}
	t, what, err := a.benchTensors(ctx, f)
	if err != nil {
		return err
	}
	if len(f.edge) > 0 {
		if t, err = session.OnlyEdges(t, f.edge); err != nil {
			return err
		}
		what += ", only " + strings.Join(f.edge, ", ")
	}
	if f.stack {
		what += fmt.Sprintf(", %d images stacked", len(t.Images))
		t = t.Stacked()
	}
	bar := a.NewProgress()
	opt := bench.Options{Bits: f.bits, Places: places, Rounds: f.rounds, Peers: f.peers, Progress: func(_ string, done, total int) {
		bar.Report("measuring", "coders", done, total)
	}}
	res, err := bench.Codec(ctx, t, opt)
	if err != nil {
		return err
	}
	if f.svg != "" {
		if err := file.Write(f.svg, func(w io.Writer) error { return res.PlotSVG(w, places[0].Name) }); err != nil {
			return err
		}
	}
	return a.Print(a.Out, res, func(w io.Writer) error { return res.WriteText(w, what) })
}

const benchImages = 16

func (a *app) benchTensors(ctx context.Context, f *benchFlags) (bench.Tensors, string, error) {
	if f.npy != "" {
		if f.model != "" || f.data != "" || f.profile != "" {
			return bench.Tensors{}, "", fmt.Errorf("%w: --npy goes without --model, --data and --profile", session.ErrSetting)
		}
		t, all, err := session.ArrayTensors(f.npy, benchImages)
		return t, fmt.Sprintf("%s, %d of %d arrays", f.npy, len(t.Images), all), err
	}
	if f.model == "" {
		f.model = "demo:classify"
	}
	if f.data == "" && strings.HasPrefix(f.model, "demo:") {
		f.data = fmt.Sprintf("%s[0:%d]", f.model, benchImages)
	}
	if f.data == "" {
		return bench.Tensors{}, "", fmt.Errorf("%w: --model needs --data", session.ErrSetting)
	}
	return a.networkTensors(ctx, f)
}

// networkTensors runs the network and keeps what its edges hold.
func (a *app) networkTensors(ctx context.Context, f *benchFlags) (t bench.Tensors, what string, err error) {
	net, p, err := a.openWith(f.model, &f.pre, f.profile, session.Options{Edges: graph.EdgeSet(f.edges)})
	if err != nil {
		return t, "", err
	}
	data, err := a.openData(net, f.data)
	if err != nil {
		return t, "", err
	}
	if t, err = net.Tensors(ctx, data, benchImages, p); errors.Is(err, session.ErrOtherModel) {
		err = fmt.Errorf("%s: %w", f.profile, err)
	}
	return t, fmt.Sprintf("%s, %s, %d edges", net.Name(), f.data, len(t.Edges)), err
}
