package onnx

import (
	"slices"

	"github.com/dqa-go/dqa/graph"
)

// linearOperators are matrix products.
var linearOperators = table{
	"Gemm":   {inputs: [2]int{2, 3}, attrs: "alpha:f beta:f transA:i transB:i", lower: lowerGemm},
	"MatMul": {inputs: [2]int{2, 2}, lower: lowerMatMul},
}

// added gives a constant that the reader makes a name.
func (c *call) added(suffix string, t *graph.Tensor) (string, error) {
	return c.addedOf(suffix, t.Shape, func() *graph.Tensor { return t })
}

// addedOf is added for a constant that is only made when there is room for its shape.
func (c *call) addedOf(suffix string, shape []int, make func() *graph.Tensor) (string, error) {
	if _, err := c.reserve(shape); err != nil {
		return "", err
	}
	name := c.fresh(c.out(0) + "/" + suffix)
	c.constant(name, make())
	return name, nil
}

// gemm is a Gemm node's data.
type gemm struct {
	alpha, beta    float32
	transA, transB bool
	m, k, n        int // (m,k) times (k,n)
}

func (c *call) gemm() (gemm, error) {
	a, b, at := c.shape(0), c.shape(1), c.node.Attrs
	g := gemm{at.Float("alpha", 1), at.Float("beta", 1), at.Int("transA", 0) != 0, at.Int("transB", 0) != 0, 0, 0, 0}
	if len(a) != 2 || len(b) != 2 {
		return g, invalid("shapes %v and %v are not two matrices", a, b)
	}
	g.m, g.k = oriented(a, g.transA)
	kb, n := oriented(b, g.transB)
	if g.n = n; g.k != kb {
		return g, invalid("shapes %v and %v do not multiply", a, b)
	}
	_, err := elements([]int{g.m, g.n})
	return g, err
}

func oriented(s []int, transposed bool) (rows, cols int) {
	if transposed {
		return s[1], s[0]
	}
	return s[0], s[1]
}

func lowerGemm(c *call) error {
	g, err := c.gemm()
	if err != nil {
		return err
	}
	inputs := []string{c.node.Inputs[0]}
	if g.transA {
		if inputs[0], err = c.step("Transpose", inputs, graph.Attributes{"perm": []int64{1, 0}}, []int{g.m, g.k}); err != nil {
			return err
		}
	}
	weight, addend := c.tensor(1), c.has(2) && g.beta != 0
	if weight == nil {
		return c.product(g, inputs[0], addend)
	}
	w, err := c.rows(weight, g)
	if err != nil {
		return err
	}
	inputs = append(inputs, w)
	if bias := c.gemmBias(g); bias != nil && addend {
		name, err := c.addedOf("bias", []int{g.n}, bias)
		if err != nil {
			return err
		}
		inputs, addend = append(inputs, name), false
	}
	if !addend {
		return c.emit("Gemm", inputs, gemmAttributes(), []int{g.m, g.n})
	}
	y, err := c.step("Gemm", inputs, gemmAttributes(), []int{g.m, g.n})
	if err != nil {
		return err
	}
	return c.addend(g, y)
}

func gemmAttributes() graph.Attributes {
	return graph.Attributes{"alpha": float32(1), "beta": float32(1), "transA": int64(0), "transB": int64(1)}
}

// rows returns the name of alpha times the weight as (n, k) rows.
func (c *call) rows(w *graph.Tensor, g gemm) (string, error) {
	if w.Type != graph.Float32 {
		return "", invalid("weights must be floats")
	}
	if g.transB && g.alpha == 1 {
		return c.node.Inputs[1], nil
	}
	return c.addedOf("weight", []int{g.n, g.k}, func() *graph.Tensor {
		if !g.transB {
			w = evalTranspose(&graph.Node{Attrs: graph.Attributes{"perm": []int64{1, 0}}}, w, []int{g.n, g.k})
		}
		return scaledBy(w, g.alpha)
	})
}

// scaledBy returns f times t.
func scaledBy(t *graph.Tensor, f float32) *graph.Tensor {
	if f == 1 {
		return t
	}
	r := emptyLike(t, t.Shape)
	for i, v := range t.Floats {
		r.Floats[i] = f * v
	}
	return r
}

// gemmBias makes beta times input 2 as one number per column; nil where it is not constant and the same for every row.
func (c *call) gemmBias(g gemm) func() *graph.Tensor {
	t := c.tensor(2)
	if t == nil || t.Type != graph.Float32 || len(t.Shape) > 2 || len(t.Shape) == 2 && t.Shape[0] != 1 {
		return nil
	}
	if k := fromRight(t.Shape, 1); k != 1 && k != g.n {
		return nil
	}
	return func() *graph.Tensor {
		return scaledBy(expandTo(reshapedTo(t, []int{len(t.Floats)}), []int{g.n}), g.beta)
	}
}

// product writes a Gemm with a computed right side as MatMul, Mul and Add.
func (c *call) product(g gemm, a string, addend bool) error {
	b, err := c.node.Inputs[1], error(nil)
	if g.transB {
		if b, err = c.step("Transpose", []string{b}, graph.Attributes{"perm": []int64{1, 0}}, []int{g.k, g.n}); err != nil {
			return err
		}
	}
	y, err := c.step("MatMul", []string{a, b}, nil, []int{g.m, g.n})
	if err != nil {
		return err
	}
	if y, err = c.times(y, g.alpha); err != nil {
		return err
	}
	if addend {
		return c.addend(g, y)
	}
	c.alias[c.out(0)] = y
	return nil
}

// times multiplies value x by a number.
func (c *call) times(x string, f float32) (string, error) {
	if f == 1 {
		return x, nil
	}
	k, err := c.added("factor", &graph.Tensor{Type: graph.Float32, Floats: []float32{f}})
	if err != nil {
		return "", err
	}
	return c.step("Mul", []string{x, k}, nil, c.values[x].Shape)
}

// addend adds beta times input 2 to y.
func (c *call) addend(g gemm, y string) error {
	z, err := c.times(c.node.Inputs[2], g.beta)
	if err != nil {
		return err
	}
	shape, err := broadcast([]int{g.m, g.n}, c.values[z].Shape)
	if err != nil {
		return err
	}
	if !slices.Equal(shape, []int{g.m, g.n}) {
		return invalid("an addend of shape %v does not fit (%d, %d)", c.values[z].Shape, g.m, g.n)
	}
	return c.emit("Add", []string{y, z}, nil, shape)
}

func lowerMatMul(c *call) error {
	a, b := c.shape(0), c.shape(1)
	if len(a) < 2 || len(b) < 2 {
		return c.vectorProduct(a, b)
	}
	m, k, n := a[len(a)-2], a[len(a)-1], b[len(b)-1]
	if b[len(b)-2] != k {
		return invalid("shapes %v and %v do not multiply", a, b)
	}
	if w := c.tensor(1); w != nil && c.tensor(0) == nil && len(a) == 2 && len(b) == 2 {
		name, err := c.rows(w, gemm{alpha: 1, m: m, k: k, n: n})
		if err != nil {
			return err
		}
		return c.emit("Gemm", []string{c.node.Inputs[0], name}, gemmAttributes(), []int{m, n})
	}
	shape, err := broadcast(a[:len(a)-2], b[:len(b)-2])
	if err != nil {
		return err
	}
	return c.emit("MatMul", c.node.Inputs, nil, append(shape, m, n))
}
