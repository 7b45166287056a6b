package onnx

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/dqa-go/dqa/graph"
	"github.com/dqa-go/dqa/internal/file"
	"github.com/dqa-go/dqa/onnx/internal/onnxpb"
)

// Opsets of ai.onnx that are read.
const (
	MinOpset = 7
	MaxOpset = 25
)

// Options say what the file leaves open. The zero value is right for models whose only dynamic axis is the batch.
type Options struct {
	// Shape is the input's shape, batch first; it must agree with the axes that the model fixes. 0 means "as the
	// model says"; the batch is always 1, whatever is given. nil: the model says all.
	Shape []int
	// Inputs are the values of inputs that are no images, by name: they become constants. A tensor of one element fills
	// an input of any shape. They count for Graph.Digest.
	Inputs map[string]*graph.Tensor
	// Part says that the model is a part of a cut: it may read several inputs, whose first axis need not be a batch.
	Part bool
	// Dir is the folder of the files that hold a model's external data; "": Parse reads none, Load the model's own.
	Dir string
	// Map lets large constants lie in the model's files, mapped into memory until the process ends: Graph.Release gives back
	// what they take. The files must not change meanwhile.
	Map bool
}

// Load reads the model at path; errors are those of Parse and of reading the file.
func Load(path string, opt Options) (*graph.Graph, error) {
	contents, err := readFile(path, opt.Map)
	if err != nil {
		return nil, err
	}
	if opt.Dir == "" {
		opt.Dir = filepath.Dir(path)
	}
	var g *graph.Graph
	err = file.Guard(func() error {
		g, err = parse(contents, true, opt)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return g, nil
}

// readFile reads a regular file: a device has no end, and a pipe without a writer never begins.
func readFile(path string, mapped bool) (*file.Contents, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s: %w: not a regular file", path, ErrNotONNX)
	case info.Size() > MaxFileSize:
		return nil, fmt.Errorf("%s: %w: %d bytes", path, graph.ErrLimit, info.Size())
	}
	f, err := file.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	contents, err := f.Contents(info.Size(), mapped)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return contents, nil
}

// Parse turns an ONNX file's bytes into a Graph in canonical form (see the package comment). It never panics, whatever
// the bytes. Errors wrap ErrNotONNX, ErrInvalid, ErrUnsupported (an *UnsupportedError where nodes are the cause),
// ErrShape or ErrLimit.
func Parse(data []byte, opt Options) (*graph.Graph, error) {
	opt.Map = false
	return parse(&file.Contents{Bytes: data}, false, opt)
}

// parse is Parse; constants may lie in contents that are the reader's own.
func parse(contents *file.Contents, own bool, opt Options) (*graph.Graph, error) {
	model, err := unmarshal(contents.Bytes)
	if err != nil {
		return nil, err
	}
	opset, err := opsetOf(model)
	if err != nil {
		return nil, err
	}
	if err := inline(model); err != nil {
		return nil, err
	}
	sum := sha256.New()
	for part := range slices.Chunk(contents.Bytes, 4<<20) {
		sum.Write(part)
		contents.Release()
	}
	external := &externals{dir: opt.Dir, sum: sum, mapped: opt.Map}
	defer external.close()
	m, err := readModel(model.GetGraph(), opset, external, own, opt)
	if err != nil {
		return nil, err
	}
	g, err := build(m, opt)
	if err != nil {
		return nil, err
	}
	digestInputs(sum, opt.Inputs)
	sum.Sum(g.Digest[:0])
	if opt.Map {
		all := append(external.contents(), contents)
		g.Release = func() {
			for _, c := range all {
				c.Release()
			}
		}
	}
	return g, nil
}

// digestInputs adds the inputs that are given to a digest.
func digestInputs(sum io.Writer, given map[string]*graph.Tensor) {
	for _, name := range slices.Sorted(maps.Keys(given)) {
		t := given[name]
		fmt.Fprintf(sum, "%q %v %d %v", name, t.Type, len(t.Floats)+len(t.Ints), t.Shape)
		binary.Write(sum, binary.LittleEndian, t.Floats)
		binary.Write(sum, binary.LittleEndian, t.Ints)
	}
}

func unmarshal(data []byte) (*onnxpb.ModelProto, error) {
	if len(data) > MaxFileSize {
		return nil, fmt.Errorf("%w: %d bytes", graph.ErrLimit, len(data))
	}
	if what := foreign(data); what != "" {
		return nil, fmt.Errorf("%w: it is %s", ErrNotONNX, what)
	}
	if err := new(census).count((*onnxpb.ModelProto)(nil).ProtoReflect().Descriptor(), data, 0); err != nil {
		if errors.Is(err, graph.ErrLimit) {
			return nil, err
		}
		return nil, fmt.Errorf("%w: %w", unreadable(data), err)
	}
	m, err := unmarshalAround(data)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", unreadable(data), err)
	}
	if len(m.GetGraph().GetNode()) == 0 {
		return nil, fmt.Errorf("%w: it holds no graph", ErrNotONNX)
	}
	if n := len(m.Graph.Node); n > MaxNodes {
		return nil, fmt.Errorf("%w: %d nodes", graph.ErrLimit, n)
	}
	return m, nil
}

