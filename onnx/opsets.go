package onnx

import (
	"strings"

	"github.com/dqa-go/dqa/graph"
)

// lifetime is when operators of ai.onnx have an attribute. ONNX Runtime, too, refuses it before and after.
type lifetime struct {
	operators   string
	attribute   string
	since, last int // opsets; last 0: it is still there
}

// lifetimesOf and aritiesOf are the tables below by operator.
var (
	lifetimesOf = map[string][]lifetime{}
	aritiesOf   = map[string][]arity{}
)

func init() {
	for _, l := range lifetimes {
		for op := range strings.FieldsSeq(l.operators) {
			lifetimesOf[op] = append(lifetimesOf[op], l)
		}
	}
	for _, a := range arities {
		for op := range strings.FieldsSeq(a.operators) {
			aritiesOf[op] = append(aritiesOf[op], a)
		}
	}
}

// fitsOpset checks that a node has the inputs and attributes that its operator has in an opset.
func fitsOpset(n *graph.Node, opset int) error {
	if n.Domain != "" {
		return nil
	}
	for _, a := range aritiesOf[n.Op] {
		if opset < a.since {
			continue
		}
		if k := len(n.Inputs); k < a.fewest || k > a.most {
			return invalid("it has %d inputs, in opset %d these are %d to %d", k, opset, a.fewest, a.most)
		}
		break
	}
	for _, l := range lifetimesOf[n.Op] {
		if _, ok := n.Attrs[l.attribute]; !ok {
			continue
		}
		switch {
		case opset < l.since:
			return invalid("opset %d has no attribute %q, which began with opset %d", opset, l.attribute, l.since)
		case l.last > 0 && opset > l.last:
			return invalid("opset %d has no attribute %q, which ended with opset %d", opset, l.attribute, l.last)
		}
	}
	return nil
}

// lifetimes are those that begin or end within the opsets that are read (ONNX's Changelog.md).
var lifetimes = []lifetime{
	{"ArgMax ArgMin", "select_last_index", 12, 0},
	{"AveragePool MaxPool", "ceil_mode", 10, 0},
	{"AveragePool", "dilations", 19, 0},
	{"BatchNormalization", "spatial", 0, 8},
	{"BatchNormalization", "training_mode", 14, 0},
	{"Cast CastLike", "round_mode", 24, 0},
	{"Cast CastLike QuantizeLinear", "saturate", 19, 0},
	{"Clip", "max", 0, 10},
	{"Clip", "min", 0, 10},
	{"Constant", "value_float", 12, 0},
	{"Constant", "value_floats", 12, 0},
	{"Constant", "value_int", 12, 0},
	{"Constant", "value_ints", 12, 0},
	{"DepthToSpace", "mode", 11, 0},
	{"DequantizeLinear", "output_dtype", 23, 0},
	{"DequantizeLinear QuantizeLinear", "axis", 13, 0},
	{"DequantizeLinear QuantizeLinear", "block_size", 21, 0},
	{"Dropout", "ratio", 0, 11},
	{"Dropout", "seed", 12, 0},
	{"GRU LSTM RNN", "layout", 14, 0},
	{"GatherND", "batch_dims", 12, 0},
	{"GroupNormalization", "stash_type", 21, 0},
	{"MaxPool", "dilations", 10, 0},
	{"MaxPool", "storage_order", 8, 0},
	{"Pad", "pads", 0, 10},
	{"Pad", "value", 0, 10},
	{"QuantizeLinear", "output_dtype", 21, 0},
	{"QuantizeLinear", "precision", 23, 0},
	{reductions, "axes", 0, 17},
	{reductions, "noop_with_empty_axes", 18, 0},
	{"ReduceSum Squeeze Unsqueeze", "axes", 0, 12},
	{"ReduceSum", "noop_with_empty_axes", 13, 0},
	{"Reshape", "allowzero", 14, 0},
	{"Resize", "antialias", 18, 0},
	{"Resize", "axes", 18, 0},
	{"Resize", "coordinate_transformation_mode", 11, 0},
	{"Resize", "cubic_coeff_a", 11, 0},
	{"Resize", "exclude_outside", 11, 0},
	{"Resize", "extrapolation_value", 11, 0},
	{"Resize", "keep_aspect_ratio_policy", 18, 0},
	{"Resize", "nearest_mode", 11, 0},
	{"ScatterElements ScatterND", "reduction", 16, 0},
	{"Shape", "end", 15, 0},
	{"Shape", "start", 15, 0},
	{"Slice", "axes", 0, 9},
	{"Slice", "ends", 0, 9},
	{"Slice", "starts", 0, 9},
	{"Split", "num_outputs", 18, 0},
	{"Split", "split", 0, 12},
	{"TopK", "largest", 11, 0},
	{"TopK", "sorted", 11, 0},
	{"Upsample", "scales", 0, 8},
}

// reductions are those whose axes became an input with opset 18; ReduceSum's did with 13.
const reductions = "ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSumSquare"

// arity is how many inputs operators have from an opset on.
type arity struct {
	operators    string
	since        int
	fewest, most int
}

// arities are those that differ between opsets, the newest first.
var arities = []arity{
	{"Clip", 11, 1, 3},
	{"Dropout", 12, 1, 3},
	{"Clip Dropout", 0, 1, 1},
	{"Gemm", 11, 2, 3},
	{"Gemm", 0, 3, 3},
	{"Pad", 18, 2, 4},
	{"Pad", 11, 2, 3},
	{"Pad", 0, 1, 1},
	{reductions, 18, 1, 2},
	{reductions, 0, 1, 1},
	{"ReduceSum Split Squeeze", 13, 1, 2},
	{"Unsqueeze", 13, 2, 2},
	{"ReduceSum Split Squeeze Unsqueeze", 0, 1, 1},
	{"Resize", 13, 1, 4},
	{"Resize", 11, 3, 4},
	{"Resize", 0, 2, 2},
	{"Slice", 10, 3, 5},
	{"Slice", 0, 1, 1},
	{"Upsample", 9, 2, 2},
	{"Upsample", 0, 1, 1},
}
