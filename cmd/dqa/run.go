package main

import (
	"context"
	"fmt"
	"io"

	"github.com/dqa-go/dqa/dataset"
	"github.com/dqa-go/dqa/session"
	"github.com/spf13/cobra"
)

// ran is what run --json prints.
type ran struct {
	Output  string           `json:"output"`
	Images  int              `json:"images"`
	Outputs map[string][]int `json:"outputs"` // shapes, images first
	Engine  string           `json:"engine"`
}

func (a *app) runVerb() *cobra.Command {
	var (
		pre             preprocessFlags
		prof, data, out string
	)
	cmd := &cobra.Command{
		Use:   "run MODEL.onnx --data SPEC -o OUT.npz",
		Short: "plain inference: the network's outputs as NumPy arrays",
		Long: `run runs the float network on every image and writes one float32 array per output, named as the output, with the images
in their order along the first axis, which takes the place of the batch axis; an output without a batch axis has one axis
more. With --profile the network computes with stored activations.

A tail that split has cut off reads tensors instead of images: --data npz:FILE[,FILE...], archives that run and decode have
written, with an array for each of its inputs, under its name; of several that have one the first counts.`,
		Example: `  dqa run tail.onnx --profile tail.dqap --data npz:passed.npz -o logits.npz
  dqa run resnet32.onnx --data 'cifar10:test.bin[0:100]' -o logits.npz
  python3 -c 'import numpy as np; print(np.load("logits.npz")["output"].argmax(1))'`,
		Args:              exactArgs("MODEL"),
		ValidArgsFunction: completeModel,
		RunE: func(cmd *cobra.Command, args []string) error {
			run, net, err := a.openRun(args[0], &pre, prof, dataset.IsTensors(data))
			if err != nil {
				return err
			}
			return a.runAll(cmd.Context(), net, run, data, out)
		},
	}
	pre.register(cmd, a)
	cmd.Flags().StringVar(&data, "data", "", "images (SPEC), or npz:FILE[,FILE...]: tensors for a tail; FILE may be -")
	cmd.Flags().StringVar(&prof, "profile", "", "profile made by calibrate: computes with stored activations")
	cmd.Flags().StringVarP(&out, "output", "o", "", "NumPy archive to write; - for standard output")
	must(cmd.MarkFlagRequired("data"))
	must(cmd.MarkFlagRequired("output"))
	return cmd
}

// runner is a network in float32 or on stored activations.
type runner func(context.Context, session.Feed, session.RunOptions) ([]session.Array, error)

// openRun opens the network, with a profile if prof names one.
func (a *app) openRun(model string, pre *preprocessFlags, prof string, part bool) (runner, *session.Network, error) {
	if prof == "" {
		net, err := a.open(model, pre, session.Options{Part: part})
		if err != nil {
			return nil, nil, err
		}
		return net.RunAll, net, nil
	}
	q, err := a.openQuantized(model, pre, prof, part)
	if err != nil {
		return nil, nil, err
	}
	return func(ctx context.Context, data session.Feed, opt session.RunOptions) ([]session.Array, error) {
		return q.RunAll(ctx, data, opt, false)
	}, q.Network(), nil
}

func (a *app) runAll(ctx context.Context, net *session.Network, run runner, spec, out string) error {
	data, err := a.openFeed(net, spec)
	if err != nil {
		return err
	}
	bar := a.newProgress()
	defer bar.finish()
	arrays, err := run(ctx, data, session.RunOptions{Workers: a.workers, Progress: bar.report})
	if err != nil {
		return err
	}
	bar.finish()
	w, err := a.writeOutput(out, func(w io.Writer) error { return session.WriteNPZ(w, arrays) })
	if err != nil {
		return err
	}
	v := ran{out, data.Len(), map[string][]int{}, net.Engine()}
	for _, array := range arrays {
		v.Outputs[array.Name] = array.Shape
	}
	return a.print(w, v, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "%s: %d images, outputs %v, engine %s\n", v.Output, v.Images, v.Outputs, v.Engine)
		return err
	})
}
