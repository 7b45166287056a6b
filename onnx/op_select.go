package onnx

import (
	"slices"
	"sort"

	"github.com/dqa-go/dqa/graph"
	"github.com/dqa-go/dqa/onnx/internal/onnxpb"
)

// selectOperators find, sort, pick and place elements.
var selectOperators = table{
	"ArgMax":          {inputs: [2]int{1, 1}, attrs: "axis:i keepdims:i select_last_index:i", lower: lowerArgMax, eval: one(evalArgMax)},
	"ArgMin":          {inputs: [2]int{1, 1}, attrs: "axis:i keepdims:i select_last_index:i", lower: lowerArgMax},
	"TopK":            {since: 10, inputs: [2]int{2, 2}, outputs: 2, attrs: "axis:i largest:i sorted:i", lower: lowerTopK, eval: evalTopK},
	"CumSum":          {since: 11, inputs: [2]int{2, 2}, attrs: "exclusive:i reverse:i", lower: lowerCumSum, eval: one(evalCumSum)},
	"Take":            {}, // made from gathering at computed places
	"GatherElements":  {since: 11, inputs: [2]int{2, 2}, attrs: "axis:i", lower: lowerGatherElements},
	"GatherND":        {since: 11, inputs: [2]int{2, 2}, attrs: "batch_dims:i", lower: lowerGatherND},
	"ScatterND":       {since: 11, inputs: [2]int{3, 3}, attrs: "reduction:s", lower: lowerScatterND},
	"ScatterElements": {since: 11, inputs: [2]int{3, 3}, attrs: "axis:i reduction:s", lower: lowerScatterElements},
	"Trilu":           {since: 14, inputs: [2]int{1, 2}, attrs: "upper:i", lower: lowerTrilu},
	"OneHot":          {since: 9, inputs: [2]int{3, 3}, attrs: "axis:i", lower: lowerOneHot},
	"Hardmax":         {inputs: [2]int{1, 1}, attrs: "axis:i", lower: lowerHardmax},
	"GridSample":      {since: 16, inputs: [2]int{2, 2}, attrs: "mode:s padding_mode:s align_corners:i", lower: lowerGridSample},
}

func lowerArgMax(c *call) error {
	s, a := c.shape(0), c.node.Attrs
	axis, err := axisOf(int64(a.Int("axis", 0)), len(s))
	if err != nil {
		return err
	}
	if s[axis] < 1 || s[axis] > exact {
		return invalid("axis %d of %v", axis, s)
	}
	if err := c.asFloats(0); err != nil {
		return err
	}
	k, x, shape, keep := chain{c: c}, c.node.Inputs[0], slices.Clone(s), a.Int("keepdims", 1) != 0
	if c.node.Op == "ArgMin" {
		x = k.do(false, "Neg", []string{x}, nil, s)
	}
	if shape[axis] = 1; !keep {
		shape = slices.Delete(shape, axis, axis+1)
	}
	c.mark(kind{onnxpb.TensorProto_INT64, 0, float64(s[axis] - 1)})
	k.do(true, "ArgMax", []string{x}, graph.Attributes{
		"axis": int64(axis), "keepdims": truth(keep), "select_last_index": truth(a.Int("select_last_index", 0) != 0)}, shape)
	return k.err
}

func evalArgMax(n *graph.Node, t *graph.Tensor, shape []int) *graph.Tensor {
	axis := n.Attrs.Int("axis", 0)
	inner, d := product(t.Shape[axis+1:]), t.Shape[axis]
	out := emptyLike(&graph.Tensor{Type: graph.Int64}, shape)
	for i := range out.Ints {
		at := i/inner*inner*d + i%inner
		best := 0
		for k := 1; k < d; k++ {
			v, top := floatAt(t, at+k*inner), floatAt(t, at+best*inner)
			if v > top || v == top && n.Attrs.Int("select_last_index", 0) != 0 {
				best = k
			}
		}
		out.Ints[i] = int64(best)
	}
	return out
}

