package session

import (
	"github.com/dqa-go/dqa/dataset"
	"github.com/dqa-go/dqa/tensor"
)

// Feed hands a network its inputs, image by image: *dataset.Inputs pictures, *dataset.Tensors what an earlier part of the
// network computed. Its methods may be called from many goroutines at once.
type Feed interface {
	Len() int
	// Feed gives the name and the inputs of image i, as Graph().Inputs() says.
	Feed(i int) (name string, inputs []*tensor.Tensor, err error)
}

// OpenTensors opens archives of tensors (dataset.OpenTensors) for a network that was opened with Options.Part; stdin is what
// the file "-" holds. Errors are those of dataset.OpenTensors.
func (n *Network) OpenTensors(spec string, stdin []byte) (*dataset.Tensors, error) {
	var wanted []dataset.TensorInput
	for _, in := range n.graph.Inputs() {
		wanted = append(wanted, dataset.TensorInput{Name: in.Name, Shape: in.Shape})
	}
	return n.opt.Data.OpenTensors(spec, stdin, wanted)
}
