package native

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/dqa-go/dqa/engine"
	"github.com/dqa-go/dqa/engine/native/kernel"
	"github.com/dqa-go/dqa/graph"
	"github.com/dqa-go/dqa/tensor"
)

// Compile prepares g for this engine. edges are the tensors to be observed, each a value that a node writes; they are
// sorted into the order in which they are computed. The graph is kept and must not change any more.
// Nodes that the engine cannot run give an graph.UnsupportedError that names them all, a network that needs too much
// memory graph.ErrLimit, a part with nothing to run graph.ErrEmpty.
func Compile(g *graph.Graph, edges []graph.Edge, options ...Option) (*Program, error) {
	p := &Program{graph: g, isa: kernel.ISA(), weights: &weights{packed: map[use][]float32{}, release: g.Release}}
	for _, set := range options {
		set(p)
	}
	return compile(p, edges)
}

// Recompile is Compile of a graph that has constants of p's, for p's instruction set: what p has made of them serves both programs.
func (p *Program) Recompile(g *graph.Graph, edges []graph.Edge) (*Program, error) {
	return compile(&Program{graph: g, isa: p.isa, weights: p.weights}, edges)
}

func compile(p *Program, edges []graph.Edge) (*Program, error) {
	if err := p.graph.Runnable(); err != nil {
		return nil, err
	}
	c := &compiler{
		p:       p,
		uses:    map[string]int{},
		reader:  map[string]int{},
		edgeOf:  map[string]int{},
		storage: map[string]int{},
		joined:  map[int]bool{},
		budget:  newBudget(p.graph),
	}
	c.countUses()
	if err := c.takeEdges(edges); err != nil {
		return nil, err
	}
	if err := c.addSteps(); err != nil {
		return nil, err
	}
	if err := c.addOutputs(); err != nil {
		return nil, err
	}
	return c.p, c.plan()
}

// Option says how a network is compiled.
type Option func(*Program)

// WithISA takes the kernels of an instruction set, one of the names of Program.ISA, instead of the best that the processor has; it
// changes nothing where the processor lacks it. Results of different sets differ in their last bits.
func WithISA(isa string) Option {
	return func(p *Program) {
		if kernel.Has(isa) {
			p.isa = isa
		}
	}
}

type compiler struct {
	p       *Program
	uses    map[string]int // readers of a value; a network output counts as one
	reader  map[string]int // the last node that reads a value
	edgeOf  map[string]int // edge by value name
	storage map[string]int // storage by value name
	joins   []join
	joined  map[int]bool // storages that are parts or wholes of joins
	scratch []*buffer
	budget  budget
}

func (c *compiler) countUses() {
	for i, n := range c.p.graph.Nodes {
		for _, in := range n.Inputs {
			c.uses[in]++
			c.reader[in] = i
		}
	}
	for _, out := range c.p.graph.Outputs {
		c.uses[out.Name]++
		c.reader[out.Name] = -1
	}
}

// takeEdges sorts the edges by the node that writes them.
func (c *compiler) takeEdges(edges []graph.Edge) error {
	writer := map[string]int{}
	for i, n := range c.p.graph.Nodes {
		for _, out := range n.Outputs {
			writer[out] = i
		}
	}
	c.p.edges = slices.Clone(edges)
	slices.SortStableFunc(c.p.edges, func(a, b graph.Edge) int { return writer[a.Name] - writer[b.Name] })
	for i, e := range c.p.edges {
		if _, ok := writer[e.Name]; !ok {
			return fmt.Errorf("edge %q: no node writes it", e.Name)
		}
		if _, twice := c.edgeOf[e.Name]; twice {
			return fmt.Errorf("edge %q is listed twice", e.Name)
		}
		if want := c.p.graph.Values[e.Name].Shape; !slices.Equal(e.Shape, want) {
			return fmt.Errorf("edge %q has shape %v in the list and %v in the graph", e.Name, e.Shape, want)
		}
		c.edgeOf[e.Name] = i
	}
	c.p.edgeStep = make([]int, len(edges))
	return nil
}

// addSteps turns nodes into steps. A chain runs where its last node stands: there all its operands are computed.
func (c *compiler) addSteps() error {
	g := c.p.graph
	for _, in := range g.Inputs() {
		c.newStorage(in.Name, -1)
	}
	chains := c.findChains()
	var unsupported []graph.UnsupportedNode
	for i := range g.Nodes {
		chain, ok := chains[i]
		if !ok {
			continue
		}
		err := c.addStep(chain)
		if errors.Is(err, graph.ErrLimit) {
			return err
		}
		if err != nil {
			n := g.Nodes[chain[0]]
			for _, out := range g.Nodes[i].Outputs { // so that its readers are judged for themselves
				c.newStorage(out, i)
			}
			unsupported = append(unsupported, graph.UnsupportedNode{Name: n.Name, Op: n.Op, Opset: g.Opset, Reason: err.Error()})
		}
	}
	if unsupported != nil {
		return &graph.UnsupportedError{Nodes: unsupported}
	}
	return nil
}