// foreigners are files that people have in place of a model, by how they begin.
var foreigners = []struct{ begin, what string }{
	{"version https://git-lfs.github.com/",
		"a Git LFS pointer, not the model itself: fetch it with \"git lfs pull\", or download the file again"},
	{"<!doctype html", "a web page: the download did not give the model"},
	{"<html", "a web page: the download did not give the model"},
	{"<?xml", "an XML document: the download did not give the model"},
	{"{", "a JSON document: the download did not give the model"},
	{"PK\x03\x04", "a ZIP archive (of PyTorch or Keras, or a packed model): export or unpack it to .onnx"},
	{"\x1f\x8b", "compressed by gzip: unpack it"},
	{"\x89HDF\r\n", "an HDF5 file (of Keras): export it to .onnx"},
	{"\x80\x02", "a Python pickle (of PyTorch): export it to .onnx"},
	{"ORTM", "in ONNX Runtime's own format: take the .onnx file that it was made from"},
}

// foreign names the kind of file that data is where people often have it in place of a model; else it is "".
func foreign(data []byte) string {
	text := bytes.ToLower(bytes.TrimLeft(bytes.TrimPrefix(data[:min(len(data), 512)], []byte("\xef\xbb\xbf")), " \t\r\n"))
	for _, f := range foreigners {
		if strings.HasPrefix(string(data[:min(len(data), 512)]), f.begin) || strings.HasPrefix(string(text), f.begin) {
			return f.what
		}
	}
	if len(data) >= 8 && (string(data[4:8]) == "TFL3" || string(data[4:8]) == "ORTM") {
		return map[string]string{"TFL3": "a TensorFlow Lite model: convert it to .onnx",
			"ORTM": "in ONNX Runtime's own format: take the .onnx file that it was made from"}[string(data[4:8])]
	}
	if len(data) == 0 {
		return "empty"
	}
	return ""
}

// unreadable tells a model that is cut off or damaged from a file of another kind: exporters write the version of the
// format first, field 1, a small number.
func unreadable(data []byte) error {
	if len(data) > 2 && data[0] == 1<<3 && data[1] > 0 && data[1] < 32 {
		return ErrInvalid
	}
	return ErrNotONNX
}

func opsetOf(m *onnxpb.ModelProto) (int, error) {
	for _, o := range m.OpsetImport {
		if o.GetDomain() != "" && o.GetDomain() != "ai.onnx" {
			continue
		}
		v := o.GetVersion()
		if v < MinOpset || v > MaxOpset {
			return 0, fmt.Errorf("%w: opset %d, supported are %d to %d", graph.ErrUnsupported, v, MinOpset, MaxOpset)
		}
		return int(v), nil
	}
	return 0, fmt.Errorf("%w: it names no opset of ai.onnx", ErrNotONNX)
}

// model is a graph as the file has it, in Go types and topological order, before anything is inferred.
type model struct {
	name    string
	opset   int
	input   input
	others  []input // further ones, of a part
	outputs []string
	nodes   []*graph.Node
	consts  map[string]*graph.Tensor
	taken   map[string]bool         // every value name of the file
	broken  map[*graph.Node]refusal // nodes whose attributes cannot be read

	declared map[string]elementType // types of the outputs, where the file gives them
	graphs   map[*graph.Node]map[string]*onnxpb.GraphProto
	captured map[*graph.Node][]string // values that the graphs of a node read from outside
	external *externals
	own      bool // constants may lie in the bytes of the file
	branches int  // read so far
}

