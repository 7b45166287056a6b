package gradient

import (
	"errors"
	"fmt"
	"slices"

	"github.com/dqa-go/dqa/engine"
	"github.com/dqa-go/dqa/graph"
	"github.com/dqa-go/dqa/tensor"
)

// ErrNone: there is no derivative, or this package does not know it.
var ErrNone = errors.New("no derivative")

// Compile makes a program of a graph, whose hooks see the edges.
type Compile func(*graph.Graph, []graph.Edge) (engine.Program, error)

// Program differentiates one network. It is immutable: all methods may be called from many goroutines at once.
type Program struct {
	graph   *graph.Graph
	forward engine.Program
	edges   []graph.Edge // that were asked for
	edgeOf  map[string]int
	steps   []*step          // by node; nil: nothing to be passed on
	blocked map[string]error // values without a derivative, and why
}

// step passes derivatives through a node.
type step struct {
	*site
	pull   pull
	wanted []bool // inputs that derivatives are passed to
}

// New prepares the derivatives by edges, each a value that a node of g writes. Edges without one are no error: Derivative says so.
func New(g *graph.Graph, edges []graph.Edge, compile Compile) (*Program, error) {
	p := &Program{graph: g, edges: edges, edgeOf: map[string]int{}, steps: make([]*step, len(g.Nodes)), blocked: map[string]error{}}
	for i, e := range edges {
		p.edgeOf[e.Name] = i
	}
	leads := leadsOut(g)
	below := p.below()
	for i, n := range slices.Backward(g.Nodes) {
		if slices.ContainsFunc(n.Outputs, leads) && slices.ContainsFunc(n.Inputs, below) {
			p.addStep(i, below, compile)
		}
	}
	// Some nodes lie behind edges without a derivative only.
	below = p.below()
	for i, s := range p.steps {
		if s == nil {
			continue
		}
		for k, in := range s.Inputs {
			s.wanted[k] = below(in)
		}
		if !slices.Contains(s.wanted, true) {
			p.steps[i] = nil
		}
	}
	var err error
	p.forward, err = compile(g, p.observed())
	return p, err
}

// leadsOut tells which values some output depends on.
func leadsOut(g *graph.Graph) func(string) bool {
	set := map[string]bool{}
	for _, o := range g.Outputs {
		set[o.Name] = true
	}
	leads := func(name string) bool { return set[name] }
	for _, n := range slices.Backward(g.Nodes) {
		if slices.ContainsFunc(n.Outputs, leads) {
			for _, in := range n.Inputs {
				set[in] = true
			}
		}
	}
	return leads
}

// below tells which values depend on an edge that is not known to be blocked.
func (p *Program) below() func(string) bool {
	set := map[string]bool{}
	below := func(name string) bool { return set[name] }
	for _, n := range p.graph.Nodes {
		depends := slices.ContainsFunc(n.Inputs, below)
		for _, out := range n.Outputs {
			_, isEdge := p.edgeOf[out]
			set[out] = depends || isEdge && p.blocked[out] == nil
		}
	}
	return below
}

// addStep compiles a node; all that come after it are known.
func (p *Program) addStep(i int, below func(string) bool, compile Compile) {
	n := p.graph.Nodes[i]
	s := &step{site: &site{Node: n, graph: p.graph, compile: compile}, wanted: make([]bool, len(n.Inputs))}
	for k, in := range n.Inputs {
		s.wanted[k] = below(in)
	}
	var err error
	for _, out := range n.Outputs {
		err = errors.Join(err, p.blocked[out])
	}
	if err == nil {
		s.pull, err = s.build(s.wanted)
		if err != nil {
			err = fmt.Errorf("%w: node %q (%s): %w", ErrNone, n.Name, n.Op, err)
		}
	}
	if err == nil {
		p.steps[i] = s
		return
	}
	for k, in := range n.Inputs {
		if s.wanted[k] && p.blocked[in] == nil {
			p.blocked[in] = err
		}
	}
}

