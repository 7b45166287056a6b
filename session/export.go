package session

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"

	"github.com/dqa-go/dqa/graph"
	"github.com/dqa-go/dqa/internal/text"
	"github.com/dqa-go/dqa/onnx"
	"github.com/dqa-go/dqa/profile"
	"github.com/dqa-go/dqa/tensor"
)

// ErrExport wraps what a profile asks for that a network of standard operators does not do.
var ErrExport = errors.New("cannot be exported")

// Integers are those that an exported network rounds to: of 8 bits, or of fewer where all codes of an edge fit.
type Integers int

// ParseInteger reads "int8", "int4" or "int2": the narrowest type that may be used.
func ParseInteger(s string) (Integers, error) {
	i := slices.Index([]string{"int8", "int4", "int2"}, s)
	if i < 0 {
		return 0, fmt.Errorf("%w: integers %q, int8, int4 or int2 are", ErrSetting, s)
	}
	return Integers(8 >> i), nil
}

// Export is the quantized network as an ONNX model of standard operators, corrections in it, for a batch of one: every edge is
// multiplied by the inverse of its step, clamped, rounded (QuantizeLinear of scale 1) and multiplied by the step (DequantizeLinear),
// each a float32 operation of its own, as the codec does it. So equal inputs give equal codes in any runtime; what is left are the
// last bits of the float operators between edges, which may turn a tie. Codes of more than 8 bits (n + m of important channels: all
// that a code and its shift error hold) are rounded by Round. Errors wrap ErrExport.
func (q *Quantized) Export(narrowest Integers) (*Exported, error) {
	x := exporter{narrowest: narrowest, edges: map[string]*profile.Edge{}, stored: map[string]string{}, pooled: map[string]bool{}}
	for _, n := range q.prog.Graph().Nodes {
		if n.Op == "MaxPool" {
			x.pooled[n.Inputs[0]] = true
		}
	}
	for i := range q.profile.Edges {
		e := &q.profile.Edges[i]
		x.edges[e.Name] = e
	}
	g, err := x.graph(q.prog.Graph())
	if err != nil {
		return nil, err
	}
	b, err := onnx.Marshal(g)
	if err != nil {
		return nil, err
	}
	return &Exported{Model: b, Bytes: len(b), Edges: len(x.edges)}, nil
}

// Exported is a network with its quantization as a model file.
type Exported struct {
	Output string `json:"output"` // where the caller has put it
	Bytes  int    `json:"bytes"`
	Edges  int    `json:"edges"` // that are quantized
	Model  []byte `json:"-"`
}

// WriteText writes it for people.
func (e *Exported) WriteText(w io.Writer) error {
	_, err := fmt.Fprintf(w, "%s  %s, %d edges quantized by standard operators\n", e.Output, text.Size(int64(e.Bytes)), e.Edges)
	return err
}

// exporter puts the arithmetic of edges into a graph.
type exporter struct {
	narrowest Integers
	edges     map[string]*profile.Edge
	stored    map[string]string // inputs that are edges: what reads them reads this instead
	pooled    map[string]bool   // values that a MaxPool reads: ONNX Runtime gives it the integers, of 8 bits only
	out       graph.Graph
}

func (x *exporter) graph(g *graph.Graph) (*graph.Graph, error) {
	x.out = *g
	x.out.Nodes, x.out.Constants, x.out.Values = nil, maps.Clone(g.Constants), maps.Clone(g.Values)
	for _, v := range g.Inputs() {
		if e := x.edges[v.Name]; e != nil {
			x.stored[v.Name] = x.free(v.Name + "/stored")
			if err := x.store(e, v.Name, x.stored[v.Name]); err != nil {
				return nil, err
			}
		}
	}
	for _, n := range g.Nodes {
		own := *n
		own.Inputs, own.Outputs = slices.Clone(n.Inputs), slices.Clone(n.Outputs)
		for i, v := range own.Inputs {
			if s, ok := x.stored[v]; ok {
				own.Inputs[i] = s
			}
		}
		for i, v := range own.Outputs {
			if x.edges[v] != nil {
				own.Outputs[i] = x.value(v+"/float", g.Values[v].Shape)
			}
		}
		x.out.Nodes = append(x.out.Nodes, &own)
		for i, v := range n.Outputs {
			if e := x.edges[v]; e != nil {
				if err := x.store(e, own.Outputs[i], v); err != nil {
					return nil, err
				}
			}
		}
	}
	return &x.out, nil
}

// free makes a name that no value has.
func (x *exporter) free(name string) string {
	for {
		if _, taken := x.out.Values[name]; !taken {
			return name
		}
		name += "'"
	}
}

// value makes a value.
func (x *exporter) value(name string, shape []int) string {
	name = x.free(name)
	x.out.Values[name] = graph.Value{Name: name, Type: graph.Float32, Shape: shape}
	return name
}

