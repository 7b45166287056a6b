package onnx

import (
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/dqa-go/dqa/graph"
	"github.com/dqa-go/dqa/onnx/internal/onnxpb"
)

// maxCalls is how deep functions may call functions.
const maxCalls = 16

// inliner replaces calls of the functions that a model brings along by their nodes.
type inliner struct {
	functions map[string]*onnxpb.FunctionProto
	calls     int
	nodes     int
}

func functionKey(domain, name, overload string) string {
	return domain + "\x00" + name + "\x00" + overload
}

// inline expands the calls in the model's graph. As in ONNX Runtime, their nodes are of the model's own opset.
func inline(m *onnxpb.ModelProto) error {
	x := &inliner{functions: map[string]*onnxpb.FunctionProto{}}
	for _, f := range m.Functions {
		x.functions[functionKey(f.GetDomain(), f.GetName(), f.GetOverload())] = f
	}
	if len(x.functions) == 0 {
		return nil
	}
	nodes, err := x.expand(m.Graph.Node, 0)
	if err != nil {
		return err
	}
	m.Graph.Node = nodes
	return nil
}

// expand returns the nodes with all calls replaced, those in sub-graphs included.
func (x *inliner) expand(list []*onnxpb.NodeProto, depth int) ([]*onnxpb.NodeProto, error) {
	if depth > maxCalls {
		return nil, fmt.Errorf("%w: functions call each other more than %d deep", graph.ErrLimit, maxCalls)
	}
	var out []*onnxpb.NodeProto
	for _, n := range list {
		f := x.functions[functionKey(n.GetDomain(), n.GetOpType(), n.GetOverload())]
		if f == nil {
			if x.nodes++; x.nodes > MaxNodes {
				return nil, fmt.Errorf("%w: more than %d nodes", graph.ErrLimit, MaxNodes)
			}
			for _, a := range n.Attribute {
				if a.G == nil {
					continue
				}
				var err error
				if a.G.Node, err = x.expand(a.G.Node, depth+1); err != nil {
					return nil, err
				}
			}
			out = append(out, n)
			continue
		}
		body, err := x.call(n, f)
		if err != nil {
			return nil, fmt.Errorf("function %q: %w", f.GetName(), err)
		}
		if body, err = x.expand(body, depth+1); err != nil {
			return nil, err
		}
		out = append(out, body...)
	}
	return out, nil
}

// call copies the nodes of f with the arguments of n.
func (x *inliner) call(n *onnxpb.NodeProto, f *onnxpb.FunctionProto) ([]*onnxpb.NodeProto, error) {
	if len(n.Input) > len(f.Input) || len(n.Output) > len(f.Output) {
		return nil, invalid("it is called with %d inputs and %d outputs", len(n.Input), len(n.Output))
	}
	x.calls++
	names := map[string]string{"": ""}
	for i, v := range f.Input {
		names[v] = ""
		if i < len(n.Input) {
			names[v] = n.Input[i]
		}
	}
	for i, v := range f.Output {
		if i < len(n.Output) && n.Output[i] != "" {
			names[v] = n.Output[i]
		}
	}
	r := renamer{prefix: fmt.Sprintf("%s.%d/", f.GetName(), x.calls), attributes: arguments(n, f)}
	body := make([]*onnxpb.NodeProto, len(f.Node))
	for i, p := range f.Node {
		if x.nodes++; x.nodes > MaxNodes {
			return nil, fmt.Errorf("%w: more than %d nodes", graph.ErrLimit, MaxNodes)
		}
		body[i] = proto.Clone(p).(*onnxpb.NodeProto)
	}
	return body, r.nodes(body, names, 0)
}

// arguments are the attributes of a call, and the defaults of those that it leaves out.
func arguments(n *onnxpb.NodeProto, f *onnxpb.FunctionProto) map[string]*onnxpb.AttributeProto {
	given := map[string]*onnxpb.AttributeProto{}
	for _, a := range f.AttributeProto {
		given[a.GetName()] = a
	}
	for _, a := range n.Attribute {
		given[a.GetName()] = a
	}
	return given
}

// renamer gives the values inside copied nodes names of their own, and their attributes the values of a call.
type renamer struct {
	prefix     string
	attributes map[string]*onnxpb.AttributeProto // nil: references stay
}

// nodes renames what nodes read and write. names holds the values known so far; those that the nodes write are added.
func (r renamer) nodes(list []*onnxpb.NodeProto, names map[string]string, depth int) error {
	if depth > maxCalls {
		return fmt.Errorf("%w: sub-graphs are nested more than %d deep", graph.ErrLimit, maxCalls)
	}
	for _, n := range list {
		for _, o := range n.Output {
			if _, ok := names[o]; !ok {
				names[o] = r.prefix + o
			}
		}
	}
	for _, n := range list {
		if n.GetName() != "" {
			n.Name = proto.String(r.prefix + n.GetName())
		}
		r.values(n.Input, names)
		r.values(n.Output, names)
		if err := r.attribute(n, names, depth); err != nil {
			return err
		}
	}
	return nil
}

func (r renamer) values(list []string, names map[string]string) {
	for i, v := range list {
		if to, ok := names[v]; ok {
			list[i] = to
		}
	}
}

func (r renamer) attribute(n *onnxpb.NodeProto, names map[string]string, depth int) error {
	kept := n.Attribute[:0]
	for _, a := range n.Attribute {
		if ref := a.GetRefAttrName(); ref != "" && r.attributes != nil {
			given := r.attributes[ref]
			if given == nil {
				continue // the operator's default holds
			}
			name := a.GetName()
			a = proto.Clone(given).(*onnxpb.AttributeProto)
			a.Name = proto.String(name)
		}
		kept = append(kept, a)
		if a.G == nil {
			continue
		}
		inner := map[string]string{}
		for k, v := range names {
			inner[k] = v
		}
		if err := r.graph(a.G, inner, depth+1); err != nil {
			return err
		}
	}
	n.Attribute = kept
	return nil
}

// graph renames a sub-graph; names are those of the nodes around it.
func (r renamer) graph(g *onnxpb.GraphProto, names map[string]string, depth int) error {
	for _, t := range g.Initializer {
		names[t.GetName()] = r.prefix + t.GetName()
		t.Name = proto.String(names[t.GetName()])
	}
	for _, n := range g.Node { // what a sub-graph writes hides what is outside
		for _, o := range n.Output {
			if o != "" {
				names[o] = r.prefix + o
			}
		}
	}
	if err := r.nodes(g.Node, names, depth); err != nil {
		return err
	}
	for _, o := range g.Output {
		if to, ok := names[o.GetName()]; ok {
			o.Name = proto.String(to)
		}
	}
	return nil
}

// outside returns the values that a sub-graph reads from the nodes around it.
func outside(g *onnxpb.GraphProto, depth int) []string {
	own, list := map[string]bool{"": true}, []string(nil)
	for _, t := range g.Initializer {
		own[t.GetName()] = true
	}
	for _, n := range g.Node {
		for _, o := range n.Output {
			own[o] = true
		}
	}
	need := func(v string) {
		if !own[v] {
			own[v] = true
			list = append(list, v)
		}
	}
	for _, n := range g.Node {
		for _, v := range n.Input {
			need(v)
		}
		for _, a := range n.Attribute {
			if a.G != nil && depth < maxCalls {
				for _, v := range outside(a.G, depth+1) {
					need(v)
				}
			}
		}
	}
	for _, o := range g.Output {
		need(o.GetName())
	}
	return list
}
