package native

import (
	"errors"
	"fmt"
	"slices"

	"github.com/dqa-go/dqa/engine/native/kernel"
	"github.com/dqa-go/dqa/graph"
)

func errAxis(axis, n int) error { return fmt.Errorf("%d of %d along an axis", axis, n) }

// errUnknown is the reason why a node without a line in the registry cannot be run.
var errUnknown = errors.New("the native engine has no such operator")

// task is what a step works on: its inputs and outputs in one arena, and scratch space whose contents do not matter.
// Every slice has slack values of room behind its end, so that kernels may load whole vectors.
type task struct {
	in, out [][]float32
	scratch []float32
	lead    []float32 // of input 0 that may be overwritten: its buffer, from where a group of rows is free before it
	first   int       // channel of the first plane, where a band is some channels
}

// runner computes one step. It keeps nothing between calls.
type runner func(t *task)

// operator says how a node is turned into a runner.
type operator struct {
	build    func(s *site) (runner, error)
	min, max int // number of inputs
}

const manyInputs = 1 << 16

// operators is the registry: an operator is supported when it has a line here or in views.
var operators = map[string]operator{
	"Conv":          {buildConv, 2, 3},
	"ConvTranspose": {buildConvTranspose, 2, 3},
	"Gemm":          {buildGemm, 2, 3},
	"MatMul":        {buildMatMul, 2, 2},

	"BatchNormalization": {buildBatchNormalization, 5, 5},
	"Softmax":            {buildSoftmax, 1, 1},
	"LogSoftmax":         {buildSoftmax, 1, 1},
	"LRN":                {buildLRN, 1, 1},

	"Relu":        {buildUnary, 1, 1},
	"Clip":        {buildUnary, 1, 1},
	"LeakyRelu":   {buildUnary, 1, 1},
	"Sigmoid":     {buildUnary, 1, 1},
	"Tanh":        {buildUnary, 1, 1},
	"HardSwish":   {buildUnary, 1, 1},
	"HardSigmoid": {buildUnary, 1, 1},
	"Swish":       {buildUnary, 1, 1},
	"Elu":         {buildUnary, 1, 1},
	"Selu":        {buildUnary, 1, 1},
	"Gelu":        {buildUnary, 1, 1},
	"Softplus":    {buildUnary, 1, 1},
	"Softsign":    {buildUnary, 1, 1},
	"Mish":        {buildUnary, 1, 1},
	"Exp":         {buildUnary, 1, 1},
	"Log":         {buildUnary, 1, 1},
	"Sqrt":        {buildUnary, 1, 1},
	"Reciprocal":  {buildUnary, 1, 1},
	"Erf":         {buildUnary, 1, 1},
	"Neg":         {buildUnary, 1, 1},
	"Abs":         {buildUnary, 1, 1},
	"Sign":        {buildUnary, 1, 1},
	"Floor":       {buildUnary, 1, 1},
	"Ceil":        {buildUnary, 1, 1},
	"Round":       {buildUnary, 1, 1},
	"Sin":         {buildUnary, 1, 1},
	"Cos":         {buildUnary, 1, 1},

	"ThresholdedRelu": {buildUnary, 1, 1},
	"Trunc":           {buildUnary, 1, 1},

	"Add":   {buildBinary, 2, 2},
	"Sub":   {buildBinary, 2, 2},
	"Mul":   {buildBinary, 2, 2},
	"Div":   {buildBinary, 2, 2},
	"PRelu": {buildBinary, 2, 2},
	"Pow":   {buildBinary, 2, 2},
	"Min":   {buildBinary, 2, 2},
	"Max":   {buildBinary, 2, 2},
	"Mod":   {buildBinary, 2, 2},

	"Equal":          {buildBinary, 2, 2},
	"QuantizedAdd":   {buildBinary, 2, 2},
	"Greater":        {buildBinary, 2, 2},
	"GreaterOrEqual": {buildBinary, 2, 2},

	"MaxPool":           {buildMaxPool, 1, 1},
	"AveragePool":       {buildAveragePool, 1, 1},
	"GlobalAveragePool": {buildGlobalPool, 1, 1},
	"GlobalMaxPool":     {buildGlobalPool, 1, 1},
	"ReduceMean":        {buildReduce, 1, 1},
	"ReduceSum":         {buildReduce, 1, 1},
	"ReduceMax":         {buildReduce, 1, 1},
	"ReduceMin":         {buildReduce, 1, 1},
	"ReduceProd":        {buildReduce, 1, 1},

	"Concat":    {buildConcat, 1, manyInputs},
	"Split":     {buildSplit, 1, 1},
	"Gather":    {buildGather, 2, 2},
	"Slice":     {buildSlice, 1, 1},
	"Pad":       {buildPad, 1, 1},
	"Transpose": {buildTranspose, 1, 1},
	"Resize":    {buildResize, 1, 1},

	"Expand":       {buildExpand, 1, 1},
	"Tile":         {buildTile, 1, 1},
	"DepthToSpace": {buildDepthToSpace, 1, 1},
	"SpaceToDepth": {buildSpaceToDepth, 1, 1},
	"Where":        {buildWhere, 3, 3},
	"ArgMax":       {buildArgMax, 1, 1},
	"TopK":         {buildTopK, 1, 1},
	"CumSum":       {buildCumSum, 1, 1},
	"Take":         {buildTake, 2, 2},
	"GridSample":   {buildGridSample, 2, 2},

	"RNN":  {buildRecurrent, 5, 5},
	"GRU":  {buildRecurrent, 5, 5},
	"LSTM": {buildRecurrent, 6, 6},

	"LayerNormalization":    {buildLayerNormalization, 2, 3},
	"InstanceNormalization": {buildInstanceNormalization, 3, 3},

	"QuantizeLinear":   {buildQuantize, 3, 3},
	"DequantizeLinear": {buildDequantize, 3, 3},
	"Requantize":       {buildRequantize, 3, 3},
}