func (x *exporter) constant(name string, shape []int, values ...float32) string {
	name = x.value(name, shape)
	x.out.Constants[name] = &graph.Tensor{Type: graph.Float32, Shape: shape, Floats: values}
	return name
}

// stage is an edge on its way through the operators.
type stage struct {
	*exporter
	edge  *profile.Edge
	shape []int
	axis  int // of the channels; -1: there is none
	at    string
	n     int
}

// do applies an operator to what is at hand and further inputs.
func (s *stage) do(op string, attrs graph.Attributes, shape []int, more ...string) {
	in := append([]string{s.at}, more...)
	s.n++
	s.at = s.value(fmt.Sprintf("%s/store_%d", s.edge.Name, s.n), shape)
	s.out.Nodes = append(s.out.Nodes, &graph.Node{Name: s.at, Op: op, Inputs: in, Outputs: []string{s.at}, Attrs: attrs})
}

// store appends what turns a value into what is stored of it, under the name as.
func (x *exporter) store(e *profile.Edge, from, as string) error {
	shape := x.out.Values[from].Shape
	s := &stage{exporter: x, edge: e, shape: shape, axis: channelAxis(e, shape), at: from}
	switch {
	case e.Map == profile.Noisy:
		return fmt.Errorf("%w: edge %q has a fixed bias of every value (map noisy): it would be as large as the activations", ErrExport, e.Name)
	case e.DC:
		return fmt.Errorf("%w: edge %q stores means of tiles beside its codes", ErrExport, e.Name)
	case e.Transform != nil:
		return fmt.Errorf("%w: edge %q transforms its channels: no model needs that", ErrExport, e.Name)
	case s.axis < 0 && e.Channels > 1:
		return fmt.Errorf("%w: edge %q: no axis of %v is its %d channels", ErrExport, e.Name, shape, e.Channels)
	}
	var err error
	if e.Scale.Static() {
		err = s.static()
	} else {
		err = s.dynamic()
	}
	if err != nil {
		return err
	}
	if e.RowSums {
		s.complete()
	}
	last := x.out.Nodes[len(x.out.Nodes)-1]
	delete(x.out.Values, last.Outputs[0])
	x.out.Values[as] = graph.Value{Name: as, Type: graph.Float32, Shape: shape}
	last.Name, last.Outputs = as+"/store", []string{as}
	return nil
}

// channelAxis is the axis of a value that an edge's channels are.
func channelAxis(e *profile.Edge, shape []int) int {
	switch last := len(shape) - 1; {
	case e.Channels == 1:
	case e.ChannelsLast && last > 0 && shape[last] == e.Channels:
		return last
	case !e.ChannelsLast && len(shape) > 1 && tensor.Size(shape[:2]) == e.Channels:
		return 1
	}
	return -1
}

// perChannel is a constant of a value for every channel, which any operator spreads; a scalar where all are the same.
func (s *stage) perChannel(name string, f func(c int) float32) string {
	values := s.channels(f)
	if len(values) == 1 {
		return s.constant(s.edge.Name+"/"+name, []int{}, values...)
	}
	shape := slices.Repeat([]int{1}, len(s.shape))
	shape[s.axis] = len(values)
	return s.constant(s.edge.Name+"/"+name, shape, values...)
}

func (s *stage) channels(f func(c int) float32) []float32 {
	values := make([]float32, s.edge.Channels)
	for c := range values {
		values[c] = f(c)
	}
	if slices.Min(values) == slices.Max(values) {
		return values[:1]
	}
	return values
}

// static stores by the profile's steps.
func (s *stage) static() error {
	e := s.edge
	step := func(c int) float32 { return max(e.Steps[e.ScaleSlot(c)], tiniest) }
	s.do("Mul", nil, s.shape, s.perChannel("inverse", func(c int) float32 { return 1 / step(c) }))
	if low, high, ok := s.clamp(); ok {
		values := s.channels(step)
		none := make([]float32, len(values))
		s.round(low, high)
		s.do("DequantizeLinear", graph.Attributes{"axis": int64(max(s.axis, 0)), "min": low, "max": high}, s.shape,
			s.constant(e.Name+"/step", []int{len(values)}, values...), s.constant(e.Name+"/zero", []int{len(values)}, none...))
		return nil
	}
	s.do("Round", nil, s.shape)
	s.do("Mul", nil, s.shape, s.perChannel("step", step))
	return nil
}

// tiniest is the least step; that of values which are all zero is no more.
const tiniest = 0x1p-126

