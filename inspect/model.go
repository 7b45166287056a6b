package inspect

import (
	"errors"
	"fmt"

	"github.com/dqa-go/dqa/graph"
	"github.com/dqa-go/dqa/metric"
	"github.com/dqa-go/dqa/session"
)

// Model is what a network consists of, which of its tensors are edges, and what of it is not supported.
type Model struct {
	Model       string            `json:"model"` // as it was given
	Digest      string            `json:"sha256"`
	Opset       int               `json:"opset"`
	Input       []int             `json:"input_shape"`
	Outputs     [][]int           `json:"output_shapes"`
	Kinds       []OutputKind      `json:"output_kinds"` // without labels; all of them count
	Operators   map[string]int    `json:"operators"`    // how often
	EdgeSet     string            `json:"edge_set"`
	Values      int64             `json:"values_per_image"`
	Edges       []Edge            `json:"edges"`
	Others      map[string]string `json:"not_edges"`   // values, and why they are not edges
	Unsupported []string          `json:"unsupported"` // nodes; if there are any, everything else is missing
}

// OutputKind says how an output is compared with that of the float network.
type OutputKind struct {
	Name    string `json:"name"`
	Kind    string `json:"kind"`    // "classes", "class maps", "presence", "values"
	Measure string `json:"measure"` // KL and agreement, or the relative squared error
	Scored  bool   `json:"scored"`  // KL, agreement and accuracy are of this one, unless labels fit another
}

// Edge is a tensor that would be quantized.
type Edge struct {
	Name     string `json:"name"`
	Op       string `json:"op"` // that produces it: "Conv+Add+Relu"
	Shape    []int  `json:"shape"`
	OneSided bool   `json:"one_sided"` // cannot be negative
	Reason   string `json:"reason"`    // why it is an edge
}

// LoadModel looks at a model, a file or a built-in network. It goes as far as running the model would: what the reader
// accepts the engine may still lack. What is not supported is no error; errors are those of session.Open.
func LoadModel(model string, opt session.Options) (*Model, error) {
	if opt.Edges == "" {
		opt.Edges = graph.Stored
	}
	v := &Model{
		Model: model, EdgeSet: string(opt.Edges), Operators: map[string]int{}, Others: map[string]string{},
		Edges: []Edge{}, Unsupported: []string{}, // never null in JSON
	}
	g, edges, err := tryModel(model, opt)
	var unsupported *graph.UnsupportedError
	if errors.As(err, &unsupported) {
		for _, n := range unsupported.Nodes {
			v.Unsupported = append(v.Unsupported, fmt.Sprintf("%s (node %s, opset %d): %s", n.Op, n.Name, n.Opset, n.Reason))
		}
		return v, nil
	}
	if err != nil {
		return nil, err
	}
	return v, v.fill(g, edges)
}

func tryModel(model string, opt session.Options) (*graph.Graph, []graph.Edge, error) {
	g, err := session.Load(model, opt)
	if err != nil {
		return nil, nil, err
	}
	edges, err := g.FindEdges(opt.Edges)
	if err != nil {
		return nil, nil, err
	}
	return g, edges, session.Supported(g, opt)
}

func (v *Model) fill(g *graph.Graph, edges []graph.Edge) error {
	v.Digest, v.Opset, v.Input = fmt.Sprintf("%x", g.Digest), g.Opset, g.Input.Shape
	for _, o := range g.Outputs {
		v.Outputs = append(v.Outputs, o.Shape)
	}
	outputs, err := metric.OutputsOf(g, metric.Labels{})
	if err != nil {
		return err
	}
	for i, o := range outputs.All {
		v.Kinds = append(v.Kinds, OutputKind{o.Name, o.Kind.String(), o.Measure(), i == outputs.Scored})
	}
	for _, n := range g.Nodes {
		v.Operators[n.Op]++
	}
	for _, e := range edges {
		v.Values += int64(e.Channels) * int64(e.Rows*e.Cols)
		v.Edges = append(v.Edges, Edge{e.Name, e.Op, e.Shape, e.OneSided, e.Reason})
	}
	reasons, err := g.ExplainValues(graph.EdgeSet(v.EdgeSet))
	for _, r := range reasons {
		if !r.Edge {
			v.Others[r.Name] = r.Reason
		}
	}
	return err
}
