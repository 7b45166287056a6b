#!/usr/bin/env python3
"""Runs random small networks through `dqa run` and ONNX Runtime and compares what comes out.

    pip install onnx==1.23.2 onnxruntime==1.32.0 numpy
    go build -o /tmp/dqa ./cmd/dqa
    python internal/crosscheck/fuzz_graphs.py /tmp/dqa [COUNT [SEED]]

Every network is a few operators with random settings, opset and shapes, after one of four kinds of input. Networks that
ONNX Runtime refuses do not count. dqa may refuse a network in one clear line (these are counted by reason); what it
computes must differ by no more than 1e-4 of the output's largest value. Where it does, but agrees with the ONNX project's
evaluator in float64 while ONNX Runtime does not, the difference is ONNX Runtime's own rounding (an ArgMax between equals, a
single value normalized) and counts as such. Exit status 1 if anything differs.
"""
import collections
import os
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import onnxruntime as ort
from onnx import TensorProto as T
from onnx import helper, numpy_helper
from onnx.reference import ReferenceEvaluator

ort.set_default_logger_severity(4)
F, I = np.float32, np.int64


class Net:
    """A network that grows node by node; cur is the last value, s its shape."""

    def __init__(self, seed):
        self.r = np.random.default_rng(seed)
        self.opset = int(self.r.choice([7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25]))
        self.nodes, self.consts, self.n, self.ops, self.extra = [], {}, 0, [], {}

    def name(self):
        self.n += 1
        return "v%d" % self.n

    def const(self, v):
        k = self.name()
        self.consts[k] = np.asarray(v)
        return k

    def rand(self, *s, scale=1.0):
        return (self.r.standard_normal(s) * scale).astype(F)

    def pick(self, *a):
        return a[int(self.r.integers(len(a)))]

    def flag(self, p=0.5):
        return int(self.r.random() < p)

    def int(self, low, high):
        return int(self.r.integers(low, high + 1))

    def node(self, op, inputs, outs=1, domain="", **attrs):
        o = [self.name() for _ in range(outs)]
        self.nodes.append(helper.make_node(op, inputs, o, domain=domain, **attrs))
        return o[0] if outs == 1 else o


UNARY = {"Relu": 7, "Sigmoid": 7, "Tanh": 7, "HardSwish": 14, "Softsign": 7, "Softplus": 7, "Mish": 18, "Neg": 7, "Abs": 7, "Exp": 7, "Sign": 9, "Erf": 9, "Floor": 7,
         "Ceil": 7, "Round": 11, "Sin": 7, "Cos": 7, "LeakyRelu": 7, "Elu": 7, "Selu": 7, "ThresholdedRelu": 10, "HardSigmoid": 7, "Celu": 12, "Gelu": 20, "Shrink": 9,
         "Identity": 7, "LpNormalization": 7, "Softmax": 7, "LogSoftmax": 7, "Cosh": 9}


def unary(g, x, s):
    op = g.pick(*[k for k, v in UNARY.items() if v <= g.opset])
    a = {}
    if op in ("LeakyRelu", "Elu", "ThresholdedRelu", "HardSigmoid", "Celu") and g.flag():
        a["alpha"] = round(float(g.r.uniform(0.1, 1.2)), 3)
    if op == "Gelu" and g.flag():
        a["approximate"] = "tanh"
    if op in ("Softmax", "LogSoftmax", "LpNormalization") and g.flag(0.8):
        a["axis"] = g.int(0 if g.opset < 11 else -len(s), len(s) - 1)
    return op, g.node(op, [x], **a), s


