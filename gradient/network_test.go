package gradient_test

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/dqa-go/dqa/engine/native"
	"github.com/dqa-go/dqa/engine/reference"
	"github.com/dqa-go/dqa/gradient"
	"github.com/dqa-go/dqa/graph"
	"github.com/dqa-go/dqa/onnx"
	"github.com/dqa-go/dqa/tensor"
)

func openModel(t *testing.T, name string) (*graph.Graph, []graph.Edge) {
	t.Helper()
	dir := os.Getenv("DQA_DATA")
	if dir == "" {
		t.Skip("DQA_DATA is not set")
	}
	g, err := onnx.Load(filepath.Join(dir, "models", name+".onnx"), onnx.Options{})
	if err != nil {
		t.Fatal(err)
	}
	edges, err := g.FindEdges(graph.Stored)
	if err != nil {
		t.Fatal(err)
	}
	return g, edges
}

// seedsOf are numbers by a formula, which internal/crosscheck/gradients.py has, too.
func seedsOf(g *graph.Graph) [][]float32 {
	seeds := make([][]float32, len(g.Outputs))
	for k, o := range g.Outputs {
		for i := range tensor.Size(o.Shape) {
			seeds[k] = append(seeds[k], float32(i*7%11)/11-.5)
		}
	}
	return seeds
}

// derivatives are those of all edges, on the reference input.
func derivatives(t *testing.T, g *graph.Graph, edges []graph.Edge) [][]float32 {
	t.Helper()
	p, err := gradient.New(g, edges, compile)
	if err != nil {
		t.Fatal(err)
	}
	v, err := p.Forward(reference.Input(g.Input.Shape))
	if err != nil {
		t.Fatal(err)
	}
	d := make([][]float32, len(edges))
	err = p.Backward(v, seedsOf(g), func(edge int, by []float32) error { d[edge] = by; return nil })
	if err != nil {
		t.Fatal(err)
	}
	for i, e := range edges {
		if d[i] == nil {
			t.Fatalf("edge %s has no derivative: %v", e.Name, p.Derivative(e.Name))
		}
	}
	return d
}

// Derivatives along a random direction at edges of whole networks are finite differences of the engine's own results.
func TestNetworksAgainstFiniteDifferences(t *testing.T) {
	for _, name := range []string{"resnet32_cifar10", "vit_tiny_cifar10", "unet_deeppcb", "mobilenetv2_deeppcb"} {
		t.Run(name, func(t *testing.T) {
			g, edges := openModel(t, name)
			d := derivatives(t, g, edges)
			prog, err := native.Compile(g, edges)
			if err != nil {
				t.Fatal(err)
			}
			for k := range 4 {
				edge := (len(edges) - 1) * k / 3
				along, differs := directional(t, prog, edge, d[edge], seedsOf(g))
				if math.Abs(along-differs) > .02*math.Abs(differs) {
					t.Errorf("edge %s: %v along a direction, by differences %v", edges[edge].Name, along, differs)
				}
			}
		})
	}
}

// directional compares along the gradient with some noise: along noise alone a derivative is small beside its terms, and
// behind a ReLU many values are at its kink. Values that are zero stay.
func directional(t *testing.T, prog *native.Program, edge int, d []float32, seeds [][]float32) (along, differs float64) {
	t.Helper()
	state, err := prog.RunTo(edge, reference.Input(prog.Graph().Input.Shape), nil)
	if err != nil {
		t.Fatal(err)
	}
	var x []float32
	for _, s := range state.Tensors {
		if s.Name == prog.Edges()[edge].Name {
			x = s.Data
		}
	}
	r := rand.New(rand.NewPCG(16, uint64(edge)))
	norm, energy := 0.0, 0.0
	for i := range d {
		norm += float64(d[i]) * float64(d[i])
		energy += float64(x[i]) * float64(x[i])
	}
	by := make([]float32, len(x))
	for i, v := range x {
		if v == 0 {
			continue
		}
		by[i] = float32((float64(d[i])/math.Sqrt(norm) + .3*r.NormFloat64()/math.Sqrt(float64(len(x)))) * 5e-5 * math.Sqrt(energy))
		along += float64(by[i]) * float64(d[i])
	}
	number := func(sign float32) (sum float64) {
		for i, v := range by {
			x[i] += sign * v
		}
		out, err := prog.RunFrom(state, nil)
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range by {
			x[i] -= sign * v
		}
		for k, o := range out {
			for i, y := range o.Data {
				sum += float64(y) * float64(seeds[k][i])
			}
		}
		return sum
	}
	return along, (number(1) - number(-1)) / 2
}

// What internal/crosscheck/gradients.py found with torch, which it names in DQA_GRADIENTS: of every value that the file names, norm
// and samples.
func TestNetworksAgainstTorch(t *testing.T) {
	path := os.Getenv("DQA_GRADIENTS")
	if path == "" {
		t.Skip("internal/crosscheck/gradients.py was not run")
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var models map[string]map[string]struct {
		L2      float64
		Samples [][2]float64
	}
	if err := json.Unmarshal(b, &models); err != nil {
		t.Fatal(err)
	}
	for name, values := range models {
		g, edges := openModel(t, name)
		found, worst := 0, 0.0
		for i, d := range derivatives(t, g, edges) {
			want, ok := values[edges[i].Name]
			if !ok {
				continue
			}
			found++
			squares := 0.0
			for _, v := range d {
				squares += float64(v) * float64(v)
			}
			off := math.Abs(math.Sqrt(squares)-want.L2) / want.L2
			rms := want.L2 / math.Sqrt(float64(len(d)))
			for _, s := range want.Samples {
				off = max(off, math.Abs(float64(d[int(s[0])])-s[1])/max(rms, math.Abs(s[1])))
			}
			worst = max(worst, off)
			if off > 1e-3 {
				t.Errorf("%s, edge %s: off by %.2g of torch's", name, edges[i].Name, off)
			}
		}
		if found == 0 {
			t.Errorf("%s: no edge is among %d values", name, len(values))
		}
		t.Logf("%s: %d of %d edges compared, worst difference %.1e", name, found, len(edges), worst)
	}
}
