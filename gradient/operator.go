package gradient

import (
	"errors"

	"github.com/dqa-go/dqa/graph"
)

// task is a node on one image: its values, where the operator needs them, the derivatives by its outputs (nil: zero), and
// the sums that derivatives by its inputs are added to (nil: not wanted). No input is the same sum as another, save where a node
// reads a value twice.
type task struct {
	x, y, dy, dx [][]float32
}

// pull passes derivatives from the outputs of a node to its inputs.
type pull func(t *task) error

// operator says how a node is differentiated, and what it must know of its values.
type operator struct {
	build func(s *site, wanted []bool) (pull, error)
	need  need
}

type need int

const (
	nothing need = iota
	inputs
	outputs
)

// operators is the registry. What is not in it has no derivative.
var operators = map[string]operator{
	"Conv":          {buildConv, nothing},
	"ConvTranspose": {buildConvTranspose, nothing},
	"Gemm":          {buildGemm, nothing},
	"MatMul":        {buildMatMul, inputs},
	"CumSum":        {buildCumSum, nothing},

	"BatchNormalization":    {buildBatchNormalization, nothing},
	"LayerNormalization":    {buildLayerNormalization, inputs},
	"InstanceNormalization": {buildInstanceNormalization, inputs},
	"LRN":                   {buildLRN, inputs},
	"Softmax":               {buildSoftmax, outputs},
	"LogSoftmax":            {buildLogSoftmax, outputs},

	"Relu":       {buildFromOutput, outputs},
	"Clip":       {buildFromOutput, outputs},
	"Sigmoid":    {buildFromOutput, outputs},
	"Tanh":       {buildFromOutput, outputs},
	"Exp":        {buildFromOutput, outputs},
	"Sqrt":       {buildFromOutput, outputs},
	"Reciprocal": {buildFromOutput, outputs},

	"LeakyRelu":       {buildFromInput, inputs},
	"HardSwish":       {buildFromInput, inputs},
	"HardSigmoid":     {buildFromInput, inputs},
	"Swish":           {buildFromInput, inputs},
	"Elu":             {buildFromInput, inputs},
	"Selu":            {buildFromInput, inputs},
	"Gelu":            {buildFromInput, inputs},
	"Softplus":        {buildFromInput, inputs},
	"Softsign":        {buildFromInput, inputs},
	"Mish":            {buildFromInput, inputs},
	"Log":             {buildFromInput, inputs},
	"Erf":             {buildFromInput, inputs},
	"Neg":             {buildFromInput, inputs},
	"Abs":             {buildFromInput, inputs},
	"Sin":             {buildFromInput, inputs},
	"Cos":             {buildFromInput, inputs},
	"ThresholdedRelu": {buildFromInput, inputs},

	"Add":   {buildSum, nothing},
	"Sub":   {buildSum, nothing},
	"Mul":   {buildBinary, inputs},
	"Div":   {buildBinary, inputs},
	"PRelu": {buildBinary, inputs},
	"Min":   {buildBinary, inputs},
	"Max":   {buildBinary, inputs},
	"Pow":   {buildBinary, inputs},
	"Where": {buildWhere, inputs},

	"MaxPool":           {buildMaxPool, inputs},
	"GlobalMaxPool":     {buildExtreme, inputs},
	"ReduceMax":         {buildExtreme, inputs},
	"ReduceMin":         {buildExtreme, inputs},
	"GlobalAveragePool": {buildMean, nothing},
	"ReduceMean":        {buildMean, nothing},
	"ReduceSum":         {buildMean, nothing},
	"AveragePool":       {buildAveragePool, nothing},
	"Resize":            {buildResize, nothing},

	"Concat":       {buildConcat, nothing},
	"Reshape":      {buildReshape, nothing},
	"Identity":     {buildReshape, nothing},
	"Split":        {buildMove, nothing},
	"Slice":        {buildMove, nothing},
	"Pad":          {buildMove, nothing},
	"Transpose":    {buildMove, nothing},
	"Gather":       {buildMove, nothing},
	"Expand":       {buildMove, nothing},
	"Tile":         {buildMove, nothing},
	"DepthToSpace": {buildMove, nothing},
	"SpaceToDepth": {buildMove, nothing},
}

// site is a node in its graph.
type site struct {
	*graph.Node
	graph   *graph.Graph
	compile Compile
}

var errOperator = errors.New("the operator has none")

func (s *site) build(wanted []bool) (pull, error) {
	op, ok := operators[s.Op]
	if !ok || s.Domain != "" {
		return nil, errOperator
	}
	return op.build(s, wanted)
}

// needs names the values that must be known.
func (s *site) needs() []string {
	switch operators[s.Op].need {
	case inputs:
		return s.Inputs
	case outputs:
		return s.Outputs
	}
	return nil
}

// shape returns the shape of input i.
func (s *site) shape(i int) []int { return s.graph.Values[s.Inputs[i]].Shape }

// outShape returns the shape of output i.
func (s *site) outShape(i int) []int { return s.graph.Values[s.Outputs[i]].Shape }

// constant returns the values of input i.
func (s *site) constant(i int) []float32 { return s.graph.Constants[s.Inputs[i]].Floats }

// axis of an operator that has one, and how values lie around it: outer * n * inner.
func (s *site) axis(def int) (outer, n, inner int) {
	return around(s.shape(0), s.Attrs.Int("axis", def))
}

func around(shape []int, axis int) (outer, n, inner int) {
	outer, inner = 1, 1
	for _, d := range shape[:axis] {
		outer *= d
	}
	for _, d := range shape[axis+1:] {
		inner *= d
	}
	return outer, shape[axis], inner
}