func newModel(name string, opset int) *model {
	return &model{
		name: name, opset: opset, consts: map[string]*graph.Tensor{}, taken: map[string]bool{}, broken: map[*graph.Node]refusal{},
		declared: map[string]elementType{}, graphs: map[*graph.Node]map[string]*onnxpb.GraphProto{},
		captured: map[*graph.Node][]string{}, external: &externals{},
	}
}

// clone is a model to build another graph from: building adds names and constants.
func (m *model) clone() *model {
	n := *m
	n.consts, n.taken = maps.Clone(m.consts), maps.Clone(m.taken)
	return &n
}

func readModel(g *onnxpb.GraphProto, opset int, external *externals, own bool, opt Options) (*model, error) {
	m := newModel(g.GetName(), opset)
	m.external, m.own = external, own
	if len(g.SparseInitializer) > 0 {
		return nil, fmt.Errorf("%w: sparse initializers", graph.ErrUnsupported)
	}
	if err := m.readInitializers(g.Initializer); err != nil {
		return nil, err
	}
	if err := m.readNodes(g.Node); err != nil {
		return nil, err
	}
	if err := m.readOutputs(g.Output); err != nil {
		return nil, err
	}
	inputs, err := m.readInputs(g.Input)
	if err != nil {
		return nil, err
	}
	if err := m.fill(inputs, opt.Inputs); err != nil {
		return nil, err
	}
	if err := m.sort(inputs); err != nil {
		return nil, err
	}
	return m, m.chooseInput(inputs, opt.Part)
}

// checkName refuses names that cannot be shown or written to a profile, and ones so long that those which are made
// from them would fill the memory.
func checkName(name string) error {
	if len(name) > maxName {
		return fmt.Errorf("%w: a name of %d bytes", graph.ErrLimit, len(name))
	}
	if !utf8.ValidString(name) {
		return invalid("name %q is not UTF-8", name)
	}
	return nil
}

// declare notes that name is written once more; every value has one writer.
func (m *model) declare(name string) error {
	if err := checkName(name); err != nil {
		return err
	}
	if name == "" {
		return invalid("a value has no name")
	}
	if m.taken[name] {
		return invalid("value %q is defined twice", name)
	}
	m.taken[name] = true
	return nil
}

func (m *model) readInitializers(list []*onnxpb.TensorProto) error {
	for _, p := range list {
		if err := m.declare(p.GetName()); err != nil {
			return err
		}
		t, err := m.readTensor(p)
		if err != nil {
			return fmt.Errorf("initializer %q: %w", p.GetName(), err)
		}
		m.consts[p.GetName()] = t
	}
	return nil
}

func (m *model) readNodes(list []*onnxpb.NodeProto) error {
	names := map[string]bool{}
	for i, p := range list {
		n := &graph.Node{Name: p.GetName(), Op: p.GetOpType(), Domain: p.GetDomain(), Inputs: p.GetInput(), Outputs: p.GetOutput()}
		if err := errors.Join(checkName(n.Name), checkName(n.Op), checkName(n.Domain)); err != nil {
			return fmt.Errorf("node %d: %w", i, err)
		}
		if n.Domain == "ai.onnx" {
			n.Domain = ""
		}
		if n.Name == "" || names[n.Name] {
			n.Name = fmt.Sprintf("%s_%d", n.Op, i)
		}
		names[n.Name] = true
		for _, o := range n.Outputs {
			if o == "" {
				continue
			}
			if err := m.declare(o); err != nil {
				return fmt.Errorf("node %q: %w", n.Name, err)
			}
		}
		if err := m.readAttributes(n, p.Attribute); err != nil {
			return fmt.Errorf("node %q: %w", n.Name, err)
		}
		m.nodes = append(m.nodes, n)
	}
	return nil
}

func (m *model) readOutputs(list []*onnxpb.ValueInfoProto) error {
	seen := map[string]bool{}
	for _, p := range list {
		if p.GetName() == "" || seen[p.GetName()] {
			return invalid("output %q is listed twice or has no name", p.GetName())
		}
		seen[p.GetName()] = true
		m.outputs = append(m.outputs, p.GetName())
		m.declared[p.GetName()] = elementType(p.GetType().GetTensorType().GetElemType())
	}
	if len(list) == 0 {
		return invalid("the graph has no output")
	}
	return nil
}
