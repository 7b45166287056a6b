package session

import (
	"context"
	"fmt"
	"slices"

	"github.com/dqa-go/dqa/dataset"
	"github.com/dqa-go/dqa/tensor"
)

// Head judges features: a network whose only input is one row of them and whose first output is a score per class.
type Head struct {
	net    *Network
	labels []float32 // of all rows
}

// OpenHead opens a head and the classes of the rows of an array of this shape, which lie in a NumPy file. Errors are those of
// Open, dataset.OpenArray and NewHead; labels of another number of rows are dataset.ErrFit.
func OpenHead(model, labels string, shape []int, data dataset.Options) (*Head, error) {
	net, err := Open(model, Options{Part: true, Data: data})
	if err != nil {
		return nil, err
	}
	y, err := dataset.OpenArray(labels, data)
	if err != nil {
		return nil, err
	}
	defer y.Close()
	if y.RowSize() != 1 || y.Shape()[0] != shape[0] {
		return nil, fmt.Errorf("%w: %s has the shape %v, the array %d rows", dataset.ErrFit, labels, y.Shape(), shape[0])
	}
	classes := make([]float32, shape[0])
	if err := y.ReadRows(classes, 0); err != nil {
		return nil, err
	}
	return NewHead(net, tensor.Size(shape[1:]), classes)
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