// findChains groups the nodes into chains that run as one step, by the last node of each.
func (c *compiler) findChains() map[int][]int {
	chains, claimed := map[int][]int{}, map[int]bool{}
	for i := range c.p.graph.Nodes {
		if claimed[i] {
			continue
		}
		chain := c.chainFrom(i, claimed)
		for _, j := range chain {
			claimed[j] = true
		}
		chains[chain[len(chain)-1]] = chain
	}
	return chains
}

// chainFrom follows node i to the Adds of a bias, behind a product, and of a residual, and then to the Relu or Clip that can
// run with it: a value between them must not be an edge nor have another reader.
func (c *compiler) chainFrom(i int, claimed map[int]bool) []int {
	g := c.p.graph
	n, chain := g.Nodes[i], []int{i}
	canAdd := n.Op == "Conv" && !isDepthwise(g, n) || n.Op == "Gemm" || n.Op == "MatMul" && isMatrix(g.Constants[n.Inputs[1]])
	canBias := n.Op == "MatMul"
	if n.Op != "Conv" && n.Op != "BatchNormalization" && n.Op != "Gemm" && !canBias {
		return chain
	}
	for {
		value := g.Nodes[i].Outputs[0]
		_, edge := c.edgeOf[value]
		next := c.reader[value]
		if edge || c.uses[value] != 1 || next < 0 || claimed[next] {
			return chain
		}
		switch n := g.Nodes[next]; {
		case isClamp(n):
			return append(chain, next)
		case canAdd && n.Op == "Add" && c.addsSameShape(n, value):
			chain, i, canAdd, canBias = append(chain, next), next, false, false
		case canBias && n.Op == "Add" && len(n.Inputs) == 2 && isRow(g, other(n.Inputs, value), value):
			chain, i, canBias = append(chain, next), next, false
		default:
			return chain
		}
	}
}

func isClamp(n *graph.Node) bool { return n.Op == "Relu" || n.Op == "Clip" }

func isMatrix(k *graph.Tensor) bool { return k != nil && k.Type == graph.Float32 && len(k.Shape) == 2 }

// isRow reports whether a constant holds one number for every value along the last axis of another value, and no more axes.
func isRow(g *graph.Graph, constant, value string) bool {
	k, shape := g.Constants[constant], g.Values[value].Shape
	if k == nil || k.Type != graph.Float32 || len(k.Shape) == 0 || len(k.Shape) > len(shape) {
		return false
	}
	last := len(k.Shape) - 1
	return k.Shape[last] == shape[len(shape)-1] && tensor.Size(k.Shape) == k.Shape[last]
}

// addsSameShape reports whether n adds another runtime value of the same shape to value.
func (c *compiler) addsSameShape(n *graph.Node, value string) bool {
	g := c.p.graph
	for _, in := range n.Inputs {
		if g.Constants[in] != nil || !slices.Equal(g.Values[in].Shape, g.Values[value].Shape) {
			return false
		}
	}
	return len(n.Inputs) == 2 && n.Inputs[0] != n.Inputs[1]
}

// maxValues bounds a tensor: kernels take offsets of 32 bits.
const maxValues = 1 << 30

func (c *compiler) newStorage(value string, step int) int {
	shape := c.p.graph.Values[value].Shape
	id := len(c.p.storages)
	c.p.storages = append(c.p.storages, storage{
		name: value, shape: shape, within: -1, buffer: &buffer{size: tensor.Size(shape), first: step, last: step},
	})
	c.storage[value] = id
	return id
}

func (c *compiler) addStep(chain []int) error {
	s, err := c.newSite(chain)
	if err != nil {
		return err
	}
	if views[s.Op] && c.share(s) {
		return nil
	}
	run, err := c.compile(s)
	if err != nil {
		return err
	}
	index := len(c.p.steps)
	st := step{site: s, run: run, scratch: -1}
	for i, in := range s.inputs {
		o, err := c.operand(s, i, in, index)
		if err != nil {
			return err
		}
		st.in = append(st.in, o)
	}
	for _, out := range s.outputs {
		st.out = append(st.out, c.newStorage(out, index))
		if e, ok := c.edgeOf[out]; ok {
			st.edges = append(st.edges, e)
			c.p.edgeStep[e] = index
		}
	}
	slices.Sort(st.edges)
	if s.Op == "Concat" {
		c.join(&st)
	}
	if s.scratch > 0 {
		st.scratch = len(c.scratch)
		c.scratch = append(c.scratch, &buffer{size: int(s.scratch), first: index, last: index})
	}
	c.p.steps = append(c.p.steps, st)
	return nil
}

