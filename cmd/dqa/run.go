package main

import (
	"context"
	"fmt"
	"io"

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
		pre       preprocessFlags
		data, out string
	)
	cmd := &cobra.Command{
		Use:   "run MODEL.onnx --data SPEC -o OUT.npz",
		Short: "plain inference: the network's outputs as NumPy arrays",
		Long: `run runs the float network on every image and writes one float32 array per output, named as the output, with the images
in their order along the first axis, which takes the place of the batch axis; an output without a batch axis has one axis
more.`,
		Example: `  dqa run resnet32.onnx --data 'cifar10:test.bin[0:100]' -o logits.npz
  python3 -c 'import numpy as np; print(np.load("logits.npz")["output"].argmax(1))'`,
		Args:              exactArgs("MODEL"),
		ValidArgsFunction: completeModel,
		RunE: func(cmd *cobra.Command, args []string) error {
			net, err := a.open(args[0], &pre, session.Options{})
			if err != nil {
				return err
			}
			return a.runAll(cmd.Context(), net, data, out)
		},
	}
	pre.register(cmd, a)
	cmd.Flags().StringVar(&data, "data", "", "images (SPEC)")
	cmd.Flags().StringVarP(&out, "output", "o", "", "NumPy archive to write; - for standard output")
	must(cmd.MarkFlagRequired("data"))
	must(cmd.MarkFlagRequired("output"))
	return cmd
}

func (a *app) runAll(ctx context.Context, net *session.Network, spec, out string) error {
	data, err := a.openData(net, spec)
	if err != nil {
		return err
	}
	bar := a.newProgress()
	defer bar.finish()
	arrays, err := net.RunAll(ctx, data, session.RunOptions{Workers: a.workers, Progress: bar.report})
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
