// Package graph is a trained network as engines run it: nodes in canonical form, constants, the shape of every value. It finds
// the edges (tensors that are stored between layers), cuts networks into parts that are graphs again, and adds biases. It
// knows no file format; package onnx reads and writes graphs.
//
// # Canonical form
//
// Every value that a node writes is Float32 and has a fixed shape with batch 1 (Graph.Values). All attributes named
// below are always present, with their defaults filled in, and no others are; axes are never negative. Attributes are
// integers (Int), floats (Float), lists (Ints, Floats) or strings (String). Inputs are runtime values or constants
// (Graph.Constants) unless "const" is said. "" never appears among the inputs: an absent optional one is cut off.
// Broadcasting is NumPy's.
//
//	Op                 inputs; attributes
//	Conv               X (1,C,spatial 1-D to 3-D), W const (M,C/group,k...), [B const (M)];
//	                   kernel_shape, strides, dilations, pads (begins, then ends), group
//	ConvTranspose      X, W const (C,M/group,k...), [B const (M)]; the same and output_padding; pads already agree with
//	                   the output's shape
//	Gemm               X (rows,K), W const (M,K), [B const (M)]; Y = X W^T + B; transA 0, transB 1, alpha 1, beta 1
//	MatMul             A, B (NumPy's matmul, rank >= 2 each); no attributes. A product of two matrices whose right side
//	                   is const is a Gemm
//	MaxPool            X; kernel_shape, strides, dilations, pads, ceil_mode. One output
//	AveragePool        X; the same and count_include_pad. With ceil_mode the last window may start inside and end beyond
//	                   the padded input: what lies beyond both is never counted
//	GlobalAveragePool, GlobalMaxPool  X (1,C,spatial...) -> (1,C,1...)
//	BatchNormalization X, scale, bias, mean, var (const, length C, axis 1); epsilon. Only where it could not be folded
//	LayerNormalization X, scale const, [bias const]; axis, epsilon: over the axes from axis on
//	InstanceNormalization  X, scale const, bias const; epsilon
//	Relu, Sigmoid, Tanh, HardSwish, Softsign, Mish  X
//	Clip               X; min, max (floats; -Inf, +Inf where absent)
//	LeakyRelu, Elu     X; alpha
//	Selu               X; alpha, gamma
//	HardSigmoid        X; alpha, beta
//	Softplus           X
//	PRelu              X, slope const (broadcasts to X)
//	Gelu               X; approximate "none" or "tanh". Also from its decomposed forms
//	Swish              X; alpha: x * sigmoid(alpha x) (SiLU), from Mul and Sigmoid
//	Softmax, LogSoftmax  X; axis (opset 13's meaning: along one axis)
//	Add, Sub, Mul, Div, Pow, Min, Max  A, B (exactly two); Sum and longer Min/Max become chains
//	Neg, Abs, Sign, Exp, Log, Sqrt, Reciprocal, Erf, Floor, Ceil, Round, Sin, Cos  X
//	Concat             inputs...; axis
//	Split              X; axis, split (sizes, one per output)
//	Slice              X; starts, ends, steps (one of each per axis of X, clamped; output o reads starts+o*steps)
//	Pad                X; mode "constant", "reflect" or "edge", pads (begins, then ends, per axis of X, >= 0), value
//	Transpose          X; perm
//	Reshape            X; shape (explicit, no 0 or -1): the same elements in the same order. Also Flatten, Squeeze,
//	                   Unsqueeze
//	Expand             X; shape (the output's)
//	Tile               X; repeats (one per axis)
//	Gather             X, indices const Int64 (any rank, >= 0); axis
//	Resize             X; mode "nearest", "linear" or "cubic", coordinate_transformation_mode, nearest_mode, scales
//	                   (one per axis; only spatial ones differ from 1; the size of the result is the one in Values, not
//	                   recomputed); of cubic also cubic_coeff_a and exclude_outside, of "tf_crop_and_resize" also roi
//	                   (starts, then ends, of all axes) and extrapolation_value. Also Upsample
//	DepthToSpace       X; blocksize, mode "DCR" or "CRD"
//	SpaceToDepth       X; blocksize
//	QuantizeLinear     X, scale const, zero const (each one number, or one per channel; floats that hold integers);
//	                   axis (of the channels), min, max (floats; the range of the integer type):
//	                   clamp(round to even(X/scale) + zero, min, max), the integer as a float. Constants are folded
//	DequantizeLinear   X (integers as floats), scale const, zero const; the same: (X - zero) * scale
//	ReduceMean, ReduceSum, ReduceMax, ReduceMin, ReduceProd  X; axes (sorted, never empty), keepdims. Other reductions
//	                   become these with operators before and after
//	LRN                X; alpha, beta, bias, size
//	ThresholdedRelu    X; alpha
//	Where              condition (zeros and ones), A, B
//	Trunc              X: toward zero, as Cast to integers does
//	Mod                A, B; fmod: 0: the remainder has the sign of B; 1: that of A, as C's fmod
//	Equal, Greater, GreaterOrEqual  A, B; 1 where it holds, else 0
//	ArgMax             X; axis, keepdims, select_last_index: the index as a float
//	TopK               X; k, axis, largest, sorted 1. Two outputs: values, and indices as floats
//	CumSum             X; axis, exclusive, reverse
//	Take               X (n), indices (floats that hold integers): X at each; NaN outside
//	GridSample         X (1,C,H,W), grid (1,h,w,2); mode "linear", "nearest" or "cubic", padding_mode, align_corners
//	RNN, GRU, LSTM     X (steps,1,n), W, R, B const, initial_h, [initial_c of LSTM]; hidden_size, direction, activations
//	                   (one string, spaces between), linear_before_reset. Outputs Y, Y_h, [Y_c of LSTM]
//	Requantize         X, factor const, zero const (one, or one per channel); axis, min, max: as QuantizeLinear, of X*factor
//	QuantizedAdd       A, B; a, b, shift, min, max: clamp(round to even(a A + (b B + shift))), each sum rounded once
//	Identity           X; only where a network output is its input, a constant or another output
//
// Integers and truth values that are computed at run time are floats, too, and Value.Elem says what the file calls them.
package graph
