package native

import (
	"errors"
	"fmt"
	"runtime"
	"slices"

	"github.com/dqa-go/dqa/engine"
	"github.com/dqa-go/dqa/graph"
	"github.com/dqa-go/dqa/tensor"
)

// Errors of a run: the input or the state does not fit the network.
var (
	ErrInput = engine.ErrInput
	ErrState = errors.New("state does not fit the network")
)

// Program is a network compiled by this engine. See engine.Program for its methods.
type Program struct {
	graph    *graph.Graph
	isa      string
	weights  *weights
	edges    []graph.Edge
	edgeStep []int // the step that computes an edge

	steps    []step
	storages []storage // those of the inputs first
	outputs  []output
	scratch  []*buffer // of the steps that need any

	arenaSize int64
	free      chan *arena // arenas that no run uses now
}

// storage holds a value; the views of that value share it.
type storage struct {
	name   string // of the value that is computed into it
	shape  []int
	within int // another storage that it is a part of; -1: none
	*buffer
}

// step is one runner with its operands. edges are complete when it has run.
type step struct {
	site    *site
	run     runner
	in      []operand
	out     []int // storages
	edges   []int
	scratch int // -1: none
}

// operand is a constant, a storage, or neither where the runner does not need it.
type operand struct {
	constant []float32
	storage  int
	computed bool
}

type output struct {
	operand
	shape []int
}

// arena is the working memory of one run.
type arena struct {
	data  []float32
	tasks []task // of each step, bound to data
}

// freeArenas bounds how many arenas wait for the next run: as many as can run at a time.
func freeArenas() int { return runtime.GOMAXPROCS(0) }

func (p *Program) getArena() *arena {
	select {
	case a := <-p.free:
		return a
	default:
		return p.newArena()
	}
}

func (p *Program) putArena(a *arena) {
	select {
	case p.free <- a:
	default:
	}
}

func (p *Program) newArena() *arena {
	a := &arena{data: make([]float32, p.arenaSize), tasks: make([]task, len(p.steps))}
	for i, s := range p.steps {
		t := &a.tasks[i]
		for _, o := range s.in {
			values := o.constant
			if o.computed {
				values = a.slice(p.storages[o.storage].buffer)
			}
			t.in = append(t.in, values)
		}
		for _, id := range s.out {
			t.out = append(t.out, a.slice(p.storages[id].buffer))
		}
		if s.scratch >= 0 {
			t.scratch = a.slice(p.scratch[s.scratch])
		}
	}
	return a
}

// slice is b's stretch of the arena, with slack as its spare capacity.
func (a *arena) slice(b *buffer) []float32 {
	return a.data[b.offset:][: b.size : b.size+slack]
}

// Graph returns the network.
func (p *Program) Graph() *graph.Graph { return p.graph }

// Edges returns the edges in the order in which they are computed.
func (p *Program) Edges() []graph.Edge { return slices.Clone(p.edges) }

// ISA names the instruction set that the program was compiled for.
func (p *Program) ISA() string { return p.isa }

// Run implements engine.Program. An input of another shape gives ErrInput.
func (p *Program) Run(input *tensor.Tensor, hook engine.Hook) ([]*tensor.Tensor, error) {
	return p.RunInputs([]*tensor.Tensor{input}, hook)
}

// RunInputs implements engine.Program. Inputs of another number or shape give ErrInput.
func (p *Program) RunInputs(inputs []*tensor.Tensor, hook engine.Hook) ([]*tensor.Tensor, error) {
	a, err := p.begin(inputs)
	if err != nil {
		return nil, err
	}
	defer p.putArena(a)
	for i := range p.steps {
		if err := p.runStep(a, i, len(p.edges), hook); err != nil {
			return nil, err
		}
	}
	return p.results(a), nil
}

// RunTo implements engine.Program.
func (p *Program) RunTo(edge int, input *tensor.Tensor, hook engine.Hook) (*engine.State, error) {
	if edge < 0 || edge >= len(p.edges) {
		return nil, fmt.Errorf("%w: edge %d of %d", ErrState, edge, len(p.edges))
	}
	a, err := p.begin([]*tensor.Tensor{input})
	if err != nil {
		return nil, err
	}
	defer p.putArena(a)
	for i := 0; i <= p.edgeStep[edge]; i++ {
		if err := p.runStep(a, i, edge+1, hook); err != nil {
			return nil, err
		}
	}
	state := &engine.State{Edge: edge}
	for _, id := range p.live(edge) {
		s := p.storages[id]
		t := (&tensor.Tensor{Shape: s.shape, Data: a.slice(s.buffer)}).Clone()
		state.Tensors = append(state.Tensors, engine.StateTensor{Name: s.name, Tensor: t})
	}
	return state, nil
}

