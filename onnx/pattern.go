package onnx

import (
	"maps"
	"math"
	"slices"

	"github.com/dqa-go/dqa/graph"
)

// pattern is an expression that exporters write for a function that has an operator of its own.
type pattern struct {
	op   string                   // operator at the root; "" for a leaf
	args []pattern                // its inputs; Add and Mul match in either order
	bind string                   // name of the value: the same name must be the same value everywhere
	num  float64                  // a leaf that is this constant, to within 0.1%; NaN: any number, kept under bind
	leaf bool                     // the leaf is a constant
	test func(n *graph.Node) bool // further conditions, nil: none
	alt  []pattern                // any of these instead
	make func(m match) rewrite    // of a whole pattern: what replaces it
}

// rewrite is the node that a match becomes.
type rewrite struct {
	op    string
	attrs graph.Attributes
	ones  int // > 0: a second input, as many ones
}

// match holds what a pattern matched.
type match struct {
	values map[string]string
	nodes  []int
	graph  *graph.Graph
}

// x is the function's argument.
var x = pattern{bind: "x"}

func p(op string, args ...pattern) pattern { return pattern{op: op, args: args} }

func num(v float64) pattern { return pattern{leaf: true, num: v} }

func either(alt ...pattern) pattern { return pattern{alt: alt} }

func (p pattern) when(test func(n *graph.Node) bool) pattern {
	p.test = test
	return p
}

func (p pattern) named(bind string) pattern {
	p.bind = bind
	return p
}

func (p pattern) becomes(f func(m match) rewrite) pattern {
	p.make = f
	return p
}

func plainly(op string, attrs graph.Attributes) func(match) rewrite {
	return func(match) rewrite { return rewrite{op: op, attrs: maps.Clone(attrs)} }
}

// The spellings. gate is clip(x+3, 0, 6).
var (
	gate = p("Clip", p("Add", x, num(3))).when(func(n *graph.Node) bool {
		return n.Attrs.Float("min", -1) == 0 &&
			n.Attrs.Float("max", 0) == 6
	})
	sixth  = 1.0 / 6
	square = either(p("Pow", pattern{bind: "d"}, num(2)), p("Mul", pattern{bind: "d"}, pattern{bind: "d"}))
	erf    = p("Erf", either(p("Div", x, num(math.Sqrt2)), p("Mul", x, num(math.Sqrt2/2))))
	tanh   = p("Tanh", p("Mul", num(math.Sqrt(2/math.Pi)), p("Add", x, p("Mul", num(0.044715), p("Pow", x, num(3))))))
	center = p("Sub", x, p("ReduceMean", x).when(overLast)).named("d")
)

// halved is x (1+t) / 2 in its three orders.
func halved(t pattern) pattern {
	s := p("Add", t, num(1))
	return either(p("Mul", p("Mul", x, s), num(0.5)), p("Mul", x, p("Mul", s, num(0.5))), p("Mul", p("Mul", x, num(0.5)), s))
}

// overLast: a mean along one axis that stays; that it is the last one is checked when the match is rewritten.
func overLast(n *graph.Node) bool {
	return len(n.Attrs.Ints("axes")) == 1 && n.Attrs.Int("keepdims", 0) == 1
}

// patterns are tried in this order at every node.
var patterns = []pattern{
	either(p("Div", gate, num(6)), p("Mul", gate, num(sixth))).
		becomes(plainly("HardSigmoid", graph.Attributes{"alpha": float32(sixth), "beta": float32(0.5)})),
	either(p("Mul", x, p("HardSigmoid", x).when(isSixth)), p("Div", p("Mul", x, gate), num(6)), p("Mul", p("Mul", x, gate), num(sixth))).
		becomes(plainly("HardSwish", graph.Attributes{})),
	p("Mul", x, p("Sigmoid", x)).becomes(plainly("Swish", graph.Attributes{"alpha": float32(1)})),
	halved(erf).becomes(plainly("Gelu", graph.Attributes{"approximate": "none"})),
	halved(tanh).becomes(plainly("Gelu", graph.Attributes{"approximate": "tanh"})),
	p("Div", center, p("Sqrt", p("Add", p("ReduceMean", square).when(overLast), pattern{leaf: true, num: math.NaN(), bind: "eps"}))).
		becomes(layerNorm),
}

func isSixth(n *graph.Node) bool {
	return near(float64(n.Attrs.Float("alpha", 0)), sixth) && near(float64(n.Attrs.Float("beta", 0)), 0.5)
}

func near(a, b float64) bool { return math.Abs(a-b) <= 1e-3*math.Abs(b) }