func lowerTopK(c *call) error {
	s, a := c.shape(0), c.node.Attrs
	axis, err := axisOf(int64(a.Int("axis", -1)), len(s))
	if err != nil {
		return err
	}
	count, err := c.ints(1, "k")
	if err != nil {
		return err
	}
	if len(count) != 1 || count[0] < 1 || count[0] > int64(s[axis]) || s[axis] > exact {
		return invalid("k %v of axis %d of %v", count, axis, s)
	}
	shape := slices.Clone(s)
	shape[axis] = int(count[0])
	outs := append(slices.Clone(c.node.Outputs), "")[:2]
	if outs[1] != "" && c.tensor(0) == nil {
		c.kinds[outs[1]] = kind{onnxpb.TensorProto_INT64, 0, float64(s[axis] - 1)}
	}
	attrs := graph.Attributes{"axis": int64(axis), "k": count[0], "largest": truth(a.Int("largest", 1) != 0), "sorted": int64(1)}
	return c.emitAll(outs, "TopK", c.node.Inputs[:1], attrs, [][]int{shape, shape})
}

// evalTopK sorts every line along the axis, the first of equal values first.
func evalTopK(n *graph.Node, in []*graph.Tensor, shapes [][]int) ([]*graph.Tensor, error) {
	t, axis, largest := in[0], n.Attrs.Int("axis", 0), n.Attrs.Int("largest", 1) != 0
	step, d, k := product(t.Shape[axis+1:]), t.Shape[axis], shapes[0][axis]
	places := emptyLike(&graph.Tensor{Type: graph.Int64}, shapes[0])
	from, order := make([]int, len(places.Ints)), make([]int, d)
	for line := range product(t.Shape) / d {
		first := line/step*d*step + line%step
		for i := range order {
			order[i] = i
		}
		sort.SliceStable(order, func(a, b int) bool { // as the engine does it, also with NaN
			x, y := floatAt(t, first+order[a]*step), floatAt(t, first+order[b]*step)
			if largest {
				return x > y
			}
			return x < y
		})
		for i, at := range order[:k] {
			to := line/step*k*step + line%step + i*step
			from[to], places.Ints[to] = first+at*step, int64(at)
		}
	}
	values := emptyLike(t, shapes[0])
	values.Elem = t.Elem
	for i, at := range from {
		if t.Type == graph.Float32 {
			values.Floats[i] = t.Floats[at]
		} else {
			values.Ints[i] = t.Ints[at]
		}
	}
	return []*graph.Tensor{values, places}, nil
}

func lowerCumSum(c *call) error {
	s, a := c.shape(0), c.node.Attrs
	list, err := c.ints(1, "axis")
	if err != nil {
		return err
	}
	if len(list) != 1 {
		return invalid("axis must be one number")
	}
	axis, err := axisOf(list[0], len(s))
	if err != nil {
		return err
	}
	if k, ok := c.kind(0); ok {
		n := float64(s[axis])
		if k, err = k.spanned(min(0, k.low*n), max(0, k.high*n)); err != nil {
			return err
		}
		c.mark(k)
	}
	return c.emit("CumSum", c.node.Inputs[:1], graph.Attributes{
		"axis": int64(axis), "exclusive": truth(a.Int("exclusive", 0) != 0), "reverse": truth(a.Int("reverse", 0) != 0)}, s)
}

func evalCumSum(n *graph.Node, t *graph.Tensor, shape []int) *graph.Tensor {
	axis, out := n.Attrs.Int("axis", 0), emptyLike(t, shape)
	step, d := product(shape[axis+1:]), shape[axis]
	for line := range product(shape) / max(1, d) {
		first := line/step*d*step + line%step
		if t.Type == graph.Float32 {
			cumulate[float64](n, out.Floats[first:], t.Floats[first:], d, step)
		} else {
			cumulate[int64](n, out.Ints[first:], t.Ints[first:], d, step)
		}
	}
	return out
}

// cumulate adds up d values that are step apart.
func cumulate[S int64 | float64, T int64 | float32](n *graph.Node, dst, x []T, d, step int) {
	exclusive, reverse := n.Attrs.Int("exclusive", 0) != 0, n.Attrs.Int("reverse", 0) != 0
	var sum S
	for i := range d {
		at := i * step
		if reverse {
			at = (d - 1 - i) * step
		}
		v := S(x[at])
		if exclusive {
			dst[at] = T(sum)
		} else {
			dst[at] = T(sum + v)
		}
		sum += v
	}
}

