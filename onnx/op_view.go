package onnx

import (
	"slices"

	"github.com/dqa-go/dqa/graph"
)

// viewOperators move elements and compute none.
var viewOperators = table{
	"Identity":  {inputs: [2]int{1, 1}, lower: (*call).pass},
	"Dropout":   {inputs: [2]int{1, 3}, attrs: "ratio:f seed:i", lower: lowerDropout},
	"Reshape":   {inputs: [2]int{2, 2}, attrs: "allowzero:i", lower: lowerReshape, eval: one(evalReshape)},
	"Flatten":   {inputs: [2]int{1, 1}, attrs: "axis:i", lower: lowerFlatten},
	"Squeeze":   {inputs: [2]int{1, 2}, attrs: "axes:I", lower: lowerSqueeze},
	"Unsqueeze": {inputs: [2]int{1, 2}, attrs: "axes:I", lower: lowerUnsqueeze},
	"Transpose": {inputs: [2]int{1, 1}, attrs: "perm:I", lower: lowerTranspose, eval: one(evalTranspose)},
	"Concat":    {inputs: [2]int{1, -1}, attrs: "axis:i", lower: lowerConcat, eval: evalConcat},
	"Split":     {inputs: [2]int{1, 2}, outputs: 1 << 20, attrs: "axis:i split:I num_outputs:i", lower: lowerSplit, eval: evalSplit},
	"Slice":     {inputs: [2]int{1, 5}, attrs: "starts:I ends:I axes:I", lower: lowerSlice, eval: one(evalSlice)},
	"Pad":       {inputs: [2]int{1, 4}, attrs: "mode:s pads:I value:f", lower: lowerPad},
	"Expand": {since: 8, inputs: [2]int{2, 2}, lower: lowerExpand,
		eval: one(func(_ *graph.Node, t *graph.Tensor, s []int) *graph.Tensor { return expandTo(t, s) })},
	"Tile":         {inputs: [2]int{2, 2}, lower: lowerTile},
	"Gather":       {inputs: [2]int{2, 2}, attrs: "axis:i", lower: lowerGather, eval: evalGather},
	"DepthToSpace": {inputs: [2]int{1, 1}, attrs: "blocksize:i mode:s", lower: lowerDepthToSpace},
	"SpaceToDepth": {inputs: [2]int{1, 1}, attrs: "blocksize:i", lower: lowerSpaceToDepth},
}

func lowerDropout(c *call) error {
	if t := c.tensor(2); t != nil && len(t.Ints) == 1 && t.Ints[0] != 0 {
		return refuse("training mode")
	}
	if c.has(2) && c.tensor(2) == nil {
		return refuse("training mode is computed at run time")
	}
	if c.read[c.out(1)] && c.out(1) != "" {
		return refuse("its mask is read")
	}
	return c.pass()
}

// reshape writes the canonical Reshape, or nothing where the shape stays.
func (c *call) reshape(shape []int) error {
	if slices.Equal(shape, c.shape(0)) {
		return c.pass()
	}
	return c.emit("Reshape", c.node.Inputs[:1], graph.Attributes{"shape": toInt64s(shape)}, shape)
}

func evalReshape(_ *graph.Node, t *graph.Tensor, shape []int) *graph.Tensor {
	return reshapedTo(t, shape)
}

func lowerReshape(c *call) error {
	want, err := c.ints(1, "shape")
	if err != nil {
		return err
	}
	if want, err = c.oneImage(want); err != nil {
		return err
	}
	shape, err := reshapeTo(c.shape(0), want, c.node.Attrs.Int("allowzero", 0) != 0)
	if err != nil {
		return err
	}
	return c.reshape(shape)
}

// oneImage makes 1 of the batch in a shape that was written for the batch which the file fixes.
func (c *call) oneImage(shape []int64) ([]int64, error) {
	s := c.shape(0)
	if c.batch == 0 || c.tensor(0) != nil || len(shape) == 0 || len(s) == 0 || s[0] != 1 {
		return shape, nil
	}
	switch shape[0] {
	case int64(c.batch):
		return append([]int64{1}, shape[1:]...), nil
	case 0, -1:
		return shape, nil
	}
	return nil, invalid("shape %v is not one of a batch of %d", shape, c.batch)
}

