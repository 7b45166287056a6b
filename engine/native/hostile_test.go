package native

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"github.com/dqa-go/dqa/graph"
	"github.com/dqa-go/dqa/tensor"
)

// allocated is how many bytes f allocates in all.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// floats is a constant; its values do not matter.
func floats(shape ...int) *graph.Tensor {
	return &graph.Tensor{Type: graph.Float32, Shape: shape, Floats: make([]float32, tensor.Size(shape))}
}

// windowed are the attributes of a Conv or a pool over images.
func windowed(kernel, strides, dilations int64, pads ...int64) graph.Attributes {
	return graph.Attributes{
		"kernel_shape": []int64{kernel, kernel}, "strides": []int64{strides, strides}, "dilations": []int64{dilations, dilations},
		"pads": pads, "group": int64(1),
	}
}

// TestAbsurdNetworks are graphs within the limits of package onnx that would fill the memory here.
func TestAbsurdNetworks(t *testing.T) {
	const far = 1 << 27
	for name, build := range map[string]func() *graphBuilder{
		"padding": func() *graphBuilder {
			b := newGraphBuilder(1, 1, 8, 8)
			b.constant("w", floats(1, 1, 2, 2))
			b.node("Conv", "y", []int{1, 1, 8, 8}, windowed(2, 1, 2*far-1, far, far, far, far), "input", "w")
			return b
		},
		"padding overflows": func() *graphBuilder {
			b := newGraphBuilder(1, 4, 8, 8)
			b.constant("w", floats(1, 4, 2, 2))
			b.node("Conv", "y", []int{1, 1, 8, 8}, windowed(2, 1, 1<<56, 1<<55, 1<<55, 1<<55, 1<<55), "input", "w")
			return b
		},
		"pooling window": func() *graphBuilder {
			b := newGraphBuilder(1, 1, 8, 8)
			b.node("MaxPool", "y", []int{1, 1, 8, 8}, windowed(far, 1, 1, far-8, far-8, far-1, far-1), "input")
			return b
		},
		"tables": func() *graphBuilder {
			b := newGraphBuilder(1, 1<<25)
			for i := range 100 {
				b.node("Transpose", fmt.Sprint("y", i), []int{1 << 25, 1}, graph.Attributes{"perm": []int64{1, 0}}, "input")
			}
			return b
		},
		"shared weights": func() *graphBuilder {
			b := newGraphBuilder(1, 1<<20)
			b.constant("w", floats(1, 1<<20))
			for i := range 1000 {
				b.node("Gemm", fmt.Sprint("y", i), []int{1, 1}, graph.Attributes{}, "input", "w")
			}
			return b
		},
		"arena": func() *graphBuilder {
			b := newGraphBuilder(1, 1<<28)
			for i := range 10 {
				b.node("Relu", fmt.Sprint("y", i), []int{1, 1 << 28}, nil, "input")
			}
			return b
		},
		"scratch": func() *graphBuilder {
			b := newGraphBuilder(1, 1, 1<<12, 1<<12)
			b.constant("w", floats(1, 1, 16, 16))
			b.node("ConvTranspose", "y", []int{1, 1, 1<<12 + 15, 1<<12 + 15}, windowed(16, 1, 1, 0, 0, 0, 0), "input", "w")
			return b
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := build()
			for _, n := range b.g.Nodes {
				b.outputs(n.Outputs...)
			}
			used := allocated(func() {
				if _, err := Compile(b.g, nil); !errors.Is(err, graph.ErrLimit) {
					t.Errorf("error %v", err)
				}
			})
			if used > 2<<30 {
				t.Errorf("%d bytes were allocated", used)
			}
		})
	}
}

// TestLargeNetworks would not end if compiling took quadratic time.
func TestLargeNetworks(t *testing.T) {
	const n = 50_000
	for name, input := range map[string]func(i int) string{
		"chain": func(i int) string { return fmt.Sprint("v", max(0, i-1)) },
		"fan":   func(int) string { return "v0" },
	} {
		t.Run(name, func(t *testing.T) {
			b := newGraphBuilder(1, 8)
			b.node("Relu", "v0", []int{1, 8}, nil, "input")
			for i := 1; i < n; i++ {
				b.node([]string{"Softmax", "Sqrt"}[i%2], fmt.Sprint("v", i), []int{1, 8}, graph.Attributes{"axis": int64(1)}, input(i))
				if name == "fan" {
					b.outputs(fmt.Sprint("v", i))
				}
			}
			b.outputs(fmt.Sprint("v", n-1))
			var p *Program
			used := allocated(func() {
				var err error
				if p, err = Compile(b.g, nil); err != nil {
					t.Fatal(err)
				}
			})
			if used > n*4<<10 {
				t.Errorf("%d bytes for each of %d nodes", used/n, n)
			}
			if _, err := p.Run(tensor.New(1, 8), nil); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestPlaceManyBuffers: no two that are in use together overlap, and places are used again.
func TestPlaceManyBuffers(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	buffers := make([]*buffer, 2*manyBuffers)
	for i := range buffers {
		first := r.IntN(manyBuffers)
		buffers[i] = &buffer{size: r.IntN(64), first: first, last: first + r.IntN(3)}
	}
	total := place(buffers)
	if total > 20*buffers[0].room()+40*80 {
		t.Errorf("arena of %d values", total)
	}
	slices.SortFunc(buffers, func(a, b *buffer) int { return a.first - b.first })
	for i, a := range buffers {
		if a.offset < 0 || a.offset+a.room() > total {
			t.Fatalf("buffer %+v lies outside the arena of %d", *a, total)
		}
		for _, b := range buffers[i+1:] {
			if b.first > a.last {
				break
			}
			if a.offset < b.offset+b.room() && b.offset < a.offset+a.room() {
				t.Fatalf("%+v and %+v overlap", *a, *b)
			}
		}
	}
}
