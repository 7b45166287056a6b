package graph

import (
	"slices"
	"strings"
)

// role is what an operator does to what is stored (METHOD section 1).
type role uint8

const (
	produces  role = iota // writes new values
	views                 // moves or selects values that are stored already
	activates             // an activation function
)

var roles = func() map[string]role {
	m := map[string]role{}
	for _, op := range []string{
		"Reshape", "Transpose", "Slice", "Split", "Concat", "Pad", "Expand", "Tile", "Gather", "DepthToSpace",
		"SpaceToDepth", "Identity", "Where", "MaxPool", "GlobalMaxPool", "ReduceMax", "ReduceMin",
		"TopK", "Take", "GridSample",
		"QuantizeLinear", "DequantizeLinear", // another form of the value before them, which is the one that is stored
	} {
		m[op] = views
	}
	for _, op := range []string{
		"Relu", "Clip", "LeakyRelu", "PRelu", "Elu", "Selu", "HardSwish", "HardSigmoid", "Sigmoid", "Tanh", "Gelu",
		"Swish", "Mish", "Softplus", "Softsign", "ThresholdedRelu",
		"Requantize", // integer sums are never stored
	} {
		m[op] = activates
	}
	return m
}()

func (n *Node) role() role {
	if n.Op == "Resize" && n.Attrs.String("mode", "") == "nearest" {
		return views
	}
	return roles[n.Op]
}

// Produces tells whether the node writes new values: it is neither a view nor an activation function.
func (n *Node) Produces() bool { return n.role() == produces }

// stage is how much of a chain is done: a producer takes, in this order, scales and shifts by constants, one addition
// of another tensor, one activation.
type stage uint8

const (
	scaling stage = iota
	added
	activated
)

// Chain is a producer with what a fused runtime computes before it writes the result to memory: scales and shifts by
// constants, the Add of another tensor (a residual), an activation. Reshapes in between are part of it.
type Chain struct {
	Nodes  []*Node // producer first
	Output string  // the only value of the chain that is written
}

// Op names the chain's operators: "Conv+Add+Relu".
func (c Chain) Op() string {
	var ops []string
	for _, n := range c.Nodes {
		if n.Op != "Reshape" {
			ops = append(ops, n.Op)
		}
	}
	return strings.Join(ops, "+")
}

// Chains groups all nodes but views into the chains that write one tensor each, in the order in which those are
// complete. A value inside a chain has one reader, the chain's next node. Where both inputs of an Add could take it
// in, only the one that is computed last does. Nothing is taken in behind a node of which several outputs are read.
func (g *Graph) Chains() []Chain {
	c := &chainer{use: g.usage(), graph: g, open: map[string]*link{}}
	for i, n := range g.Nodes {
		c.visit(i, n)
	}
	return c.complete()
}

// link is an open end of a chain: the chain may go on at a value that alone one node reads.
type link struct {
	chain *Chain
	at    int   // index of the chain's last node
	stage stage // done so far
	via   *Node // the last Reshape since, nil: none
	prev  *link // the link before that Reshape
}

// reshapes returns the Reshapes since the chain's last node.
func (l *link) reshapes() (list []*Node) {
	for ; l.via != nil; l = l.prev {
		list = append(list, l.via)
	}
	slices.Reverse(list)
	return list
}

type chainer struct {
	use   usage
	graph *Graph
	open  map[string]*link // by value
	all   []*link          // the last link of every chain at the place of its last node; nil: not the last
}

func (c *chainer) visit(i int, n *Node) {
	c.all = append(c.all, nil)
	if n.Op == "Reshape" {
		if l := c.end(n.Inputs[0]); l != nil {
			c.open[n.Outputs[0]] = &link{l.chain, l.at, l.stage, n, l}
		}
		return
	}
	if n.role() == views {
		return
	}
	l, next := c.takes(n), c.next(n)
	if l == nil {
		l = &link{chain: new(Chain), at: -1}
	}
	if l.at >= 0 {
		c.all[l.at] = nil
	}
	l.chain.Nodes = append(append(l.chain.Nodes, l.reshapes()...), n)
	l.chain.Output = n.Outputs[0]
	c.all[i] = &link{chain: l.chain, at: i, stage: next}
	if !slices.ContainsFunc(n.Outputs[1:], c.use.read) { // whoever reads them waits for no end of a chain
		c.open[n.Outputs[0]] = c.all[i]
	}
}

// end returns the open link at v if only one node reads v, so that it can go on there.
func (c *chainer) end(v string) *link {
	if !c.use.once(v) {
		return nil
	}
	return c.open[v]
}

// next is the stage after n.
func (c *chainer) next(n *Node) stage {
	switch {
	case n.role() == activates:
		return activated
	case n.Op == "Add" && len(c.runtime(n)) == 2:
		return added
	}
	return scaling
}

// takes returns the link that n goes on from, nil where n starts a chain.
func (c *chainer) takes(n *Node) *link {
	data := c.runtime(n)
	limit := added // the last stage that may precede
	switch {
	case n.role() == activates:
	case n.Op == "Add" && len(data) == 2:
		limit = scaling
	case c.constantScale(n, data):
		limit = scaling
	default:
		return nil
	}
	var best *link
	for _, v := range data {
		l := c.end(v)
		fits := l != nil && l.stage <= limit && slices.Equal(c.graph.Values[v].Shape, c.graph.Values[n.Outputs[0]].Shape)
		if fits && (best == nil || l.at > best.at) {
			best = l
		}
	}
	return best
}

// runtime returns n's inputs that are not constants.
func (c *chainer) runtime(n *Node) []string {
	var data []string
	for _, v := range n.Inputs {
		if c.graph.Constants[v] == nil {
			data = append(data, v)
		}
	}
	return data
}

// constantScale tells whether n scales or shifts one tensor by constants.
func (c *chainer) constantScale(n *Node, data []string) bool {
	switch n.Op {
	case "Add", "Sub", "Mul", "BatchNormalization":
		return len(data) == 1
	case "Div":
		return len(data) == 1 && data[0] == n.Inputs[0]
	}
	return false
}

func (c *chainer) complete() []Chain {
	var chains []Chain
	for _, l := range c.all {
		if l != nil {
			chains = append(chains, *l.chain)
		}
	}
	return chains
}

// usage knows who reads and writes every value.
type usage struct {
	readers map[string][]*Node
	writer  map[string]*Node
	output  map[string]bool
}

func (g *Graph) usage() usage {
	u := usage{map[string][]*Node{}, map[string]*Node{}, map[string]bool{}}
	for _, n := range g.Nodes {
		for _, v := range n.Inputs {
			u.readers[v] = append(u.readers[v], n)
		}
		for _, v := range n.Outputs {
			u.writer[v] = n
		}
	}
	for _, o := range g.Outputs {
		u.output[o.Name] = true
	}
	return u
}

// read tells whether a node reads v, or the network returns it.
func (u usage) read(v string) bool { return len(u.readers[v]) > 0 || u.output[v] }

// once tells whether exactly one input of one node reads v, and v is no network output.
func (u usage) once(v string) bool { return len(u.readers[v]) == 1 && !u.output[v] }
