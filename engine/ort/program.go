//go:build ort

package ort

import (
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/dqa-go/dqa/engine"
	"github.com/dqa-go/dqa/graph"
	"github.com/dqa-go/dqa/onnx"
	"github.com/dqa-go/dqa/tensor"
)

// Enabled tells whether this binary was built with the tag ort.
const Enabled = true

// Errors of a run: the input or the state does not fit the network.
var (
	ErrInput = engine.ErrInput
	ErrState = errors.New("state does not fit the network")
)

// Program is a network on ONNX Runtime. See engine.Program for its methods.
type Program struct {
	lib   *library
	graph *graph.Graph
	edges []graph.Edge
	whole *piece
	parts []*piece // up to and with each edge, then the rest
}

// piece is a part of the network, whose session is made when it is first run.
type piece struct {
	*graph.Graph
	lib      *library
	optimize int
	once     sync.Once
	s        *session
	err      error
}

// Compile loads the library (FindLibrary of path) and cuts the graph at the edges, which may be nil.
func Compile(g *graph.Graph, edges []graph.Edge, path string) (*Program, error) {
	if err := g.Runnable(); err != nil {
		return nil, err
	}
	path, err := FindLibrary(path)
	if err != nil {
		return nil, err
	}
	lib, err := load(path)
	if err != nil {
		return nil, err
	}
	names := make([]string, len(edges))
	for i, e := range edges {
		names[i] = e.Name
	}
	parts, err := g.Split(names...)
	if err != nil {
		return nil, err
	}
	whole, err := g.Split()
	if err != nil {
		return nil, err
	}
	level := optimizeBasic
	if slices.ContainsFunc(g.Nodes, func(n *graph.Node) bool { return n.Op == "QuantizeLinear" || n.Op == "Requantize" }) {
		level = optimizeNothing // fusing Q/DQ pairs changes what they compute
	}
	p := &Program{lib: lib, graph: g, edges: slices.Clone(edges), whole: &piece{Graph: whole[0], lib: lib, optimize: level}}
	for _, part := range parts {
		p.parts = append(p.parts, &piece{Graph: part, lib: lib, optimize: level})
	}
	return p, p.whole.ready() // errors of the model show now
}

// Version is the release of ONNX Runtime.
func (p *Program) Version() string { return p.lib.version }

// Graph returns the network.
func (p *Program) Graph() *graph.Graph { return p.graph }

// Edges returns the edges in the order in which they are computed.
func (p *Program) Edges() []graph.Edge { return slices.Clone(p.edges) }

func (p *piece) ready() error {
	p.once.Do(func() {
		var model []byte
		if model, p.err = onnx.Marshal(p.Graph); p.err == nil {
			p.s, p.err = p.lib.newSession(model, sessionOptions{p.optimize, 1}, names(p.Inputs()), names(p.Outputs))
		}
	})
	return p.err
}

func names(values []graph.Value) []string {
	list := make([]string, len(values))
	for i, v := range values {
		list[i] = v.Name
	}
	return list
}

// values are the tensors that are alive, by name.
type values map[string]*tensor.Tensor

// run adds the piece's outputs to v.
func (p *piece) run(v values) error {
	if len(p.Outputs) == 0 {
		return nil // nothing is read later
	}
	if err := p.ready(); err != nil {
		return err
	}
	var in, out []buffer
	for _, x := range p.Inputs() {
		in = append(in, newBuffer(v[x.Name]))
	}
	for _, x := range p.Outputs {
		t := tensor.New(x.Shape...)
		v[x.Name] = t
		out = append(out, newBuffer(t))
	}
	return p.s.run(in, out)
}

func newBuffer(t *tensor.Tensor) buffer {
	b := buffer{data: t.Data}
	for _, d := range t.Shape {
		b.shape = append(b.shape, int64(d))
	}
	return b
}

// Run implements engine.Program.
func (p *Program) Run(input *tensor.Tensor, hook engine.Hook) ([]*tensor.Tensor, error) {
	return p.RunInputs([]*tensor.Tensor{input}, hook)
}

