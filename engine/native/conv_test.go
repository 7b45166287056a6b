package native

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/dqa-go/dqa/graph"
	"github.com/dqa-go/dqa/internal/cpu"
	"github.com/dqa-go/dqa/tensor"
)

// convSpec describes a 2-D convolution with a residual Add and a Relu behind it.
type convSpec struct {
	cin, cout, group, h, w, kh, kw, sy, sx, dy, dx int
	pads                                           [4]int // top, left, bottom, right
	residual                                       bool
}

func (c convSpec) out() (h, w int) {
	return (c.h+c.pads[0]+c.pads[2]-(c.kh-1)*c.dy-1)/c.sy + 1, (c.w+c.pads[1]+c.pads[3]-(c.kw-1)*c.dx-1)/c.sx + 1
}

// graph is Conv -> [Add with a slice of the input] -> Relu; the residual comes from a second half of the input.
func (c convSpec) graph(weights, bias []float32) *graph.Graph {
	oh, ow := c.out()
	out := []int{1, c.cout, oh, ow}
	in, extra := c.cin*c.h*c.w, c.cout*oh*ow
	b := newGraphBuilder(1, in+extra)
	part := func(name string, from, to int, shape ...int) {
		b.node("Slice", name+"_flat", []int{1, to - from}, graph.Attributes{
			"starts": []int64{0, int64(from)}, "ends": []int64{1, int64(to)}, "steps": []int64{1, 1}}, "input")
		b.node("Reshape", name, shape, nil, name+"_flat")
	}
	part("x", 0, in, 1, c.cin, c.h, c.w)
	part("r", in, in+extra, out...)
	b.constant("w", &graph.Tensor{Type: graph.Float32, Shape: []int{c.cout, c.cin / c.group, c.kh, c.kw}, Floats: weights})
	b.constant("b", &graph.Tensor{Type: graph.Float32, Shape: []int{c.cout}, Floats: bias})
	b.node("Conv", "conv", out, graph.Attributes{
		"kernel_shape": []int64{int64(c.kh), int64(c.kw)}, "strides": []int64{int64(c.sy), int64(c.sx)},
		"dilations": []int64{int64(c.dy), int64(c.dx)}, "group": int64(c.group),
		"pads": []int64{int64(c.pads[0]), int64(c.pads[1]), int64(c.pads[2]), int64(c.pads[3])},
	}, "x", "w", "b")
	last := "conv"
	if c.residual {
		b.node("Add", "sum", out, nil, "r", "conv")
		last = "sum"
	}
	b.node("Relu", "relu", out, nil, last)
	b.outputs("relu")
	return b.g
}

// exact computes the same in float64 straight from the definition.
func (c convSpec) exact(input, weights, bias []float32) []float64 {
	oh, ow := c.out()
	x, res := input[:c.cin*c.h*c.w], input[c.cin*c.h*c.w:]
	channels, per := c.cin/c.group, c.cout/c.group
	var out []float64
	for o := range c.cout {
		for y := range oh {
			for q := range ow {
				sum := float64(bias[o])
				for i := range channels * c.kh * c.kw {
					ch, ky, kx := o/per*channels+i/(c.kh*c.kw), i/c.kw%c.kh, i%c.kw
					iy, ix := y*c.sy+ky*c.dy-c.pads[0], q*c.sx+kx*c.dx-c.pads[1]
					if iy >= 0 && iy < c.h && ix >= 0 && ix < c.w {
						sum += float64(weights[o*channels*c.kh*c.kw+i]) * float64(x[(ch*c.h+iy)*c.w+ix])
					}
				}
				if c.residual {
					sum += float64(res[len(out)])
				}
				out = append(out, max(sum, 0))
			}
		}
	}
	return out
}

// randomSpec draws a convolution whose window fits its input.
func randomSpec(r *rand.Rand) convSpec {
	c := convSpec{
		group: 1 + r.IntN(3), kh: 1 + r.IntN(4), kw: 1 + r.IntN(4), sy: 1 + r.IntN(3), sx: 1 + r.IntN(3),
		dy: 1 + r.IntN(2), dx: 1 + r.IntN(2), residual: r.IntN(2) == 0,
	}
	for i := range c.pads {
		c.pads[i] = r.IntN(3)
	}
	c.cin, c.cout = c.group*(1+r.IntN(5)), c.group*(1+r.IntN(6))
	c.h, c.w = (c.kh-1)*c.dy+1+r.IntN(14), (c.kw-1)*c.dx+1+r.IntN(20)
	return c
}

