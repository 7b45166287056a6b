package session

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"

	"github.com/dqa-go/dqa/dataset"
	"github.com/dqa-go/dqa/demo"
	"github.com/dqa-go/dqa/engine"
	"github.com/dqa-go/dqa/graph"
	"github.com/dqa-go/dqa/onnx"
	"github.com/dqa-go/dqa/profile"
)

// Options say how a network is opened. The zero value works.
type Options struct {
	// Preprocess says how images become inputs; nil: what DefaultPreprocess finds for the model.
	Preprocess *profile.Preprocess
	Edges      graph.EdgeSet // "": graph.Stored
	Skip       []string      // edges of the set that stay float32, by name or number
	// Cut leaves as edges only what passes from head to tail where the network is cut behind this one, a name or a number.
	Cut    string
	Engine Engine // "": Auto
	Output string // the output that is scored against labels; "": the one that fits
	// Data says how files of images and labels are read; the shape, the layout and the orientation are the network's.
	Data dataset.Options
	// Inputs are values of inputs that are no images, by name (ParseInput); they are constants of the network.
	Inputs map[string]*graph.Tensor
	// Part says that the model is the tail of a cut: its inputs, one or several, are tensors (OpenTensors), not images.
	Part bool
	// Passing names outputs of the model that are edges nevertheless: those of the head of a cut.
	Passing []string
	// Lean keeps weights once: large constants of the graph lie in the model's file, mapped into memory until the process
	// ends, which must not change meanwhile. It is for networks that are opened to run.
	Lean       bool
	ORTLibrary string // ONNX Runtime's shared library; "": $DQA_ORT_LIB, then the usual places
}

// OptionsOf is how the network of a profile is opened: with its preprocessing, its edges, and Auto.
func OptionsOf(p *profile.Profile) Options {
	opt := Options{Preprocess: &p.Preprocess, Edges: graph.EdgeSet(p.EdgeSet), Skip: p.Skip}
	for i := range p.Edges {
		opt.Passing = append(opt.Passing, p.Edges[i].Name)
	}
	return opt
}

// Network is a model made ready to run on an engine. It is immutable: all methods may be called from many goroutines.
type Network struct {
	name    string
	graph   *graph.Graph
	prog    engine.Program
	engine  string
	pre     profile.Preprocess
	skipped []string
	opt     Options // completed
}

// Open loads a model: an .onnx file, or a built-in network by its name ("demo:classify", "demo:segment"). Errors wrap
// ErrModelMissing, those of onnx.Load, and those of FromGraph.
func Open(model string, opt Options) (*Network, error) {
	opt, err := opt.completed(model)
	if err != nil {
		return nil, err
	}
	g, err := Load(model, opt)
	if err != nil {
		return nil, err
	}
	return FromGraph(model, g, opt)
}

// Parse is Open for the bytes of an .onnx file; name is what profiles call the model.
func Parse(name string, model []byte, opt Options) (*Network, error) {
	var shape []int
	if opt.Preprocess != nil {
		shape = opt.Preprocess.Shape
	}
	g, err := onnx.Parse(model, onnx.Options{Shape: shape, Inputs: opt.Inputs, Part: opt.Part})
	if err != nil {
		return nil, err
	}
	return FromGraph(name, g, opt)
}

// CutBehind is the same network with no edges but what passes where it is cut behind an edge, by name or number, as Options.Cut opens it.
func (n *Network) CutBehind(at string) (*Network, error) {
	opt := n.opt
	opt.Cut = at
	return FromGraph(n.name, n.graph, opt)
}

// Load reads the model of Open, but compiles it for no engine. Of the options only the input's shape counts.
func Load(model string, opt Options) (*graph.Graph, error) {
	opt, err := opt.completed(model)
	if err != nil {
		return nil, err
	}
	shaped := onnx.Options{Shape: opt.Preprocess.Shape, Inputs: opt.Inputs, Part: opt.Part, Map: opt.Lean}
	if net, ok := demo.Network(model); ok {
		return onnx.Parse(net.Model, shaped)
	}
	g, err := onnx.Load(model, shaped)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: %w", ErrModelMissing, err)
	}
	return g, err
}

// FromGraph compiles a graph: a model, or the head or tail that Network.Split cuts off. Images become inputs as they are
// if opt says nothing. Errors wrap ErrInputs (tails to which more than the edge passes need Options.Part, or run as a
// Cut), ErrEngine, ErrNoEdge
// (Options.Skip), ErrNoEdges, ErrORT, graph.ErrEdgeSet, and graph.ErrUnsupported where the engine lacks an operator.
func FromGraph(name string, g *graph.Graph, opt Options) (*Network, error) {
	if opt.Preprocess == nil {
		opt.Preprocess = &profile.Preprocess{}
	}
	if onnx.IsInteger(g.Input.Elem) && !opt.Part { // what pixels become is a part of the network
		if len(opt.Preprocess.Mean)+len(opt.Preprocess.Std) > 0 {
			return nil, fmt.Errorf("%w: input %q of %s takes pixels as they are, without a mean or a standard deviation", ErrSetting,
				g.Input.Name, name)
		}
		pre := *opt.Preprocess
		pre.Divisor, opt.Preprocess = 1, &pre
	}
	if opt.Edges == "" {
		opt.Edges = graph.Stored
	}
	if len(g.Others) > 0 && !opt.Part {
		return nil, fmt.Errorf("%w: %s has %d", ErrInputs, name, len(g.Inputs()))
	}
	edges, err := g.FindEdgesPassing(opt.Edges, opt.Passing)
	if err != nil {
		return nil, err
	}
	if opt.Cut != "" {
		others, err := besides(g, edges, opt.Cut)
		if err != nil {
			return nil, err
		}
		opt.Skip = append(others, opt.Skip...)
	}
	edges, skipped, err := without(edges, opt.Skip)
	if err != nil {
		return nil, err
	}
	prog, engine, err := compile(g, edges, opt)
	if err != nil {
		return nil, err
	}
	return &Network{
		name: filepath.Base(name), graph: g, prog: prog, engine: engine, pre: *opt.Preprocess, skipped: skipped, opt: opt,
	}, nil
}

