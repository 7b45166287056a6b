package graph

// Products is the number of multiply-adds that a node takes per image: of convolutions, matrix products and recurrent
// layers. All others count as none, as is usual. Shapes are those of Values.
func (g *Graph) Products(n *Node) int64 {
	size := func(v string) (p int64) {
		p = 1
		for _, d := range g.Values[v].Shape {
			p *= int64(d)
		}
		return p
	}
	weights := func(i int) []int { return g.Values[n.Inputs[i]].Shape }
	switch n.Op {
	case "Conv":
		w := weights(1)
		return size(n.Outputs[0]) * size(n.Inputs[1]) / int64(max(w[0], 1))
	case "ConvTranspose":
		w := weights(1)
		return size(n.Inputs[0]) * size(n.Inputs[1]) / int64(max(w[0], 1))
	case "Gemm", "MatMul":
		s := weights(0)
		inner := s[len(s)-1]
		if n.Op == "Gemm" && n.Attrs.Int("transA", 0) != 0 {
			inner = s[0]
		}
		return size(n.Outputs[0]) * int64(inner)
	case "RNN", "GRU", "LSTM":
		return int64(weights(0)[0]) * (size(n.Inputs[1]) + size(n.Inputs[2])) // every weight once a step
	}
	return 0
}

// AllProducts sums Products over the network.
func (g *Graph) AllProducts() (sum int64) {
	for _, n := range g.Nodes {
		sum += g.Products(n)
	}
	return sum
}