// observed lists the edges and what steps need beside them.
func (p *Program) observed() []graph.Edge {
	all, seen := slices.Clone(p.edges), map[string]bool{}
	for _, e := range all {
		seen[e.Name] = true
	}
	written := map[string]bool{}
	for _, n := range p.graph.Nodes {
		for _, out := range n.Outputs {
			written[out] = true
		}
	}
	for _, s := range p.steps {
		if s == nil {
			continue
		}
		for _, name := range s.needs() {
			if written[name] && !seen[name] {
				seen[name] = true
				all = append(all, graph.Edge{Name: name, Shape: p.graph.Values[name].Shape})
			}
		}
	}
	return all
}

// Derivative tells whether an edge has a derivative: nil, or ErrNone with the node that stands in the way.
func (p *Program) Derivative(edge string) error { return p.blocked[edge] }

// Values are those of one image that derivatives need, the edges' among them.
type Values struct {
	Outputs []*tensor.Tensor
	kept    map[string][]float32
}

// Edge returns the values of an edge, as the engine gives them to hooks.
func (v *Values) Edge(name string) []float32 { return v.kept[name] }

// Forward runs the network.
func (p *Program) Forward(inputs ...*tensor.Tensor) (*Values, error) {
	v := &Values{kept: map[string][]float32{}}
	for i, in := range p.graph.Inputs() {
		if i < len(inputs) { // else the engine complains
			v.kept[in.Name] = inputs[i].Data
		}
	}
	observed := p.forward.Edges()
	var err error
	v.Outputs, err = p.forward.RunInputs(inputs, func(i int, data []float32) error {
		v.kept[observed[i].Name] = slices.Clone(data)
		return nil
	})
	return v, err
}

// Backward gives visit the derivative of a number by every edge that has one, the last edge first, from its derivatives by the
// outputs; a nil one is zero. What visit gets is its own.
func (p *Program) Backward(v *Values, outputs [][]float32, visit func(edge int, d []float32) error) error {
	sums := map[string][]float32{}
	for i, o := range p.graph.Outputs {
		if d := outputs[i]; d != nil {
			addTo(sumOf(sums, o.Name, len(d)), d)
		}
	}
	for i, n := range slices.Backward(p.graph.Nodes) {
		if s := p.steps[i]; s != nil {
			if err := s.run(v, sums); err != nil {
				return fmt.Errorf("node %q (%s): %w", n.Name, n.Op, err)
			}
		}
		for _, out := range n.Outputs {
			edge, ok := p.edgeOf[out]
			if ok && p.blocked[out] == nil {
				if err := visit(edge, sumOf(sums, out, tensor.Size(p.edges[edge].Shape))); err != nil {
					return err
				}
			}
			delete(sums, out)
		}
	}
	return nil
}

// sumOf returns a value's sum, which is zero at first.
func sumOf(sums map[string][]float32, name string, n int) []float32 {
	if sums[name] == nil {
		sums[name] = make([]float32, n)
	}
	return sums[name]
}

// run adds to the sums of the inputs. Where nothing has come to the outputs there is nothing to pass on.
func (s *step) run(v *Values, sums map[string][]float32) error {
	var t task
	some := false
	for _, out := range s.Outputs {
		some = some || sums[out] != nil
		t.dy = append(t.dy, sums[out])
		t.y = append(t.y, v.kept[out])
	}
	if !some {
		return nil
	}
	for i, in := range s.Inputs {
		x, dx := v.kept[in], []float32(nil)
		if c := s.graph.Constants[in]; c != nil {
			x = numbers(c)
		}
		if s.wanted[i] {
			dx = sumOf(sums, in, tensor.Size(s.shape(i)))
		}
		t.x, t.dx = append(t.x, x), append(t.dx, dx)
	}
	return s.pull(&t)
}

// numbers are a constant's values; those of conditions are zeros and ones.
func numbers(c *graph.Tensor) []float32 {
	if c.Type == graph.Float32 {
		return c.Floats
	}
	values := make([]float32, len(c.Ints))
	for i, v := range c.Ints {
		values[i] = float32(v)
	}
	return values
}

func addTo(sum, d []float32) {
	for i, v := range d {
		sum[i] += v
	}
}