def binary(g, x, s):
    op = g.pick("Add", "Sub", "Mul", "Div", "Min", "Max", "PRelu", "Sum", "Mean", "Pow")
    if op in ("Min", "Max", "Sum", "Mean") and g.opset < 8:
        op = "Add"
    shape = [d if g.flag(0.6) else 1 for d in s][g.int(0, len(s)) if op != "PRelu" else 0:]
    k = g.rand(*shape) if op != "Div" else (np.abs(g.rand(*shape)) + F(0.5)).astype(F)
    if op == "Pow":
        return op, g.node(op, [x, g.const(np.array(g.pick(2, 3), F))]), s
    if g.flag(0.3) and op != "PRelu" and op != "Div":
        return op, g.node(op, [x, x]), s
    return op, g.node(op, [x, g.const(k)] if g.flag(0.7) or op in ("PRelu", "Div") else [g.const(k), x]), s


def conv(g, x, s):
    n = len(s) - 2
    if n < 1 or n > 3:
        return None
    k = [g.int(1, 3) for _ in range(n)]
    group = g.pick(1, 1, s[1]) if s[1] <= 8 else 1
    out = group * g.int(1, 3)
    a = dict(kernel_shape=k)
    if g.flag():
        a["strides"] = [g.int(1, 2) for _ in range(n)]
    if g.flag(0.3):
        a["dilations"] = [g.int(1, 2) for _ in range(n)]
    if g.flag(0.6):
        a["pads"] = [g.int(0, 1) for _ in range(2 * n)]
    elif g.flag(0.3) and "dilations" not in a:
        a["auto_pad"] = g.pick("SAME_UPPER", "SAME_LOWER", "VALID")
    ins = [x, g.const(g.rand(out, s[1] // group, *k, scale=0.4))] + ([g.const(g.rand(out))] if g.flag() else [])
    return "Conv", g.node("Conv", ins, group=group, **a), None


def transposed(g, x, s):
    n = len(s) - 2
    if n < 1 or n > 2:
        return None
    k = [g.int(1, 3) for _ in range(n)]
    a = dict(kernel_shape=k, strides=[g.int(1, 2) for _ in range(n)])
    if g.flag(0.3):
        a["pads"] = [0] * n + [min(1, d - 1) for d in k]
    return "ConvTranspose", g.node("ConvTranspose", [x, g.const(g.rand(s[1], g.int(1, 3), *k, scale=0.4))], **a), None


def pool(g, x, s):
    n = len(s) - 2
    if n < 1 or n > 3:
        return None
    op = g.pick("MaxPool", "AveragePool", "GlobalAveragePool", "GlobalMaxPool")
    if op.startswith("Global"):
        return op, g.node(op, [x]), None
    k = [g.int(1, 3) for _ in range(n)]
    a = dict(kernel_shape=k, strides=[g.int(1, 3) for _ in range(n)])
    if g.flag(0.5):
        a["pads"] = [min(g.int(0, 1), d - 1) for d in k] * 2
    if g.opset >= 10 and g.flag(0.4) and op == "MaxPool":
        a["ceil_mode"] = 1
    if g.opset >= 19 and g.flag(0.4):
        a["ceil_mode"] = 1
    if op == "AveragePool":
        a["count_include_pad"] = g.flag()
    return op, g.node(op, [x], **a), None


def norm(g, x, s):
    if len(s) < 3:
        return None
    c = s[1]
    op = g.pick("BatchNormalization", "InstanceNormalization", "LayerNormalization", "LRN", "GroupNormalization", "training", "MeanVarianceNormalization")
    v = lambda n=c: g.const(g.rand(n))
    if op == "BatchNormalization":
        return op, g.node(op, [x, v(), v(), v(), g.const(np.abs(g.rand(c)) + F(0.1))], epsilon=1e-3), s
    if op == "training":
        ins, more = [x, v(), v(), v(), g.const(np.abs(g.rand(c)) + F(0.1))], {"training_mode": 1} if g.opset >= 14 else {}
        return "BatchNormalization (training)", g.node("BatchNormalization", ins, outs=3 if g.opset >= 14 else 5, epsilon=1e-2, **more)[0], s
    if op == "InstanceNormalization":
        return op, g.node(op, [x, v(), v()], epsilon=1e-2), s
    if op == "LayerNormalization" and g.opset >= 17:
        a = g.int(1, len(s) - 1)
        return op, g.node(op, [x, g.const(g.rand(*s[a:]))] + ([g.const(g.rand(*s[a:]))] if g.flag() else []), axis=a, epsilon=1e-2), s
    if op == "GroupNormalization" and g.opset >= 21:
        return op, g.node(op, [x, v(), v()], num_groups=g.pick(1, c), epsilon=1e-2), s
    if op == "MeanVarianceNormalization" and g.opset >= 9 and len(s) == 4:
        return op, g.node(op, [x], axes=[0, 2, 3]), s
    if len(s) == 4:
        return "LRN", g.node("LRN", [x], size=g.pick(1, 3, 5), alpha=0.1, beta=0.6, bias=1.5), s
    return None


def view(g, x, s):
    op = g.pick("Transpose", "Reshape", "Flatten", "Unsqueeze", "Squeeze", "Slice", "Pad", "Expand", "Tile", "Concat", "Split", "Gather", "DepthToSpace", "SpaceToDepth")
    rank = len(s)
    if op == "Transpose":
        p = [0] + [int(i) + 1 for i in g.r.permutation(rank - 1)]
        return op, g.node(op, [x], perm=p), None
    if op == "Reshape":
        if rank == 4:
            return op, g.node(op, [x, g.const(np.array([0, s[1], -1], I))]), None
        return op, g.node(op, [x, g.const(np.array([1, -1, 1, s[-1]], I))]), None
    if op == "Flatten" and rank > 2:
        return op, g.node(op, [x], axis=1), None
    if op == "Unsqueeze" and rank < 4:
        return op, (g.node(op, [x], axes=[1]) if g.opset < 13 else g.node(op, [x, g.const(np.array([1], I))])), None
    if op == "Slice":
        ax = g.int(1, rank - 1)
        d = s[ax]
        a, b = sorted(g.r.integers(0, d + 1, 2).tolist())
        if a == b:
            return None
        if g.opset < 10:
            return op, g.node(op, [x], axes=[ax], starts=[a], ends=[b]), None
        st = g.pick(1, 2, -1)
        if st < 0:
            a, b = b - 1, a - 1 if a else -(2 ** 31)
        return op, g.node(op, [x] + [g.const(np.array([v], I)) for v in (a, b, ax, st)]), None
    if op == "Pad":
        mode = g.pick("constant", "reflect", "edge", *(["wrap"] if g.opset >= 19 else []))
        p = [0, 0] + [min(g.int(0, 2), d - 1) for d in s[2:]]
        p = p[:rank] + p[:rank]
        return op + " " + mode, (g.node(op, [x], mode=mode, pads=p) if g.opset < 11 else g.node(op, [x, g.const(np.array(p, I))], mode=mode)), None
    if op == "Expand" and g.opset >= 8 and rank > 2:
        y = g.node("ReduceMean", [x], axes=[-1 % rank], keepdims=1) if g.opset < 18 else g.node("ReduceMean", [x, g.const(np.array([-1], I))], keepdims=1)
        return op, g.node(op, [y, g.const(np.array(s[:-1] + [3], I))]), None
    if op == "Tile":
        return op, g.node(op, [x, g.const(np.array([1] + [g.int(1, 2) for _ in s[1:]], I))]), None
    if op == "Concat":
        return op, g.node(op, [x, x, g.const(g.rand(*s))], axis=g.int(1, rank - 1)), None
    if op == "Split" and s[-1] >= 2:
        parts = [1, s[-1] - 1]
        y = g.node(op, [x], outs=2, axis=rank - 1, split=parts) if g.opset < 13 else g.node(op, [x, g.const(np.array(parts, I))], outs=2, axis=rank - 1)
        return op, y[1], None
    if op == "Gather":
        ax = g.int(1, rank - 1)
        return op, g.node(op, [x, g.const(g.r.integers(-s[ax] if g.opset >= 11 else 0, s[ax], g.int(1, 3)).astype(I))], axis=ax), None
    if op == "DepthToSpace" and rank == 4 and s[1] % 4 == 0:
        return op, g.node(op, [x], blocksize=2, **({"mode": g.pick("DCR", "CRD")} if g.opset >= 11 else {})), None
    if op == "SpaceToDepth" and rank == 4 and s[2] % 2 == 0 and s[3] % 2 == 0:
        return op, g.node(op, [x], blocksize=2), None
    return None


def reduce(g, x, s):
    op = g.pick("ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL1", "ReduceL2", "ReduceSumSquare", "ReduceLogSumExp", "ArgMax", "ArgMin")
    rank = len(s)
    if op.startswith("Arg"):
        ax = g.int(1, rank - 1)
        i = g.node(op, [x], axis=ax, keepdims=1, **({"select_last_index": g.flag()} if g.opset >= 12 else {}))
        return op, g.node("Cast", [i], to=T.FLOAT), None
    axes = sorted(g.r.permutation(np.arange(1, rank))[:g.int(1, rank - 1)].tolist())
    keep = g.flag(0.7)
    if rank - len(axes) < 2:
        keep = 1
    if g.opset >= (13 if op == "ReduceSum" else 18):
        return op, g.node(op, [x, g.const(np.array(axes, I))], keepdims=keep), None
    return op, g.node(op, [x], axes=axes, keepdims=keep), None


def product(g, x, s):
    op = g.pick("MatMul", "MatMul", "vector", "Gemm", "Einsum", "self")
    if op == "MatMul":
        return op, g.node(op, [x, g.const(g.rand(s[-1], g.int(1, 5), scale=0.5))]), None
    if op == "vector" and len(s) > 2:
        return "MatMul (vector)", g.node("MatMul", [x, g.const(g.rand(s[-1], scale=0.5))]), None
    if op == "Gemm" and len(s) == 2:
        t = g.flag()
        w = g.rand(4, s[1], scale=0.5) if t else g.rand(s[1], 4, scale=0.5)
        return op, g.node(op, [x, g.const(w), g.const(g.rand(4))], transB=t, alpha=0.7, beta=1.3), None
    if op == "Einsum" and g.opset >= 12 and len(s) == 3:
        e = g.pick("bij,bkj->bik", "bij,bij->bi", "bij,jk->bki", "bij->bji")
        return op, g.node(op, [x, x] if e in ("bij,bkj->bik", "bij,bij->bi") else [x] if "," not in e else [x, g.const(g.rand(s[2], 3))], equation=e), None
    if op == "self" and len(s) >= 3:
        p = list(range(len(s)))
        p[-1], p[-2] = p[-2], p[-1]
        return "MatMul (computed)", g.node("MatMul", [g.node("Mul", [x, g.const(np.array(0.3, F))]), g.node("Transpose", [x], perm=p)]), None
    return None


def resize(g, x, s):
    if len(s) != 4 or g.opset < 10:
        return None
    sc = np.array([1, 1] + [float(g.pick(0.5, 0.6, 0.75, 1, 1.5, 2, 7 / 3)) for _ in range(2)], F)
    if min(np.floor(s[2] * sc[2]), np.floor(s[3] * sc[3])) < 1:
        return None
    if g.opset == 10:
        return "Resize 10", g.node("Resize", [x, g.const(np.maximum(sc, 1))], mode=g.pick("nearest", "linear")), None
    mode = g.pick("nearest", "linear", "cubic")
    a = dict(mode=mode, coordinate_transformation_mode=g.pick("half_pixel", "pytorch_half_pixel", "asymmetric", "align_corners"))
    if mode == "nearest":
        a["nearest_mode"] = g.pick("round_prefer_floor", "round_prefer_ceil", "floor", "ceil")
    elif g.opset >= 18 and g.flag(0.4):
        a["antialias"] = 1
    roi = g.const(np.zeros(0, F)) if g.opset < 13 else ""
    if g.flag():
        return "Resize " + mode, g.node("Resize", [x, roi, g.const(sc)], **a), None
    size = np.array([1, s[1]] + [g.int(1, 9), g.int(1, 9)], I)
    return "Resize " + mode, g.node("Resize", [x, roi, g.const(np.zeros(0, F)) if g.opset < 13 else "", g.const(size)], **a), None


def choice(g, x, s):
    op = g.pick("Greater", "Less", "Equal", "GreaterOrEqual", "LessOrEqual", "And", "Clip", "Not", "Xor")
    k = g.const(np.round(g.rand(*s[1:]), 1))
    if op in ("GreaterOrEqual", "LessOrEqual") and g.opset < 12 or op == "Equal" and g.opset < 11 or g.opset < 9:
        op = "Clip"
    if op == "Clip":
        if g.opset < 11:
            return op, g.node(op, [x], min=-0.5, max=0.8), s
        if g.flag():
            return op, g.node(op, [x, g.const(np.array(-0.3, F)), "" if g.flag() else g.const(np.array(0.9, F))]), s
        lo = g.node("ReduceMean", [x], keepdims=0)
        return "Clip (computed)", g.node(op, [x, lo]), s
    c = g.node("Greater" if op in ("And", "Not", "Xor") else op, [x, k])
    if op in ("And", "Xor"):
        c = g.node(op, [c, g.node("Less", [x, g.const(np.array(0.7, F))])])
    if op == "Not":
        c = g.node(op, [c])
    if g.flag():
        return op, g.node("Cast", [c], to=T.FLOAT), s
    return op + " Where", g.node("Where", [c, x, k]), None


def integers(g, x, s):
    op = g.pick("cast", "count", "onehot", "topk", "narrow", "index")
    if g.opset < 11:
        op = "cast"
    if op == "cast":
        i = g.node("Cast", [g.node("Mul", [x, g.const(np.array(9, F))])], to=g.pick(T.INT32, T.INT64))
        return "Cast", g.node("Cast", [i], to=T.FLOAT), s
    if op == "narrow":
        i = g.node("Cast", [g.node("Mul", [x, g.const(np.array(99, F))])], to=g.pick(T.INT8, T.UINT8))
        return "Cast narrow", g.node("Mul", [g.node("Cast", [i], to=T.FLOAT), g.const(np.array(0.01, F))]), s
    if op == "topk":
        k = g.int(1, s[-1])
        v, i = g.node("TopK", [x, g.const(np.array([k], I))], outs=2, axis=-1, largest=g.flag())
        return "TopK", v if g.flag() else g.node("GatherElements", [x, i], axis=-1), None
    i = g.node("ArgMax", [x], axis=len(s) - 1, keepdims=0)
    if op == "onehot":
        return "OneHot", g.node("OneHot", [i, g.const(np.array(s[-1], I)), g.const(np.array([0, 1], F))], axis=-1), None
    if op == "index":
        return "Gather (computed)", g.node("Gather", [g.const(g.rand(s[-1], 3)), i], axis=0), None
    j = g.node("Add", [g.node("Mul", [i, g.const(np.array(3, I))]), g.const(np.array(-2, I))])
    j = g.node(g.pick("Div", "Mod"), [j, g.const(np.array(2, I))])
    return "integer arithmetic", g.node("Cast", [g.node("Unsqueeze", [j], axes=[-1 % len(s)]) if g.opset < 13 else g.node("Unsqueeze", [j, g.const(np.array([-1], I))])], to=T.FLOAT), None


def placing(g, x, s):
    op = g.pick("ScatterND", "ScatterElements", "GatherND", "Trilu", "CumSum", "ConstantOfShape")
    if op == "ScatterND" and g.opset >= 11:
        i = np.array([[0, g.int(0, s[1] - 1)]], I)
        return op, g.node(op, [x, g.const(i), g.const(g.rand(1, *s[2:]))]), s
    if op == "ScatterElements" and g.opset >= 11:
        i = g.r.integers(0, s[-1], [*s[:-1], 1]).astype(I)
        return op, g.node(op, [x, g.const(i), g.const(g.rand(*i.shape))], axis=len(s) - 1), s
    if op == "GatherND" and g.opset >= 11:
        return op, g.node(op, [x, g.const(np.array([[[0, 0], [0, s[1] - 1]]], I))]), None
    if op == "Trilu" and g.opset >= 14 and len(s) > 2:
        return op, g.node(op, [x, g.const(np.array(g.int(-1, 1), I))], upper=g.flag()), s
    if op == "CumSum" and g.opset >= 11:
        return op, g.node(op, [x, g.const(np.array(len(s) - 1, I))], exclusive=g.flag(), reverse=g.flag()), s
    if op == "ConstantOfShape" and g.opset >= 9:
        v = numpy_helper.from_array(np.array([0.25], F))
        return op, g.node("Add", [x, g.node(op, [g.node("Shape", [x])], value=v)]), s
    return None


def recurrent(g, x, s):
    if len(s) != 3:
        return None
    op, h = g.pick("LSTM", "GRU", "RNN"), 3
    n = {"LSTM": 4, "GRU": 3, "RNN": 1}[op]
    d = g.pick("forward", "reverse", "bidirectional")
    k = 2 if d == "bidirectional" else 1
    y = g.node("Transpose", [x], perm=[1, 0, 2])
    ins = [y, g.const(g.rand(k, n * h, s[2], scale=0.5)), g.const(g.rand(k, n * h, h, scale=0.5))] + ([g.const(g.rand(k, 2 * n * h))] if g.flag() else [])
    y = g.node(op, ins, outs=2, hidden_size=h, direction=d, **({"linear_before_reset": g.flag()} if op == "GRU" else {}))[0]
    return op + " " + d, g.node("Transpose", [y], perm=[2, 0, 1, 3]), None


def quantized(g, x, s):
    if g.opset < 13:
        return None
    t = g.pick(np.int8, np.uint8)
    sc, z = g.const(np.array(0.03, F)), g.const(np.array(g.int(0, 100), t))
    q = g.node("QuantizeLinear", [x, sc, z])
    op = g.pick("QDQ", "QLinearConv", "QLinearMatMul", "ConvInteger", "MatMulInteger", "Dynamic", "QLinearAdd")
    i8 = lambda *a: g.r.integers(-127, 128, a).astype(np.int8)
    ys, yz = g.const(np.array(0.05, F)), g.const(np.array(g.int(0, 100), t))
    if op == "QLinearConv" and len(s) == 4:
        q = g.node(op, [q, sc, z, g.const(i8(2, s[1], 1, 1)), g.const(np.array(0.01, F)), g.const(np.array(0, np.int8)), ys, yz])
    elif op == "QLinearMatMul":
        q = g.node(op, [q, sc, z, g.const(i8(s[-1], 3)), g.const(np.array(0.01, F)), g.const(np.array(0, np.int8)), ys, yz])
    elif op == "ConvInteger" and len(s) == 4 and t == np.uint8:
        return op, g.node("Mul", [g.node("Cast", [g.node(op, [q, g.const(i8(2, s[1], 1, 1)), z])], to=T.FLOAT), g.const(np.array(1e-3, F))]), None
    elif op == "MatMulInteger":
        return op, g.node("Mul", [g.node("Cast", [g.node(op, [q, g.const(i8(s[-1], 3)), z])], to=T.FLOAT), g.const(np.array(1e-3, F))]), None
    elif op == "Dynamic":
        q, a, b = g.node("DynamicQuantizeLinear", [x], outs=3)
        y = g.node("Cast", [g.node("MatMulInteger", [q, g.const(i8(s[-1], 3)), b])], to=T.FLOAT)
        return "DynamicQuantizeLinear", g.node("Mul", [y, a]), None
    elif op == "QLinearAdd":
        q = g.node(op, [q, sc, z, q, sc, z, ys, yz], domain="com.microsoft")
    else:
        return "QuantizeLinear", g.node("DequantizeLinear", [q, sc, z]), s
    return op, g.node("DequantizeLinear", [q, ys, yz]), None


def fused(g, x, s):
    ms = dict(domain="com.microsoft")
    op = g.pick("BiasGelu", "FastGelu", "QuickGelu", "FusedMatMul", "FusedConv", "SkipLayerNormalization", "Gelu")
    if op in ("BiasGelu", "FastGelu"):
        return op, g.node(op, [x, g.const(g.rand(s[-1]))], **ms), s
    if op in ("QuickGelu", "Gelu"):
        return op, g.node(op, [x], **ms), s
    if op == "FusedMatMul" and len(s) > 2:
        return op, g.node(op, [x, x], transB=1, alpha=0.3, **ms), None
    if op == "FusedConv" and len(s) == 4:
        return op, g.node(op, [x, g.const(g.rand(3, s[1], 1, 1))], activation="Relu", **ms), None
    if op == "SkipLayerNormalization" and len(s) == 3:
        return op, g.node(op, [x, g.const(g.rand(*s)), g.const(g.rand(s[-1])), g.const(g.rand(s[-1]))], epsilon=1e-2, **ms), s
    return None


def sampled(g, x, s):
    if len(s) != 4 or g.opset < 16:
        return None
    mode = g.pick("bilinear", "nearest", "bicubic") if g.opset < 20 else g.pick("linear", "nearest", "cubic")
    return "GridSample", g.node("GridSample", [x, g.const(g.r.uniform(-1.3, 1.3, (1, 3, 4, 2)).astype(F))], mode=mode, padding_mode=g.pick("zeros", "border", "reflection"), align_corners=g.flag()), None


FAMILIES = [unary, unary, unary, binary, binary, conv, conv, transposed, pool, pool, norm, norm, view, view, view, reduce, reduce, product, product, resize, resize, choice, choice,
            integers, placing, recurrent, quantized, quantized, fused, sampled]


def shape_of(g, x, inputs):
    """The shape that ONNX Runtime gives value x."""
    return session(g, inputs, [x]).run(None, inputs)[0].shape


def model(g, inputs, outputs):
    infos = [helper.make_tensor_value_info(k, helper.np_dtype_to_tensor_dtype(v.dtype), v.shape) for k, v in inputs.items()]
    graph = helper.make_graph(g.nodes, "fuzz", infos, [helper.make_tensor_value_info(o, T.FLOAT, None) for o in outputs], [numpy_helper.from_array(v, k) for k, v in g.consts.items()])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", g.opset), helper.make_opsetid("com.microsoft", 1)], ir_version=11)


def session(g, inputs, outputs):
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    return ort.InferenceSession(model(g, inputs, outputs).SerializeToString(), options, providers=["CPUExecutionProvider"])


def draw(seed):
    """A network that ONNX Runtime takes, its input, its outputs' values and its operators' names; None where there is none."""
    g = Net(seed)
    s = g.pick([1, g.int(1, 8), g.int(2, 9), g.int(2, 9)], [1, g.int(1, 6), g.int(2, 12)], [1, g.int(2, 16)], [1, g.int(1, 3), 3, 4, 5])
    x = g.rand(*s)
    inputs, cur, s = {"x": x}, "x", list(s)
    steps = 0
    for _ in range(30):
        if steps >= 1 + seed % 5:
            break
        before = (len(g.nodes), dict(g.consts))
        made = None
        try:
            made = FAMILIES[g.int(0, len(FAMILIES) - 1)](g, cur, s)
            if made:
                y = session(g, inputs, [made[1]]).run(None, inputs)[0]
                if y.size == 0 or y.size > 20000 or y.ndim < 2 or y.shape[0] != 1 or not np.isfinite(y).all() or np.abs(y).max() > 1e4 or y.dtype != F:
                    made = None
        except Exception:
            made = None
        if not made:
            g.nodes, g.consts = g.nodes[:before[0]], before[1]
            continue
        cur, s = made[1], list(y.shape)
        g.ops.append(made[0])
        steps += 1
    if not steps:
        return None
    return model(g, inputs, [cur]), x, {cur: y}, g


def doubled(g, name, x):
    """The same in float64 by the ONNX project's own evaluator; None where that does not do."""
    m = model(g, {"x": x.astype(np.float64)}, [name])
    for t in m.graph.initializer:
        if t.data_type == T.FLOAT:
            t.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(t).astype(np.float64), t.name))
    for n in m.graph.node:
        for a in n.attribute:
            if n.op_type == "Cast" and a.name == "to" and a.i == T.FLOAT:
                a.i = T.DOUBLE
    try:
        return ReferenceEvaluator(m).run(None, {"x": x.astype(np.float64)})[0]
    except Exception:
        return None


def check(dqa, seed, folder):
    drawn = draw(seed)
    if drawn is None:
        return seed, "none", "", []
    m, x, want, g = drawn
    base = os.path.join(folder, str(seed))
    with open(base + ".onnx", "wb") as f:
        f.write(m.SerializeToString())
    np.save(base + ".npy", x)
    with open(base + ".yaml", "w") as f:
        f.write("divisor: 1\n")
    r = subprocess.run([dqa, "run", base + ".onnx", "--data", "npy:" + base + ".npy", "--preprocess", base + ".yaml", "-o", base + ".npz"], capture_output=True, text=True)
    if r.returncode:
        line = r.stderr.strip().split("\n")[0]
        state = "panic" if "panic" in r.stderr or "goroutine" in r.stderr else "refused"
        return seed, state, line, g.ops
    got = np.load(base + ".npz")
    for name, w in want.items():
        y = got[name]
        if y.shape != w.shape:
            return seed, "differs", "shape %s, want %s" % (y.shape, w.shape), g.ops
        d = np.abs(y.astype(float) - w)
        top = np.abs(w).max() + 1e-30
        if not d.max() <= 1e-4 * max(top, 1e-6):
            exact = doubled(g, name, x)
            if exact is not None and exact.shape == y.shape and np.abs(y - exact).max() <= 1e-4 * max(np.abs(exact).max(), 1e-6) and np.abs(w - exact).max() >= d.max() / 2:
                return seed, "rounding", "", g.ops
            return seed, "differs", "%.3g of %.3g, %d of %d values" % (d.max(), top, (d > 1e-4 * top).sum(), d.size), g.ops
    for ext in (".onnx", ".npy", ".npz", ".yaml"):
        os.remove(base + ext)
    return seed, "equal", "", g.ops


def main():
    dqa, count, seed = sys.argv[1], int((sys.argv + ["2000"])[2]), int((sys.argv + ["", "1"])[3])
    folder = tempfile.mkdtemp(prefix="fuzz_graphs_")
    states, reasons, covered = collections.Counter(), collections.Counter(), collections.Counter()
    with ThreadPoolExecutor(os.cpu_count() or 2) as pool:
        for s, state, text, ops in pool.map(lambda k: check(dqa, k, folder), range(seed, seed + count)):
            states[state] += 1
            if state == "equal":
                covered.update(ops)
            if state == "refused":
                reasons[re.sub(r'.*?: |"[^"]*"|\d+', "", text)[:90]] += 1
            if state in ("differs", "panic") or state == "refused" and reasons[re.sub(r'.*?: |"[^"]*"|\d+', "", text)[:90]] <= 3:
                print(s, state, text[-300:], ops)
    print("seed %d: %s" % (seed, dict(states)))
    for reason, n in reasons.most_common():
        print("  refused %d: %s" % (n, reason))
    print("  operators in equal networks: %s" % ", ".join("%s %d" % kv for kv in sorted(covered.items())))
    print("  what differs or is refused is left in", folder)
    sys.exit(1 if states["differs"] or states["panic"] else 0)


if __name__ == "__main__":
    main()
