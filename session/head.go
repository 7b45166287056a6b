package session

import (
	"context"
	"fmt"
	"slices"

	"github.com/dqa-go/dqa/tensor"
)

// Head judges features: a network whose only input is one row of them and whose first output is a score per class.
type Head struct {
	net    *Network
	labels []float32 // of all rows
}

// NewHead takes the network, opened with Options.Part, and the class of every row. Errors wrap ErrOutput.
func NewHead(n *Network, row int, labels []float32) (*Head, error) {
	in, out := n.graph.Inputs(), n.graph.Outputs
	if len(in) != 1 || tensor.Size(in[0].Shape) != row {
		return nil, fmt.Errorf("%w: a head takes one row of %d values, %s has %d inputs, the first of shape %v",
			ErrOutput, row, n.name, len(in), in[0].Shape)
	}
	classes := tensor.Size(out[0].Shape)
	for i, l := range labels {
		if l < 0 || l != float32(int(l)) || int(l) >= classes {
			return nil, fmt.Errorf("%w: %v in row %d, the head has %d classes", ErrLabel, l, i, classes)
		}
	}
	return &Head{n, labels}, nil
}

// Score tells for each row of values, which are rows of the array, whether the head is right: 1 or 0.
func (h *Head) Score(ctx context.Context, values []float32, rows []int) ([]float64, error) {
	right, row := make([]float64, len(rows)), len(values)/max(len(rows), 1)
	shape := h.net.graph.Inputs()[0].Shape
	feed := headFeed{shape, values, row, len(rows)}
	err := h.net.Run(ctx, feed, RunOptions{}, func(i int, outputs []*tensor.Tensor) error {
		z := outputs[0].Data
		if slices.Index(z, slices.Max(z)) == int(h.labels[rows[i]]) {
			right[i] = 1
		}
		return nil
	})
	return right, err
}

// headFeed gives a head its rows.
type headFeed struct {
	shape  []int
	values []float32
	row, n int
}

func (f headFeed) Len() int { return f.n }

func (f headFeed) Feed(i int) (string, []*tensor.Tensor, error) {
	return fmt.Sprint("row ", i), []*tensor.Tensor{{Shape: f.shape, Data: f.values[i*f.row:][:f.row]}}, nil
}
