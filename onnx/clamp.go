package onnx

// restoreClamps writes the Clip that a quantizer took in. Where integers start at zero, exporters drop the Relu before
// QuantizeLinear, as it cuts off the same values. Without it the value that counts as stored would be one that has
// negative numbers and no bound, which no runtime ever stores. The integers stay the same.
func (e *editor) restoreClamps() {
	var nodes []*Node
	sign := e.graph.nonNegative()
	for _, n := range e.graph.Nodes {
		if n != nil && n.Op == "QuantizeLinear" && !sign[n.Inputs[0]] && e.tookClamp(n) {
			nodes = append(nodes, e.clampBefore(n))
		}
		nodes = append(nodes, n)
	}
	e.graph.Nodes = nodes
}

// tookClamp tells whether n quantizes, from zero upwards and with one scale, what alone it reads of a producer.
func (e *editor) tookClamp(n *Node) bool {
	_, alone := e.only(n.Inputs[0])
	i, computed := e.producer[n.Inputs[0]]
	return len(e.consts[n.Inputs[1]].Floats) == 1 && e.graph.upFromZero(n) && alone && computed && e.graph.Nodes[i].role() == produces
}

// clampBefore returns a Clip to the range of quantizer n, which then reads it.
func (e *editor) clampBefore(n *Node) *Node {
	x := e.graph.Values[n.Inputs[0]]
	name := e.fresh(x.Name + "/Clip")
	high := (n.Attrs.Float("max", 0) - n.Attrs.Float("min", 0)) * e.consts[n.Inputs[1]].Floats[0]
	e.graph.Values[name] = Value{name, x.Type, x.Shape}
	clip := &Node{Name: n.Name + "/Clip", Op: "Clip", Inputs: []string{x.Name}, Outputs: []string{name}, Attrs: Attributes{"min": float32(0), "max": high}}
	n.Inputs = append([]string{name}, n.Inputs[1:]...)
	return clip
}
