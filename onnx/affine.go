package onnx

import (
	"fmt"
	"math"

	"github.com/dqa-go/dqa/graph"
)

// affine is y = a[c] x + b[c] for every channel c, in float64 so that a chain of them is rounded once.
type affine struct{ a, b []float64 }

func identityAffine(n int) affine {
	f := affine{make([]float64, n), make([]float64, n)}
	for i := range f.a {
		f.a[i] = 1
	}
	return f
}

// then applies g after f.
func (f affine) then(g affine) {
	for i := range f.a {
		f.a[i], f.b[i] = f.a[i]*g.a[i], f.b[i]*g.a[i]+g.b[i]
	}
}

// foldAffine folds BatchNormalization and multiplications and additions of constants, one per channel, into the
// convolution, matrix product or normalization whose result only they read.
func (e *editor) foldAffine() error {
	for i, n := range e.graph.Nodes {
		if n == nil {
			continue
		}
		axis, ok := foldAxis(e.graph, n)
		if !ok {
			continue
		}
		if err := e.absorb(i, axis); err != nil {
			return fmt.Errorf("node %q: %w", n.Name, err)
		}
	}
	return nil
}

// foldAxis is the axis of n's result along which its own constants are given.
func foldAxis(g *graph.Graph, n *graph.Node) (int, bool) {
	switch n.Op {
	case "Conv", "ConvTranspose", "Gemm", "BatchNormalization":
		return 1, true
	case "LayerNormalization":
		last := len(g.Values[n.Outputs[0]].Shape) - 1
		return last, n.Attrs.Int("axis", -1) == last
	}
	return 0, false
}

// absorb follows the chain of affine nodes after node i and takes them in.
func (e *editor) absorb(i, axis int) error {
	n := e.graph.Nodes[i]
	out := n.Outputs[0]
	if err := e.spend(e.graph.Values[out].Shape[axis]); err != nil {
		return err
	}
	f, found := identityAffine(e.graph.Values[out].Shape[axis]), false
	for {
		r, ok := e.only(out)
		if !ok {
			break
		}
		next, ok := e.affineOf(e.graph.Nodes[r], out, axis)
		if !ok {
			break
		}
		if err := e.spend(4 * len(next.a)); err != nil { // it was made from two lists and is added to two
			return err
		}
		f.then(next)
		out, found = e.graph.Nodes[r].Outputs[0], true
		e.graph.Nodes[r] = nil
	}
	if !found {
		return nil
	}
	n.Outputs = []string{out}
	e.producer[out] = i
	return e.apply(n, f)
}

// affineOf reads a node as a function of x per channel of axis; false where it is none.
func (e *editor) affineOf(n *graph.Node, x string, axis int) (affine, bool) {
	if n.Op == "BatchNormalization" {
		return e.batchNorm(n), axis == 1 && n.Inputs[0] == x
	}
	if len(n.Inputs) != 2 {
		return affine{}, false
	}
	other := n.Inputs[1]
	if other == x {
		other = n.Inputs[0]
	}
	k, ok := perChannel(e.consts[other], e.graph.Values[x].Shape, axis)
	if !ok {
		return affine{}, false
	}
	f := identityAffine(len(k))
	for i, v := range k {
		switch {
		case n.Op == "Mul":
			f.a[i] = v
		case n.Op == "Div" && other == n.Inputs[1]:
			f.a[i] = 1 / v
		case n.Op == "Add":
			f.b[i] = v
		case n.Op == "Sub" && other == n.Inputs[1]:
			f.b[i] = -v
		case n.Op == "Sub":
			f.a[i], f.b[i] = -1, v
		default:
			return affine{}, false
		}
	}
	return f, true
}

// batchNorm is scale (x - mean) / sqrt(var + epsilon) + bias.
func (e *editor) batchNorm(n *graph.Node) affine {
	scale, bias := e.consts[n.Inputs[1]].Floats, e.consts[n.Inputs[2]].Floats
	mean, variance := e.consts[n.Inputs[3]].Floats, e.consts[n.Inputs[4]].Floats
	f := identityAffine(len(scale))
	for i := range scale {
		f.a[i] = float64(scale[i]) / math.Sqrt(float64(variance[i])+float64(n.Attrs.Float("epsilon", 0)))
		f.b[i] = float64(bias[i]) - float64(mean[i])*f.a[i]
	}
	return f
}

// perChannel spreads a constant that broadcasts to shape along axis only, without enlarging it.
func perChannel(t *graph.Tensor, shape []int, axis int) ([]float64, bool) {
	if t == nil || t.Type != graph.Float32 || len(t.Shape) > len(shape) {
		return nil, false
	}
	for k := 1; k <= len(t.Shape); k++ {
		at := len(shape) - k
		if d := fromRight(t.Shape, k); d != 1 && (at != axis || d != shape[axis]) {
			return nil, false
		}
	}
	k := make([]float64, shape[axis])
	for i := range k {
		k[i] = float64(t.Floats[i%len(t.Floats)])
	}
	return k, true
}

// apply puts f into n's own constants.
func (e *editor) apply(n *graph.Node, f affine) error {
	if n.Op == "BatchNormalization" || n.Op == "LayerNormalization" {
		return e.applyNorm(n, f)
	}
	channel := func(i, inner int) int { return i / inner }
	w := e.consts[n.Inputs[1]]
	inner := product(w.Shape[1:])
	if n.Op == "ConvTranspose" {
		perGroup, outs, k := w.Shape[0]/n.Attrs.Int("group", 1), w.Shape[1], product(w.Shape[2:])
		channel = func(i, inner int) int { return i/inner/perGroup*outs + i/k%outs }
	}
	scaled := emptyLike(w, w.Shape)
	for i, v := range w.Floats {
		scaled.Floats[i] = float32(float64(v) * f.a[channel(i, inner)])
	}
	bias, err := e.shifted(n, 2, f)
	if err != nil {
		return err
	}
	weight, err := e.newConstant(n.Outputs[0]+"/weight", scaled)
	n.Inputs = []string{n.Inputs[0], weight, bias}
	return err
}

// shifted adds the constant a * input i + b; an absent input is 0.
func (e *editor) shifted(n *graph.Node, i int, f affine) (string, error) {
	t := emptyLike((&graph.Tensor{Type: graph.Float32}), []int{len(f.a)})
	for c := range f.a {
		old := 0.0
		if i < len(n.Inputs) {
			old = float64(e.consts[n.Inputs[i]].Floats[c])
		}
		t.Floats[c] = float32(old*f.a[c] + f.b[c])
	}
	return e.newConstant(n.Outputs[0]+"/bias", t)
}

func (e *editor) applyNorm(n *graph.Node, f affine) error {
	bias, err := e.shifted(n, 2, f)
	if err != nil {
		return err
	}
	scale, err := e.shifted(n, 1, affine{f.a, make([]float64, len(f.a))})
	n.Inputs = append([]string{n.Inputs[0], scale, bias}, n.Inputs[min(3, len(n.Inputs)):]...)
	return err
}
