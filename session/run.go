package session

import (
	"context"

	"github.com/dqa-go/dqa/internal/parallel"
	"github.com/dqa-go/dqa/onnx"
	"github.com/dqa-go/dqa/tensor"
)

// RunOptions steer a run. The zero value works.
type RunOptions struct {
	Workers  int // goroutines; 0 or less: one
	Progress Progress
}

// Array is a named tensor.
type Array struct {
	Name  string
	Shape []int
	Data  []float32 // row-major
	Type  string    // NumPy's name of the element type in the file: "int64"; "": float32
}

// Run runs the float network on every image and hands over its outputs, in the order of the images, on the caller's
// goroutine. They belong to consume; its error ends the run.
func (n *Network) Run(
	ctx context.Context, data Feed, opt RunOptions, consume func(i int, outputs []*tensor.Tensor) error,
) error {
	return parallel.Ordered(ctx, data.Len(), opt.Workers, func(_, i int) ([]*tensor.Tensor, error) {
		_, inputs, err := data.Feed(i)
		if err != nil {
			return nil, err
		}
		return n.prog.RunInputs(inputs, nil)
	}, func(i int, outputs []*tensor.Tensor) error {
		if err := consume(i, outputs); err != nil {
			return err
		}
		opt.Progress.report("running", "images", i+1, data.Len())
		return nil
	})
}

// RunAll collects what Run gives: one array per output, with the images along its first axis. It takes the place of the
// batch axis; an output whose first axis is none, because it is not 1 for one image, has one axis more.
func (n *Network) RunAll(ctx context.Context, data Feed, opt RunOptions) ([]Array, error) {
	all := n.outputArrays(data.Len())
	err := n.Run(ctx, data, opt, func(_ int, outputs []*tensor.Tensor) error {
		collect(all, outputs)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}

// RunAll is Network.RunAll on stored activations. Errors are those of EncodeAll.
func (q *Quantized) RunAll(ctx context.Context, data Feed, opt RunOptions, allowNonFinite bool) ([]Array, error) {
	all := q.net.outputArrays(data.Len())
	e := EncodeOptions{AllowNonFinite: allowNonFinite, Workers: opt.Workers, Progress: opt.Progress}
	err := q.EncodeAll(ctx, data, e, func(image Encoded) error {
		collect(all, image.Outputs)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}

func (n *Network) outputArrays(images int) []Array {
	all := make([]Array, len(n.graph.Outputs))
	for k, o := range n.graph.Outputs {
		shape := o.Shape
		if len(shape) > 0 && shape[0] == 1 {
			shape = shape[1:]
		}
		all[k] = Array{Name: o.Name, Shape: append([]int{images}, shape...), Type: onnx.ElementName(o.Elem)}
	}
	return all
}

// collect adds the outputs of an image, which belong to it: those of the first are taken as they are, so that one image is never
// held twice.
func collect(all []Array, outputs []*tensor.Tensor) {
	for k, t := range outputs {
		switch a := &all[k]; {
		case a.Data == nil:
			a.Data = t.Data
		case cap(a.Data) == len(t.Data): // the second: room for all
			data := make([]float32, len(a.Data), len(t.Data)*a.Shape[0])
			copy(data, a.Data)
			a.Data = append(data, t.Data...)
		default:
			a.Data = append(a.Data, t.Data...)
		}
	}
}