// pick writes elements of the flattened input 0 at constant places, or constants.
func (c *call) pick(x string, places []int64, shape []int) error {
	if err := c.spend(len(places)); err != nil {
		return err
	}
	n := product(c.values[x].Shape)
	k := chain{c: c}
	flat := k.do(false, "Reshape", []string{x}, graph.Attributes{"shape": []int64{int64(n)}}, []int{n})
	if k.err != nil {
		return k.err
	}
	index, err := c.added("places", &graph.Tensor{Type: graph.Int64, Shape: []int{len(places)}, Ints: places})
	if err != nil {
		return err
	}
	flat = k.do(false, "Gather", []string{flat, index}, graph.Attributes{"axis": int64(0)}, []int{len(places)})
	k.do(true, "Reshape", []string{flat}, graph.Attributes{"shape": toInt64s(shape)}, shape)
	return k.err
}

// take writes elements of the flattened input at places that are computed.
func (c *call) take(x, places string, shape []int) error {
	n := product(c.values[x].Shape)
	if n > exact {
		return refuse("it picks at run time from %d elements", n)
	}
	k := chain{c: c}
	flat := k.do(false, "Reshape", []string{x}, graph.Attributes{"shape": []int64{int64(n)}}, []int{n})
	k.do(true, "Take", []string{flat, places}, nil, shape)
	return k.err
}

// carryFirst gives the output the kind of input 0, whatever the other inputs hold.
func (c *call) carryFirst() error {
	if k, ok := c.kind(0); ok {
		c.mark(k)
	}
	return nil
}

// wrapped makes computed indices of an axis of n elements non-negative.
func (k *chain) wrapped(index string, n int) string {
	s := k.c.values[index].Shape
	negative := k.do(false, "Greater", []string{k.number("zero", 0), index}, nil, s)
	shift := k.do(false, "Mul", []string{negative, k.number("size", float32(n))}, nil, s)
	return k.do(false, "Add", []string{index, shift}, nil, s)
}

// inside wraps indices too. What lies outside the axis becomes all, the number of elements, which no place has: else it
// would be an element of another row.
func (k *chain) inside(index string, n, all int) string {
	at := k.wrapped(index, n)
	s := k.c.values[index].Shape
	low := k.do(false, "GreaterOrEqual", []string{at, k.number("zero", 0)}, nil, s)
	high := k.do(false, "Greater", []string{k.number("size", float32(n)), at}, nil, s)
	both := k.do(false, "Min", []string{low, high}, nil, s)
	return k.do(false, "Where", []string{both, at, k.number("outside", float32(all))}, nil, s)
}

// gatherComputed is Gather at indices that are computed.
func gatherComputed(c *call, axis int) error {
	s, index := c.shape(0), c.shape(1)
	if !c.holds(1) {
		return invalid("indices must be integers")
	}
	if err := c.asFloats(0); err != nil {
		return err
	}
	if err := c.carryFirst(); err != nil {
		return err
	}
	outer, inner := product(s[:axis]), product(s[axis+1:])
	k := chain{c: c, elem: anyInt64.elem}
	at := k.inside(c.node.Inputs[1], s[axis], product(s))
	m := product(index)
	at = k.do(false, "Reshape", []string{at}, graph.Attributes{"shape": []int64{1, int64(m), 1}}, []int{1, m, 1})
	at = k.do(false, "Mul", []string{at, k.number("step", float32(inner))}, nil, []int{1, m, 1})
	base := make([]float32, outer*inner)
	for i := range base {
		base[i] = float32(i/inner*s[axis]*inner + i%inner)
	}
	at = k.do(false, "Add", []string{at, k.list("base", []int{outer, 1, inner}, base)}, nil, []int{outer, m, inner})
	shape := slices.Concat(s[:axis], index, s[axis+1:])
	at = k.do(false, "Reshape", []string{at}, graph.Attributes{"shape": toInt64s(shape)}, shape)
	if k.err != nil {
		return k.err
	}
	return c.take(c.node.Inputs[0], at, shape)
}

