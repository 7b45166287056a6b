package onnx

import "github.com/dqa-go/dqa/graph"

// restoreClamps writes the Clip that a quantizer took in. Where integers start at zero, exporters drop the Relu before
// QuantizeLinear, as it cuts off the same values. Without it the value that counts as stored would be one that has
// negative numbers and no bound, which no runtime ever stores. The integers stay the same.
func (e *editor) restoreClamps() {
	var nodes []*graph.Node
	sign := e.graph.NonNegative()
	for _, n := range e.graph.Nodes {
		if n != nil && n.Op == "QuantizeLinear" && !sign[n.Inputs[0]] && e.tookClamp(n) {
			nodes = append(nodes, e.clampBefore(n))
		}
		nodes = append(nodes, n)
	}
	e.graph.Nodes = nodes
}

// tookClamp tells whether n quantizes, from zero upwards and with one scale, what alone it reads of a producer.
func (e *editor) tookClamp(n *graph.Node) bool {
	_, alone := e.only(n.Inputs[0])
	i, computed := e.producer[n.Inputs[0]]
	return len(e.consts[n.Inputs[1]].Floats) == 1 && e.graph.UpFromZero(n) && alone && computed && e.graph.Nodes[i].Produces()
}

// clampBefore returns a Clip to the range of quantizer n, which then reads it.
func (e *editor) clampBefore(n *graph.Node) *graph.Node {
	x := e.graph.Values[n.Inputs[0]]
	name := e.fresh(x.Name + "/Clip")
	high := (n.Attrs.Float("max", 0) - n.Attrs.Float("min", 0)) * e.consts[n.Inputs[1]].Floats[0]
	e.graph.Values[name] = graph.Value{Name: name, Type: x.Type, Shape: x.Shape}
	clip := &graph.Node{Name: n.Name + "/Clip", Op: "Clip", Inputs: []string{x.Name}, Outputs: []string{name},
		Attrs: graph.Attributes{"min": float32(0), "max": high}}
	n.Inputs = append([]string{name}, n.Inputs[1:]...)
	return clip
}
