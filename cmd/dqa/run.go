package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/dqa-go/dqa/dataset"
	"github.com/dqa-go/dqa/internal/cli"
	"github.com/dqa-go/dqa/internal/text"
	"github.com/dqa-go/dqa/session"
	"github.com/spf13/cobra"
)

// ran is what run --json prints.
type ran struct {
	Output  string           `json:"output"`
	Images  int              `json:"images"`
	Outputs map[string][]int `json:"outputs"` // shapes, images first
	Engine  string           `json:"engine"`
	Mode    string           `json:"mode"` // float, simulated or packed
	Threads int              `json:"threads"`
	Peak    int64            `json:"peak_bytes"` // of activations, per image; 0: the engine does not tell
}

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
		Args:              cli.ExactArgs("MODEL"),
		ValidArgsFunction: completeModel,
		RunE:              func(cmd *cobra.Command, args []string) error { return a.runModel(cmd, args[0], &f) },
	}
	f.pre.register(cmd, a)
	flags := cmd.Flags()
	flags.StringVar(&f.data, "data", "", "images (SPEC), or npz:FILE[,FILE...]: tensors for a tail; FILE may be -")
	flags.StringVar(&f.prof, "profile", "", "profile made by calibrate: computes with stored activations")
	flags.BoolVar(&f.packed, "packed", false, "activations lie packed in memory (needs --profile)")
	flags.IntVar(&f.threads, "threads", 1, "threads of one image; results do not depend on it")
	flags.StringVarP(&f.out, "output", "o", "", "NumPy archive to write; - for standard output")
	cli.Must(cmd.MarkFlagRequired("data"))
	cli.Must(cmd.MarkFlagRequired("output"))
	return cmd
}

func (a *app) runModel(cmd *cobra.Command, model string, f *runFlags) error {
	if f.packed && f.prof == "" {
		return cli.Usage(cmd, errors.New("--packed needs --profile"))
	}
	if f.threads < 1 || f.threads > maxWorkers {
		return cli.Usage(cmd, fmt.Errorf("--threads %d: 1 to %d", f.threads, maxWorkers))
	}
	v := ran{Output: f.out, Mode: "float", Threads: f.threads}
	run, net, err := a.openRun(model, f, &v)
	if err != nil {
		return err
	}
	return a.runAll(cmd.Context(), net, run, f, v)
}

// runner is a network in float32, on stored activations, or packed.
type runner struct {
	all    func(context.Context, session.Feed, session.RunOptions) ([]session.Array, error)
	packed *session.Packed // nil: neither packed nor on several threads
}

// openRun opens the network, with a profile if there is one, and notes what it is.
func (a *app) openRun(model string, f *runFlags, v *ran) (r runner, net *session.Network, err error) {
	part := dataset.IsTensors(f.data)
	if f.prof == "" {
		if net, err = a.open(model, &f.pre, session.Options{Part: part}); err != nil {
			return r, nil, err
		}
		r.all = net.RunAll
		if f.threads > 1 {
			r.packed, err = net.Pack(session.PackOptions{Threads: f.threads})
		}
	} else {
		q, err := a.openQuantized(model, &f.pre, f.prof, part)
		if err != nil {
			return r, nil, err
		}
		net, v.Mode = q.Network(), "simulated"
		r.all = func(ctx context.Context, data session.Feed, opt session.RunOptions) ([]session.Array, error) {
			return q.RunAll(ctx, data, opt, false)
		}
		if f.packed {
			v.Mode = "packed"
		}
		if f.packed || f.threads > 1 {
			if r.packed, err = q.Pack(session.PackOptions{Threads: f.threads, Simulated: !f.packed}); err != nil {
				return r, nil, err
			}
		}
	}
	if m, ok := net.Memory(); ok {
		v.Peak = m.Arena
	}
	if r.packed != nil {
		r.all = r.packed.RunAll
	}
	return r, net, err
}

func (a *app) runAll(ctx context.Context, net *session.Network, run runner, f *runFlags, v ran) error {
	data, err := a.openFeed(net, f.data)
	if err != nil {
		return err
	}
	bar := a.NewProgress()
	defer bar.Finish()
	arrays, err := run.all(ctx, data, session.RunOptions{Workers: a.workers, Progress: bar.Report})
	if err != nil {
		return err
	}
	bar.Finish()
	w, err := a.WriteOutput(f.out, func(w io.Writer) error { return session.WriteNPZ(w, arrays) })
	if err != nil {
		return err
	}
	v.Images, v.Outputs, v.Engine = data.Len(), map[string][]int{}, net.Engine()
	if run.packed != nil {
		v.Peak = run.packed.Peak()
	}
	for _, array := range arrays {
		v.Outputs[array.Name] = array.Shape
	}
	return a.Print(w, v, func(w io.Writer) error {
		v := cli.AllVisible(v)
		_, err := fmt.Fprintf(w, "%s: %d images, outputs %v, engine %s, %s; activations take %s per image\n",
			v.Output, v.Images, v.Outputs, v.Engine, v.Mode, text.Size(v.Peak))
		return err
	})
}
