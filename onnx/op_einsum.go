package onnx

import (
	"slices"
	"strings"

	"github.com/dqa-go/dqa/graph"
)

// einsumOperators sum products over named axes.
var einsumOperators = table{
	"Einsum": {since: 12, inputs: [2]int{1, -1}, attrs: "equation:s", lower: lowerEinsum},
}

// term is a value and the letters of its axes. An ellipsis stands for capital letters from the end of the alphabet on.
type term struct {
	value string
	axes  string
}

// einsum is an equation while it is being computed.
type einsum struct {
	chain
	size map[byte]int
	out  string
}

func lowerEinsum(c *call) error {
	e := einsum{chain: chain{c: c}, size: map[byte]int{}}
	terms, err := e.parse(strings.ReplaceAll(c.node.Attrs.String("equation", ""), " ", ""))
	if err != nil {
		return err
	}
	for i := range terms {
		rest := terms[i+1:]
		others := e.out
		for _, t := range rest {
			others += t.axes
		}
		if i == 0 {
			continue
		}
		terms[i] = e.multiply(terms[i-1], terms[i], others)
	}
	last := terms[len(terms)-1]
	last = e.sumOut(last, e.out)
	shape := e.shape(e.out)
	last = e.ordered(last, e.out)
	e.do(true, "Reshape", []string{last.value}, graph.Attributes{"shape": toInt64s(shape)}, shape)
	return e.err
}

// parse reads the equation and the sizes of the axes.
func (e *einsum) parse(equation string) ([]term, error) {
	left, out, explicit := strings.Cut(equation, "->")
	parts := strings.Split(left, ",")
	if len(parts) != len(e.c.node.Inputs) {
		return nil, invalid("equation %q for %d inputs", equation, len(e.c.node.Inputs))
	}
	wide := 0 // axes of the longest ellipsis
	for i, p := range parts {
		if strings.Contains(p, "...") {
			wide = max(wide, len(e.c.shape(i))-len(p)+3)
		}
	}
	var terms []term
	for i, p := range parts {
		s := e.c.shape(i)
		p, err := widened(p, len(s))
		if err != nil || len(p) != len(s) {
			return nil, invalid("equation %q does not fit input %d of shape %v", equation, i, s)
		}
		t, err := e.read(term{e.c.node.Inputs[i], p}, s)
		if err != nil {
			return nil, err
		}
		terms = append(terms, t)
	}
	if !explicit {
		out = implicit(left, wide)
	}
	all := ellipsis(wide)
	e.out = strings.Replace(out, "...", all, 1)
	for i := range len(e.out) {
		if e.size[e.out[i]] == 0 || strings.Count(e.out, e.out[i:i+1]) > 1 {
			return nil, invalid("equation %q", equation)
		}
	}
	return terms, nil
}

// ellipsis names n axes, the last ones alike whatever n is.
func ellipsis(n int) string {
	name := ""
	for i := range n {
		name = string(rune(1+i)) + name
	}
	return name
}

func widened(p string, rank int) (string, error) {
	if strings.Count(p, "...") > 1 || strings.Count(p, ".") != 3*strings.Count(p, "...") {
		return "", invalid("equation %q", p)
	}
	return strings.Replace(p, "...", ellipsis(max(0, rank-len(p)+3)), 1), nil
}

// implicit is the output of an equation that names none: the ellipsis, then what stands once, in order.
func implicit(left string, wide int) string {
	var once []byte
	for _, b := range []byte(strings.ReplaceAll(left, ".", "")) {
		if b != ',' && strings.Count(left, string(b)) == 1 {
			once = append(once, b)
		}
	}
	slices.Sort(once)
	if wide > 0 || strings.Contains(left, "...") {
		return "..." + string(once)
	}
	return string(once)
}