// reshapeTo applies ONNX's rules: 0 keeps the axis (unless allowZero), one -1 takes what is left.
func reshapeTo(from []int, want []int64, allowZero bool) ([]int, error) {
	shape := make([]int, len(want))
	free, known := -1, []int{}
	for i, d := range want {
		switch {
		case d == -1 && free < 0:
			free = i
			continue
		case d < 0 || d > MaxElements:
			return nil, invalid("shape %v cannot be reshaped to", want)
		case d == 0 && !allowZero:
			if i >= len(from) {
				return nil, invalid("shape %v keeps an axis that %v does not have", want, from)
			}
			d = int64(from[i])
		}
		shape[i] = int(d)
		known = append(known, int(d))
	}
	n, err := elements(known)
	if err != nil {
		return nil, err
	}
	total := product(from)
	if free >= 0 && n > 0 && total%n == 0 {
		shape[free] = total / n
		n = total
	}
	if n != total || free >= 0 && total == 0 {
		return nil, invalid("%v cannot be reshaped to %v for a batch of one", from, want)
	}
	return shape, nil
}

func lowerFlatten(c *call) error {
	s := c.shape(0)
	a := c.node.Attrs.Int("axis", 1)
	if a < -len(s) || a > len(s) {
		return invalid("axis %d is out of range for %d axes", a, len(s))
	}
	if a < 0 {
		a += len(s)
	}
	return c.reshape([]int{product(s[:a]), product(s[a:])})
}

func lowerSqueeze(c *call) error {
	s := c.shape(0)
	list, err := c.listed("axes", 1)
	if err != nil {
		return err
	}
	axes, err := axesOf(list, len(s))
	if err != nil {
		return err
	}
	var shape []int
	for i, d := range s {
		drop := slices.Contains(axes, i) || list == nil && d == 1
		if drop && d != 1 {
			return invalid("axis %d of %v cannot be squeezed", i, s)
		}
		if !drop {
			shape = append(shape, d)
		}
	}
	return c.reshape(shape)
}

func lowerUnsqueeze(c *call) error {
	s := c.shape(0)
	list, err := c.listed("axes", 1)
	if err != nil {
		return err
	}
	if list == nil || len(s)+len(list) > MaxRank {
		return invalid("axes are missing or too many")
	}
	axes, err := axesOf(list, len(s)+len(list))
	if err != nil {
		return err
	}
	shape := make([]int, len(s)+len(list))
	for i := range shape {
		if slices.Contains(axes, i) {
			shape[i] = 1
		} else {
			shape[i], s = s[0], s[1:]
		}
	}
	return c.reshape(shape)
}

func lowerTranspose(c *call) error {
	s := c.shape(0)
	perm := make([]int, len(s))
	for i := range perm {
		perm[i] = len(s) - 1 - i
	}
	if p := c.node.Attrs.Ints("perm"); p != nil {
		if err := sized(p, len(s), "perm"); err != nil {
			return err
		}
		var err error
		if perm, err = axesOf(p, len(s)); err != nil {
			return err
		}
	}
	return c.transpose(perm)
}

func (c *call) transpose(perm []int) error {
	s := c.shape(0)
	shape := make([]int, len(s))
	same := true
	for i, p := range perm {
		shape[i] = s[p]
		same = same && i == p
	}
	if same {
		return c.pass()
	}
	return c.emit("Transpose", c.node.Inputs, graph.Attributes{"perm": toInt64s(perm)}, shape)
}

func evalTranspose(n *graph.Node, t *graph.Tensor, shape []int) *graph.Tensor {
	own := stridesOf(t.Shape)
	strides := make([]int, len(own))
	for i, p := range n.Attrs.Ints("perm") {
		strides[i] = own[p]
	}
	return strided(t, shape, strides, 0)
}

