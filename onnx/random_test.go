package onnx_test

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/dqa-go/dqa/engine"
	"github.com/dqa-go/dqa/engine/native"
	"github.com/dqa-go/dqa/graph"
	"github.com/dqa-go/dqa/internal/cpu"
	"github.com/dqa-go/dqa/onnx"
	"github.com/dqa-go/dqa/onnx/internal/modelgen"
	"github.com/dqa-go/dqa/tensor"
)

// neverValid are operators that are always refused.
var neverValid = []string{"Sinh"}

// TestRandomGraphs reads, compiles, runs, cuts and writes random graphs: some hundred, or as many as DQA_GRAPHS_TIME allows
// (a duration). DQA_GRAPHS_SEED is the first seed; a failure names its own.
func TestRandomGraphs(t *testing.T) {
	seed, _ := strconv.ParseUint(os.Getenv("DQA_GRAPHS_SEED"), 10, 64)
	ours := seed == 0 // its first graphs are known to have all operators
	last := seed + 3*uint64(len(onnx.Operators()))
	end := time.Now()
	if long := os.Getenv("DQA_GRAPHS_TIME"); long != "" {
		d, err := time.ParseDuration(long)
		if err != nil {
			t.Fatal(err)
		}
		end = end.Add(d)
	}
	c := counts{ops: map[string]int{}}
	for ; seed < last || time.Now().Before(end); seed++ {
		checkSeed(t, seed, &c)
		if t.Failed() {
			t.FailNow()
		}
	}
	t.Logf("%d graphs up to seed %d: %d were read, %d compiled, %d cuts, %d written and read again, %d also as two images, %d packed",
		c.graphs, seed-1, c.read, c.run, c.cuts, c.written, c.batches, c.packed)
	for _, op := range onnx.Operators() {
		if enough := ours || c.graphs >= 30*len(onnx.Operators()); enough && c.ops[op.Name] == 0 && !slices.Contains(neverValid, op.Name) {
			t.Errorf("%s was in no graph that could be read", op.Name)
		}
	}
	if c.run < c.graphs/2 {
		t.Error("most graphs are no good")
	}
	t.Log(c.ops)
}

type counts struct {
	graphs, read, run, cuts, written, batches, packed int
	ops                                               map[string]int // of the graphs that were read
}

// FuzzRandomGraphs is the same for `go test -fuzz`.
func FuzzRandomGraphs(f *testing.F) {
	for seed := range uint64(8) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) { checkSeed(t, seed, &counts{ops: map[string]int{}}) })
}

// patience is what one graph may take on a busy machine: what has no end has none.
const patience = time.Minute

func checkSeed(t *testing.T, seed uint64, c *counts) {
	t.Helper()
	watchdog := time.AfterFunc(patience, func() { panic(fmt.Sprintf("seed %d has not ended", seed)) })
	defer watchdog.Stop()
	defer func() { // also after t.Fatal and a panic
		if r := recover(); r != nil || t.Failed() {
			t.Errorf("DQA_GRAPHS_SEED=%d", seed)
			if r != nil {
				panic(r)
			}
		}
	}()
	m := modelgen.New(seed, onnx.Operators(), func(model []byte) (*graph.Graph, error) { return onnx.Parse(model, onnx.Options{}) })
	c.graphs++
	checkBatch(t, m.Batched(2), seed, c)
	g, err := onnx.Parse(m.Bytes, onnx.Options{})
	if err != nil {
		if !m.Damaged {
			t.Errorf("%v became invalid: %v", m.Ops, err)
		}
		if !documented(err) {
			t.Errorf("error of no kind: %v", err)
		}
		return
	}
	c.read++
	for _, op := range m.Ops {
		c.ops[op]++
	}
	checkNetwork(t, g, seed, c)
}

// checkBatch reads a model whose input is two images. Where the reader makes it one of one image, that computes for each
// what the model does with both.
func checkBatch(t *testing.T, model []byte, seed uint64, c *counts) {
	t.Helper()
	one, err := onnx.Parse(model, onnx.Options{})
	if err != nil {
		return
	}
	both, err := onnx.Parse(model, onnx.Options{Part: true})
	if err != nil {
		return // a constant of one image where ONNX demands two, which nothing but the shape tells apart
	}
	p, err := native.Compile(one, nil)
	if err != nil {
		return
	}
	q, err := native.Compile(both, nil)
	if err != nil {
		return
	}
	c.batches++
	x := tensor.New(both.Input.Shape...)
	fill(x.Data, rand.New(rand.NewPCG(seed, 3)))
	want, err := q.RunInputs([]*tensor.Tensor{x}, nil)
	if err != nil {
		t.Fatal(err)
	}
	size1 := len(x.Data) / 2
	for i := range 2 {
		got, err := p.Run(&tensor.Tensor{Shape: one.Input.Shape, Data: x.Data[i*size1:][:size1]}, nil)
		if err != nil {
			t.Fatal(err)
		}
		for k, o := range one.Outputs {
			n := len(got[k].Data)
			w := want[k].Data
			if len(w) == 2*n {
				w = w[i*n:][:n]
			}
			if len(w) != n {
				t.Errorf("output %s of shape %v as one image, %v as two", o.Name, got[k].Shape, want[k].Shape)
			} else if difference(got[k].Data, w) > 1e-4*size(w) {
				t.Errorf("output %s of image %d of two differs by %g", o.Name, i, difference(got[k].Data, w))
			}
		}
	}
}

