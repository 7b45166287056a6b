package native

import (
	"fmt"
	"math"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/dqa-go/dqa/engine"
	"github.com/dqa-go/dqa/graph"
	"github.com/dqa-go/dqa/internal/parallel"
	"github.com/dqa-go/dqa/internal/testdata"
	"github.com/dqa-go/dqa/tensor"
)

// testForm codes values in bytes with a step of its own per channel. Blocks of zeros take one byte, so that sizes
// depend on the values.
type testForm struct {
	last   bool
	levels float64
	expect int // parts of 16 of the bound
}

func (f testForm) step(c int) float32 { return 0.02 * float32(1+c%7) }

func (f testForm) Name() string                  { return "test" }
func (f testForm) Last() bool                    { return f.last }
func (f testForm) Bound(_, channels, n int) int  { return 1 + channels*n }
func (f testForm) Expect(_, channels, n int) int { return max(1, (1+channels*n)*f.expect/16) }
func (f testForm) Steady() bool                  { return f.expect == 13 }
func (f testForm) at(stride, i, p int) int {
	if f.last {
		return p*stride + i
	}
	return i*stride + p
}

func (f testForm) code(v float32, c int) int8 {
	q := math.RoundToEven(float64(v / f.step(c)))
	return int8(min(max(q, -f.levels), f.levels))
}

func (f testForm) Encode(dst []byte, x []float32, stride, c0, channels, n int) int {
	empty := byte(1)
	for i := range channels {
		for p := range n {
			q := f.code(x[f.at(stride, i, p)], c0+i)
			dst[1+i*n+p] = byte(q)
			if q != 0 {
				empty = 0
			}
		}
	}
	dst[0] = empty
	if empty == 1 && f.expect < 16 {
		return 1
	}
	return 1 + channels*n
}

func (f testForm) Decode(x []float32, stride int, src []byte, c0, channels, n, from, to int) {
	for i := range channels {
		for p := from; p < to; p++ {
			v := float32(0)
			if src[0] == 0 {
				v = float32(int8(src[1+i*n+p])) * f.step(c0+i)
			}
			x[f.at(stride, i, p-from)] = v
		}
	}
}

func (f testForm) Round(x []float32, stride, c0, channels, n int) {
	for i := range channels {
		for p := range n {
			v := &x[f.at(stride, i, p)]
			*v = float32(f.code(*v, c0+i)) * f.step(c0+i)
		}
	}
}

// testForms gives every edge a form.
func testForms(p *Program, levels float64, expect int) []engine.Form {
	var forms []engine.Form
	for _, e := range p.edges {
		forms = append(forms, testForm{e.ChannelsLast, levels, expect})
	}
	return forms
}

// simulation is what a hook does where edges have forms: whole edges are coded and decoded.
func simulation(p *Program, forms []engine.Form) engine.Hook {
	return func(i int, data []float32) error {
		e, f := p.edges[i], forms[i]
		n := e.Rows * e.Cols
		stride := n
		if f.Last() {
			stride = e.Channels
		}
		buf := make([]byte, f.Bound(0, e.Channels, n))
		size := f.Encode(buf, data, stride, 0, e.Channels, n)
		f.Decode(data, stride, buf[:size], 0, e.Channels, n, 0, n)
		return nil
	}
}

func mustPack(t testing.TB, p *Program, forms []engine.Form, opt engine.PackOptions) *Packed {
	t.Helper()
	packed, err := p.Pack(forms, opt)
	if err != nil {
		t.Fatal(err)
	}
	return packed
}

