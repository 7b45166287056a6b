package native

import (
	"compress/gzip"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"testing"

	"github.com/dqa-go/dqa/graph"
	"github.com/dqa-go/dqa/internal/cpu"
	"github.com/dqa-go/dqa/tensor"
)

// caseTolerance is the largest difference from ONNX Runtime's numbers, relative to the largest value of the output:
// float32 sums of some hundred terms in another order.
const caseTolerance = 1e-5

// opCase is one node of testdata/cases*.json.gz, which gen_cases.py and gen_qdq.py write.
type opCase struct {
	Op      string                   `json:"op"`
	Attrs   map[string]caseAttribute `json:"attrs"`
	Inputs  []caseTensor             `json:"inputs"`
	Outputs []caseTensor             `json:"outputs"`
}

type caseAttribute struct {
	Int    *int64          `json:"int"`
	Float  json.RawMessage `json:"float"` // a number, "inf" or "-inf"
	Ints   []int64         `json:"ints"`
	Floats []float32       `json:"floats"`
	String *string         `json:"string"`
}

type caseTensor struct {
	Shape []int  `json:"shape"`
	Type  string `json:"type"` // f4 or i8
	Data  string `json:"data"`
}

func (a caseAttribute) value() (any, error) {
	switch {
	case a.Int != nil:
		return *a.Int, nil
	case a.Ints != nil:
		return a.Ints, nil
	case a.Floats != nil:
		return a.Floats, nil
	case a.String != nil:
		return *a.String, nil
	}
	text := string(a.Float)
	if unquoted, err := strconv.Unquote(text); err == nil {
		text = unquoted
	}
	v, err := strconv.ParseFloat(text, 32)
	return float32(v), err
}

func (c caseTensor) decode() (*graph.Tensor, error) {
	raw, err := base64.StdEncoding.DecodeString(c.Data)
	if err != nil {
		return nil, err
	}
	t := &graph.Tensor{Type: graph.Float32, Shape: c.Shape}
	if c.Type == "i8" {
		t.Type = graph.Int64
		for ; len(raw) > 0; raw = raw[8:] {
			t.Ints = append(t.Ints, int64(binary.LittleEndian.Uint64(raw)))
		}
		return t, nil
	}
	for ; len(raw) > 0; raw = raw[4:] {
		t.Floats = append(t.Floats, math.Float32frombits(binary.LittleEndian.Uint32(raw)))
	}
	return t, nil
}

// loadCases reads the files of both generators.
func loadCases(t testing.TB) []opCase {
	t.Helper()
	return append(loadCaseFile(t, "testdata/cases.json.gz"), loadCaseFile(t, "testdata/cases_qdq.json.gz")...)
}

func loadCaseFile(t testing.TB, path string) []opCase {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var cases []opCase
	if err := json.NewDecoder(z).Decode(&cases); err != nil {
		t.Fatal(err)
	}
	return cases
}

// graph is a network of the one node, whose first input is the network's and whose others are constants.
func (c opCase) graph(t testing.TB) (*graph.Graph, *tensor.Tensor) {
	t.Helper()
	n := &graph.Node{Name: "node", Op: c.Op, Attrs: graph.Attributes{}}
	for name, a := range c.Attrs {
		v, err := a.value()
		if err != nil {
			t.Fatal(err)
		}
		n.Attrs[name] = v
	}
	defer func() {
		if c.Op == "Where" { // the network's input comes first in a case, the condition in a node
			n.Inputs[0], n.Inputs[1] = n.Inputs[1], n.Inputs[0]
		}
	}()
	b := newGraphBuilder(c.Inputs[0].Shape...)
	var x *tensor.Tensor
	for i, in := range c.Inputs {
		v, err := in.decode()
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			x = &tensor.Tensor{Shape: v.Shape, Data: v.Floats}
			n.Inputs = append(n.Inputs, "input")
			continue
		}
		name := fmt.Sprintf("constant%d", i)
		b.constant(name, v)
		n.Inputs = append(n.Inputs, name)
	}
	for i, out := range c.Outputs {
		name := fmt.Sprintf("output%d", i)
		n.Outputs = append(n.Outputs, name)
		b.value(name, out.Shape...)
	}
	b.g.Nodes = []*graph.Node{n}
	b.outputs(n.Outputs...)
	return b.g, x
}

// poison leaves p an arena that is full of NaN, so that whatever is read before it is written shows.
func poison(p *Program) {
	a := p.newArena()
	fill(a.data, float32(math.NaN()))
	p.putArena(a)
}

// inModels are operators whose cases are models of package onnx (TestModelsMatchONNXRuntime): ONNX writes them otherwise.
var inModels = map[string]bool{
	"Trunc": true, "Mod": true, "Equal": true, "Greater": true, "GreaterOrEqual": true, "QuantizedAdd": true, "Requantize": true, "ArgMax": true,
	"TopK": true, "CumSum": true, "Take": true, "GridSample": true, "RNN": true, "GRU": true, "LSTM": true,
}

func TestOperatorsMatchONNXRuntime(t *testing.T) {
	for _, isa := range []string{cpu.ISA(), cpu.Generic} {
		tested := map[string]bool{}
		for i, c := range loadCases(t) {
			tested[c.Op] = true
			t.Run(fmt.Sprintf("%s/%d_%s", isa, i, c.Op), func(t *testing.T) {
				t.Parallel()
				c.check(t, isa)
			})
		}
		for op := range operators {
			if !tested[op] && !inModels[op] {
				t.Errorf("no case for %s", op)
			}
		}
	}
}

func (c opCase) check(t *testing.T, isa string) {
	g, x := c.graph(t)
	p, err := Compile(g, nil, WithISA(isa))
	if err != nil {
		t.Fatal(err)
	}
	poison(p)
	outputs, err := p.Run(x, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i, out := range outputs {
		want, err := c.Outputs[i].decode()
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(out.Shape, want.Shape) {
			t.Fatalf("output %d has shape %v, want %v", i, out.Shape, want.Shape)
		}
		if worst, at := largestDifference(out.Data, want.Floats); !(worst <= caseTolerance) {
			t.Errorf("%v: output %d differs by %.2g of the largest value at %d: got %v, want %v",
				c.Attrs, i, worst, at, out.Data[at], want.Floats[at])
		}
	}
}

// largestDifference is relative to the largest value of want; NaN where either is.
func largestDifference(got, want []float32) (worst float64, at int) {
	largest := 1e-30
	for _, v := range want {
		largest = max(largest, math.Abs(float64(v)))
	}
	for i, v := range got {
		d := math.Abs(float64(v)-float64(want[i])) / largest
		if d > worst || d != d {
			worst, at = d, i
		}
	}
	return worst, at
}
