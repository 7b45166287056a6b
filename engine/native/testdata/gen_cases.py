#!/usr/bin/env python3
"""Writes cases.json.gz: nodes in the canonical form of package onnx with inputs and with the outputs of ONNX Runtime.

    pip install onnx==1.23.2 onnxruntime==1.32.0 numpy
    python gen_cases.py

Every case is one node. Attributes are canonical (see the onnx package's comment); to_onnx turns those that ONNX wants
as inputs into inputs. The first input is the network's, the others are constants. Numbers are little-endian float32
(int64 for indices) in base64. The seed is fixed, so the file only changes with the table or with ONNX Runtime.
"""
import base64
import gzip
import json
import os

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper

OPSET = 20
rng = np.random.default_rng(20240917)
CASES = []


def rand(*shape, scale=1.0):
    return (rng.standard_normal(shape) * scale).astype(np.float32)


def case(op, inputs, outputs=1, **attrs):
    CASES.append((op, inputs, outputs, attrs))


def conv(cin, cout, size, kernel, strides=None, pads=None, dilations=None, group=1, bias=True):
    n = len(size)
    w = rand(cout, cin // group, *kernel, scale=1 / np.sqrt(cin // group * np.prod(kernel)))
    case("Conv", [rand(1, cin, *size), w] + ([rand(cout)] if bias else []), kernel_shape=list(kernel),
         strides=strides or [1] * n, dilations=dilations or [1] * n, pads=pads or [0] * 2 * n, group=group)


def transposed(cin, cout, size, kernel, strides=None, pads=None, dilations=None, group=1, bias=True, extra=None):
    n = len(size)
    w = rand(cin, cout // group, *kernel)
    case("ConvTranspose", [rand(1, cin, *size), w] + ([rand(cout)] if bias else []), kernel_shape=list(kernel),
         strides=strides or [1] * n, dilations=dilations or [1] * n, pads=pads or [0] * 2 * n, group=group,
         output_padding=extra or [0] * n)


def pool(op, size, kernel, strides=None, pads=None, dilations=None, ceil=0, channels=2, **more):
    n = len(size)
    case(op, [rand(1, channels, *size)], kernel_shape=list(kernel), strides=strides or [1] * n,
         dilations=dilations or [1] * n, pads=pads or [0] * 2 * n, ceil_mode=ceil, **more)


def resize(shape, scales, mode, coordinates, nearest="round_prefer_floor"):
    case("Resize", [rand(*shape)], mode=mode, coordinate_transformation_mode=coordinates, nearest_mode=nearest,
         scales=[float(s) for s in scales])


# --- convolutions: every way of cutting the output into vectors, every remainder of channels
P1 = [1, 1, 1, 1]
conv(3, 8, (8, 8), (3, 3), pads=P1)
conv(16, 16, (8, 8), (3, 3), pads=P1)
conv(4, 7, (16, 24), (3, 3), pads=P1)
conv(5, 6, (7, 7), (3, 3), pads=P1)
conv(3, 5, (9, 13), (3, 3), pads=P1, bias=False)
conv(2, 3, (1, 1), (3, 3), pads=P1)
conv(2, 3, (2, 33), (3, 3), pads=P1)
conv(6, 9, (8, 8), (1, 1))
conv(6, 9, (7, 7), (1, 1))
conv(6, 4, (5, 3), (1, 1), bias=False)
conv(40, 33, (3, 3), (1, 1))
conv(64, 10, (4, 4), (3, 3), pads=P1)
conv(3, 4, (12, 12), (3, 3))
conv(3, 4, (10, 11), (5, 5))
conv(3, 4, (10, 11), (5, 5), pads=[2, 2, 2, 2])
conv(2, 3, (9, 9), (9, 9))
conv(3, 6, (8, 8), (3, 3), strides=[2, 2], pads=P1)
conv(3, 6, (9, 11), (3, 3), strides=[2, 2], pads=P1)
conv(3, 6, (16, 16), (3, 3), strides=[2, 2], pads=[0, 0, 1, 1])
conv(3, 6, (17, 16), (1, 1), strides=[2, 2])
conv(4, 4, (15, 15), (7, 7), strides=[3, 3], pads=[3, 3, 3, 3])
conv(4, 4, (15, 15), (3, 3), strides=[1, 2], pads=P1)
conv(4, 4, (15, 15), (3, 3), strides=[2, 1], pads=P1)
conv(3, 4, (11, 12), (2, 4), pads=[0, 1, 1, 2])
conv(3, 4, (11, 12), (3, 3), pads=[3, 0, 0, 4])
conv(3, 4, (13, 13), (3, 3), pads=[2, 2, 2, 2], dilations=[2, 2])
conv(3, 4, (17, 13), (3, 3), pads=[4, 2, 4, 2], dilations=[4, 2])
conv(3, 4, (17, 17), (3, 3), strides=[2, 3], pads=[2, 2, 2, 2], dilations=[2, 2])
conv(3, 4, (10, 10), (1, 7), pads=[0, 3, 0, 3])
conv(3, 4, (10, 10), (7, 1), pads=[3, 0, 3, 0])
conv(8, 12, (9, 9), (3, 3), pads=P1, group=4)
conv(6, 10, (9, 9), (3, 3), strides=[2, 2], pads=P1, group=2, bias=False)
conv(4, 8, (9, 9), (3, 3), pads=P1, group=4)
conv(4, 6, (29,), (5,), pads=[2, 2])
conv(4, 6, (29,), (5,), strides=[2], pads=[1, 3], dilations=[2])
# depthwise
conv(5, 5, (8, 8), (3, 3), pads=P1, group=5)
conv(5, 5, (7, 7), (3, 3), pads=P1, group=5)
conv(3, 3, (14, 14), (3, 3), pads=P1, group=3, bias=False)
conv(3, 3, (12, 40), (3, 3), pads=P1, group=3)
conv(4, 4, (16, 16), (3, 3), strides=[2, 2], pads=P1, group=4)
conv(4, 4, (15, 13), (3, 3), strides=[2, 2], pads=[0, 0, 1, 1], group=4)
conv(3, 3, (11, 11), (5, 5), pads=[2, 2, 2, 2], group=3)
conv(3, 3, (11, 11), (5, 5), strides=[2, 2], pads=[2, 2, 2, 2], group=3)
conv(3, 3, (11, 11), (3, 3), pads=[2, 2, 2, 2], dilations=[2, 2], group=3)
conv(3, 3, (9, 9), (3, 3), group=3)
conv(3, 3, (3, 3), (3, 3), group=3)
conv(4, 4, (31,), (3,), pads=[1, 1], group=4)

transposed(6, 4, (5, 5), (2, 2), strides=[2, 2])
transposed(8, 8, (8, 8), (2, 2), strides=[2, 2], bias=False)
transposed(4, 3, (5, 6), (3, 3), strides=[2, 2], pads=P1, extra=[1, 1])
transposed(4, 3, (5, 6), (4, 4), strides=[2, 2], pads=P1)
transposed(4, 3, (5, 6), (3, 3), pads=[0, 1, 2, 1])
transposed(4, 3, (5, 6), (2, 2), strides=[3, 3])
transposed(4, 3, (5, 6), (3, 3), strides=[2, 1], pads=[2, 0, 1, 1], dilations=[2, 1])
transposed(4, 6, (5, 5), (3, 3), strides=[2, 2], pads=P1, group=2)
transposed(4, 4, (5, 5), (2, 2), strides=[2, 2], group=4)
transposed(4, 3, (11,), (3,), strides=[2], pads=[1, 0])

# --- matrix products
GEMM = dict(transA=0, transB=1, alpha=1.0, beta=1.0)
case("Gemm", [rand(1, 64), rand(10, 64), rand(10)], **GEMM)
case("Gemm", [rand(1, 30), rand(50, 30)], **GEMM)
case("Gemm", [rand(5, 17), rand(24, 17), rand(24)], **GEMM)
case("Gemm", [rand(13, 8), rand(100, 8), rand(100)], **GEMM)
case("Gemm", [rand(4, 1), rand(1, 1), rand(1)], **GEMM)
case("MatMul", [rand(5, 7), rand(7, 9)])
case("MatMul", [rand(1, 3, 6, 8), rand(1, 3, 8, 5)])
case("MatMul", [rand(1, 2, 9, 16), rand(1, 2, 16, 33)])
case("MatMul", [rand(1, 4, 6), rand(6, 10)])
case("MatMul", [rand(3, 4), rand(2, 4, 5)])
case("MatMul", [rand(2, 1, 3, 4), rand(1, 3, 4, 5)])
case("MatMul", [rand(1, 1, 1, 5), rand(1, 1, 5, 1)])

# --- value by value
for op in ["Relu", "Sigmoid", "Tanh", "HardSwish", "Exp"]:
    case(op, [rand(1, 3, 5, 7, scale=3)])
case("Sqrt", [np.abs(rand(1, 3, 5, 7))])
case("Clip", [rand(1, 3, 5, 7, scale=3)], min=0.0, max=6.0)
case("Clip", [rand(1, 3, 5, 7, scale=3)], min=-1.5, max=float("inf"))
case("Clip", [rand(1, 3, 5, 7, scale=3)], min=float("-inf"), max=0.5)
case("LeakyRelu", [rand(1, 3, 5, 7)], alpha=0.2)
case("HardSigmoid", [rand(1, 3, 5, 7, scale=3)], alpha=0.2, beta=0.5)
case("HardSigmoid", [rand(1, 3, 5, 7, scale=3)], alpha=1 / 6, beta=0.4)
case("Swish", [rand(1, 3, 5, 7, scale=3)], alpha=1.0)
case("Swish", [rand(1, 3, 5, 7, scale=3)], alpha=1.702)
SHAPES = [((1, 3, 4, 5), (1, 3, 4, 5)), ((1, 3, 4, 5), ()), ((1, 3, 4, 5), (1,)), ((1, 3, 4, 5), (3, 1, 1)),
          ((1, 3, 4, 5), (5,)), ((1, 3, 1, 5), (1, 1, 4, 1)), ((3, 1, 1), (1, 3, 4, 5)), ((1, 2, 20, 21), (2, 1, 1)),
          ((1, 3, 1, 1), (1, 3, 17, 19)), ((1, 4, 1, 5), (1, 4, 6, 5)), ((1, 1), (1, 1))]
for op in ["Add", "Sub", "Mul", "Div"]:
    for a, b in SHAPES:
        case(op, [rand(*a), rand(*b) + (3 if op == "Div" else 0)])
for op in ["Min", "Max"]:
    for a, b in SHAPES[:4]:
        case(op, [rand(*a), rand(*b)])
case("Pow", [np.abs(rand(1, 3, 4, 5)), rand(1, 3, 4, 5)])
case("Pow", [rand(1, 3, 4, 5), np.array(2, np.float32)])
for slope in [(3, 1, 1), (1,), (1, 3, 4, 5)]:
    case("PRelu", [rand(1, 3, 4, 5), rand(*slope)])

# --- pooling
for op, more in [("MaxPool", {}), ("AveragePool", dict(count_include_pad=0)), ("AveragePool", dict(count_include_pad=1))]:
    pool(op, (8, 8), (2, 2), strides=[2, 2], **more)
    pool(op, (9, 11), (3, 3), strides=[2, 2], pads=P1, **more)
    pool(op, (9, 12), (3, 3), strides=[2, 2], ceil=1, **more)
    pool(op, (10, 10), (3, 3), strides=[2, 2], pads=P1, ceil=1, **more)
    pool(op, (10, 10), (3, 3), strides=[3, 3], pads=[0, 0, 1, 1], ceil=1, **more)
    pool(op, (7, 7), (7, 7), **more)
    pool(op, (11, 9), (3, 2), strides=[1, 2], pads=[0, 1, 2, 0], **more)
    pool(op, (13, 13), (3, 3), strides=[2, 2], pads=P1, dilations=[2, 2], **more)
    pool(op, (21,), (3,), strides=[2], pads=[1, 1], **more)
    pool(op, (23, 25), (3, 3), strides=[1, 1], pads=P1, channels=3, **more)
case("GlobalAveragePool", [rand(1, 5, 7, 9)])
case("GlobalAveragePool", [rand(1, 5, 13)])
for axes, keep in [([2, 3], 1), ([2, 3], 0), ([1], 1), ([1], 0), ([1, 3], 0), ([3], 1), ([0, 1, 2, 3], 0), ([0], 0), ([2], 1)]:
    case("ReduceMean", [rand(1, 4, 5, 6) + 1], axes=axes, keepdims=keep)
case("ReduceMean", [rand(1, 65, 16)], axes=[1], keepdims=0)

# --- normalisation
for shape, eps in [((1, 5, 6, 7), 1e-5), ((1, 5, 9), 1e-3), ((1, 5), 1e-5)]:
    case("BatchNormalization", [rand(*shape), rand(5), rand(5), rand(5), np.abs(rand(5)) + 0.1], epsilon=eps)
case("LayerNormalization", [rand(1, 6, 16), rand(16), rand(16)], axis=2, epsilon=1e-5)
case("LayerNormalization", [rand(1, 6, 16) * 10 + 100, rand(16)], axis=2, epsilon=1e-3)
case("LayerNormalization", [rand(1, 3, 4, 5), rand(3, 4, 5), rand(3, 4, 5)], axis=1, epsilon=1e-5)
for shape, axis in [((1, 10), 1), ((1, 3, 4, 5), 1), ((1, 3, 4, 5), 3), ((1, 3, 4, 5), 2)]:
    case("Softmax", [rand(*shape, scale=4)], axis=axis)
case("Softmax", [rand(1, 3, 8, scale=60)], axis=2)

# --- layout
case("Concat", [rand(1, 2, 3, 4), rand(1, 3, 3, 4), rand(1, 1, 3, 4)], axis=1)
case("Concat", [rand(1, 2, 3, 4), rand(1, 2, 5, 4)], axis=2)
case("Concat", [rand(1, 2, 3, 4), rand(1, 2, 3, 1)], axis=3)
case("Concat", [rand(1, 2)], axis=1)
case("Split", [rand(1, 7, 3, 4)], outputs=3, axis=1, split=[2, 4, 1])
case("Split", [rand(1, 3, 6)], outputs=2, axis=2, split=[3, 3])
case("Slice", [rand(1, 4, 8, 9)], starts=[0, 1, 0, 0], ends=[1, 3, 8, 9], steps=[1, 1, 1, 1])
case("Slice", [rand(1, 4, 8, 9)], starts=[0, 0, 0, 0], ends=[1, 4, 8, 9], steps=[1, 1, 2, 2])
case("Slice", [rand(1, 4, 8, 9)], starts=[0, 3, 2, 8], ends=[1, -5, 7, 1], steps=[1, -1, 3, -2])
case("Slice", [rand(1, 40, 10, 12)], starts=[0, 5, 1, 2], ends=[1, 33, 9, 11], steps=[1, 1, 1, 1])
case("Pad", [rand(1, 3, 4, 5)], mode="constant", pads=[0, 0, 1, 2, 0, 0, 3, 0], value=1.5)
case("Pad", [rand(1, 3, 4, 5)], mode="constant", pads=[0, 2, 0, 0, 0, 1, 0, 0], value=0.0)
case("Pad", [rand(1, 30, 9, 9)], mode="constant", pads=[0, 15, 0, 0, 0, 15, 0, 0], value=0.0)
case("Pad", [rand(1, 3, 40, 41)], mode="constant", pads=[0, 0, 2, 3, 0, 0, 4, 5], value=-2.0)
case("Pad", [rand(1, 3, 4, 5)], mode="reflect", pads=[0, 0, 3, 1, 0, 0, 2, 4], value=0.0)
case("Pad", [rand(1, 3, 4, 5)], mode="edge", pads=[0, 1, 3, 1, 0, 0, 2, 6], value=0.0)
for perm in [[0, 2, 3, 1], [0, 3, 1, 2], [0, 1, 3, 2], [0, 1, 2, 3], [3, 2, 1, 0]]:
    case("Transpose", [rand(1, 3, 4, 5)], perm=perm)
case("Transpose", [rand(1, 70, 9, 11)], perm=[0, 2, 3, 1])
case("Transpose", [rand(1, 6, 7)], perm=[0, 2, 1])
case("Gather", [rand(1, 5, 6), np.array([4, 0, 0, 2], np.int64)], axis=1)
case("Gather", [rand(1, 5, 6), np.array(3, np.int64)], axis=1)
case("Gather", [rand(1, 5, 6), np.array([[1, 5], [0, 2]], np.int64)], axis=2)
case("Reshape", [rand(1, 4, 6)], shape=[1, 24])
case("Identity", [rand(1, 4, 6)])

# --- resizing
S = (1, 2, 5, 6)
for coordinates in ["asymmetric", "half_pixel", "pytorch_half_pixel", "align_corners"]:
    for scales in [(1, 1, 2, 2), (1, 1, 3, 1), (1, 1, 1.5, 2.5), (1, 1, 0.6, 0.5)]:
        resize(S, scales, "linear", coordinates)
        resize(S, scales, "nearest", coordinates, "floor" if coordinates == "asymmetric" else "round_prefer_floor")
for nearest in ["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"]:
    resize(S, (1, 1, 2, 1.5), "nearest", "half_pixel", nearest)
    resize(S, (1, 1, 0.5, 0.7), "nearest", "asymmetric", nearest)
resize((1, 2, 1, 9), (1, 1, 4, 1), "linear", "half_pixel")
resize((1, 2, 16, 16), (1, 1, 2, 2), "linear", "half_pixel")
resize((1, 3, 9), (1, 1, 2), "linear", "asymmetric")


# --- the rest of what vision networks use (appended: the cases above stay what they are)
for op in ["Neg", "Abs", "Sign", "Erf", "Floor", "Ceil", "Round", "Sin", "Cos", "Softplus", "Softsign", "Mish"]:
    case(op, [rand(1, 3, 5, 7, scale=3)])
case("Round", [np.array([[0.5, 1.5, 2.5, -0.5, -1.5, 0.49]], np.float32)])
case("Sign", [np.array([[0.0, -2.0, 3.0]], np.float32)])
case("Softplus", [np.array([[-100.0, 0.0, 100.0]], np.float32)])
case("Log", [np.abs(rand(1, 3, 5, 7)) + 0.1])
case("Reciprocal", [np.abs(rand(1, 3, 5, 7)) + 0.1])
case("Elu", [rand(1, 3, 5, 7, scale=3)], alpha=1.0)
case("Elu", [rand(1, 3, 5, 7, scale=3)], alpha=0.3)
case("Selu", [rand(1, 3, 5, 7, scale=3)], alpha=1.67326319217681884765625, gamma=1.05070102214813232421875)
case("ThresholdedRelu", [rand(1, 3, 5, 7, scale=3)], alpha=0.7)
case("Gelu", [rand(1, 3, 5, 7, scale=3)], approximate="none")
case("Gelu", [rand(1, 3, 5, 7, scale=3)], approximate="tanh")
case("GlobalMaxPool", [rand(1, 5, 7, 9)])
case("GlobalMaxPool", [rand(1, 5, 13)])
for op in ["ReduceSum", "ReduceMax", "ReduceMin", "ReduceProd"]:
    for axes, keep in [([2, 3], 1), ([1], 0), ([1, 3], 0), ([0, 1, 2, 3], 1), ([0], 0)]:
        case(op, [rand(1, 4, 5, 6) + 1], axes=axes, keepdims=keep)
for shape, axis in [((1, 10), 1), ((1, 3, 4, 5), 1), ((1, 3, 4, 5), 3)]:
    case("LogSoftmax", [rand(*shape, scale=4)], axis=axis)
for shape, eps in [((1, 5, 6, 7), 1e-5), ((1, 5, 9), 1e-3)]:
    case("InstanceNormalization", [rand(*shape) * 3 + 1, rand(5), rand(5)], epsilon=eps)
for size in [1, 3, 5]:
    case("LRN", [rand(1, 6, 3, 4, scale=3)], alpha=0.1, beta=0.75, bias=1.0, size=size)
for a, b in [((1, 3, 1, 5), (1, 3, 4, 5)), ((1, 1), (1, 7)), ((3, 1), (1, 2, 3, 4)), ((1, 3, 4, 5), (1, 3, 4, 5))]:
    case("Expand", [rand(*a)], shape=list(b))
for repeats in [[1, 2, 1, 3], [1, 1, 1, 1], [1, 3, 2, 2]]:
    case("Tile", [rand(1, 2, 3, 4)], repeats=repeats)
for mode in ["DCR", "CRD"]:
    case("DepthToSpace", [rand(1, 12, 3, 5)], blocksize=2, mode=mode)
    case("DepthToSpace", [rand(1, 9, 2, 2)], blocksize=3, mode=mode)
case("SpaceToDepth", [rand(1, 3, 4, 6)], blocksize=2)
case("SpaceToDepth", [rand(1, 2, 9, 3)], blocksize=3)
for condition, b in [((1, 3, 4, 5), (1,)), ((4, 5), (1, 3, 4, 5)), ((1, 3, 1, 1), (5,)), ((1, 3, 4, 1), (1, 3, 4, 5))]:
    case("Where", [rand(1, 3, 4, 5), (rng.random(condition) < 0.5).astype(np.float32), rand(*b)])
for coordinates in ["asymmetric", "half_pixel", "pytorch_half_pixel", "align_corners"]:
    for scales in [(1, 1, 2, 2), (1, 1, 1.5, 2.5), (1, 1, 0.6, 0.5)]:
        case("Resize", [rand(*S)], mode="cubic", coordinate_transformation_mode=coordinates, nearest_mode="round_prefer_floor",
             scales=[float(s) for s in scales], cubic_coeff_a=-0.75, exclude_outside=0)
case("Resize", [rand(*S)], mode="cubic", coordinate_transformation_mode="half_pixel", nearest_mode="round_prefer_floor",
     scales=[1.0, 1.0, 2.0, 1.5], cubic_coeff_a=-0.5, exclude_outside=1)
for mode in ["nearest", "linear"]:
    resize(S, (1, 1, 1.3, 2.3), mode, "half_pixel_symmetric")
    resize(S, (1, 1, 0.45, 0.7), mode, "half_pixel_symmetric")
    for roi in [[0.0, 0.0, 0.1, 0.2, 1.0, 1.0, 0.8, 0.9], [0.0, 0.0, -0.3, 0.0, 1.0, 1.0, 1.2, 0.5]]:
        case("Resize", [rand(*S)], mode=mode, coordinate_transformation_mode="tf_crop_and_resize", nearest_mode="round_prefer_floor",
             scales=[1.0, 1.0, 1.6, 0.8], roi=roi, extrapolation_value=7.5)


def to_onnx(op, inputs, attrs):
    """Canonical to ONNX: nodes, extra constants by name."""
    names = ["i%d" % i for i in range(len(inputs))]
    a, extra = dict(attrs), {}

    def constant(name, value, dtype=np.int64):
        extra[name] = np.array(value, dtype)
        return name

    if op == "Clip":
        names += [constant(k, v, np.float32) if np.isfinite(v) else "" for k, v in a.items()]
        a = {}
    elif op == "Swish":
        nodes = [helper.make_node("Mul", ["i0", constant("alpha", a["alpha"], np.float32)], ["t"]),
                 helper.make_node("Sigmoid", ["t"], ["u"]), helper.make_node("Mul", ["i0", "u"], ["o0"])]
        return nodes, extra
    elif op.startswith("Reduce"):
        names.append(constant("axes", a.pop("axes")))
    elif op in ("Expand", "Tile"):
        key = "shape" if op == "Expand" else "repeats"
        names.append(constant(key, a.pop(key)))
    elif op == "Where":  # canonical: a constant of zeros and ones first; here the network's input comes first
        return [helper.make_node("Greater", ["i1", constant("half", 0.5, np.float32)], ["c"]),
                helper.make_node("Where", ["c", "i0", "i2"], ["o0"])], extra
    elif op == "Split":
        names.append(constant("split", a.pop("split")))
    elif op == "Slice":
        keys = [a.pop(k) for k in ("starts", "ends", "steps")]
        ends = [e if e >= 0 else -2**62 for e in keys[1]]  # below 0: up to and with the first element
        names += [constant("starts", keys[0]), constant("ends", ends), constant("axes", list(range(len(ends)))),
                  constant("steps", keys[2])]
    elif op == "Pad":
        names += [constant("pads", a.pop("pads")), constant("value", a.pop("value"), np.float32)]
    elif op == "Reshape":
        names.append(constant("shape", a.pop("shape")))
    elif op == "Resize":
        roi = constant("roi", a.pop("roi"), np.float32) if "roi" in a else ""
        names += [roi, constant("scales", a.pop("scales"), np.float32)]
        if a["mode"] != "nearest":
            a.pop("nearest_mode")
    outputs = ["o%d" % i for i in range(OUTPUTS)]
    return [helper.make_node(op, names, outputs, **a)], extra


def run(op, inputs, attrs):
    nodes, extra = to_onnx(op, inputs, attrs)
    constants = [onnx.numpy_helper.from_array(v, k) for k, v in extra.items()]
    constants += [onnx.numpy_helper.from_array(v, "i%d" % (i + 1)) for i, v in enumerate(inputs[1:])]
    graph = helper.make_graph(nodes, "case", [helper.make_tensor_value_info("i0", TensorProto.FLOAT, inputs[0].shape)],
                              [helper.make_tensor_value_info("o%d" % i, TensorProto.FLOAT, None) for i in range(OUTPUTS)],
                              constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=9)
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return session.run(None, {"i0": inputs[0]})


def pack(x):
    kind = "<i8" if x.dtype == np.int64 else "<f4"
    return {"shape": list(x.shape), "type": kind[1:], "data": base64.b64encode(x.astype(kind).tobytes()).decode()}


def attribute(v):
    if isinstance(v, list):
        return {"floats": v} if isinstance(v[0], float) else {"ints": v}
    if isinstance(v, float):
        return {"float": v if np.isfinite(v) else str(v)}
    return {"string": v} if isinstance(v, str) else {"int": v}


records = []
for op, inputs, OUTPUTS, attrs in CASES:
    outputs = run(op, inputs, attrs)
    assert all(np.isfinite(o).all() for o in outputs), (op, attrs)
    records.append({"op": op, "attrs": {k: attribute(v) for k, v in attrs.items()},
                    "inputs": [pack(x) for x in inputs], "outputs": [pack(x) for x in outputs]})
path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "cases.json.gz")
with open(path, "wb") as f, gzip.GzipFile("", "wb", 9, f, mtime=0) as z:
    z.write(json.dumps(records, separators=(",", ":")).encode())
print(len(records), "cases,", os.path.getsize(path), "bytes")
