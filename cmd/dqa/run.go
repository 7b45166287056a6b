package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/dqa-go/dqa/dataset"
	"github.com/dqa-go/dqa/graph"
	"github.com/dqa-go/dqa/internal/cli"
	"github.com/dqa-go/dqa/session"
	"github.com/spf13/cobra"
)

// runFlags are those of the verb.
type runFlags struct {
	pre             preprocessFlags
	prof, data, out string
	packed          bool
	threads         int
}

func (a *app) runVerb() *cobra.Command {
	var f runFlags
	cmd := &cobra.Command{
		Use:   "run MODEL.onnx --data SPEC -o OUT.npz",
		Short: "plain inference: the network's outputs as NumPy arrays",
		Long: `run runs the float network on every image and writes one float32 array per output, named as the output, with the images
in their order along the first axis, which takes the place of the batch axis; an output without a batch axis has one axis
more. With --profile the network computes with stored activations.

With --packed they lie in memory as packed codes and nothing else does; outputs are the same, bit for bit. "dqa plan" tells
beforehand what that takes. Images then run one after the other, each on --threads; else --workers run side by side.

A tail that split has cut off reads tensors instead of images: --data npz:FILE[,FILE...], archives that run and decode have
written, with an array for each of its inputs, under its name; of several that have one the first counts.`,
		Example: `  dqa run tail.onnx --profile tail.dqap --data npz:passed.npz -o logits.npz
  dqa run resnet32.onnx --data 'cifar10:test.bin[0:100]' -o logits.npz
  dqa run resnet32.onnx --profile resnet32.dqap --packed --threads 2 --data 'cifar10:test.bin[0:100]' -o logits.npz
  python3 -c 'import numpy as np; print(np.load("logits.npz")["output"].argmax(1))'`,
	}
	onModel(cmd, func(model string) error { return a.runModel(cmd, model, &f) })
	f.pre.register(cmd, a)
	flags := cmd.Flags()
	flags.StringVar(&f.data, "data", "", "images (SPEC), or npz:FILE[,FILE...]: tensors for a tail; FILE may be -")
	flags.StringVar(&f.prof, "profile", "", "profile made by calibrate: computes with stored activations")
	flags.BoolVar(&f.packed, "packed", false, "activations lie packed in memory (needs --profile)")
	flags.IntVar(&f.threads, "threads", 1, "threads of one image; results do not depend on it")
	flags.StringVarP(&f.out, "output", "o", "", "NumPy archive to write; - for standard output")
	cli.Required(cmd, "data", "output")
	return cmd
}

func (a *app) runModel(cmd *cobra.Command, model string, f *runFlags) error {
	if f.packed && f.prof == "" {
		return cli.Usage(cmd, errors.New("--packed needs --profile"))
	}
	if f.threads < 1 || f.threads > maxWorkers {
		return cli.Usage(cmd, fmt.Errorf("--threads %d: 1 to %d", f.threads, maxWorkers))
	}
	net, err := a.openEither(model, &f.pre, f.prof, string(graph.Stored), dataset.IsTensors(f.data))
	if err != nil {
		return err
	}
	run, err := net.NewRunner(session.PackOptions{Threads: f.threads, Simulated: !f.packed})
	if err != nil {
		return err
	}
	data, err := a.openFeed(run.Network(), f.data)
	if err != nil {
		return err
	}
	bar := a.NewProgress()
	arrays, err := run.RunAll(cmd.Context(), data, session.RunOptions{Workers: a.workers, Progress: bar.Report})
	if err != nil {
		return err
	}
	w, err := a.WriteOutput(f.out, func(w io.Writer) error { return session.WriteNPZ(w, arrays) })
	if err != nil {
		return err
	}
	return show(a, w, run.Summary(f.out, data.Len(), arrays))
}