func lowerGatherElements(c *call) error {
	s, index := c.shape(0), c.shape(1)
	axis, err := axisOf(int64(c.node.Attrs.Int("axis", 0)), len(s))
	if err != nil {
		return err
	}
	if len(index) != len(s) {
		return invalid("indices of shape %v for %v", index, s)
	}
	for a := range s {
		if a != axis && index[a] > s[a] {
			return invalid("indices of shape %v for %v", index, s)
		}
	}
	strides, base := stridesOf(s), make([]int64, product(index))
	if err := c.spend(len(base)); err != nil {
		return err
	}
	own := slices.Clone(strides)
	own[axis] = 0
	walk(index, own, 0, func(i, at int) { base[i] = int64(at) })
	if err := c.carryFirst(); err != nil {
		return err
	}
	if t := c.tensor(1); t != nil {
		if t.Type != graph.Int64 {
			return invalid("indices must be integers")
		}
		for i, v := range t.Ints {
			at, err := axisOf(v, s[axis])
			if err != nil {
				return err
			}
			base[i] += int64(at * strides[axis])
		}
		return c.pick(c.node.Inputs[0], base, index)
	}
	if !c.holds(1) {
		return invalid("indices must be integers")
	}
	if err := c.asFloats(0); err != nil {
		return err
	}
	k, offsets := chain{c: c, elem: anyInt64.elem}, make([]float32, len(base))
	for i, v := range base {
		offsets[i] = float32(v)
	}
	at := k.inside(c.node.Inputs[1], s[axis], product(s))
	at = k.do(false, "Mul", []string{at, k.number("step", float32(strides[axis]))}, nil, index)
	at = k.do(false, "Add", []string{at, k.list("base", index, offsets)}, nil, index)
	if k.err != nil {
		return k.err
	}
	return c.take(c.node.Inputs[0], at, index)
}

// placesND are the flat places that rows of constant indices point at, each the beginning of inner elements.
func (c *call) placesND(i int, s []int, batch int) (places []int64, inner int, err error) {
	t, err := c.fixed(i, "indices")
	if err != nil {
		return nil, 0, err
	}
	rank := len(t.Shape)
	if t.Type != graph.Int64 || rank < 1 || batch < 0 || batch >= rank || batch+t.Shape[rank-1] > len(s) {
		return nil, 0, invalid("indices of shape %v for %v", t.Shape, s)
	}
	if err := c.spend(len(t.Ints)); err != nil {
		return nil, 0, err
	}
	last, strides := t.Shape[rank-1], stridesOf(s)
	rows := product(t.Shape[:rank-1])
	per := rows / max(1, product(t.Shape[:batch]))
	for row := range rows {
		at := 0
		if batch > 0 {
			at = row / per * strides[batch-1]
		}
		for k, v := range t.Ints[row*last:][:last] {
			x, err := axisOf(v, s[batch+k])
			if err != nil {
				return nil, 0, err
			}
			at += x * strides[batch+k]
		}
		places = append(places, int64(at))
	}
	return places, product(s[batch+last:]), nil
}

// spreadPlaces makes a place of each of inner elements.
func (c *call) spreadPlaces(places []int64, inner int) ([]int64, error) {
	if _, err := elements([]int{len(places), inner}); err != nil {
		return nil, err
	}
	if err := c.spend(len(places) * inner); err != nil {
		return nil, err
	}
	all := make([]int64, 0, len(places)*inner)
	for _, p := range places {
		for i := range inner {
			all = append(all, p+int64(i))
		}
	}
	return all, nil
}

func lowerGatherND(c *call) error {
	s, index, batch := c.shape(0), c.shape(1), c.node.Attrs.Int("batch_dims", 0)
	if c.tensor(1) == nil {
		return refuse("indices are computed at run time")
	}
	places, inner, err := c.placesND(1, s, batch)
	if err != nil {
		return err
	}
	if !slices.Equal(s[:batch], index[:batch]) {
		return invalid("indices of shape %v for %v", index, s)
	}
	all, err := c.spreadPlaces(places, inner)
	if err != nil {
		return err
	}
	if err := c.carryFirst(); err != nil {
		return err
	}
	return c.pick(c.node.Inputs[0], all, slices.Concat(index[:len(index)-1], s[batch+index[len(index)-1]:]))
}

func lowerScatterND(c *call) error {
	s := c.shape(0)
	places, inner, err := c.placesND(1, s, 0)
	if err != nil {
		return err
	}
	all, err := c.spreadPlaces(places, inner)
	if err != nil {
		return err
	}
	return c.scatter(all)
}

func lowerScatterElements(c *call) error {
	s, index := c.shape(0), c.shape(1)
	axis, err := axisOf(int64(c.node.Attrs.Int("axis", 0)), len(s))
	if err != nil {
		return err
	}
	t, err := c.fixed(1, "indices")
	if err != nil {
		return err
	}
	if t.Type != graph.Int64 || len(index) != len(s) {
		return invalid("indices of shape %v for %v", index, s)
	}
	for a := range s {
		if a != axis && index[a] > s[a] {
			return invalid("indices of shape %v for %v", index, s)
		}
	}
	if err := c.spend(len(t.Ints)); err != nil {
		return err
	}
	strides, places := stridesOf(s), make([]int64, len(t.Ints))
	own := slices.Clone(strides)
	own[axis] = 0
	walk(index, own, 0, func(i, at int) { places[i] = int64(at) })
	for i, v := range t.Ints {
		at, err := axisOf(v, s[axis])
		if err != nil {
			return err
		}
		places[i] += int64(at * strides[axis])
	}
	return c.scatter(places)
}