// RunFrom implements engine.Program. A state of another network or cut gives ErrState.
func (p *Program) RunFrom(state *engine.State, hook engine.Hook) ([]*tensor.Tensor, error) {
	if err := p.checkState(state); err != nil {
		return nil, err
	}
	a := p.getArena()
	defer p.putArena(a)
	for i, id := range p.live(state.Edge) {
		copy(a.slice(p.storages[id].buffer), state.Tensors[i].Data)
	}
	first := p.edgeStep[state.Edge]
	if err := p.callHook(a, first, state.Edge+1, len(p.edges), hook); err != nil {
		return nil, err
	}
	for i := first + 1; i < len(p.steps); i++ {
		if err := p.runStep(a, i, len(p.edges), hook); err != nil {
			return nil, err
		}
	}
	return p.results(a), nil
}

// begin takes an arena and puts the inputs into it.
func (p *Program) begin(inputs []*tensor.Tensor) (*arena, error) {
	if err := engine.CheckInputs(p.graph, inputs); err != nil {
		return nil, err
	}
	a := p.getArena()
	for i, input := range inputs {
		copy(a.slice(p.storages[i].buffer), input.Data)
	}
	return a, nil
}

// runStep runs step i and then the hook for its edges before stop.
func (p *Program) runStep(a *arena, i, stop int, hook engine.Hook) error {
	p.steps[i].run(&a.tasks[i])
	return p.callHook(a, i, 0, stop, hook)
}

// callHook calls the hook for the edges of step i from start on and before stop.
func (p *Program) callHook(a *arena, i, start, stop int, hook engine.Hook) error {
	if hook == nil {
		return nil
	}
	for _, e := range p.steps[i].edges {
		if e < start || e >= stop {
			continue
		}
		b := p.storages[p.edgeStorage(i, e)].buffer
		if err := hook(e, a.data[b.offset:][:b.size:b.size]); err != nil {
			return err
		}
	}
	return nil
}

// edgeStorage finds the storage of edge e among the outputs of step i.
func (p *Program) edgeStorage(i, e int) int {
	for _, id := range p.steps[i].out {
		if p.storages[id].name == p.edges[e].Name {
			return id
		}
	}
	panic("native: edge without storage")
}

// live lists the storages that a run needs to go on after edge, the edge's own included, in the order in which they
// are computed.
func (p *Program) live(edge int) []int {
	var ids []int
	at := p.edgeStep[edge]
	for id, s := range p.storages {
		needed := s.first <= at && s.last > at
		for _, e := range p.steps[at].edges {
			needed = needed || s.name == p.edges[e].Name
		}
		if needed {
			ids = append(ids, id)
		}
	}
	return ids
}

func (p *Program) checkState(state *engine.State) error {
	if state == nil || state.Edge < 0 || state.Edge >= len(p.edges) {
		return fmt.Errorf("%w: no such edge", ErrState)
	}
	live := p.live(state.Edge)
	if len(live) != len(state.Tensors) {
		return fmt.Errorf("%w: %d tensors, want %d", ErrState, len(state.Tensors), len(live))
	}
	for i, id := range live {
		s, t := p.storages[id], state.Tensors[i]
		if t.Name != s.name || t.Tensor == nil || !slices.Equal(t.Shape, s.shape) || len(t.Data) != s.size {
			return fmt.Errorf("%w: tensor %d is %q %v, want %q float32%v", ErrState, i, t.Name, t.Tensor, s.name, s.shape)
		}
	}
	return nil
}

// results copies the outputs out of the arena.
func (p *Program) results(a *arena) []*tensor.Tensor {
	var out []*tensor.Tensor
	for _, o := range p.outputs {
		values := o.constant
		if o.computed {
			values = a.slice(p.storages[o.storage].buffer)
		}
		out = append(out, (&tensor.Tensor{Shape: o.shape, Data: values}).Clone())
	}
	return out
}