func lowerConcat(c *call) error {
	first := c.in(0)
	axis, err := axisOf(int64(c.node.Attrs.Int("axis", 0)), len(first.Shape))
	if err != nil {
		return err
	}
	shape := slices.Clone(first.Shape)
	shape[axis] = 0
	var inputs []string
	for i, name := range c.node.Inputs {
		v := c.in(i)
		if v.Type != first.Type || len(v.Shape) != len(shape) {
			return invalid("inputs 0 and %d do not fit together", i)
		}
		for a, d := range v.Shape {
			if a == axis {
				shape[a] += d
			} else if d != shape[a] {
				return invalid("inputs of shape %v and %v differ outside axis %d", first.Shape, v.Shape, axis)
			}
		}
		if _, err := elements(shape); err != nil {
			return err
		}
		if v.Shape[axis] > 0 || i == 0 {
			inputs = append(inputs, name)
		}
	}
	if len(inputs) > 1 && first.Shape[axis] == 0 {
		inputs = inputs[1:]
	}
	if len(inputs) == 1 {
		c.node.Inputs = inputs
		return c.pass()
	}
	return c.emit("Concat", inputs, graph.Attributes{"axis": int64(axis)}, shape)
}

func evalConcat(n *graph.Node, in []*graph.Tensor, shapes [][]int) ([]*graph.Tensor, error) {
	axis, shape := n.Attrs.Int("axis", 0), shapes[0]
	out := emptyLike(in[0], shape)
	inner, row := product(shape[axis+1:]), product(shape[axis:])
	at := 0
	for _, t := range in {
		w := t.Shape[axis] * inner
		for o := range product(shape[:axis]) {
			if t.Type == graph.Float32 {
				copy(out.Floats[o*row+at:], t.Floats[o*w:][:w])
			} else {
				copy(out.Ints[o*row+at:], t.Ints[o*w:][:w])
			}
		}
		at += w
	}
	return []*graph.Tensor{out}, nil
}

func lowerSplit(c *call) error {
	s := c.shape(0)
	axis, err := axisOf(int64(c.node.Attrs.Int("axis", 0)), len(s))
	if err != nil {
		return err
	}
	sizes, err := c.listed("split", 1)
	if err != nil {
		return err
	}
	outs := c.node.Outputs
	if sizes == nil {
		sizes = evenly(s[axis], len(outs))
	}
	if err := sized(sizes, len(outs), "split"); err != nil {
		return err
	}
	if err := within(sizes, 0, "split"); err != nil {
		return err
	}
	shapes, total := make([][]int, len(outs)), int64(0)
	for i, n := range sizes {
		shapes[i] = slices.Clone(s)
		shapes[i][axis] = int(n)
		total += n
	}
	if total != int64(s[axis]) {
		return invalid("split %v does not sum to axis %d of %v", sizes, axis, s)
	}
	return c.emitAll(outs, "Split", c.node.Inputs[:1], graph.Attributes{"axis": int64(axis), "split": sizes}, shapes)
}

// evenly splits n into k parts that are equal but for the last.
func evenly(n, k int) []int64 {
	part := (n + k - 1) / k
	sizes := make([]int64, k)
	for i := range sizes {
		sizes[i] = int64(max(min(part, n), 0))
		n -= part
	}
	return sizes
}

func evalSplit(n *graph.Node, in []*graph.Tensor, shapes [][]int) ([]*graph.Tensor, error) {
	axis, strides := n.Attrs.Int("axis", 0), stridesOf(in[0].Shape)
	out := make([]*graph.Tensor, len(shapes))
	at := 0
	for i, s := range shapes {
		out[i] = strided(in[0], s, strides, at*strides[axis])
		at += s[axis]
	}
	return out, nil
}

func lowerExpand(c *call) error {
	want, err := c.ints(1, "shape")
	if err != nil {
		return err
	}
	if err := within(want, 0, "axis"); err != nil {
		return err
	}
	if len(want) == len(c.shape(0)) && len(want) > 0 && want[0] == int64(c.batch) {
		if want, err = c.oneImage(want); err != nil {
			return err
		}
	}
	shape, err := broadcast(c.shape(0), toInts(want))
	if err != nil {
		return err
	}
	if slices.Equal(shape, c.shape(0)) {
		return c.pass()
	}
	return c.emit("Expand", c.node.Inputs[:1], graph.Attributes{"shape": toInt64s(shape)}, shape)
}

