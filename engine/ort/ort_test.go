//go:build ort

package ort

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/dqa-go/dqa/engine"
	"github.com/dqa-go/dqa/engine/native"
	"github.com/dqa-go/dqa/engine/reference"
	"github.com/dqa-go/dqa/graph"
	"github.com/dqa-go/dqa/internal/testdata"
	"github.com/dqa-go/dqa/onnx"
	"github.com/dqa-go/dqa/tensor"
)

// needLibrary skips where there is no ONNX Runtime; in CI there must be one.
func needLibrary(t testing.TB) {
	t.Helper()
	if _, err := FindLibrary(""); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skipf("%v: %s", err, HowToGet)
	}
}

func load2(t testing.TB, name string, shape []int) (*graph.Graph, []graph.Edge) {
	t.Helper()
	path := filepath.Join(testdata.Shared(t, "models"), name)
	if _, err := os.Stat(path); err != nil {
		path = filepath.Join(testdata.Shared(t, "models_import"), name)
	}
	g, err := onnx.Load(path, onnx.Options{Shape: shape})
	if err != nil {
		t.Fatal(err)
	}
	edges, err := g.FindEdges(graph.Stored)
	if err != nil {
		t.Fatal(err)
	}
	return g, edges
}

func compile(t testing.TB, g *graph.Graph, edges []graph.Edge) *Program {
	t.Helper()
	p, err := Compile(g, edges, "")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// Every network agrees with the reference and, but for ties of quantized ones, with the native engine.
func TestNetworks(t *testing.T) {
	needLibrary(t)
	refs, err := reference.Load(testdata.Shared(t, "reference_io.json"))
	if err != nil {
		t.Fatal(err)
	}
	for name, ref := range refs {
		t.Run(name, func(t *testing.T) {
			g, edges := load2(t, name, ref.InputShape)
			p := compile(t, g, edges)
			x := reference.Input(g.Input.Shape)
			outputs, err := p.Run(x, nil)
			if err != nil {
				t.Fatal(err)
			}
			for i, o := range g.Outputs {
				if d, err := ref.Outputs[o.Name].Compare(outputs[i]); err != nil || !d.Within() {
					t.Errorf("%s: %+v, %v", o.Name, d, err)
				}
			}
			if name == "mobilenetv2-12-qdq.onnx" {
				return // compared by top-1 in engine/native
			}
			own, err := native.Compile(g, edges)
			if err != nil {
				t.Fatal(err)
			}
			want, err := own.Run(x, nil)
			if err != nil {
				t.Fatal(err)
			}
			for i := range outputs {
				if d := difference(outputs[i], want[i]); !(d <= 1e-4) {
					t.Errorf("output %d differs from native by %.2g of the largest value", i, d)
				}
			}
		})
	}
}

// difference is relative to the largest value.
func difference(a, b *tensor.Tensor) float64 {
	worst, largest := 0.0, 1e-30
	for i, v := range a.Data {
		worst = max(worst, math.Abs(float64(v)-float64(b.Data[i])))
		largest = max(largest, math.Abs(float64(b.Data[i])))
	}
	return worst / largest
}

func sameBits(a, b []*tensor.Tensor) bool {
	return slices.EqualFunc(a, b, func(x, y *tensor.Tensor) bool {
		return slices.EqualFunc(x.Data, y.Data, func(v, w float32) bool { return math.Float32bits(v) == math.Float32bits(w) })
	})
}

// coarse rounds to eighths: an effect that later layers see.
func coarse(_ int, data []float32) error {
	for i, v := range data {
		data[i] = float32(math.RoundToEven(float64(v)*8) / 8)
	}
	return nil
}

func TestHooksAndStates(t *testing.T) {
	needLibrary(t)
	for _, name := range []string{"resnet8_mlperftiny_cifar10.onnx", "unet_deeppcb.onnx", "vit_tiny_cifar10.onnx", "mobilenetv2_deeppcb.onnx"} {
		t.Run(name, func(t *testing.T) {
			refs, err := reference.Load(testdata.Shared(t, "reference_io.json"))
			if err != nil {
				t.Fatal(err)
			}
			g, edges := load2(t, name, refs[name].InputShape)
			p := compile(t, g, edges)
			x := reference.Input(g.Input.Shape)
			seen := 0
			look := func(i int, data []float32) error {
				if i != seen || len(data) != tensor.Size(edges[i].Shape) {
					t.Errorf("edge %d with %d values where %d was next", i, len(data), seen)
				}
				seen++
				return nil
			}
			pieces, err := p.Run(x, look)
			if err != nil || seen != len(edges) {
				t.Fatalf("%d of %d edges seen, %v", seen, len(edges), err)
			}
			whole, err := p.Run(x, nil)
			if err != nil {
				t.Fatal(err)
			}
			if !sameBits(pieces, whole) {
				t.Error("the pieces give other outputs than the whole")
			}
			altered, err := p.Run(x, coarse)
			if err != nil {
				t.Fatal(err)
			}
			if sameBits(altered, whole) {
				t.Error("a hook that alters every edge has no effect")
			}
			for i := 0; i < len(edges); i += 1 + len(edges)/8 {
				for _, hook := range []engine.Hook{nil, coarse} {
					state, err := p.RunTo(i, x, hook)
					if err != nil {
						t.Fatal(err)
					}
					for range 2 { // the state stays what it is
						got, err := p.RunFrom(state, hook)
						if want := map[bool][]*tensor.Tensor{true: whole, false: altered}[hook == nil]; err != nil || !sameBits(got, want) {
							t.Fatalf("restart at edge %d gives other outputs (%v)", i, err)
						}
					}
				}
			}
			stop := errors.New("stop")
			if _, err := p.Run(x, func(int, []float32) error { return stop }); !errors.Is(err, stop) {
				t.Errorf("a hook's error: %v", err)
			}
		})
	}
}

func TestManyGoroutines(t *testing.T) {
	needLibrary(t)
	g, edges := load2(t, "resnet8_mlperftiny_cifar10.onnx", nil)
	p := compile(t, g, edges)
	x := reference.Input(g.Input.Shape)
	want, err := p.Run(x, coarse)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 50 {
				if got, err := p.Run(x, coarse); err != nil || !sameBits(got, want) {
					t.Errorf("another result side by side: %v", err)
					return
				}
			}
		})
	}
	wg.Wait()
}