// newSite collects what the chain reads and writes.
func (c *compiler) newSite(chain []int) (*site, error) {
	g := c.p.graph
	s := &site{Node: g.Nodes[chain[0]], graph: g, isa: c.p.isa, kernels: kernel.For(c.p.isa), lo: float32(math.Inf(-1)),
		hi: float32(math.Inf(1))}
	s.weights = c.p.weights
	s.inputs = slices.Clone(s.Inputs)
	s.outputs = s.Outputs
	for _, i := range chain[1:] {
		n := g.Nodes[i]
		switch n.Op {
		case "Add":
			added := other(n.Inputs, s.outputs[0])
			if k := g.Constants[added]; k != nil {
				s.bias = withoutSubnormals(k.Floats)
				break
			}
			s.residual = true
			s.inputs = append(s.inputs, added)
		default:
			s.lo, s.hi = clampLimits(n)
		}
		s.outputs = n.Outputs
	}
	s.taken = make([]bool, len(s.inputs))
	for _, name := range slices.Concat(s.inputs, s.outputs) {
		v, ok := g.Values[name]
		if !ok {
			return nil, fmt.Errorf("value %q has no type and shape", name)
		}
		if v.Type != graph.Float32 && g.Constants[name] == nil {
			return nil, fmt.Errorf("value %q is not float32", name)
		}
		if n := tensor.Size(v.Shape); n < 1 || n > maxValues {
			return nil, fmt.Errorf("value %q has %d elements", name, n)
		}
	}
	return s, nil
}

func other(pair []string, name string) string {
	if pair[0] == name {
		return pair[1]
	}
	return pair[0]
}

// clampLimits returns the limits of a Relu or Clip.
func clampLimits(n *graph.Node) (lo, hi float32) {
	if n.Op == "Relu" {
		return 0, float32(math.Inf(1))
	}
	return n.Attrs.Float("min", float32(math.Inf(-1))), n.Attrs.Float("max", float32(math.Inf(1)))
}

// compile builds the runner of s within the limits.
func (c *compiler) compile(s *site) (runner, error) {
	if err := c.budget.spend(s); err != nil {
		return nil, err
	}
	run, err := s.compile()
	if err != nil {
		return nil, err
	}
	return run, s.checkScratch()
}

// compile looks the operator up and builds its runner.
func (s *site) compile() (runner, error) {
	if views[s.Op] {
		return func(t *task) { copy(t.out[0], t.in[0]) }, nil
	}
	op, ok := operators[s.Op]
	if !ok || s.Domain != "" {
		return nil, errUnknown
	}
	if n := len(s.Inputs); n < op.min || n > op.max {
		return nil, fmt.Errorf("%d inputs", n)
	}
	return op.build(s)
}

// share lets a view use its input's storage. An edge has storage of its own: what its hook writes is for its own
// readers only.
func (c *compiler) share(s *site) bool {
	id, computed := c.storage[s.inputs[0]]
	_, edge := c.edgeOf[s.outputs[0]]
	if !computed || edge {
		return false
	}
	c.storage[s.outputs[0]] = id
	return true
}

// operand is where input i of the step at index comes from. Constants that the runner needs are copied: kernels want
// slack behind them.
func (c *compiler) operand(s *site, i int, name string, index int) (operand, error) {
	if s.taken[i] {
		return operand{}, nil
	}
	if k := c.p.graph.Constants[name]; k != nil {
		if k.Type != graph.Float32 {
			return operand{}, fmt.Errorf("constant %q is not float32", name)
		}
		return operand{constant: withSlack(k.Floats)}, nil
	}
	id, ok := c.storage[name]
	if !ok {
		return operand{}, fmt.Errorf("value %q is read before it is written", name)
	}
	c.p.storages[id].last = index
	return operand{storage: id, computed: true}, nil
}

// withSlack copies values into a slice with room behind its end.
func withSlack(values []float32) []float32 {
	return append(make([]float32, 0, len(values)+slack), values...)
}

// addOutputs keeps the network's outputs until the end. An output may also be a constant or the input.
func (c *compiler) addOutputs() error {
	for _, out := range c.p.graph.Outputs {
		o := output{shape: out.Shape}
		if k := c.p.graph.Constants[out.Name]; k != nil {
			o.constant = k.Floats
		} else if id, ok := c.storage[out.Name]; ok {
			o.storage, o.computed = id, true
			c.p.storages[id].last = len(c.p.steps)
		} else {
			return fmt.Errorf("output %q: no node writes it", out.Name)
		}
		c.p.outputs = append(c.p.outputs, o)
	}
	return nil
}

// plan places storages and scratch space in the arena.
func (c *compiler) plan() error {
	c.p.scratch = c.scratch
	c.p.arenaSize = c.place()
	c.p.free = make(chan *arena, freeArenas())
	if c.p.arenaSize > maxArena {
		return fmt.Errorf("%w: a run needs %d values of memory, at most %d are allowed", graph.ErrLimit, c.p.arenaSize, maxArena)
	}
	return nil
}

var _ engine.Program = (*Program)(nil)