func lowerTile(c *call) error {
	s := c.shape(0)
	repeats, err := c.ints(1, "repeats")
	if err != nil {
		return err
	}
	if err := sized(repeats, len(s), "repeats"); err != nil {
		return err
	}
	if err := within(repeats, 0, "repeat"); err != nil {
		return err
	}
	shape := make([]int, len(s))
	for i, r := range repeats {
		shape[i] = int(min(int64(s[i])*r, 2*MaxElements)) // too large is refused below
	}
	if slices.Equal(shape, s) {
		return c.pass()
	}
	return c.emit("Tile", c.node.Inputs[:1], graph.Attributes{"repeats": repeats}, shape)
}

func lowerGather(c *call) error {
	s := c.shape(0)
	axis, err := axisOf(int64(c.node.Attrs.Int("axis", 0)), len(s))
	if err != nil {
		return err
	}
	if c.tensor(1) == nil {
		return gatherComputed(c, axis)
	}
	index, err := c.fixed(1, "indices")
	if err != nil {
		return err
	}
	if k, held := c.kind(0); held && c.tensor(0) == nil {
		c.mark(k)
	}
	if index.Type != graph.Int64 {
		return invalid("indices must be integers")
	}
	if err := c.spend(len(index.Ints)); err != nil {
		return err
	}
	at := make([]int64, len(index.Ints))
	for i, x := range index.Ints {
		a, err := axisOf(x, s[axis])
		if err != nil {
			return invalid("index %d is out of range for axis %d of %v", x, axis, s)
		}
		at[i] = int64(a)
	}
	name := c.node.Inputs[1]
	if !slices.Equal(at, index.Ints) {
		if name, err = c.added("indices", &graph.Tensor{Type: graph.Int64, Shape: index.Shape, Ints: at}); err != nil {
			return err
		}
	}
	shape := slices.Concat(s[:axis], index.Shape, s[axis+1:])
	return c.emit("Gather", []string{c.node.Inputs[0], name}, graph.Attributes{"axis": int64(axis)}, shape)
}

func evalGather(n *graph.Node, in []*graph.Tensor, shapes [][]int) ([]*graph.Tensor, error) {
	axis, t := n.Attrs.Int("axis", 0), in[0]
	out := emptyLike(t, shapes[0])
	inner, row := product(t.Shape[axis+1:]), product(t.Shape[axis:])
	at := 0
	for o := range product(t.Shape[:axis]) {
		for _, i := range in[1].Ints {
			from := o*row + int(i)*inner
			if t.Type == graph.Float32 {
				copy(out.Floats[at:], t.Floats[from:][:inner])
			} else {
				copy(out.Ints[at:], t.Ints[from:][:inner])
			}
			at += inner
		}
	}
	return []*graph.Tensor{out}, nil
}

// blocks checks what DepthToSpace and SpaceToDepth share.
func (c *call) blocks() (s []int, block int, err error) {
	s, block = c.shape(0), c.node.Attrs.Int("blocksize", 0)
	if len(s) != 4 {
		return nil, 0, invalid("it has %d axes, 4 are needed", len(s))
	}
	if block < 1 || block > 1<<12 {
		return nil, 0, invalid("blocksize %d is out of range", block)
	}
	return s, block, nil
}

func lowerDepthToSpace(c *call) error {
	s, b, err := c.blocks()
	if err != nil {
		return err
	}
	mode := c.node.Attrs.String("mode", "DCR")
	if s[1]%(b*b) != 0 || mode != "DCR" && mode != "CRD" {
		return invalid("%d channels do not make blocks of %d (mode %q)", s[1], b, mode)
	}
	attrs := graph.Attributes{"blocksize": int64(b), "mode": mode}
	return c.emit("DepthToSpace", c.node.Inputs, attrs, []int{s[0], s[1] / (b * b), s[2] * b, s[3] * b})
}

func lowerSpaceToDepth(c *call) error {
	s, b, err := c.blocks()
	if err != nil {
		return err
	}
	if s[2]%b != 0 || s[3]%b != 0 {
		return invalid("%v does not divide into blocks of %d", s, b)
	}
	attrs := graph.Attributes{"blocksize": int64(b)}
	return c.emit("SpaceToDepth", c.node.Inputs, attrs, []int{s[0], s[1] * b * b, s[2] / b, s[3] / b})
}