// read notes the sizes of a term's axes; axes of one element that others have longer are dropped.
func (e *einsum) read(t term, s []int) (term, error) {
	for i := range len(t.axes) {
		a := t.axes[i]
		if strings.Count(t.axes, t.axes[i:i+1]) > 1 {
			return t, refuse("a diagonal (equation %q)", e.c.node.Attrs.String("equation", ""))
		}
		letter := a < 32 || a >= 'a' && a <= 'z' || a >= 'A' && a <= 'Z'
		if old := e.size[a]; !letter || old > 1 && s[i] > 1 && old != s[i] || s[i] < 1 {
			return t, invalid("axis %q has %d and %d elements", string(rune(a)), old, s[i])
		}
		e.size[a] = max(e.size[a], s[i])
	}
	return t, nil
}

func (e *einsum) shape(axes string) []int {
	shape := make([]int, len(axes))
	for i := range shape {
		shape[i] = e.size[axes[i]]
	}
	return shape
}

// full broadcasts axes of one element, which an ellipsis may have.
func (e *einsum) full(t term) term {
	if e.err != nil {
		return t
	}
	shape := e.shape(t.axes)
	if s := e.c.values[t.value].Shape; !slices.Equal(s, shape) {
		t.value = e.do(false, "Expand", []string{t.value}, graph.Attributes{"shape": toInt64s(shape)}, shape)
	}
	return t
}

// sumOut adds up the axes that are not kept.
func (e *einsum) sumOut(t term, keep string) term {
	t = e.full(t)
	var axes []int
	left := ""
	for i := range len(t.axes) {
		if strings.IndexByte(keep, t.axes[i]) < 0 {
			axes = append(axes, i)
		} else {
			left += t.axes[i : i+1]
		}
	}
	if len(axes) == 0 {
		return t
	}
	v := e.do(false, "ReduceSum", []string{t.value}, graph.Attributes{"axes": toInt64s(axes), "keepdims": int64(0)}, e.shape(left))
	return term{v, left}
}

// ordered brings axes into an order.
func (e *einsum) ordered(t term, axes string) term {
	if t.axes == axes || e.err != nil {
		return t
	}
	perm := make([]int, len(axes))
	for i := range perm {
		perm[i] = strings.IndexByte(t.axes, axes[i])
	}
	return term{e.do(false, "Transpose", []string{t.value}, graph.Attributes{"perm": toInt64s(perm)}, e.shape(axes)), axes}
}

// multiply makes one term of two: a product of matrices over the axes that only the two have, for every combination of
// the axes that both have and that are needed later.
func (e *einsum) multiply(a, b term, others string) term {
	in := func(list string, x byte) bool { return strings.IndexByte(list, x) >= 0 }
	a, b = e.sumOut(a, b.axes+others), e.sumOut(b, a.axes+others)
	var batch, rows, inner, cols string
	for i := range len(a.axes) {
		switch x := a.axes[i]; {
		case in(b.axes, x) && in(others, x):
			batch += string(rune(x))
		case in(b.axes, x):
			inner += string(rune(x))
		default:
			rows += string(rune(x))
		}
	}
	for i := range len(b.axes) {
		if !in(a.axes, b.axes[i]) {
			cols += b.axes[i : i+1]
		}
	}
	n, m, k, p := product(e.shape(batch)), product(e.shape(rows)), product(e.shape(inner)), product(e.shape(cols))
	x, y := e.ordered(a, batch+rows+inner), e.ordered(b, batch+inner+cols)
	left := e.do(false, "Reshape", []string{x.value}, graph.Attributes{"shape": []int64{int64(n), int64(m), int64(k)}}, []int{n, m, k})
	right := e.do(false, "Reshape", []string{y.value}, graph.Attributes{"shape": []int64{int64(n), int64(k), int64(p)}}, []int{n, k, p})
	v := e.do(false, "MatMul", []string{left, right}, nil, []int{n, m, p})
	result := batch + rows + cols
	shape := e.shape(result)
	return term{e.do(false, "Reshape", []string{v}, graph.Attributes{"shape": toInt64s(shape)}, shape), result}
}
