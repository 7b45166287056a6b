package onnx

import (
	"errors"
	"fmt"
	"strings"

	"github.com/dqa-go/dqa/graph"
	"github.com/dqa-go/dqa/onnx/internal/onnxpb"
)

// readAttributes converts a node's attributes. What this reader cannot hold (graphs, sparse tensors) makes the node an
// unsupported one; what breaks the format is an error.
func (m *model) readAttributes(n *graph.Node, list []*onnxpb.AttributeProto) error {
	n.Attrs = make(graph.Attributes, len(list))
	for _, p := range list {
		if _, twice := n.Attrs[p.GetName()]; twice {
			return invalid("attribute %q is given twice", p.GetName())
		}
		if p.G != nil && p.GetRefAttrName() == "" && n.Op == "If" {
			m.hold(n, p)
			continue
		}
		v, err := m.readAttribute(p)
		var r refusal
		switch {
		case errors.As(err, &r):
			m.broken[n] = refusal(fmt.Sprintf("attribute %q: %s", p.GetName(), r))
		case errors.Is(err, graph.ErrUnsupported):
			m.broken[n] = refusal(fmt.Sprintf("attribute %q: %v", p.GetName(), err))
		case err != nil:
			return fmt.Errorf("attribute %q: %w", p.GetName(), err)
		default:
			n.Attrs[p.GetName()] = v
		}
	}
	return nil
}

func (m *model) readAttribute(p *onnxpb.AttributeProto) (any, error) {
	if p.GetRefAttrName() != "" {
		return nil, refuse("a reference to a function's attribute")
	}
	switch attributeType(p) {
	case onnxpb.AttributeProto_FLOAT:
		return p.GetF(), nil
	case onnxpb.AttributeProto_INT:
		return p.GetI(), nil
	case onnxpb.AttributeProto_STRING:
		return string(p.GetS()), nil
	case onnxpb.AttributeProto_TENSOR:
		if p.T == nil {
			return nil, invalid("the tensor is missing")
		}
		return m.readTensor(p.T)
	case onnxpb.AttributeProto_FLOATS:
		return p.Floats, nil
	case onnxpb.AttributeProto_INTS:
		return p.Ints, nil
	case onnxpb.AttributeProto_STRINGS:
		s := make([]string, len(p.Strings))
		for i, b := range p.Strings {
			s[i] = string(b)
		}
		return s, nil
	}
	return nil, refuse("type %s", p.GetType())
}

// hold keeps a graph that is an attribute.
func (m *model) hold(n *graph.Node, p *onnxpb.AttributeProto) {
	if m.graphs[n] == nil {
		m.graphs[n] = map[string]*onnxpb.GraphProto{}
	}
	m.graphs[n][p.GetName()] = p.G
	m.captured[n] = append(m.captured[n], outside(p.G, 0)...)
}

// attributeType is the type that the file says; the first version of the format said none.
func attributeType(p *onnxpb.AttributeProto) onnxpb.AttributeProto_AttributeType {
	switch {
	case p.GetType() != onnxpb.AttributeProto_UNDEFINED:
		return p.GetType()
	case p.F != nil:
		return onnxpb.AttributeProto_FLOAT
	case p.I != nil:
		return onnxpb.AttributeProto_INT
	case p.S != nil:
		return onnxpb.AttributeProto_STRING
	case p.T != nil:
		return onnxpb.AttributeProto_TENSOR
	case p.Floats != nil:
		return onnxpb.AttributeProto_FLOATS
	case p.Ints != nil:
		return onnxpb.AttributeProto_INTS
	}
	return p.GetType()
}

// schema gives the attributes of an operator and their types: "axis:i alpha:f mode:s pads:I scales:F value:t".
type schema string

// check finds attributes of the wrong type (an invalid model) and ones that the operator does not have here.
func (s schema) check(a graph.Attributes) error {
	kinds := map[string]string{}
	for field := range strings.FieldsSeq(string(s)) {
		name, kind, _ := strings.Cut(field, ":")
		kinds[name] = kind
	}
	for name, v := range a {
		kind, ok := kinds[name]
		if !ok {
			return refuse("attribute %q is not known", name)
		}
		if kindOf(v) != kind {
			return invalid("attribute %q has the wrong type", name)
		}
	}
	return nil
}

func kindOf(v any) string {
	switch v.(type) {
	case int64:
		return "i"
	case float32:
		return "f"
	case string:
		return "s"
	case []int64:
		return "I"
	case []float32:
		return "F"
	case []string:
		return "S"
	case *graph.Tensor:
		return "t"
	}
	return "?"
}