func layerNorm(m match) rewrite {
	s := m.graph.Values[m.values["x"]].Shape
	for _, i := range m.nodes {
		if n := m.graph.Nodes[i]; n.Op == "ReduceMean" && n.Attrs.Ints("axes")[0] != int64(len(s)-1) {
			return rewrite{}
		}
	}
	eps := m.graph.Constants[m.values["eps"]].Floats[0]
	return rewrite{"LayerNormalization", graph.Attributes{"axis": int64(len(s) - 1), "epsilon": eps}, s[len(s)-1]}
}

// matchPatterns replaces every match whose inner values nobody else reads.
func (e *editor) matchPatterns() error {
	for i := range e.graph.Nodes {
		for _, pat := range patterns {
			n := e.graph.Nodes[i]
			m := match{values: map[string]string{}, graph: e.graph}
			if !pat.candidate(n.Op) || !e.match(pat, n.Outputs[0], &m) || !e.closed(i, m) || !e.sameShape(n, m) {
				continue
			}
			if err := e.replace(i, m, pat.make(m)); err != nil {
				return err
			}
		}
	}
	return nil
}

// candidate tells quickly whether a node of that operator can be the root.
func (p pattern) candidate(op string) bool {
	return p.op == op || slices.ContainsFunc(p.alt, func(q pattern) bool { return q.op == op })
}

// match extends m by what pattern p finds at value v; on failure m is as before.
func (e *editor) match(p pattern, v string, m *match) bool {
	before := match{maps.Clone(m.values), slices.Clone(m.nodes), m.graph}
	for _, q := range p.alt {
		if e.match(q, v, m) {
			return true
		}
	}
	if p.alt == nil && e.matchOne(p, v, m) {
		return true
	}
	*m = before
	return false
}

func (e *editor) matchOne(p pattern, v string, m *match) bool {
	if p.bind != "" {
		if old, ok := m.values[p.bind]; ok && old != v {
			return false
		}
		m.values[p.bind] = v
	}
	if p.leaf {
		t := e.consts[v]
		return t != nil && len(t.Floats) == 1 && (math.IsNaN(p.num) || near(float64(t.Floats[0]), p.num))
	}
	if p.op == "" {
		return true
	}
	i, ok := e.producer[v]
	if !ok {
		return false
	}
	n := e.graph.Nodes[i]
	if n == nil || n.Op != p.op || len(n.Inputs) < len(p.args) || p.test != nil && !p.test(n) {
		return false
	}
	m.nodes = append(m.nodes, i)
	if e.matchArgs(p.args, n.Inputs, m) {
		return true
	}
	return len(p.args) == 2 && (n.Op == "Add" || n.Op == "Mul") && e.matchArgs(p.args, []string{n.Inputs[1], n.Inputs[0]}, m)
}

func (e *editor) matchArgs(args []pattern, values []string, m *match) bool {
	before := match{maps.Clone(m.values), slices.Clone(m.nodes), m.graph}
	for i, a := range args {
		if !e.match(a, values[i], m) {
			*m = before
			return false
		}
	}
	return true
}

// closed tells whether only matched nodes read the values inside a match.
func (e *editor) closed(root int, m match) bool {
	for _, i := range m.nodes {
		if i == root {
			continue
		}
		v := e.graph.Nodes[i].Outputs[0]
		outside := func(r int) bool { return !slices.Contains(m.nodes, r) }
		if e.output[v] || slices.ContainsFunc(e.readers[v], outside) {
			return false
		}
	}
	return true
}

// sameShape tells whether a match computes element by element: constants of higher rank could enlarge it.
func (e *editor) sameShape(n *graph.Node, m match) bool {
	return slices.Equal(e.graph.Values[n.Outputs[0]].Shape, e.graph.Values[m.values["x"]].Shape)
}

// replace puts the rewritten node in the place of the root and removes the others.
func (e *editor) replace(root int, m match, r rewrite) error {
	if r.op == "" {
		return nil
	}
	old, x := e.graph.Nodes[root], m.values["x"]
	inputs := []string{x}
	if r.ones > 0 {
		ones, err := e.newConstant(old.Outputs[0]+"/scale", expandTo((&graph.Tensor{Type: graph.Float32, Shape: nil,
			Floats: []float32{1}}), []int{r.ones}))
		if err != nil {
			return err
		}
		inputs = append(inputs, ones)
	}
	for _, i := range m.nodes {
		e.graph.Nodes[i] = nil
	}
	e.graph.Nodes[root] = &graph.Node{Name: old.Name, Op: r.op, Inputs: inputs, Outputs: old.Outputs, Attrs: r.attrs}
	return nil
}
