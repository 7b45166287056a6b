package graph

import "fmt"

// DType is the element type of a Tensor.
type DType uint8

// Element types that graphs of the supported exporters use. Narrower integers are widened to Int64 and
// float64/float16 constants are converted to Float32 on reading; Type keeps what the file said.
const (
	Float32 DType = iota + 1
	Int64
	Bool
)

// Tensor is a constant of the graph: an initializer, an attribute or a folded result.
// Exactly one of Floats and Ints is used, as Type says; booleans are 0 and 1 in Ints.
type Tensor struct {
	Type   DType
	Shape  []int
	Floats []float32
	Ints   []int64
	// Elem is the file's element type (ONNX's TensorProto.DataType) where the tensor is as the file has it or quantized;
	// else 0. Readers and writers of files need it.
	Elem int32
}

// Node is one operator. Inputs and Outputs are value names; "" marks an omitted optional one.
type Node struct {
	Name    string // the file's name, or "Op_index" where the file has none
	Op      string
	Domain  string // "" for ai.onnx
	Inputs  []string
	Outputs []string
	Attrs   Attributes
}

// Graph is a network that is ready to be run: constants folded, BatchNormalization folded into the convolution before
// it, nodes in topological order, and the shape of every value known for a batch of one image.
type Graph struct {
	Name    string
	Digest  [32]byte // SHA-256 of the model file
	Opset   int      // of ai.onnx
	Input   Value    // the one input that is not an initializer; Shape[0] (batch) is 1
	Others  []Value  // further inputs: what a part behind a cut reads besides
	Outputs []Value
	Nodes   []*Node
	// Constants holds initializers and folded results by value name.
	Constants map[string]*Tensor
	// Values gives type and shape of every value that a node reads or writes, constants included.
	Values map[string]Value
	// Release gives back the memory of constants that lie in mapped files: they are read again when they are looked at, and
	// file.Guard is for that. nil: all constants lie in the process's own memory.
	Release func()
	// Trained are the moments that values had when the network was trained, as its BatchNormalizations tell, folded or not.
	// Values that no node writes any more may be among them.
	Trained map[string]Moments
}

// Moments are mean and standard deviation of a value by channel, axis 1.
type Moments struct{ Mean, Std []float32 }

// Inputs are Input and Others; none of a part that reads constants alone.
func (g *Graph) Inputs() []Value {
	if g.Input.Name == "" {
		return nil
	}
	return append([]Value{g.Input}, g.Others...)
}

// Runnable tells whether there is anything to run; the error wraps ErrEmpty.
func (g *Graph) Runnable() error {
	switch {
	case len(g.Inputs()) == 0:
		return fmt.Errorf("%w: %s has no inputs", ErrEmpty, g.Name)
	case len(g.Outputs) == 0:
		return fmt.Errorf("%w: %s has no outputs", ErrEmpty, g.Name)
	}
	return nil
}

// Value is a named tensor of the graph.
type Value struct {
	Name  string
	Type  DType
	Shape []int
	// Elem is the file's element type (ONNX's TensorProto.DataType) of the network's input and outputs: engines hold
	// integers, truth values and floats of other widths as float32, too. 0: not said.
	Elem int32
	// What is known of the input of a part behind a cut, so that its edges are those of the whole network.
	NonNegative bool // it has no negative numbers
	Sequence    bool // its three axes are (1, channels, length)
}

// EdgeSet says which tensors count as stored between layers (METHOD section 1).
type EdgeSet string

// The edge sets.
const (
	Stored      EdgeSet = "stored"      // what a fused runtime writes to memory; the default
	Activations EdgeSet = "activations" // outputs of activation functions, the paper's choice
	Blocks      EdgeSet = "blocks"      // those of Stored with which a block ends, the choice of the paper's authors in their code
)

// EdgeSets lists them.
func EdgeSets() []EdgeSet { return []EdgeSet{Stored, Activations, Blocks} }

// Edge is a tensor that is stored between layers, for a batch of one image.
type Edge struct {
	Name  string // the value's name
	Node  string // the node that writes it
	Op    string // the producing chain, for people: "Conv+Add+Relu"
	Shape []int  // as in the graph, batch of one first
	// Channels, Rows, Cols describe the planes. An edge whose channels hold a single value (a pooled vector, the
	// output of a Gemm) has no planes worth a scale of their own: it is one channel, Rows 1, Cols the length.
	Channels, Rows, Cols int
	// ChannelsLast: element (c, r, x) lies at (r*Cols+x)*Channels+c, else at (c*Rows+r)*Cols+x.
	ChannelsLast bool
	OneSided     bool   // the producer cannot be negative
	RowSums      bool   // a Softmax along the last axis: in memory, every Shape[last] elements sum to 1
	Reason       string // why this is an edge, one line
}
