package session

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/dqa-go/dqa/internal/testdata"
	"github.com/dqa-go/dqa/onnx"
	"github.com/dqa-go/dqa/profile"
	"github.com/dqa-go/dqa/tensor"
)

// demoNetworks are both with CI=true, else the small one.
func demoNetworks() []string {
	if testdata.CI() {
		return []string{"demo:classify", "demo:segment"}
	}
	return []string{"demo:classify"}
}

// TestPackedEqualsSimulation: built-in networks, every method, any number of threads.
func TestPackedEqualsSimulation(t *testing.T) {
	for _, model := range demoNetworks() {
		net, err := Open(model, Options{})
		if err != nil {
			t.Fatal(err)
		}
		data, err := net.Data(model + "[0:4]")
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range []Variant{
			{Setting: profile.Setting{Name: "graded", Dial: profile.Budget, Goal: 2}},
			{Setting: profile.Setting{Name: "graded", Dial: profile.Budget, Goal: 3, Pow2: true}},
			{Setting: profile.Setting{Name: "direct", Bits: 4, Scale: profile.StaticTensor, Unsigned: true}},
			{Setting: profile.Setting{Name: "dqa", Bits: 3, ExtraBits: 2, Ratio: .5, Ranking: "energy", Scale: profile.StaticChannel}},
			{Setting: profile.Setting{Name: "dqa", Bits: 3, ExtraBits: 3, Ratio: .5, Ranking: "energy"}},
		} {
			t.Run(fmt.Sprint(model, " ", v.Setting), func(t *testing.T) {
				made, err := net.Calibrate(context.Background(), data, v, CalibrateOptions{})
				if err != nil {
					t.Fatal(err)
				}
				q, err := net.Bind(made.Profile)
				if err != nil {
					t.Fatal(err)
				}
				x, err := data.Input(3)
				if err != nil {
					t.Fatal(err)
				}
				checkPacked(t, q, x, 1, 2, 4)
			})
		}
	}
}

// checkPacked compares packed runs with the encoder's hook.
func checkPacked(t *testing.T, q *Quantized, x *tensor.Tensor, threads ...int) {
	t.Helper()
	_, want, err := q.NewEncoder(EncodeOptions{}).Encode(nil, x)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range threads {
		p, err := q.Pack(PackOptions{Threads: n})
		if err != nil {
			t.Fatal(err)
		}
		got, err := p.Run([]*tensor.Tensor{x})
		if err != nil {
			t.Fatal(err)
		}
		for k := range want {
			if !slices.EqualFunc(got[k].Data, want[k].Data, func(a, b float32) bool { return math.Float32bits(a) == math.Float32bits(b) }) {
				t.Errorf("%d threads: output %d differs", n, k)
			}
		}
		plan := p.NewPlan(0)
		t.Logf("%d threads: peak %d, planned %d (packed %d, float %d, work %d)", n, p.Peak(), plan.Peak, plan.Packed, plan.Float, plan.Work)
	}
}

// TestPackedOnAllNetworks is the promise of the packed run: on every network of the shared data, at 2, 3 and 4 bits and on
// 1, 2 and 4 threads, outputs equal those of the hook that encodes and decodes every edge.
func TestPackedOnAllNetworks(t *testing.T) {
	models, err := filepath.Glob(filepath.Join(testdata.Shared(t, "models"), "*.onnx"))
	if err != nil || len(models) == 0 {
		t.Fatal("no models", err)
	}
	if os.Getenv("CI") == "" {
		models = models[:3]
	}
	for _, model := range models {
		t.Run(filepath.Base(model), func(t *testing.T) {
			t.Parallel()
			checkAllBits(t, model)
		})
	}
}

func checkAllBits(t *testing.T, model string) {
	net, err := Open(model, Options{})
	if errors.Is(err, onnx.ErrShape) || errors.Is(err, ErrNoEdges) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	x := randomInput(net.Graph().Input.Shape)
	for _, bits := range []int{2, 3, 4} {
		p, err := net.profileFor(x, bits)
		if err != nil {
			t.Fatal(err)
		}
		q, err := net.Bind(p)
		if err != nil {
			t.Fatal(err)
		}
		checkPacked(t, q, x, 1, 2, 4)
	}
}

// profileFor is a profile of static steps that cover what the edges hold for one input.
func (n *Network) profileFor(x *tensor.Tensor, bits int) (*profile.Profile, error) {
	edges, err := n.codedEdges(nil)
	if err != nil {
		return nil, err
	}
	p := &profile.Profile{
		Tool: "test", Network: profile.Network{Name: n.name, Digest: n.graph.Digest}, EdgeSet: string(n.EdgeSet()), Preprocess: n.pre,
		Setting: profile.Setting{Name: "direct", Bits: bits, Unsigned: true, Scale: profile.StaticTensor}, Edges: edges,
	}
	_, err = n.prog.Run(x, func(i int, data []float32) error {
		e := &edges[i]
		e.Bits, e.Unsigned, e.Scale, e.RowSums = bits, e.OneSided, profile.StaticTensor, n.Edges()[i].RowSums
		top := e.Maximum(data)
		e.Steps = []float32{e.ScaleFor(0, top).Step, e.ScaleFor(0, top).Step}
		return nil
	})
	return p, err
}

// TestLean: networks whose constants lie in their files compute what others do, packed and with other biases, too.
func TestLean(t *testing.T) {
	for _, name := range []string{"resnet32_cifar10", "vit_tiny_cifar10"} {
		model := filepath.Join(testdata.Shared(t, "models"), name+".onnx")
		var want []*tensor.Tensor
		for _, lean := range []bool{false, true} {
			net, err := Open(model, Options{Lean: lean})
			if err != nil {
				t.Fatal(err)
			}
			if lean != (net.Graph().Release != nil) {
				t.Fatal("is a lean network mapped?")
			}
			x := randomInput(net.Graph().Input.Shape)
			got, err := net.Program().Run(x, nil)
			if err != nil {
				t.Fatal(err)
			}
			again, err := net.compile(net.Graph(), net.Edges())
			if err != nil {
				t.Fatal(err)
			}
			more, err := again.Run(x, nil)
			if err != nil {
				t.Fatal(err)
			}
			packed, err := net.Pack(PackOptions{Threads: 2})
			if err != nil {
				t.Fatal(err)
			}
			bands, err := packed.Run([]*tensor.Tensor{x})
			if err != nil {
				t.Fatal(err)
			}
			if want == nil {
				want = got
			}
			for _, outputs := range [][]*tensor.Tensor{got, more, bands} {
				if !slices.Equal(outputs[0].Data, want[0].Data) {
					t.Errorf("%s, lean %t: other outputs", name, lean)
				}
			}
		}
	}
}
