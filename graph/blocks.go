package graph

import "slices"

// Blocks are found by what their ends look like, since a graph says nothing of the modules that it was built from:
//
//   - residual blocks end with the sum of two computed tensors and what is fused behind it;
//   - encoder blocks of transformers end with the residual sum of their feed-forward half, or, where sums are normalized
//     before anything else reads them (post-norm), with that normalization. The sum of the half that attends is inside;
//   - linear bottlenecks (MobileNetV2) end with a pointwise convolution without activation. One that only sums read is a
//     projected shortcut.
func (f *finder) explainBlock(r *ValueReason) {
	c := f.chain[r.Name]
	switch {
	case f.blockSum(c) != nil:
		r.Reason = "the end of a residual block"
	case f.postNormed(c):
		r.Reason = "the end of an encoder block"
	case f.bottleneck(c):
		r.Reason = "the end of a linear bottleneck"
	default:
		r.Edge, r.Reason = false, r.Op+" is inside a block, or in none"
	}
}

// blockSum is the residual sum with which a block ends, where the chain's value is that end; else nil.
func (f *finder) blockSum(c Chain) *Node {
	sum := f.residual(c)
	if sum == nil || f.attends(sum) || f.normedFirst(c, sum) {
		return nil
	}
	return sum
}

// residual is the chain's sum of two computed tensors, nil: there is none.
func (f *finder) residual(c Chain) *Node {
	i := slices.IndexFunc(c.Nodes, func(n *Node) bool {
		return n.Op == "Add" && f.varies[n.Inputs[0]] && f.varies[n.Inputs[1]]
	})
	if i < 0 {
		return nil
	}
	return c.Nodes[i]
}

// attends tells whether a sum of tokens adds what was attended to: behind the shortcut, its other term comes from a Softmax.
func (f *finder) attends(sum *Node) bool {
	if len(f.graph.Values[sum.Outputs[0]].Shape) != 3 {
		return false
	}
	own := [2]map[*Node]bool{f.ancestors(sum.Inputs[0]), f.ancestors(sum.Inputs[1])}
	for i, nodes := range own {
		for n := range nodes {
			if n.Op == "Softmax" && !own[1-i][n] {
				return true
			}
		}
	}
	return false
}

// ancestors are the nodes that a value is computed by.
func (f *finder) ancestors(v string) map[*Node]bool {
	nodes, next := map[*Node]bool{}, []string{v}
	for len(next) > 0 {
		n := f.use.writer[next[0]]
		next = next[1:]
		if n != nil && !nodes[n] {
			nodes[n] = true
			next = append(next, n.Inputs...)
		}
	}
	return nodes
}

// normedFirst tells whether nothing but a normalization reads the chain of a sum whose shortcut is normalized already:
// then the stream goes on behind the normalization. The last sum of a pre-norm network is no such one.
func (f *finder) normedFirst(c Chain, sum *Node) bool {
	readers := f.use.readers[c.Output]
	return len(readers) == 1 && readers[0].Op == "LayerNormalization" && slices.ContainsFunc(sum.Inputs, func(v string) bool {
		w := f.use.writer[v]
		return w != nil && w.Op == "LayerNormalization"
	})
}

// postNormed tells whether the chain normalizes the sum with which an encoder block ends.
func (f *finder) postNormed(c Chain) bool {
	n := c.Nodes[0]
	if n.Op != "LayerNormalization" {
		return false
	}
	before := f.chain[n.Inputs[0]]
	sum := f.residual(before)
	return sum != nil && !f.attends(sum) && f.normedFirst(before, sum)
}

// bottleneck tells whether the chain is a pointwise convolution without activation that more than sums read.
func (f *finder) bottleneck(c Chain) bool {
	n := c.Nodes[0]
	if n.Op != "Conv" || slices.ContainsFunc(c.Nodes, func(n *Node) bool { return n.role() == activates }) {
		return false
	}
	if w := f.graph.Values[n.Inputs[1]].Shape; len(w) < 3 || slices.Max(w[2:]) > 1 {
		return false
	}
	return slices.ContainsFunc(f.use.readers[c.Output], func(n *Node) bool { return n.Op != "Add" })
}