func (o Options) completed(model string) (Options, error) {
	if o.Preprocess != nil {
		return o, nil
	}
	pre, err := DefaultPreprocess(model)
	o.Preprocess = &pre
	return o, err
}

// Name is the base name of the model's file, or that of a built-in network.
func (n *Network) Name() string { return n.name }

// Graph is the network itself. It must not be changed.
func (n *Network) Graph() *graph.Graph { return n.graph }

// Program is the network as its engine runs it, in float32.
func (n *Network) Program() engine.Program { return n.prog }

// Edges are the tensors that are quantized, in the order in which they are computed: those of the set without the
// skipped ones.
func (n *Network) Edges() []graph.Edge { return n.prog.Edges() }

// EdgeSet says which tensors count as edges.
func (n *Network) EdgeSet() graph.EdgeSet { return n.opt.Edges }

// Engine is what profiles say of the engine: the native one's instruction set, or ONNX Runtime with its release.
func (n *Network) Engine() string { return n.engine }

// Preprocess says how images become inputs.
func (n *Network) Preprocess() profile.Preprocess { return n.pre }

// Values is the number of values per image that are stored.
func (n *Network) Values() (sum int64) {
	for _, e := range n.Edges() {
		sum += int64(e.Channels) * int64(e.Rows*e.Cols)
	}
	return sum
}

// Data opens a SPEC (dataset.Open) for this network. Errors wrap those of dataset.
func (n *Network) Data(spec string) (*dataset.Inputs, error) {
	src, err := n.DataOptions().Open(spec)
	if err != nil {
		return nil, err
	}
	return n.Inputs(src)
}

// Some is Data, of which so many images are taken that are spread over it by a seed; 0: all. notes are what the user should know of how
// it was read.
func (n *Network) Some(spec string, images int) (data *dataset.Inputs, notes []string, err error) {
	const seed = 1
	src, err := n.DataOptions().Open(spec)
	if err != nil {
		return nil, nil, err
	}
	if data, err = n.Inputs(dataset.Pick(src, images, seed)); err != nil {
		return nil, nil, err
	}
	notes = data.Notes()
	if len(n.opt.Data.Classes) > 0 && dataset.ClassNames(src) == nil {
		notes = append(notes, fmt.Sprintf("--classes does nothing for %s: only imagefolder: has class folders", spec))
	}
	if data.Len() < src.Len() {
		notes = append(notes, fmt.Sprintf("%d of %d images are taken, spread by seed %d", data.Len(), src.Len(), seed))
	}
	return data, notes, nil
}

// DataOptions are how files of images are read for this network.
func (n *Network) DataOptions() dataset.Options {
	o := n.opt.Data
	o.Shape, o.Layout, o.AsStored = n.graph.Input.Shape, n.pre.Layout, n.pre.AsStored
	return o
}

// Inputs are the images of a source as this network wants them.
func (n *Network) Inputs(src dataset.Source) (*dataset.Inputs, error) {
	return dataset.NewInputs(src, n.pre, n.graph.Input.Shape)
}

// FindEdge finds an edge by its name or its number, from 0 on in the order of Edges. The error wraps ErrNoEdge.
func (n *Network) FindEdge(at string) (graph.Edge, error) { return findEdge(n.Edges(), at) }

func findEdge(edges []graph.Edge, at string) (graph.Edge, error) {
	for i, e := range edges {
		if e.Name == at || fmt.Sprint(i) == at {
			return e, nil
		}
	}
	return graph.Edge{}, fmt.Errorf("%w: no edge %q; there are %d, 0 to %d", ErrNoEdge, at, len(edges), len(edges)-1)
}

// besides names the edges that do not pass where the network is cut behind one.
func besides(g *graph.Graph, edges []graph.Edge, cut string) (others []string, err error) {
	edge, err := findEdge(edges, cut)
	if err != nil {
		return nil, err
	}
	parts, err := g.SplitStored(edge.Name)
	if err != nil {
		return nil, err
	}
	passes := map[string]bool{}
	for _, v := range parts[1].Inputs() {
		passes[v.Name] = true
	}
	for _, e := range edges {
		if !passes[e.Name] {
			others = append(others, e.Name)
		}
		delete(passes, e.Name)
	}
	for v := range passes {
		return nil, fmt.Errorf("%w: behind %s %q passes, too, which is no edge", ErrNoEdge, edge.Name, v)
	}
	return others, nil
}

// without leaves out edges, which are named or numbered.
func without(edges []graph.Edge, skip []string) (left []graph.Edge, names []string, err error) {
	for _, s := range skip {
		e, err := findEdge(edges, s)
		if err != nil {
			return nil, nil, err
		}
		if !slices.Contains(names, e.Name) {
			names = append(names, e.Name)
		}
	}
	for _, e := range edges {
		if !slices.Contains(names, e.Name) {
			left = append(left, e)
		}
	}
	return left, names, nil
}
