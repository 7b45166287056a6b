package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/dqa-go/dqa/calib"
	"github.com/dqa-go/dqa/dataset"
	"github.com/dqa-go/dqa/demo"
	"github.com/dqa-go/dqa/engine"
	"github.com/dqa-go/dqa/engine/native"
	"github.com/dqa-go/dqa/engine/ort"
	"github.com/dqa-go/dqa/internal/cpu"
	"github.com/dqa-go/dqa/onnx"
	"github.com/dqa-go/dqa/profile"
	"github.com/spf13/cobra"
)

// network is a model made ready to run.
type network struct {
	name   string // base name
	graph  *onnx.Graph
	prog   engine.Program
	engine string // the native engine's instruction set, or ONNX Runtime with its release
	pre    profile.Preprocess
	set    onnx.EdgeSet
	skip   []string // edges of the set that stay float32
	// compile makes another program, as this one was made.
	compile calib.Compile
}

// openNetwork loads MODEL, which is a file or the name of a built-in network.
// Edges of the set that are to be skipped are named or numbered.
func (a *app) openNetwork(model string, pre profile.Preprocess, set onnx.EdgeSet, skip ...string) (*network, error) {
	graph, err := loadGraph(model, pre)
	if err != nil {
		return nil, err
	}
	edges, err := graph.FindEdges(set)
	if err != nil {
		return nil, err
	}
	edges, skipped, err := without(edges, skip)
	if err != nil {
		return nil, err
	}
	if len(edges) == 0 {
		return nil, fmt.Errorf("%w: %s has no edges of the set %q", errNoEdges, model, set)
	}
	prog, name, err := a.compile(graph, edges)
	if err != nil {
		return nil, err
	}
	return &network{
		name: filepath.Base(model), graph: graph, prog: prog, engine: name, pre: pre, set: set, skip: skipped,
		compile: func(g *onnx.Graph, edges []onnx.Edge) (engine.Program, error) {
			p, _, err := a.compile(g, edges)
			return p, err
		},
	}, nil
}

// compile chooses the engine and names it as a profile should.
func (a *app) compile(g *onnx.Graph, edges []onnx.Edge) (engine.Program, string, error) {
	switch a.engine {
	case "native":
		p, err := native.Compile(g, edges)
		return p, cpu.Engine(), err
	case "ort":
		p, err := ort.Compile(g, edges, a.ortLib)
		if err != nil {
			return nil, "", err
		}
		return p, "onnxruntime " + p.Version(), nil
	case "auto":
		p, err := native.Compile(g, edges)
		if err == nil || !errors.Is(err, onnx.ErrUnsupported) || !ort.Enabled {
			return p, cpu.Engine(), err
		}
		o, ortErr := ort.Compile(g, edges, a.ortLib)
		if ortErr != nil {
			return nil, "", err // what native lacks is the news
		}
		return o, "onnxruntime " + o.Version(), nil
	}
	return nil, "", fmt.Errorf("%w: %q", errEngine, a.engine)
}

func loadGraph(model string, pre profile.Preprocess) (*onnx.Graph, error) {
	opt := onnx.Options{Shape: pre.Shape}
	if net, ok := demo.Network(model); ok {
		return onnx.Parse(net.Model, opt)
	}
	g, err := onnx.Load(model, opt)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%w: %w", errModelMissing, err)
	}
	return g, err
}

// resolvePreprocess finds out how images become inputs of MODEL.
func resolvePreprocess(model string, flags *preprocessFlags, base *profile.Preprocess) (profile.Preprocess, error) {
	if net, ok := demo.Network(model); ok && base == nil {
		base = &net.Preprocess
	}
	return flags.resolve(model, base)
}

// openData opens a SPEC for this network.
func (n *network) openData(spec string) (*dataset.Inputs, error) {
	src, err := dataset.Open(spec)
	if err != nil {
		return nil, err
	}
	return dataset.NewInputs(src, n.pre, n.graph.Input.Shape)
}

// origin fills in where a profile comes from.
func (n *network) origin(p *profile.Profile, data *dataset.Inputs) error {
	digest, err := data.Source().Digest()
	if err != nil {
		return err
	}
	p.Tool, p.ISA = "dqa "+version, n.engine
	p.Model = profile.Model{Name: n.name, Digest: n.graph.Digest}
	p.Data = profile.Data{Spec: data.Source().Spec(), Digest: digest, Images: data.Len()}
	p.EdgeSet, p.Skip, p.Preprocess = string(n.set), n.skip, n.pre
	return nil
}

// readProfile reads a .dqap file or standard input.
func (a *app) readProfile(path string) (*profile.Profile, error) {
	b, err := a.readInput(path)
	if err != nil {
		return nil, err
	}
	p, err := profile.Parse(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return p, nil
}

// matches refuses a profile of another network.
func (n *network) matches(path string, p *profile.Profile) error {
	if p.Model.Digest != n.graph.Digest {
		return fmt.Errorf("%s: %w: it was made for %s (SHA-256 %x...), not for %s", path, errOtherModel, p.Model.Name, p.Model.Digest[:6], n.name)
	}
	edges := n.prog.Edges()
	if len(edges) != len(p.Edges) {
		return fmt.Errorf("%s: %w: %d edges, the network has %d", path, errOtherModel, len(p.Edges), len(edges))
	}
	for i, e := range edges {
		if q := p.Edges[i]; q.Name != e.Name || q.Channels != e.Channels || q.Rows != e.Rows || q.Cols != e.Cols || q.ChannelsLast != e.ChannelsLast {
			return fmt.Errorf("%s: %w: edge %d is %q, the network has %q", path, errOtherModel, i, p.Edges[i].Name, e.Name)
		}
	}
	return nil
}

// completeModel makes the shell offer .onnx files and the built-in networks.
func completeModel(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return []string{"onnx"}, cobra.ShellCompDirectiveFilterFileExt
}

// isBuiltin tells whether MODEL names an embedded network.
func isBuiltin(model string) bool { return strings.HasPrefix(model, "demo:") }