// dynamic stores by steps that are taken from the values themselves (profile.Edge.ScaleFor).
func (s *stage) dynamic() error {
	e, from := s.edge, s.at
	axes, kept := []int64{}, slices.Repeat([]int{1}, len(s.shape))
	for i := range s.shape {
		if i != s.axis || !e.Scale.PerChannel() {
			axes = append(axes, int64(i))
		} else {
			kept[i] = s.shape[i]
		}
	}
	if !e.Unsigned {
		s.do("Abs", nil, s.shape)
	}
	s.do("ReduceMax", graph.Attributes{"axes": axes, "keepdims": int64(1)}, kept)
	if e.Map == profile.Clipped {
		kept = s.widened(kept)
		s.do("Mul", nil, kept, s.perChannel("clip", func(c int) float32 { return e.Clip[e.ScaleSlot(c)] }))
	}
	kept = s.widened(kept)
	if e.Unsigned {
		s.do("Div", nil, kept, s.perChannel("levels", func(c int) float32 { return float32(int(1)<<e.WideBits(c) - 1) }))
	} else {
		s.do("Mul", nil, kept, s.perChannel("power", func(c int) float32 { return float32(math.Ldexp(1, 1-e.WideBits(c))) }))
	}
	s.do("Max", nil, kept, s.constant(e.Name+"/tiniest", []int{}, tiniest))
	step := s.at
	s.at = s.constant(e.Name+"/one", []int{}, 1)
	s.do("Div", nil, kept, step)
	inverse := s.at
	s.at = from
	s.do("Mul", nil, s.shape, inverse)
	if low, high, ok := s.clamp(); ok {
		s.round(low, high)
		s.do("DequantizeLinear", graph.Attributes{"axis": int64(0), "min": low, "max": high}, s.shape, s.one(), s.none())
	} else {
		s.do("Round", nil, s.shape)
	}
	s.do("Mul", nil, s.shape, step)
	return nil
}

// widened is a shape of scales after constants of channels were applied, which differ.
func (s *stage) widened(shape []int) []int {
	if s.edge.Important == nil || s.axis < 0 {
		return shape
	}
	shape = slices.Clone(shape)
	shape[s.axis] = s.edge.Channels
	return shape
}

// clamp bounds values by the codes of their channels, so far as the integers that they become do not; ok is false where there are
// none so wide.
func (s *stage) clamp() (low, high float32, ok bool) {
	e := s.edge
	lows := s.channels(func(c int) float32 { return float32(e.Levels(c).Low) })
	highs := s.channels(func(c int) float32 { return float32(e.Levels(c).High) })
	least, most := slices.Min(lows), slices.Max(highs)
	if low, high, ok = s.integers(least, most); ok && len(lows)+len(highs) == 2 && low == least && high == most {
		return low, high, true
	}
	if len(lows)+len(highs) == 2 {
		s.do("Clip", graph.Attributes{"min": least, "max": most}, s.shape)
		return low, high, ok
	}
	s.do("Max", nil, s.shape, s.perChannel("low", func(c int) float32 { return float32(e.Levels(c).Low) }))
	s.do("Min", nil, s.shape, s.perChannel("high", func(c int) float32 { return float32(e.Levels(c).High) }))
	return low, high, ok
}

// integers are the range of the narrowest type that holds codes and may be used.
func (s *stage) integers(least, most float32) (low, high float32, ok bool) {
	for _, bits := range []int{2, 4, 8} {
		low, high = -float32(int(1)<<(bits-1)), float32(int(1)<<(bits-1)-1)
		if s.edge.Unsigned {
			low, high = 0, float32(int(1)<<bits-1)
		}
		if (bits >= int(s.narrowest) && !s.pooled[s.edge.Name] || bits == 8) && low <= least && most <= high {
			return low, high, true
		}
	}
	return 0, 0, false
}

func (s *stage) one() string  { return s.constant(s.edge.Name+"/one", []int{1}, 1) }
func (s *stage) none() string { return s.constant(s.edge.Name+"/zero", []int{1}, 0) }

// round gives the integers.
func (s *stage) round(low, high float32) {
	s.do("QuantizeLinear", graph.Attributes{"axis": int64(0), "min": low, "max": high}, s.shape, s.one(), s.none())
}

// complete gives rows what their sum lacks of 1, in equal parts (profile.Edge.Correct, but that the sum is one of float32).
func (s *stage) complete() {
	e, from, last := s.edge, s.at, len(s.shape)-1
	sums := slices.Clone(s.shape)
	sums[last] = 1
	s.do("ReduceSum", graph.Attributes{"axes": []int64{int64(last)}, "keepdims": int64(1)}, sums)
	sum := s.at
	s.at = s.constant(e.Name+"/one", []int{}, 1)
	s.do("Sub", nil, sums, sum)
	s.do("Div", nil, sums, s.constant(e.Name+"/length", []int{}, float32(s.shape[last])))
	lack := s.at
	s.at = from
	s.do("Add", nil, s.shape, lack)
}