func TestRefusals(t *testing.T) {
	needLibrary(t)
	g, edges := load2(t, "resnet8_mlperftiny_cifar10.onnx", nil)
	p := compile(t, g, edges)
	if _, err := p.Run(tensor.New(1, 2), nil); !errors.Is(err, ErrInput) {
		t.Errorf("wrong input: %v", err)
	}
	if _, err := p.RunTo(99, reference.Input(g.Input.Shape), nil); !errors.Is(err, ErrState) {
		t.Errorf("wrong edge: %v", err)
	}
	if _, err := p.RunFrom(&engine.State{Edge: 1}, nil); !errors.Is(err, ErrState) {
		t.Errorf("empty state: %v", err)
	}
	file := filepath.Join(t.TempDir(), "lib.so")
	if err := os.WriteFile(file, []byte("no library"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{file, file + "missing", t.TempDir()} {
		if _, err := Compile(g, edges, path); !errors.Is(err, ErrUnavailable) {
			t.Errorf("%s: %v", path, err)
		}
	}
	if p.Version() == "" {
		t.Error("no version")
	}
}

// Biases change the graph, so that both engines apply them alike.
func TestBiases(t *testing.T) {
	needLibrary(t)
	for _, name := range []string{"resnet8_mlperftiny_cifar10.onnx", "vit_tiny_cifar10.onnx"} {
		g, edges := load2(t, name, nil)
		bias := map[string][]float32{}
		for _, p := range g.BiasPoints() {
			values := make([]float32, p.Channels())
			for c := range values {
				values[c] = float32(c%7-3) / 50
			}
			bias[p.Node] = values
		}
		changed, err := g.WithCorrections(nil, bias)
		if err != nil {
			t.Fatal(err)
		}
		own, err := native.Compile(changed, edges)
		if err != nil {
			t.Fatal(err)
		}
		x := reference.Input(g.Input.Shape)
		want, err := own.Run(x, nil)
		if err != nil {
			t.Fatal(err)
		}
		got, err := compile(t, changed, edges).Run(x, nil)
		if err != nil {
			t.Fatal(err)
		}
		without, err := compile(t, g, edges).Run(x, nil)
		if err != nil {
			t.Fatal(err)
		}
		if d := difference(got[0], want[0]); !(d <= 1e-4) {
			t.Errorf("%s: engines differ by %.2g of the largest value", name, d)
		}
		if difference(without[0], want[0]) < 1e-2 {
			t.Errorf("%s: biases change nothing", name)
		}
	}
}
