package main

import (
	"archive/zip"
	"fmt"
	"io"

	"github.com/dqa-go/dqa/internal/parallel"
	"github.com/dqa-go/dqa/onnx"
	"github.com/dqa-go/dqa/tensor"
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
in their order along the first axis.`,
		Example: `  dqa run resnet32.onnx --data 'cifar10:test.bin[0:100]' -o logits.npz
  python3 -c 'import numpy as np; print(np.load("logits.npz")["output"].argmax(1))'`,
		Args:              exactArgs("MODEL"),
		ValidArgsFunction: completeModel,
		RunE: func(cmd *cobra.Command, args []string) error {
			resolved, err := resolvePreprocess(args[0], &pre, nil)
			if err != nil {
				return err
			}
			net, err := a.openNetwork(args[0], resolved, onnx.Stored)
			if err != nil {
				return err
			}
			return a.runAll(cmd, net, data, out)
		},
	}
	pre.register(cmd)
	cmd.Flags().StringVar(&data, "data", "", "images (SPEC)")
	cmd.Flags().StringVarP(&out, "output", "o", "", "NumPy archive to write; - for standard output")
	must(cmd.MarkFlagRequired("data"))
	must(cmd.MarkFlagRequired("output"))
	return cmd
}

func (a *app) runAll(cmd *cobra.Command, net *network, spec, out string) error {
	data, err := net.openData(spec)
	if err != nil {
		return err
	}
	bar := a.newProgress()
	defer bar.finish()
	values := make([][]float32, len(net.graph.Outputs))
	err = parallel.Ordered(cmd.Context(), data.Len(), a.workers, func(_, i int) ([]*tensor.Tensor, error) {
		x, err := data.Input(i)
		if err != nil {
			return nil, err
		}
		return net.prog.Run(x, nil)
	}, func(i int, outputs []*tensor.Tensor) error {
		for k, t := range outputs {
			values[k] = append(values[k], t.Data...)
		}
		bar.report("running", "images", i+1, data.Len())
		return nil
	})
	if err != nil {
		return err
	}
	bar.finish()
	v := ran{out, data.Len(), map[string][]int{}, net.engine}
	w, err := a.writeOutput(out, func(w io.Writer) error {
		archive := zip.NewWriter(w)
		for k, o := range net.graph.Outputs {
			shape := append([]int{data.Len()}, o.Shape[min(1, len(o.Shape)):]...)
			v.Outputs[o.Name] = shape
			entry, err := archive.Create(arrayName(o.Name, k) + ".npy")
			if err != nil {
				return err
			}
			if err := writeNPY(entry, shape, values[k]); err != nil {
				return err
			}
		}
		return archive.Close()
	})
	if err != nil {
		return err
	}
	return a.print(w, v, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "%s: %d images, outputs %v, engine %s\n", v.Output, v.Images, v.Outputs, v.Engine)
		return err
	})
}
