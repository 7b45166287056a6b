package session

import (
	"errors"
	"fmt"

	"github.com/dqa-go/dqa/engine"
	"github.com/dqa-go/dqa/engine/native"
	"github.com/dqa-go/dqa/engine/ort"
	"github.com/dqa-go/dqa/graph"
	"github.com/dqa-go/dqa/internal/cpu"
	"github.com/dqa-go/dqa/internal/file"
)

// Engine names what runs a network.
type Engine string

// The engines.
const (
	Auto   Engine = "auto"   // Native; where that lacks an operator, ORT if this program has it
	Native Engine = "native" // built in
	ORT    Engine = "ort"    // ONNX Runtime's shared library, in programs built with the tag ort
)

// HowToGetORT tells people how they come by the engine ORT; EnvORTLibrary is the variable that names its library.
const (
	HowToGetORT   = ort.HowToGet
	EnvORTLibrary = ort.EnvLibrary
)

// compile chooses the engine and names it as a profile should.
func compile(g *graph.Graph, edges []graph.Edge, opt Options) (engine.Program, string, error) {
	switch opt.Engine {
	case Native:
		p, err := compileNative(g, edges)
		return p, cpu.Engine(), err
	case ORT:
		return compileORT(g, edges, opt)
	case Auto, "":
		p, err := compileNative(g, edges)
		if err == nil || !errors.Is(err, graph.ErrUnsupported) || !ort.Enabled {
			return p, cpu.Engine(), err
		}
		if p, name, ortErr := compileORT(g, edges, opt); ortErr == nil {
			return p, name, nil
		}
		return nil, "", err // what native lacks is the news
	}
	return nil, "", fmt.Errorf("%w: %q", ErrEngine, opt.Engine)
}

func compileNative(g *graph.Graph, edges []graph.Edge) (engine.Program, error) {
	return guarded(func() (*native.Program, error) { return native.Compile(g, edges) })
}

// guarded compiles a graph whose constants may lie in a file.
func guarded(compile func() (*native.Program, error)) (engine.Program, error) {
	var p *native.Program
	err := file.Guard(func() (err error) {
		p, err = compile()
		return err
	})
	if err != nil {
		return nil, err
	}
	return p, nil
}

func compileORT(g *graph.Graph, edges []graph.Edge, opt Options) (engine.Program, string, error) {
	p, err := ort.Compile(g, edges, opt.ORTLibrary)
	if err != nil {
		return nil, "", err
	}
	return p, "onnxruntime " + p.Version(), nil
}

// compile makes another program as the network's was made.
func (n *Network) compile(g *graph.Graph, edges []graph.Edge) (engine.Program, error) {
	if own, ok := n.prog.(*native.Program); ok {
		return guarded(func() (*native.Program, error) { return own.Recompile(g, edges) })
	}
	p, _, err := compile(g, edges, n.opt)
	return p, err
}

// Supported tells whether the engine can run a graph: what the reader of models accepts the engine may still lack. The
// error is that of FromGraph; a graph without edges is none.
func Supported(g *graph.Graph, opt Options) error {
	edges, err := g.FindEdges(opt.Edges)
	if err != nil {
		return err
	}
	_, _, err = compile(g, edges, opt)
	return err
}