// scatter writes input 2 over input 0 at flat places: both one after the other, and from there the last that was written
// at every place. With a reduction, places must differ.
func (c *call) scatter(places []int64) error {
	s, n := c.shape(0), product(c.shape(0))
	if product(c.shape(2)) != len(places) {
		return invalid("updates of shape %v for %d places", c.shape(2), len(places))
	}
	from := make([]int64, n)
	for i := range from {
		from[i] = int64(i)
	}
	if err := c.spend(n + len(places)); err != nil {
		return err
	}
	twice := false
	for i, p := range places {
		twice = twice || from[p] != p
		from[p] = int64(n + i)
	}
	x, u := c.node.Inputs[0], c.node.Inputs[2]
	reduction := c.node.Attrs.String("reduction", "none")
	op := map[string]string{"add": "Add", "mul": "Mul", "max": "Max", "min": "Min"}[reduction]
	if op == "" && reduction != "none" || op != "" && twice {
		return refuse("reduction %q, or places that are written twice", reduction)
	}
	if c.in(0).Type != c.in(2).Type {
		return invalid("its inputs differ in type")
	}
	k := chain{c: c}
	if op != "" {
		index, err := c.added("places", &graph.Tensor{Type: graph.Int64, Shape: []int{len(places)}, Ints: places})
		if err != nil {
			return err
		}
		m := []int{len(places)}
		old := k.do(false, "Reshape", []string{x}, graph.Attributes{"shape": []int64{int64(n)}}, []int{n})
		old = k.do(false, "Gather", []string{old, index}, graph.Attributes{"axis": int64(0)}, m)
		u = k.do(false, "Reshape", []string{u}, graph.Attributes{"shape": toInt64s(m)}, m)
		u = k.do(false, op, []string{old, u}, nil, m)
	}
	a := k.do(false, "Reshape", []string{x}, graph.Attributes{"shape": []int64{int64(n)}}, []int{n})
	b := k.do(false, "Reshape", []string{u}, graph.Attributes{"shape": []int64{int64(len(places))}}, []int{len(places)})
	both := k.do(false, "Concat", []string{a, b}, graph.Attributes{"axis": int64(0)}, []int{n + len(places)})
	if k.err != nil {
		return k.err
	}
	return c.pick(both, from, s)
}

// lowerTrilu keeps one side of the matrices' diagonal.
func lowerTrilu(c *call) error {
	s, upper := c.shape(0), c.node.Attrs.Int("upper", 1) != 0
	if len(s) < 2 {
		return invalid("%v is no matrix", s)
	}
	shift := int64(0)
	if c.has(1) {
		list, err := c.ints(1, "k")
		if err != nil {
			return err
		}
		if len(list) != 1 {
			return invalid("k must be one number")
		}
		shift = list[0]
	}
	rows, cols := s[len(s)-2], s[len(s)-1]
	mask, err := c.maskOf(rows, cols, func(i, j int) bool {
		d := int64(j) - int64(i)
		return upper && d >= shift || !upper && d <= shift
	})
	if err != nil {
		return err
	}
	if t := c.tensor(0); t != nil {
		if err := c.reserveOf(t.Type, s); err != nil {
			return err
		}
		r := strided(t, s, stridesOf(s), 0)
		for i := range product(s) {
			if mask.Floats[i%(rows*cols)] == 0 && t.Type == graph.Float32 {
				r.Floats[i] = 0
			} else if mask.Floats[i%(rows*cols)] == 0 {
				r.Ints[i] = 0
			}
		}
		r.Elem = t.Elem
		return c.setConstant(r)
	}
	k := chain{c: c}
	k.do(true, "Where", []string{k.list("mask", mask.Shape, mask.Floats), c.node.Inputs[0], k.number("zero", 0)}, nil, s)
	return k.err
}