// fill makes an input of numbers, one time in eight with what no image holds among them.
func fill(x []float32, random *rand.Rand) {
	odd := []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.Copysign(0, -1)), 1e38, -1e38, 1e-42, 0.5}
	for i := range x {
		x[i] = float32(random.NormFloat64())
	}
	if random.IntN(8) > 0 {
		return
	}
	for range 1 + len(x)/16 {
		x[random.IntN(len(x))] = odd[random.IntN(len(odd))]
	}
}

func documented(err error) bool {
	for _, kind := range []error{onnx.ErrNotONNX, onnx.ErrInvalid, onnx.ErrShape, onnx.ErrInputs, graph.ErrUnsupported, graph.ErrLimit} {
		if errors.Is(err, kind) {
			return true
		}
	}
	return false
}

func checkNetwork(t *testing.T, g *graph.Graph, seed uint64, c *counts) {
	t.Helper()
	edges, err := g.FindEdges(graph.Stored)
	if err != nil {
		t.Fatal(err)
	}
	fast, err := native.Compile(g, edges)
	if err != nil {
		if !errors.Is(err, graph.ErrUnsupported) && !errors.Is(err, graph.ErrLimit) {
			t.Errorf("compile: %v", err)
		}
		return
	}
	c.run++
	x := tensor.New(g.Input.Shape...)
	fill(x.Data, rand.New(rand.NewPCG(seed, 2)))
	want, err := fast.Run(x, nil)
	if err != nil {
		t.Fatal(err)
	}
	checkInstructionSets(t, g, x)
	checkPacked(t, fast, x, seed, c)
	for i, e := range edges {
		state, err := fast.RunTo(i, x, nil)
		if err != nil {
			t.Fatal(err)
		}
		got, err := fast.RunFrom(state, nil)
		if err != nil {
			t.Fatal(err)
		}
		parts, err := g.Split(e.Name)
		if err != nil {
			t.Fatal(err)
		}
		values := pieces(t, g, edges, parts, x, nil)
		for k, o := range g.Outputs {
			if !sameBits(got[k].Data, want[k].Data) {
				t.Errorf("restarted at %s: output %s differs", e.Name, o.Name)
			}
			if !sameBits(values[o.Name].Data, want[k].Data) {
				t.Errorf("cut at %s: output %s differs", e.Name, o.Name)
			}
		}
		c.cuts++
	}
	checkMarshal(t, g, x, want, c)
}

