package onnx

import (
	"fmt"
	"slices"

	"google.golang.org/protobuf/proto"

	"github.com/dqa-go/dqa/graph"
	"github.com/dqa-go/dqa/onnx/internal/onnxpb"
)

// branchOperators hold graphs.
var branchOperators = table{
	"If": {inputs: [2]int{1, 1}, outputs: 1 << 20, lower: lowerIf},
}

// lowerIf puts the nodes of the branch that is taken in the node's place. Where the condition is only known at run
// time, both are computed and every output chosen.
func lowerIf(c *call) error {
	branches := c.model.graphs[c.file]
	then, other := branches["then_branch"], branches["else_branch"]
	if then == nil || other == nil {
		return invalid("a branch is missing")
	}
	cond := c.tensor(0)
	switch {
	case cond == nil:
		return c.both(then, other)
	case cond.Type != graph.Bool || len(cond.Ints) != 1:
		return invalid("its condition must be one truth value")
	case cond.Ints[0] == 0:
		then = other
	}
	values, err := c.branch(then, "")
	if err != nil {
		return err
	}
	for i, o := range c.node.Outputs {
		if o != "" {
			c.name(o, values[i])
		}
	}
	return nil
}

// name makes out another name of a value.
func (c *call) name(out, value string) {
	if k, ok := c.kinds[value]; ok {
		c.kinds[out] = k
	}
	if a, ok := c.alias[value]; ok {
		value = a
	}
	if c.lost[value] {
		c.lost[out] = true
	}
	c.alias[out] = value
}

// branch lowers the nodes of a sub-graph and returns the values of its outputs.
func (c *call) branch(g *onnxpb.GraphProto, suffix string) ([]string, error) {
	if len(g.GetOutput()) != len(c.node.Outputs) {
		return nil, invalid("a branch has %d outputs, the node %d", len(g.GetOutput()), len(c.node.Outputs))
	}
	if len(g.GetSparseInitializer()) > 0 {
		return nil, refuse("sparse initializers")
	}
	g = proto.Clone(g).(*onnxpb.GraphProto)
	if err := (renamer{prefix: c.fresh(c.node.Name+suffix) + "/"}).graph(g, map[string]string{"": ""}, 0); err != nil {
		return nil, err
	}
	nodes, err := c.model.readBranch(g)
	if err != nil {
		return nil, err
	}
	for _, t := range g.Initializer {
		name := t.GetName()
		c.values[name] = graph.Value{Name: name, Type: c.consts[name].Type, Shape: c.consts[name].Shape}
	}
	for _, n := range nodes {
		for _, v := range n.Inputs {
			c.read[v] = true
		}
	}
	for _, n := range nodes {
		for _, v := range slices.Concat(n.Inputs, c.model.captured[n]) {
			if _, known := c.values[v]; v != "" && !known && c.alias[v] == "" && !c.lost[v] {
				return nil, invalid("value %q is read before it is written", v)
			}
		}
		if err := c.builder.lower(n, c.model.broken[n]); err != nil {
			return nil, err
		}
	}
	var outs []string
	for _, o := range g.Output {
		v := o.GetName()
		if _, known := c.values[v]; !known && c.alias[v] == "" && !c.lost[v] {
			return nil, invalid("value %q is read but never written", v)
		}
		outs = append(outs, v)
	}
	return outs, nil
}

// both computes both branches and chooses.
func (c *call) both(then, other *onnxpb.GraphProto) error {
	cond := c.node.Inputs[0]
	if k, ok := c.kind(0); !ok || k.elem != truthKind.elem || product(c.shape(0)) != 1 {
		return invalid("its condition must be one truth value")
	}
	a, err := c.branch(then, "/then")
	if err != nil {
		return err
	}
	b, err := c.branch(other, "/else")
	if err != nil {
		return err
	}
	if len(c.shape(0)) > 0 {
		if cond, err = c.step("Reshape", []string{cond}, graph.Attributes{"shape": []int64{}}, []int{}); err != nil {
			return err
		}
	}
	for i, o := range c.node.Outputs {
		if o == "" {
			continue
		}
		x, y := c.resolved(a[i]), c.resolved(b[i])
		if c.lost[x] || c.lost[y] {
			c.lost[o] = true
			continue
		}
		if c.values[x].Type != graph.Float32 || !slices.Equal(c.values[x].Shape, c.values[y].Shape) || c.values[y].Type != graph.Float32 {
			return refuse("its condition is computed at run time, and its branches differ in shape or hold integers")
		}
		if k, ok := c.kinds[a[i]]; ok {
			c.kinds[o] = k.with(c.kinds[b[i]])
		}
		if err := c.emitTo(o, "Where", []string{cond, x, y}, nil, c.values[x].Shape); err != nil {
			return err
		}
	}
	return nil
}

func (b *builder) resolved(v string) string {
	if a, ok := b.alias[v]; ok {
		return a
	}
	return v
}

// readBranch reads the constants and nodes of a sub-graph into the model.
func (m *model) readBranch(g *onnxpb.GraphProto) ([]*graph.Node, error) {
	if m.branches++; m.branches > MaxNodes {
		return nil, fmt.Errorf("%w: more than %d branches", graph.ErrLimit, MaxNodes)
	}
	before := m.nodes
	defer func() { m.nodes = before }()
	m.nodes = nil
	if err := m.readInitializers(g.Initializer); err != nil {
		return nil, err
	}
	err := m.readNodes(g.Node)
	return m.nodes, err
}