func (c *call) maskOf(rows, cols int, f func(i, j int) bool) (*graph.Tensor, error) {
	if _, err := c.reserve([]int{rows, cols}); err != nil {
		return nil, err
	}
	t := &graph.Tensor{Type: graph.Float32, Shape: []int{rows, cols}, Floats: make([]float32, rows*cols)}
	for i := range rows {
		for j := range cols {
			t.Floats[i*cols+j] = float32(truth(f(i, j)))
		}
	}
	return t, nil
}

// lowerOneHot compares indices with a row of numbers.
func lowerOneHot(c *call) error {
	s := c.shape(0)
	depth, err := c.fixed(1, "depth")
	if err != nil {
		return err
	}
	values, err := c.fixed(2, "values")
	if err != nil {
		return err
	}
	if product(depth.Shape) != 1 || product(values.Shape) != 2 || !(floatAt(depth, 0) >= 1 && floatAt(depth, 0) <= exact) { // NaN neither
		return invalid("its depth or its values do not fit")
	}
	n := int(floatAt(depth, 0))
	axis, err := axisOf(int64(c.node.Attrs.Int("axis", -1)), len(s)+1)
	if err != nil {
		return err
	}
	if vk, ok := kindOfTensor(values); ok {
		c.mark(vk)
	}
	if err := c.asFloats(0); err != nil {
		return err
	}
	shape, wide := slices.Insert(slices.Clone(s), axis, n), slices.Insert(slices.Clone(s), axis, 1)
	if _, err := elements(shape); err != nil {
		return err
	}
	if _, err := c.reserve([]int{n}); err != nil {
		return err
	}
	row := make([]float32, n)
	for i := range row {
		row[i] = float32(i)
	}
	k := chain{c: c}
	index := c.node.Inputs[0]
	if c.holds(0) || c.tensor(0) == nil {
		index = k.wrapped(index, n)
	}
	index = k.do(false, "Reshape", []string{index}, graph.Attributes{"shape": toInt64s(wide)}, wide)
	per := append([]int{n}, slices.Repeat([]int{1}, len(s)-axis)...)
	off, on := float32(floatAt(values, 0)), float32(floatAt(values, 1))
	hit := k.do(false, "Equal", []string{index, k.list("row", per, row)}, nil, shape)
	k.do(true, "Where", []string{hit, k.number("on", on), k.number("off", off)}, nil, shape)
	return k.err
}

// lowerHardmax is 1 at the first largest element along the axis, else 0.
func lowerHardmax(c *call) error {
	s := c.shape(0)
	def := -1
	if c.opset < 13 {
		def = 1
	}
	axis, err := axisOf(int64(c.node.Attrs.Int("axis", def)), len(s))
	if err != nil {
		return err
	}
	if c.opset < 13 && product(s[axis:]) != s[axis] {
		return refuse("over several axes, as before opset 13")
	}
	one := kept(s, []int{axis})
	k := chain{c: c}
	top := k.do(false, "ArgMax", c.node.Inputs, graph.Attributes{"axis": int64(axis), "keepdims": int64(1),
		"select_last_index": int64(0)}, one)
	row := make([]float32, s[axis])
	for i := range row {
		row[i] = float32(i)
	}
	per := append([]int{s[axis]}, slices.Repeat([]int{1}, len(s)-axis-1)...)
	k.do(true, "Equal", []string{top, k.list("row", per, row)}, nil, s)
	return k.err
}

func lowerGridSample(c *call) error {
	s, grid, a := c.shape(0), c.shape(1), c.node.Attrs
	mode, padding := a.String("mode", "linear"), a.String("padding_mode", "zeros")
	switch mode {
	case "bilinear":
		mode = "linear"
	case "bicubic":
		mode = "cubic"
	}
	if len(s) != 4 || len(grid) != 4 {
		return refuse("%d axes, 4 are supported", len(s))
	}
	if grid[3] != 2 || grid[0] != s[0] || s[0] != 1 || !slices.Contains([]string{"linear", "nearest", "cubic"}, mode) ||
		!slices.Contains([]string{"zeros", "border", "reflection"}, padding) {
		return invalid("a grid of shape %v for %v, mode %q, padding_mode %q", grid, s, mode, padding)
	}
	return c.emit("GridSample", c.node.Inputs, graph.Attributes{
		"mode": mode, "padding_mode": padding, "align_corners": truth(a.Int("align_corners", 0) != 0)}, []int{s[0], s[1], grid[1], grid[2]})
}