// checkPacked runs with edges that lie in memory as bytes, in bands of any height on any number of goroutines: bit for bit
// what a hook makes of whole edges.
func checkPacked(t *testing.T, p *native.Program, x *tensor.Tensor, seed uint64, c *counts) {
	t.Helper()
	random := rand.New(rand.NewPCG(seed, 4))
	forms := make([]engine.Form, len(p.Edges()))
	for i, e := range p.Edges() {
		if random.IntN(4) > 0 {
			forms[i] = byteForm{e.ChannelsLast}
		}
	}
	packed, err := p.Pack(forms, engine.PackOptions{Rows: random.IntN(5), Threads: 1 + random.IntN(3), Faster: forms})
	if err != nil {
		t.Fatal(err)
	}
	want, err := p.Run(x, func(i int, data []float32) error {
		for k := range data {
			if forms[i] != nil {
				data[k] = float32(code(data[k])) * step
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	got, err := packed.Run(x)
	if err != nil {
		t.Fatal(err)
	}
	c.packed++
	for k := range want {
		if !sameBits(got[k].Data, want[k].Data) {
			t.Errorf("packed: output %d differs from the simulation", k)
		}
	}
}

// byteForm codes every value in a byte.
type byteForm struct{ last bool }

const step = 0.03125

func code(v float32) int8 {
	if v != v {
		return 0
	}
	return int8(min(max(math.RoundToEven(float64(v/step)), -127), 127))
}

func (f byteForm) Name() string                  { return "bytes" }
func (f byteForm) Last() bool                    { return f.last }
func (f byteForm) Bound(_, channels, n int) int  { return channels * n }
func (f byteForm) Expect(_, channels, n int) int { return channels * n }
func (f byteForm) Steady() bool                  { return true }

func (f byteForm) at(stride, i, p int) int {
	if f.last {
		return p*stride + i
	}
	return i*stride + p
}

func (f byteForm) Encode(dst []byte, x []float32, stride, _, channels, n int) int {
	for i := range channels {
		for p := range n {
			dst[i*n+p] = byte(code(x[f.at(stride, i, p)]))
		}
	}
	return channels * n
}

func (f byteForm) Decode(x []float32, stride int, src []byte, _, channels, n, from, to int) {
	for i := range channels {
		for p := from; p < to; p++ {
			x[f.at(stride, i, p-from)] = float32(int8(src[i*n+p])) * step
		}
	}
}

func (f byteForm) Round(x []float32, stride, _, channels, n int) {
	for i := range channels {
		for p := range n {
			v := &x[f.at(stride, i, p)]
			*v = float32(code(*v)) * step
		}
	}
}

// checkInstructionSets compares assembly with portable code.
func checkInstructionSets(t *testing.T, g *graph.Graph, x *tensor.Tensor) {
	t.Helper()
	fast, err := native.Compile(g, everyEdge(g))
	if err != nil {
		t.Fatal(err)
	}
	slow, err := native.Compile(g, everyEdge(g), native.WithISA(cpu.Generic))
	if err != nil {
		t.Fatal(err)
	}
	nodeByNode(t, "assembly and portable kernels", fast, slow, x)
}

func everyEdge(g *graph.Graph) (all []graph.Edge) {
	for _, n := range g.Nodes {
		for _, o := range n.Outputs {
			if v, ok := g.Values[o]; ok && o != "" {
				all = append(all, graph.Edge{Name: o, Node: n.Op, Shape: v.Shape})
			}
		}
	}
	return all
}

// nodeByNode runs two programs of one network on x. At every edge that both have they agree, and the second goes on with what
// the first computed, so that rounding does not add up: Tan after Reciprocal makes of an input's last bit any number.
func nodeByNode(t *testing.T, what string, first, second *native.Program, x *tensor.Tensor) []*tensor.Tensor {
	t.Helper()
	seen := map[string][]float32{}
	keep := func(i int, data []float32) error { seen[first.Edges()[i].Name] = slices.Clone(data); return nil }
	if _, err := first.Run(x, keep); err != nil {
		t.Fatal(err)
	}
	largest := size(x.Data)
	outputs, err := second.Run(x, func(i int, data []float32) error {
		e := second.Edges()[i]
		want, ok := seen[e.Name]
		if !ok {
			return nil
		}
		largest = max(largest, size(data))
		if len(want) != len(data) {
			t.Errorf("%s: %s %s has %d values and %d", what, e.Node, e.Name, len(want), len(data))
		} else if d := difference(want, data); d > 1e-4*largest {
			t.Errorf("%s: %s %s differs by %g of %g", what, e.Node, e.Name, d, largest)
		}
		copy(data, want)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return outputs
}

// size is the largest magnitude that is a number, at least 1.
func size(data []float32) float64 {
	m := 1.0
	for _, v := range data {
		if a := math.Abs(float64(v)); a < math.MaxFloat32 {
			m = max(m, a)
		}
	}
	return m
}

// difference is the largest one. Numbers that are not finite, or nearly so, must be so on both sides.
func difference(a, b []float32) float64 {
	const huge = 1e30
	d := 0.0
	for i := range a {
		x, y := float64(a[i]), float64(b[i])
		if !(math.Abs(x) < huge) && !(math.Abs(y) < huge) {
			continue
		}
		if d = max(d, math.Abs(x-y)); math.IsNaN(d) {
			return math.Inf(1)
		}
	}
	return d
}

func checkMarshal(t *testing.T, g *graph.Graph, x *tensor.Tensor, want []*tensor.Tensor, c *counts) {
	t.Helper()
	if !slices.ContainsFunc(g.Nodes, func(n *graph.Node) bool { return slices.Contains(n.Inputs, g.Input.Name) }) {
		return // of the input only the shape mattered
	}
	model, err := onnx.Marshal(g)
	if err != nil {
		if !errors.Is(err, graph.ErrUnsupported) {
			t.Errorf("written: %v", err)
		}
		return
	}
	again, err := onnx.Parse(model, onnx.Options{})
	if err != nil {
		t.Fatalf("written and read again: %v", err)
	}
	first, err := native.Compile(g, everyEdge(g))
	if err != nil {
		t.Fatal(err)
	}
	second, err := native.Compile(again, everyEdge(again))
	if err != nil {
		t.Fatal(err)
	}
	got := nodeByNode(t, "written and read again", first, second, x)
	c.written++
	for k, o := range g.Outputs {
		if d := difference(got[k].Data, want[k].Data); d > 1e-4*size(want[k].Data) {
			t.Errorf("written and read again, output %s differs by %g", o.Name, d)
		}
	}
}