// views are the operators whose output holds the elements of the input in the same order.
var views = map[string]bool{"Reshape": true, "Flatten": true, "Squeeze": true, "Unsqueeze": true, "Identity": true}

// site is a node, or a fused chain of nodes, while it is being compiled.
type site struct {
	*graph.Node // the first of the chain
	graph       *graph.Graph
	isa         string
	kernels     *kernel.Vectors

	inputs  []string // of the node; the residual of a chain comes last
	outputs []string // of the last node
	taken   []bool   // inputs that the runner does not need at run time
	scratch int64    // values of scratch space that the runner needs

	residual bool      // the last input is added to the result
	bias     []float32 // along the last axis, added to a product
	lo, hi   float32   // the result is clamped

	weights *weights
	// Of a band: the whole, and the shapes that differ from it.
	of  *site
	in  [][]int
	out []int
	// ring is how a convolution's band wants input 0; the rows of a plane are given, so that all bands share it.
	ring     *layout
	ringRows int
	planes   planes
	owned    bool // the runner may overwrite input 0, and what is before it
}

// planes are the steps from plane to plane where a band's planes lie in whole tensors; 0 where they are the band's own.
type planes struct{ in, out, add int }

// whole is the site that s is a band of, or s.
func (s *site) whole() *site {
	if s.of != nil {
		return s.of
	}
	return s
}

// shape returns the shape of input i.
func (s *site) shape(i int) []int {
	if s.in != nil {
		return s.in[i]
	}
	return s.graph.Values[s.inputs[i]].Shape
}

// outShape returns the shape of output i.
func (s *site) outShape(i int) []int {
	if s.out != nil {
		return s.out
	}
	return s.graph.Values[s.outputs[i]].Shape
}

// constant returns the values of input i, which no task needs to bring, or nil where the node has no such input. Runners may
// keep them.
func (s *site) constant(i int) ([]float32, error) {
	values, err := s.weight(i)
	if values != nil && s.graph.Release != nil {
		values = s.share(i, "copy", func() []float32 { return slices.Clone(values) })
	}
	return values, err
}

// weight is constant for runners that make something else of the values and do not keep them: they may lie in a file.
func (s *site) weight(i int) ([]float32, error) {
	if i >= len(s.Inputs) {
		return nil, nil
	}
	c := s.graph.Constants[s.Inputs[i]]
	if c == nil || c.Type != graph.Float32 {
		return nil, fmt.Errorf("input %d is not a float constant", i)
	}
	s.taken[i] = true
	return c.Floats, nil
}

// factor is constant with zero for subnormal numbers, which take some processors a hundred times as long to multiply.
// Training leaves them in filters that are never used.
func (s *site) factor(i int) ([]float32, error) {
	values, err := s.constant(i)
	return withoutSubnormals(values), err
}

const smallestNormal = 0x1p-126

func isSubnormal(v float32) bool { return v > -smallestNormal && v < smallestNormal && v != 0 }

// withoutSubnormals copies values only where it must.
func withoutSubnormals(values []float32) []float32 {
	if !slices.ContainsFunc(values, isSubnormal) {
		return values
	}
	values = slices.Clone(values)
	for i, v := range values {
		if isSubnormal(v) {
			values[i] = 0
		}
	}
	return values
}

// ints returns a list attribute as int; where it is absent, n times def.
func (s *site) ints(name string, n, def int) ([]int, error) {
	list := s.Attrs.Ints(name)
	out := make([]int, n)
	for i := range out {
		out[i] = def
		if list != nil && len(list) == n {
			if list[i] > maxValues {
				return nil, fmt.Errorf("%w: attribute %s is %d", graph.ErrLimit, name, list[i])
			}
			out[i] = int(list[i])
		}
	}
	if list != nil && len(list) != n {
		return nil, fmt.Errorf("attribute %s has %d entries, want %d", name, len(list), n)
	}
	return out, nil
}