func randomValues(r *rand.Rand, n int) []float32 {
	s := make([]float32, n)
	for i := range s {
		s[i] = float32(r.NormFloat64())
	}
	return s
}

func FuzzConv(f *testing.F) {
	for seed := range uint64(40) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		r := rand.New(rand.NewPCG(seed, 3))
		c := randomSpec(r)
		weights, bias := randomValues(r, c.cout*c.cin/c.group*c.kh*c.kw), randomValues(r, c.cout)
		g := c.graph(weights, bias)
		x := &tensor.Tensor{Shape: g.Input.Shape, Data: randomValues(r, tensor.Size(g.Input.Shape))}
		want := c.exact(x.Data, weights, bias)
		for _, isa := range []string{cpu.Generic, cpu.AVX2} {
			p, err := Compile(g, nil, WithISA(isa))
			if err != nil {
				t.Fatalf("%+v: %v", c, err)
			}
			poison(p)
			for i, v := range mustRun(t, p, x, nil)[0].Data {
				if !(math.Abs(float64(v)-want[i]) <= 1e-5*(1+math.Abs(want[i]))) {
					t.Fatalf("%s %+v: value %d is %v, want %v", p.ISA(), c, i, v, want[i])
				}
			}
		}
	})
}

// BenchmarkConv measures the convolutions of the networks in the shared data, padding and residual included.
func BenchmarkConv(b *testing.B) {
	same := [4]int{1, 1, 1, 1}
	for _, c := range []convSpec{
		{cin: 3, cout: 16, h: 32, w: 32, kh: 3, kw: 3, pads: same},
		{cin: 16, cout: 16, h: 32, w: 32, kh: 3, kw: 3, pads: same},
		{cin: 32, cout: 32, h: 16, w: 16, kh: 3, kw: 3, pads: same},
		{cin: 64, cout: 64, h: 8, w: 8, kh: 3, kw: 3, pads: same},
		{cin: 32, cout: 64, h: 16, w: 16, kh: 3, kw: 3, sy: 2, sx: 2, pads: same},
		{cin: 16, cout: 16, h: 128, w: 128, kh: 3, kw: 3, pads: same},
		{cin: 32, cout: 16, h: 128, w: 128, kh: 3, kw: 3, pads: same},
		{cin: 64, cout: 64, h: 32, w: 32, kh: 3, kw: 3, pads: same},
		{cin: 128, cout: 128, h: 16, w: 16, kh: 3, kw: 3, pads: same},
		{cin: 16, cout: 96, h: 112, w: 112, kh: 1, kw: 1},
		{cin: 144, cout: 24, h: 56, w: 56, kh: 1, kw: 1},
		{cin: 64, cout: 64, h: 64, w: 64, kh: 1, kw: 1},
		{cin: 384, cout: 64, h: 14, w: 14, kh: 1, kw: 1},
		{cin: 960, cout: 160, h: 7, w: 7, kh: 1, kw: 1},
		{cin: 144, cout: 144, group: 144, h: 56, w: 56, kh: 3, kw: 3, pads: same},
		{cin: 960, cout: 960, group: 960, h: 7, w: 7, kh: 3, kw: 3, pads: same},
	} {
		c.group, c.sy, c.sx, c.dy, c.dx = max(c.group, 1), max(c.sy, 1), max(c.sx, 1), 1, 1
		name := fmt.Sprintf("%dto%d_%dx%d_k%d_s%d_g%d", c.cin, c.cout, c.h, c.w, c.kh, c.sy, c.group)
		b.Run(name, func(b *testing.B) { c.benchmark(b) })
	}
}

func (c convSpec) benchmark(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 4))
	depth := c.cin / c.group * c.kh * c.kw
	p, err := Compile(c.graph(randomValues(r, c.cout*depth), randomValues(r, c.cout)), nil)
	if err != nil {
		b.Fatal(err)
	}
	a := p.newArena()
	copy(a.data, randomValues(r, len(a.data)))
	conv := len(p.steps) - 1
	for b.Loop() {
		p.steps[conv].run(&a.tasks[conv])
	}
	oh, ow := c.out()
	flops := float64(2 * depth * c.cout * oh * ow)
	b.ReportMetric(flops*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
}