// RunInputs implements engine.Program.
func (p *Program) RunInputs(inputs []*tensor.Tensor, hook engine.Hook) ([]*tensor.Tensor, error) {
	v, err := p.begin(inputs)
	if err != nil {
		return nil, err
	}
	if hook == nil {
		if err := p.whole.run(v); err != nil {
			return nil, err
		}
		return p.results(v), nil
	}
	if err := p.advance(v, 0, len(p.parts), hook); err != nil {
		return nil, err
	}
	return p.results(v), nil
}

func (p *Program) begin(inputs []*tensor.Tensor) (values, error) {
	if err := engine.CheckInputs(p.graph, inputs); err != nil {
		return nil, err
	}
	v := values{}
	for i, in := range p.graph.Inputs() {
		v[in.Name] = inputs[i].Clone()
	}
	return v, nil
}

// advance runs parts from to to-1 and calls the hook for the edge at the end of each.
func (p *Program) advance(v values, from, to int, hook engine.Hook) error {
	for i := from; i < to; i++ {
		if err := p.parts[i].run(v); err != nil {
			return err
		}
		if hook != nil && i < len(p.edges) {
			if err := hook(i, v[p.edges[i].Name].Data); err != nil {
				return err
			}
		}
	}
	return nil
}

// RunTo implements engine.Program.
func (p *Program) RunTo(edge int, input *tensor.Tensor, hook engine.Hook) (*engine.State, error) {
	if edge < 0 || edge >= len(p.edges) {
		return nil, fmt.Errorf("%w: edge %d of %d", ErrState, edge, len(p.edges))
	}
	v, err := p.begin([]*tensor.Tensor{input})
	if err != nil {
		return nil, err
	}
	if err := p.advance(v, 0, edge+1, hook); err != nil {
		return nil, err
	}
	s := &engine.State{Edge: edge}
	for _, name := range p.live(edge) {
		s.Tensors = append(s.Tensors, engine.StateTensor{Name: name, Tensor: v[name].Clone()})
	}
	return s, nil
}

// live lists the values that a run needs to go on after edge, the edge's own included, in the order in which they are
// written.
func (p *Program) live(edge int) []string {
	needed := map[string]bool{p.edges[edge].Name: true}
	for _, part := range p.parts[edge+1:] {
		for _, in := range part.Inputs() {
			needed[in.Name] = true
		}
	}
	for _, o := range p.graph.Outputs {
		needed[o.Name] = true
	}
	var list []string
	add := func(name string) {
		if needed[name] && !slices.Contains(list, name) {
			list = append(list, name)
		}
	}
	for _, in := range p.graph.Inputs() {
		add(in.Name)
	}
	for _, part := range p.parts[:edge+1] {
		for _, out := range part.Outputs {
			add(out.Name)
		}
	}
	return list
}

// RunFrom implements engine.Program.
func (p *Program) RunFrom(state *engine.State, hook engine.Hook) ([]*tensor.Tensor, error) {
	if state == nil || state.Edge < 0 || state.Edge >= len(p.edges) {
		return nil, fmt.Errorf("%w: no such edge", ErrState)
	}
	live, v := p.live(state.Edge), values{}
	if len(live) != len(state.Tensors) {
		return nil, fmt.Errorf("%w: %d tensors, want %d", ErrState, len(state.Tensors), len(live))
	}
	for i, name := range live {
		t := state.Tensors[i]
		if want := p.graph.Values[name].Shape; t.Name != name || t.Tensor == nil || !slices.Equal(t.Shape, want) || len(t.Data) != tensor.Size(want) {
			return nil, fmt.Errorf("%w: tensor %d is %q %v, want %q float32%v", ErrState, i, t.Name, t.Tensor, name, want)
		}
		v[name] = t.Tensor
		if hook != nil {
			v[name] = t.Clone() // a hook must not change the state
		}
	}
	if err := p.advance(v, state.Edge+1, len(p.parts), hook); err != nil {
		return nil, err
	}
	return p.results(v), nil
}

// results are copies where an output is also the state's.
func (p *Program) results(v values) []*tensor.Tensor {
	var all []*tensor.Tensor
	for _, o := range p.graph.Outputs {
		all = append(all, v[o.Name].Clone())
	}
	return all
}