func mustRunPacked(t *testing.T, p *Packed, x *tensor.Tensor) []*tensor.Tensor {
	t.Helper()
	out, err := p.Run(x)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// A packed run gives the bits of the simulation, for any number of workers, any height of bands, forms of fixed and of
// variable size, and images that need more than expected.
func TestPackedRunIsSimulation(t *testing.T) {
	for _, name := range quickNetworks() {
		t.Run(name, func(t *testing.T) {
			if strings.Contains(name, "folded") || strings.HasPrefix(name, "espnet") || strings.HasSuffix(name, "imagenet.onnx") {
				testdata.Long(t)
			}
			p := compileNetwork(t, loadNetwork(t, name, loadReferences(t)[name].InputShape), graph.Stored)
			x := formulaInput(p.graph.Input.Shape)
			for i, levels := range []float64{1, 127} {
				want := mustRun(t, p, x, simulation(p, testForms(p, levels, 16)))
				for k, rows := range []int{0, 1, 2, 7, 1 << 20} {
					threads := 1 << ((i + k) % 3)
					if rows > 0 && !testdata.CI() && i > 0 {
						continue
					}
					opt := engine.PackOptions{Rows: rows, Threads: threads, Faster: testForms(p, levels, 16)}
					packed := mustPack(t, p, testForms(p, levels, 16-k*3), opt)
					what := fmt.Sprintf("%v levels, %d rows, %d workers", levels, rows, threads)
					sameOutputs(t, what, mustRunPacked(t, packed, x), want)
					sameOutputs(t, what+", again", mustRunPacked(t, packed, x), want)
				}
			}
		})
	}
}

// packedGraphs are small graphs that bands got wrong once; random ones are in package onnx.
func packedGraphs() map[string]*graphBuilder {
	ints := func(v ...int64) []int64 { return v }
	weights := func(b *graphBuilder, shape ...int) {
		t := &graph.Tensor{Type: graph.Float32, Shape: shape}
		for i := range tensor.Size(shape) {
			t.Floats = append(t.Floats, float32(i%5)-2)
		}
		b.constant("w", t)
	}
	list := map[string]*graphBuilder{}
	add := func(name string, shape ...int) *graphBuilder {
		list[name] = newGraphBuilder(shape...)
		return list[name]
	}
	b := add("rows of a sequence are values", 1, 4, 6)
	weights(b, 2, 4, 3)
	b.node("Conv", "a", []int{1, 2, 7}, graph.Attributes{"kernel_shape": ints(3), "pads": ints(1, 2)}, "input", "w")
	b.node("Relu", "y", []int{1, 2, 7}, nil, "a")

	b = add("in place of what is read where it is stored", 1, 4, 6, 6)
	b.node("Sin", "s", []int{1, 4, 6, 6}, nil, "input")
	b.node("Div", "a", []int{1, 4, 6, 6}, nil, "input", "s")
	b.node("Greater", "y", []int{1, 4, 6, 6}, nil, "a", "s")

	b = add("padding alone", 1, 4, 6, 6)
	b.node("Pad", "a", []int{1, 4, 11, 6}, graph.Attributes{"pads": ints(0, 0, 2, 0, 0, 0, 3, 0)}, "input")
	b.node("Abs", "y", []int{1, 4, 11, 6}, nil, "a")

	b = add("channels that neighbour", 1, 5, 3)
	b.node("LRN", "y", []int{1, 5, 3}, graph.Attributes{"size": int64(3), "beta": float32(2)}, "input")

	b = add("rows that no input reaches", 1, 2, 4, 4)
	weights(b, 2, 3, 1, 1)
	attrs := graph.Attributes{"kernel_shape": ints(1, 1), "dilations": ints(3, 3), "output_padding": ints(2, 0)}
	b.node("ConvTranspose", "a", []int{1, 3, 6, 4}, attrs, "input", "w")
	b.node("Relu", "y", []int{1, 3, 6, 4}, nil, "a")

	b = add("kernels for lines that a band has and the whole has not", 1, 24, 12, 1)
	b.node("Softmax", "y", []int{1, 24, 12, 1}, graph.Attributes{"axis": int64(1)}, "input")

	b = add("blocks of tokens that bands cut", 2, 9, 7)
	b.node("Exp", "a", []int{2, 9, 7}, nil, "input")
	b.node("Erf", "b", []int{2, 9, 7}, nil, "a")
	b.node("Neg", "y", []int{2, 9, 7}, nil, "b")
	b = add("heads of attention", 1, 41, 144)
	b.node("Sin", "qkv", []int{1, 41, 144}, nil, "input")
	addAttention(b)

	addProjected(add("heads of attention, projected", 1, 41, 50))

	b = add("wide, and read along another axis", 1, 24, 8)
	weights(b, 4, 24, 2)
	b.node("Resize", "r", []int{1, 24, 120}, graph.Attributes{"coordinate_transformation_mode": "asymmetric", "mode": "linear",
		"nearest_mode": "floor", "scales": []float32{1, 1, 15}}, "input")
	b.node("Conv", "a", []int{1, 4, 40}, graph.Attributes{"kernel_shape": ints(2), "strides": ints(3)}, "r", "w")
	b.node("Neg", "y", []int{1, 4, 40}, nil, "a")

	b = add("channels in panels, computed on demand", 1, 3, 6)
	addPanels(b, "a", 4, 6)
	b.node("LeakyRelu", "y", []int{1, 4, 6}, graph.Attributes{"alpha": float32(.125)}, "a")

	b = add("channels in panels, joined", 1, 3, 6)
	addPanels(b, "a", 5, 6)
	addPanels(b, "c", 70, 6)
	b.node("Concat", "j", []int{1, 75, 6}, graph.Attributes{"axis": int64(1)}, "a", "c")
	b.node("LeakyRelu", "y", []int{1, 75, 6}, graph.Attributes{"alpha": float32(.125)}, "j")

	b = add("channels in panels, some of them", 1, 3, 6)
	addPanels(b, "a", 70, 6)
	b.node("Slice", "c", []int{1, 60, 6}, graph.Attributes{"starts": ints(0, 3, 0), "ends": ints(1, 63, 6)}, "a")
	b.node("LeakyRelu", "y", []int{1, 60, 6}, graph.Attributes{"alpha": float32(.125)}, "c")

	b = add("columns in panels, computed on demand", 1, 3)
	weights(b, 70, 3)
	b.node("Gemm", "a", []int{1, 70}, graph.Attributes{"transB": int64(1)}, "input", "w")
	b.node("LeakyRelu", "y", []int{1, 70}, graph.Attributes{"alpha": float32(.125)}, "a")

	addResiduals(add("products with residuals", 9, 20), 9)
	addResiduals(add("a row with residuals", 1, 20), 1)

	b, last := add("joined many times over", 1, 2, 4, 4), "input"
	for i := range 40 {
		name := fmt.Sprint("c", i)
		b.node("Concat", name, []int{1, 2 * (i + 2), 4, 4}, graph.Attributes{"axis": int64(1)}, last, "input")
		last = name
	}
	b.node("Relu", "y", []int{1, 82, 4, 4}, nil, last)
	for _, b := range list {
		b.outputs("y")
	}
	return list
}

// addResiduals adds a Gemm and products of some rows, with a bias or without, each with what is added and clamped behind it.
func addResiduals(b *graphBuilder, rows int) {
	w, bias := &graph.Tensor{Type: graph.Float32, Shape: []int{20, 20}}, &graph.Tensor{Type: graph.Float32, Shape: []int{20}}
	for i := range 400 {
		w.Floats = append(w.Floats, float32(i%13)/16-.3)
	}
	for i := range 20 {
		bias.Floats = append(bias.Floats, float32(i%7)/8-.4)
	}
	b.constant("w", w)
	b.constant("bias", bias)
	shape := []int{rows, 20}
	b.node("Gemm", "g", shape, graph.Attributes{"transB": int64(1)}, "input", "w", "bias")
	b.node("Add", "ga", shape, nil, "g", "input")
	b.node("Relu", "gr", shape, nil, "ga")
	b.node("MatMul", "m", shape, nil, "gr", "w")
	b.node("Add", "ma", shape, nil, "m", "bias")
	b.node("Add", "mr", shape, nil, "gr", "ma")
	b.node("MatMul", "n", shape, nil, "mr", "w")
	b.node("Add", "na", shape, nil, "mr", "n")
	b.node("Clip", "y", shape, graph.Attributes{"min": float32(-1), "max": float32(2)}, "na")
}

// What is fused gives the bits of what is not.
func TestSmallGraphsFused(t *testing.T) {
	for name, b := range packedGraphs() {
		fused, err := Compile(b.g, nil)
		if err != nil {
			t.Fatal(err)
		}
		observed, err := Compile(b.g, everyValue(b.g))
		if err != nil {
			t.Fatal(err)
		}
		x := formulaInput(b.g.Input.Shape)
		nothing := func(int, []float32) error { return nil }
		sameOutputs(t, name, mustRun(t, fused, x, nil), mustRun(t, observed, x, nothing))
		if strings.Contains(name, "residuals") && len(fused.steps) != 3 {
			t.Errorf("%s: %d steps, want 3", name, len(fused.steps))
		}
	}
}

// addPanels adds a convolution of three channels into n that computes some channels of all positions at a time.
func addPanels(b *graphBuilder, name string, n, positions int) {
	w := &graph.Tensor{Type: graph.Float32, Shape: []int{n, 3, 1}}
	for i := range 3 * n {
		w.Floats = append(w.Floats, float32(i%7)-3)
	}
	b.constant("w"+name, w)
	b.node("Conv", name, []int{1, n, positions}, graph.Attributes{"kernel_shape": []int64{1}}, "input", "w"+name)
}

// addProjected adds attention whose queries, keys and values are one product, of an edge of 50 channels.
func addProjected(b *graphBuilder) {
	w, bias := &graph.Tensor{Type: graph.Float32, Shape: []int{50, 144}}, &graph.Tensor{Type: graph.Float32, Shape: []int{144}}
	for i := range 50 * 144 {
		w.Floats = append(w.Floats, float32(i%11)/16-.3)
	}
	for i := range 144 {
		bias.Floats = append(bias.Floats, float32(i%7)/8-.4)
	}
	b.constant("w", w)
	b.constant("bias", bias)
	b.node("Sin", "sine", []int{1, 41, 50}, nil, "input")
	b.node("MatMul", "product", []int{1, 41, 144}, nil, "sine", "w")
	b.node("Add", "qkv", []int{1, 41, 144}, nil, "product", "bias")
	addAttention(b)
}

// addAttention adds attention of 3 heads over 41 tokens, with a factor for every head, on qkv.
func addAttention(b *graphBuilder) {
	shape, scores := []int{1, 3, 41, 16}, []int{1, 3, 41, 41}
	b.constant("f", &graph.Tensor{Type: graph.Float32, Shape: []int{3, 1, 1}, Floats: []float32{.5, .25, .75}})
	for i, perm := range [][]int64{{0, 2, 1, 3}, {0, 2, 3, 1}, {0, 2, 1, 3}} {
		name, to := "qkv"[i:i+1], shape
		if perm[3] == 1 {
			to = []int{1, 3, 16, 41}
		}
		b.node("Slice", name+"1", []int{1, 41, 48}, graph.Attributes{"starts": []int64{0, 0, int64(48 * i)}}, "qkv")
		b.node("Reshape", name+"2", []int{1, 41, 3, 16}, nil, name+"1")
		b.node("Transpose", name, to, graph.Attributes{"perm": perm}, name+"2")
	}
	b.node("MatMul", "s", scores, nil, "q", "k")
	b.node("Mul", "m", scores, nil, "s", "f")
	b.node("Softmax", "p", scores, graph.Attributes{"axis": int64(3)}, "m")
	b.node("MatMul", "a", shape, nil, "p", "v")
	b.node("Neg", "y", shape, nil, "a")
}

// Scores of attention are not stored, and their bands are less than a head.
func TestAttentionInBands(t *testing.T) {
	b := newGraphBuilder(1, 41, 144)
	b.node("Sin", "qkv", []int{1, 41, 144}, nil, "input")
	addAttention(b)
	b.outputs("y")
	p := compileNetwork(t, b.g, graph.Stored)
	packed := mustPack(t, p, testForms(p, 127, 16), engine.PackOptions{Rows: 5})
	for _, n := range packed.Plan().Nodes {
		product := n.Op == "MatMul" || n.Op == "Softmax"
		if last := n.Name == "MatMul_a"; product && !last && n.Stored != "on demand" || last && n.Bands != 3*9 {
			t.Errorf("%+v", n)
		}
	}
}

// Queries, keys and values that are wider than what they are computed of are computed head by head.
func TestProjectionsAreNotStored(t *testing.T) {
	b := newGraphBuilder(1, 41, 50)
	addProjected(b)
	b.outputs("y")
	p := compileNetwork(t, b.g, graph.Stored)
	found := false
	for _, n := range mustPack(t, p, testForms(p, 127, 16), engine.PackOptions{}).Plan().Nodes {
		found = found || n.Name == "MatMul_product" && n.Stored == "on demand"
	}
	if !found {
		t.Error("the product is stored")
	}
}

func TestPackedSmallGraphs(t *testing.T) {
	for name, b := range packedGraphs() {
		t.Run(name, func(t *testing.T) {
			p := compileNetwork(t, b.g, graph.Stored)
			x := formulaInput(p.graph.Input.Shape)
			want := mustRun(t, p, x, simulation(p, testForms(p, 127, 16)))
			for rows := range 8 {
				packed := mustPack(t, p, testForms(p, 127, 16), engine.PackOptions{Rows: rows, Threads: 1 + rows%3})
				sameOutputs(t, fmt.Sprintf("%d rows", rows), mustRunPacked(t, packed, x), want)
			}
		})
	}
}

// Without forms, bands are the float run.
func TestBandsAreTheFloatRun(t *testing.T) {
	for _, name := range quickNetworks() {
		t.Run(name, func(t *testing.T) {
			p := compileNetwork(t, loadNetwork(t, name, loadReferences(t)[name].InputShape), graph.Stored)
			x := formulaInput(p.graph.Input.Shape)
			want := mustRun(t, p, x, quantizeHook)
			for _, opt := range []engine.PackOptions{{}, {Rows: 3, Threads: 2}} {
				sameOutputs(t, "float", mustRunPacked(t, mustPack(t, p, nil, opt), x), mustRun(t, p, x, nil))
				opt.Hook = quantizeHook
				sameOutputs(t, "hooked", mustRunPacked(t, mustPack(t, p, nil, opt), x), want)
			}
		})
	}
}

// Edges become floats, or take a faster form, only where the arena does not grow by that, or by no more than what is to spare.
func TestEdgesAreFasterWhereThereIsRoom(t *testing.T) {
	floats := 0
	for _, name := range quickNetworks() {
		p := compileNetwork(t, loadNetwork(t, name, loadReferences(t)[name].InputShape), graph.Stored)
		forms := testForms(p, 127, 6)
		opt := engine.PackOptions{Faster: testForms(p, 127, 16)}
		k := &packer{p: p, forms: forms, opt: opt, wholes: map[int]error{}, threads: 1, kinds: make([]kind, len(p.edges))}
		base, err := k.packTwice()
		if err != nil {
			t.Fatal(err)
		}
		better := k.improve(base)
		if better.arenaSize > base.arenaSize+k.spare(base)/4 {
			t.Errorf("%s: the arena has grown from %d to %d", name, base.arenaSize, better.arenaSize)
		}
		count := map[kind]int{}
		for _, kind := range k.kinds {
			count[kind]++
		}
		t.Logf("%s: %d edges packed, %d faster, %d floats", name, count[asPacked], count[asFaster], count[asFloats])
		floats += count[asFloats]
	}
	if floats == 0 {
		t.Error("no edge became floats")
	}
}

// Edges that are larger than what they are computed of are not stored.
func TestWideEdgesAreNotStored(t *testing.T) {
	name := "unet_deeppcb.onnx"
	p := compileNetwork(t, loadNetwork(t, name, loadReferences(t)[name].InputShape), graph.Stored)
	packed := mustPack(t, p, testForms(p, 127, 16), engine.PackOptions{})
	for _, n := range packed.Plan().Nodes {
		if onDemand := n.Stored == "on demand"; n.Op == "ConvTranspose" && (!onDemand || n.Edge < 0) {
			t.Errorf("%s, edge %d, is %s", n.Name, n.Edge, n.Stored)
		}
		if n.Name == "/c1/c1.3/Conv" && n.Stored != "on demand" { // the network's output is computed of it, by a convolution of 1 x 1
			t.Errorf("%s is %s", n.Name, n.Stored)
		}
	}
}

func TestPlanDescribesTheRun(t *testing.T) {
	name := "mobilenetv2_deeppcb.onnx"
	p := compileNetwork(t, loadNetwork(t, name, loadReferences(t)[name].InputShape), graph.Stored)
	x := formulaInput(p.graph.Input.Shape)
	packed := mustPack(t, p, testForms(p, 127, 16), engine.PackOptions{})
	mustRunPacked(t, packed, x)
	plan := packed.Plan()
	if plan.Peak != packed.Peak() || plan.Peak < plan.Packed+plan.Float+plan.Work || plan.Peak > 4*p.arenaSize {
		t.Errorf("plan %d (%d packed, %d float, %d work), run %d, arena of floats %d",
			plan.Peak, plan.Packed, plan.Float, plan.Work, packed.Peak(), 4*p.arenaSize)
	}
	edges := 0
	for _, n := range plan.Nodes {
		if n.Edge >= 0 {
			edges++
		}
	}
	if edges != len(p.edges) {
		t.Errorf("%d of %d edges in the plan", edges, len(p.edges))
	}
	// A form that expects too little costs pages, which are counted.
	greedy := mustPack(t, p, testForms(p, 127, 1), engine.PackOptions{})
	mustRunPacked(t, greedy, x)
	if greedy.Peak() <= greedy.Plan().Peak {
		t.Errorf("no pages are counted: %d planned, %d held", greedy.Plan().Peak, greedy.Peak())
	}
}

// Where blocks take a little more than is expected, what is held is not beyond the plan, and not much below.
func TestPlanHoldsAReserve(t *testing.T) {
	name := "unet_deeppcb.onnx"
	p := compileNetwork(t, loadNetwork(t, name, loadReferences(t)[name].InputShape), graph.Stored)
	pages := 0
	for parts := 48; parts <= 61; parts++ { // 56 are expected
		forms := testForms(p, 127, 14)
		for i := range forms {
			forms[i] = sizedForm{forms[i].(testForm), parts}
		}
		packed := mustPack(t, p, forms, engine.PackOptions{})
		mustRunPacked(t, packed, formulaInput(p.graph.Input.Shape))
		plan, peak := packed.Plan().Peak, packed.Peak()
		if peak > 4*packed.arenaSize {
			pages++
		}
		if peak > plan || plan > peak+peak/50 {
			t.Errorf("%d parts: %d bytes planned, %d held, of which %d are the arena", parts, plan, peak, 4*packed.arenaSize)
		}
	}
	if pages == 0 {
		t.Error("no page was needed")
	}
}

// sizedForm says that blocks took some parts of 64 of their bound.
type sizedForm struct {
	testForm
	parts int
}

func (f sizedForm) Encode(dst []byte, x []float32, stride, c0, channels, n int) int {
	return f.testForm.Encode(dst, x, stride, c0, channels, n) * f.parts / 64
}

// Decode gives nothing back: parts of blocks are missing.
func (f sizedForm) Decode(x []float32, stride int, src []byte, c0, channels, n, from, to int) {
	for i := range channels {
		for p := range to - from {
			x[f.at(stride, i, p)] = 0
		}
	}
}

// A form that panics in whichever worker takes the block.
type panickingForm struct {
	testForm
	blocks *atomic.Int32
}

func (f panickingForm) Encode(dst []byte, x []float32, stride, c0, channels, n int) int {
	if f.blocks.Add(-1) == 0 {
		panic("a broken form")
	}
	return f.testForm.Encode(dst, x, stride, c0, channels, n)
}

// A worker's panic is the caller's, and no worker waits for ever; the program goes on serving.
func TestPackedWorkersPanic(t *testing.T) {
	name := "resnet32_cifar10.onnx"
	p := compileNetwork(t, loadNetwork(t, name, loadReferences(t)[name].InputShape), graph.Stored)
	x := formulaInput(p.graph.Input.Shape)
	var left atomic.Int32
	var forms []engine.Form
	for i, f := range testForms(p, 127, 16) {
		if i%5 == 0 {
			f = panickingForm{f.(testForm), &left}
		}
		forms = append(forms, f)
	}
	packed := mustPack(t, p, forms, engine.PackOptions{Threads: 3, Rows: 2})
	want := mustRunPacked(t, packed, x)
	for _, at := range []int32{1, 2, 5, 9} {
		left.Store(at)
		caught := parallel.Catch(func() { _, _ = packed.Run(x) })
		if caught == nil || caught.Value != "a broken form" || !strings.Contains(caught.At, "pack_test.go") {
			t.Errorf("block %d: %v", at, caught)
		}
		sameOutputs(t, "afterwards", mustRunPacked(t, packed, x), want)
	}
}
