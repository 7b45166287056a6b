#!/usr/bin/env python3
"""Writes models_ops.json.gz: operators in small networks, as ONNX Runtime computes them.

    pip install onnx==1.23.2 onnxruntime==1.32.0 numpy
    python gen_models.py
"""
import os

import numpy as np
from modelset import Set, ints, make, node, rand, rng
from onnx import TensorProto as T
from onnx import helper

cases = Set()
I64 = np.int64
f32 = np.float32


def one(name, op, x, constants=None, outputs=("y",), opset=13, domain="", extra=(), types=None, **attrs):
    """One node whose first input is x and whose others are constants, in order."""
    constants = constants or {}
    n = node(op, ["x", *constants], list(outputs), domain, **attrs)
    constants = {k: v for k, v in constants.items() if v is not None}
    n.input[:] = [i if i == "x" or i in constants else "" for i in n.input]
    cases.add(name, make([n, *extra], {"x": x}, types or list(outputs), constants, opset), x)


def net(name, nodes, x, outputs, constants=None, opset=13, given=None, input_name="x", **more):
    cases.add(name, make(nodes, {input_name: x, **(given or {})}, outputs, constants, opset, **more), x, given)


X = rand(1, 3, 5, 6)
V = rand(1, 8)

# --- BatchNormalization in training form
C = {"s": rand(3), "b": rand(3), "m": rand(3), "v": np.abs(rand(3)) + f32(0.1)}
five = ["y", "rm", "rv", "sm", "sv"]
for opset in (8, 9, 13):
    cases.add("bn_training_%d" % opset, make([node("BatchNormalization", ["x", *C], five, momentum=0.8)], {"x": X}, ["y"], C, opset), X)
for opset in (14, 15):
    cases.add("bn_training_%d" % opset, make([node("BatchNormalization", ["x", *C], five[:3], training_mode=1)], {"x": X}, ["y", "rm", "rv"], C, opset), X)
C8 = {"s": rand(8), "b": rand(8), "m": rand(8), "v": np.abs(rand(8)) + f32(0.1)}
cases.add("bn_training_vector", make([node("BatchNormalization", ["x", *C8], five)], {"x": V}, ["y"], C8, 9), V)
one("bn_inference_14", "BatchNormalization", X, C, opset=14)

# --- arg, sorting, sums
for op in ("ArgMax", "ArgMin"):
    for axis, keep, last in ((1, 0, 0), (1, 1, 0), (-1, 1, 1), (0, 0, 0)):
        one("%s_%d_%d_%d" % (op, axis, keep, last), op, np.round(X * 2), axis=axis, keepdims=keep, select_last_index=last, types={"y": T.INT64})
for axis, largest in ((1, 1), (-1, 1), (2, 0)):
    one("topk_%d_%d" % (axis, largest), "TopK", np.round(X * 3), {"k": np.array([2], I64)}, ("y", "i"), axis=axis, largest=largest, types={"y": T.FLOAT, "i": T.INT64})
one("topk_values", "TopK", X, {"k": np.array([3], I64)}, ("y", "i"), types=["y"])
one("topk_indices", "TopK", X, {"k": np.array([3], I64)}, ("y", "i"), types={"i": T.INT64})
for e, r in ((0, 0), (1, 0), (0, 1), (1, 1)):
    one("cumsum_%d%d" % (e, r), "CumSum", X, {"a": np.array(2, I64)}, opset=14, exclusive=e, reverse=r)
for up in (0, 1):
    for k in (None, 1, -2):
        one("trilu_%d_%s" % (up, k), "Trilu", rand(1, 4, 5), {"k": None if k is None else np.array(k, I64)}, opset=14, upper=up)
one("hardmax", "Hardmax", np.round(X), axis=1)

# --- comparisons, choices
Y = np.round(rand(1, 3, 1, 6) * 2)
R = np.round(X * 2)
for op in ("Equal", "Greater", "Less", "GreaterOrEqual", "LessOrEqual"):
    one("compare_" + op, op, R, {"k": Y}, opset=16, types={"y": T.BOOL})
    net("choose_" + op, [node(op, ["x", "k"], ["c"]), node("Where", ["c", "x", "k"], ["y"])], R, ["y"], {"k": Y})
for op in ("And", "Or", "Xor"):
    net("logic_" + op, [node("Greater", ["x", "k"], ["a"]), node("Less", ["x", "j"], ["b"]), node(op, ["a", "b"], ["c"]), node("Not", ["c"], ["n"]),
                        node("Cast", ["n"], ["y"], to=T.FLOAT)], R, ["y"], {"k": Y, "j": np.array(0.5, f32)})
net("clip_runtime", [node("ReduceMin", ["x"], ["lo"], keepdims=0), node("Neg", ["lo"], ["hi"]), node("Mul", ["x", "k"], ["z"]), node("Clip", ["z", "lo", "hi"], ["y"])],
    X, ["y"], {"k": np.array(3, f32)})
net("mask_sum", [node("Greater", ["x", "k"], ["c"]), node("Cast", ["c"], ["i"], to=T.INT64), node("ReduceSum", ["i", "a"], ["y"], keepdims=0)], X, {"y": T.INT64},
    {"k": np.array(0, f32), "a": np.array([1], I64)})
one("isnan", "IsNaN", np.where(X > 0.5, np.nan, X).astype(f32), types={"y": T.BOOL})
one("fmod", "Mod", X * 7, {"k": np.array(2.5, f32)}, fmod=1)

# --- integers at run time
for to in (T.UINT8, T.INT8, T.INT32, T.INT64, T.BOOL, T.INT16, T.UINT16):
    one("cast_%d" % to, "Cast", X * 200, to=to, types={"y": to})
net("index_arithmetic", [node("ArgMax", ["x"], ["i"], axis=1, keepdims=1), node("Add", ["i", "k"], ["j"]), node("Mul", ["j", "k"], ["m"]), node("Div", ["m", "d"], ["q"]), node("Mod", ["q", "k"], ["r"]),
                         node("Sub", ["r", "j"], ["s"])], X, {"s": T.INT64}, {"k": np.array(3, I64), "d": np.array(2, I64)})
net("gather_argmax", [node("ArgMax", ["x"], ["i"], axis=1, keepdims=0), node("Gather", ["t", "i"], ["y"], axis=0)], X, ["y"], {"t": rand(3, 4)})
net("gather_runtime_axis", [node("TopK", ["x", "k"], ["v", "i"], axis=-1), node("GatherElements", ["x", "i"], ["y"], axis=-1)], X, ["y"], {"k": np.array([2], I64)})
net("gather_runtime_other", [node("ReduceSum", ["x", "a"], ["s"], keepdims=0), node("TopK", ["s", "k"], ["v", "i"]), node("Squeeze", ["i", "z"], ["j"]), node("Gather", ["x", "j"], ["y"], axis=2)],
    X, ["y"], {"a": np.array([1, 3], I64), "k": np.array([2], I64), "z": np.array([0], I64)})
net("onehot", [node("ArgMax", ["x"], ["i"], axis=1, keepdims=0), node("OneHot", ["i", "d", "v"], ["y"], axis=1)], X, ["y"], {"d": np.array(4, I64), "v": np.array([-1, 2], f32)})

# --- picking and placing
one("gathernd", "GatherND", X, {"i": np.array([[[0, 1], [0, 2]], [[0, -1], [0, 0]]], I64)})
one("gathernd_batch", "GatherND", X, {"i": np.array([[[1, 2], [2, -1], [0, 0]]], I64)}, batch_dims=1)
one("gatherelements", "GatherElements", X, {"i": ints(1, 3, 2, 6, low=-5, high=5, dtype=I64)}, axis=2)
net("scatternd", [node("ScatterND", ["x", "i", "u"], ["y"])], X, ["y"], {"i": np.array([[0, 1], [0, 0]], I64), "u": rand(2, 5, 6)}, 16)
net("scatternd_self", [node("Slice", ["x", "s", "e", "a"], ["p"]), node("Sigmoid", ["p"], ["q"]), node("ScatterND", ["x", "i", "q"], ["y"])], X, ["y"],
    {"s": np.array([0], I64), "e": np.array([1], I64), "a": np.array([1], I64), "i": np.array([[[0, 2]]], I64)})
for reduction in ("none", "add", "mul", "max", "min"):
    net("scatternd_" + reduction, [node("ScatterND", ["x", "i", "u"], ["y"], reduction=reduction)], X, ["y"], {"i": np.array([[0, 2, 4], [0, 0, 1]], I64), "u": rand(2, 6)}, 18)
    net("scatterelements_" + reduction, [node("ScatterElements", ["x", "i", "u"], ["y"], axis=2, reduction=reduction)], X, ["y"],
        {"i": np.argsort(rng.random((1, 3, 5, 6)), 2)[:, :, :3].astype(I64), "u": rand(1, 3, 3, 6)}, 18)

# --- products
for e, shapes in {"bcn,bdn->bcd": [(1, 4, 6), (1, 5, 6)], "bhid,bhjd->bhij": [(1, 2, 3, 4), (1, 2, 5, 4)], "bij,jk->bik": [(1, 3, 4), (4, 5)], "ij,jk": [(1, 4), (4, 5)],
                  "bhwc,hkc->bhwk": [(1, 3, 4, 5), (3, 6, 5)], "bi->b": [(1, 5)], "bij->bji": [(1, 3, 4)], "bi,bi->b": [(1, 5), (1, 5)], "...ij,...jk->...ik": [(1, 2, 3, 4), (1, 2, 4, 5)], "...ij,jk->...ik": [(1, 2, 3, 4), (4, 5)],
                  "bi,j->bij": [(1, 3), (4,)], "ab,bc,cd->ad": [(1, 3), (3, 4), (4, 2)], "...ij->...ji": [(1, 2, 3, 4)], "abc,cb->a": [(1, 3, 4), (4, 3)],
                  "bij,bkj->bik": [(1, 3, 4), (1, 5, 4)], "b i j , b j k": [(1, 3, 4), (1, 4, 2)]}.items():
    one("einsum_" + e, "Einsum", rand(*shapes[0]), {"k%d" % i: rand(*s) for i, s in enumerate(shapes[1:])}, equation=e)
one("matmul_vector", "MatMul", rand(1, 2, 3, 4), {"k": rand(4)})
net("vector_matmul", [node("MatMul", ["k", "x"], ["y"])], rand(1, 2, 3, 4), ["y"], {"k": rand(3)})
net("vector_vector", [node("Reshape", ["x", "s"], ["v"]), node("MatMul", ["v", "k"], ["y"])], V, ["y"], {"s": np.array([-1], I64), "k": rand(8)})
net("gram", [node("Transpose", ["x"], ["t"], perm=[0, 2, 1]), node("MatMul", ["x", "t"], ["y"])], rand(1, 4, 5), ["y"])

# --- integer arithmetic of quantized networks
for signed in (0, 1):
    t = np.int8 if signed else np.uint8
    low, high = (-128, 128) if signed else (0, 256)
    for per in (0, 1):
        z = np.array(3 if signed else 120, t)
        q = dict(xs=np.array(0.02, f32), xz=z)
        w = ints(4, 3, 3, 3, low=-127, high=128, dtype=np.int8)
        ws = (np.abs(rand(4)) * f32(0.01) + f32(0.002)) if per else np.array(0.01, f32)
        cs = {**q, "w": w, "ws": ws, "wz": np.zeros(4 if per else (), np.int8), "ys": np.array(0.05, f32), "yz": np.array(7, t), "B": ints(4, low=-3000, high=3000, dtype=np.int32)}
        nodes = [node("QuantizeLinear", ["x", "xs", "xz"], ["q"]), node("QLinearConv", ["q", "xs", "xz", "w", "ws", "wz", "ys", "yz", "B"], ["c"], kernel_shape=[3, 3], pads=[1, 1, 1, 1], strides=[2, 1]),
                 node("DequantizeLinear", ["c", "ys", "yz"], ["y"])]
        net("qlinearconv_%d%d" % (signed, per), nodes, X, ["y"], cs)
        net("qlinearconv_raw_%d%d" % (signed, per), nodes[:2], X, {"c": T.INT8 if signed else T.UINT8}, cs)
        B = ints(6, 4, low=-127, high=128, dtype=np.int8)
        cs = {**q, "w": B, "ws": ws, "wz": np.zeros(4 if per else (), np.int8), "ys": np.array(0.04, f32), "yz": np.array(9, t)}
        net("qlinearmatmul_%d%d" % (signed, per), [node("QuantizeLinear", ["x", "xs", "xz"], ["q"]), node("QLinearMatMul", ["q", "xs", "xz", "w", "ws", "wz", "ys", "yz"], ["c"]),
                                                   node("DequantizeLinear", ["c", "ys", "yz"], ["y"])], rand(1, 5, 6), ["y"], cs)
U = ints(1, 3, 6, 6)
one("convinteger", "ConvInteger", U, {"w": ints(4, 3, 3, 3), "xz": np.array(100, np.uint8), "wz": np.array(130, np.uint8)}, types={"y": T.INT32}, pads=[1, 1, 1, 1])
one("matmulinteger", "MatMulInteger", ints(1, 5, 6), {"w": ints(6, 4, low=-128, high=128, dtype=np.int8), "xz": np.array(100, np.uint8)}, types={"y": T.INT32})
for name, x in {"wide": X * 3, "positive": np.abs(X), "zero": X * 0}.items():
    net("dynamic_" + name, [node("DynamicQuantizeLinear", ["x"], ["q", "s", "z"])], x, {"q": T.UINT8, "s": T.FLOAT, "z": T.UINT8})
net("dynamic_matmul", [node("DynamicQuantizeLinear", ["x"], ["q", "s", "z"]), node("MatMulInteger", ["q", "w", "z"], ["i"]), node("Cast", ["i"], ["f"], to=T.FLOAT), node("Mul", ["s", "k"], ["t"]),
                       node("Mul", ["f", "t"], ["y"])], rand(1, 5, 6), ["y"], {"w": ints(6, 4, low=-127, high=128, dtype=np.int8), "k": np.array(0.01, f32)})
net("dynamic_conv", [node("DynamicQuantizeLinear", ["x"], ["q", "s", "z"]), node("ConvInteger", ["q", "w", "z"], ["i"], pads=[1, 1, 1, 1]), node("Cast", ["i"], ["f"], to=T.FLOAT), node("Mul", ["s", "k"], ["t"]),
                     node("Mul", ["f", "t"], ["y"])], X, ["y"], {"w": ints(4, 3, 3, 3, low=-127, high=128, dtype=np.int8), "k": np.array(0.01, f32)})
MS = "com.microsoft"
q2 = dict(xs=np.array(0.02, f32), xz=np.array(120, np.uint8), b=ints(1, 3, 5, 6), bs=np.array(0.013, f32), bz=np.array(99, np.uint8), ys=np.array(0.03, f32), yz=np.array(110, np.uint8))
for op in ("QLinearAdd", "QLinearMul"):
    net(op, [node("QuantizeLinear", ["x", "xs", "xz"], ["q"]), node(op, ["q", "xs", "xz", "b", "bs", "bz", "ys", "yz"], ["c"], MS), node("DequantizeLinear", ["c", "ys", "yz"], ["y"])], X, ["y"], q2)
for op, attrs in (("QLinearSigmoid", {}), ("QLinearLeakyRelu", {"alpha": 0.1}), ("QLinearGlobalAveragePool", {}), ("QLinearAveragePool", {"kernel_shape": [2, 2]})):
    net(op, [node("QuantizeLinear", ["x", "xs", "xz"], ["q"]), node(op, ["q", "xs", "xz", "ys", "yz"], ["c"], MS, **attrs), node("DequantizeLinear", ["c", "ys", "yz"], ["y"])], X, ["y"],
        {**q2, "ys": np.array(0.01, f32)})
net("uint8_pool", [node("MaxPool", ["x"], ["p"], kernel_shape=[2, 2]), node("Cast", ["p"], ["f"], to=T.FLOAT), node("Mul", ["f", "k"], ["y"])], U, ["y"], {"k": np.array(1 / 255, f32)})
net("uint8_transpose", [node("Transpose", ["x"], ["p"], perm=[0, 3, 1, 2]), node("Cast", ["p"], ["f"], to=T.FLOAT), node("Sub", ["f", "k"], ["y"])], ints(1, 4, 5, 3), ["y"], {"k": np.array(127.5, f32)})

# --- images
for mode in ("bilinear", "nearest", "bicubic"):
    for padding in ("zeros", "border", "reflection"):
        for align in (0, 1):
            net("gridsample_%s_%s_%d" % (mode, padding, align), [node("GridSample", ["x", "g"], ["y"], mode=mode, padding_mode=padding, align_corners=align)], X, ["y"],
                {"g": rng.uniform(-1.6, 1.6, (1, 4, 5, 2)).astype(f32)}, 16)
net("gridsample_runtime", [node("Tanh", ["x"], ["t"]), node("Transpose", ["t"], ["g"], perm=[0, 2, 3, 1]), node("GridSample", ["k", "g"], ["y"], mode="linear")], rand(1, 2, 5, 6), ["y"], {"k": X}, 20)
one("pad_wrap", "Pad", X, {"p": np.array([0, 0, 2, 1, 0, 0, 3, 5], I64)}, opset=19, mode="wrap")
Z = rand(1, 4, 5, 6, 7)
for i, a in enumerate([dict(kernel_shape=[3, 3, 3], pads=[1] * 6), dict(kernel_shape=[3, 3, 3], strides=[2, 1, 2], pads=[1, 0, 1, 0, 1, 1]), dict(kernel_shape=[3, 3, 3], dilations=[2, 1, 2])]):
    one("conv3d_%d" % i, "Conv", Z, {"w": rand(6, 4, 3, 3, 3), "b": rand(6)}, **a)
    one("conv3d_group_%d" % i, "Conv", Z, {"w": rand(4, 2, 3, 3, 3)}, group=2, **a)
    if "dilations" not in a:
        one("maxpool3d_%d" % i, "MaxPool", Z, **a)
        one("avgpool3d_%d" % i, "AveragePool", Z, **a)
        one("avgpool3d_pad_%d" % i, "AveragePool", Z, count_include_pad=1, **a)
        one("avgpool3d_ceil_%d" % i, "AveragePool", Z, opset=19, ceil_mode=1, count_include_pad=1, **{**a, "strides": [2, 2, 3]})
one("globalpool3d", "GlobalAveragePool", Z)
one("globalmax3d", "GlobalMaxPool", Z)
net("conv3d_relu_add", [node("Conv", ["x", "w"], ["c"], pads=[1] * 6), node("Add", ["c", "x"], ["a"]), node("Relu", ["a"], ["y"])], Z, ["y"], {"w": rand(4, 4, 3, 3, 3)})

# --- sequences
S = rand(1, 7, 5)
for op, g in (("LSTM", 4), ("GRU", 3), ("RNN", 1)):
    for direction in ("forward", "reverse", "bidirectional"):
        for full in (0, 1):
            d = 2 if direction == "bidirectional" else 1
            cs = {"w": rand(d, g * 4, 5), "r": rand(d, g * 4, 4)}
            names = ["x", "w", "r"]
            if full:
                cs.update(b=rand(d, 2 * g * 4), h=rand(d, 1, 4))
                names += ["b", "", "h"]
                if op == "LSTM":
                    cs["c"] = rand(d, 1, 4)
                    names.append("c")
            outs = ["y", "yh"] + (["yc"] if op == "LSTM" else [])
            a = {"linear_before_reset": full} if op == "GRU" else {}
            net("%s_%s_%d" % (op, direction, full), [node("Transpose", ["i"], ["x"], perm=[1, 0, 2]), node(op, names, outs, hidden_size=4, direction=direction, **a)], S, outs, cs, 14, input_name="i")
net("lstm_last", [node("Transpose", ["i"], ["x"], perm=[1, 0, 2]), node("LSTM", ["x", "w", "r"], ["", "yh"], hidden_size=4)], S, ["yh"], {"w": rand(1, 16, 5), "r": rand(1, 16, 4)}, input_name="i")

# --- ONNX Runtime's fused forms
w = rand(4, 3, 3, 3)
for act, params in (("Relu", None), ("LeakyRelu", [0.2]), ("Clip", [-0.5, 0.7]), ("Sigmoid", None), ("Tanh", None), ("HardSigmoid", [0.3, 0.4])):
    more = {"activation_params": params} if params else {}
    net("fusedconv_" + act, [node("FusedConv", ["x", "w", "b"], ["y"], MS, activation=act, kernel_shape=[3, 3], pads=[1, 1, 1, 1], **more)], X, ["y"], {"w": w, "b": rand(4)})
net("fusedconv_sum", [node("FusedConv", ["x", "w", "b", "z"], ["y"], MS, activation="Relu", kernel_shape=[3, 3], pads=[1, 1, 1, 1])], X, ["y"], {"w": w, "b": rand(4), "z": rand(1, 4, 5, 6)})
net("fusedgemm", [node("FusedGemm", ["x", "w", "b"], ["y"], MS, activation="LeakyRelu", activation_alpha=0.3, transB=1)], V, ["y"], {"w": rand(5, 8), "b": rand(5)})
net("fusedmatmul", [node("FusedMatMul", ["x", "x"], ["y"], MS, transB=1, alpha=0.5)], rand(1, 4, 5), ["y"])
H = rand(1, 6, 16)
net("biasgelu", [node("BiasGelu", ["x", "b"], ["y"], MS)], H, ["y"], {"b": rand(16)})
net("fastgelu", [node("FastGelu", ["x", "b"], ["y"], MS)], H, ["y"], {"b": rand(16)})
net("fastgelu_plain", [node("FastGelu", ["x"], ["y"], MS)], H, ["y"])
net("msgelu", [node("Gelu", ["x"], ["y"], MS)], H, ["y"])
net("quickgelu", [node("QuickGelu", ["x"], ["y"], MS, alpha=1.5)], H, ["y"])
net("skipnorm", [node("SkipLayerNormalization", ["x", "k", "g", "b", "c"], ["y", "", "", "s"], MS, epsilon=1e-5)], H, ["y", "s"], {"k": rand(1, 6, 16), "g": rand(16), "b": rand(16), "c": rand(16)})
net("skipnorm_plain", [node("SkipLayerNormalization", ["x", "k", "g"], ["y"], MS)], H, ["y"], {"k": rand(1, 6, 16), "g": rand(16)})
net("skiprms", [node("SkipSimplifiedLayerNormalization", ["x", "k", "g"], ["y"], MS, epsilon=1e-5)], H, ["y"], {"k": rand(1, 6, 16), "g": rand(16)})
net("rms", [node("SimplifiedLayerNormalization", ["x", "g"], ["y"], epsilon=1e-5, axis=-1)], H, ["y"], {"g": rand(16)})
one("rmsnorm", "RMSNormalization", H, {"g": rand(16)}, opset=23)

# --- graphs in graphs
def branch(name, op, out, extra=(), **a):
    return helper.make_graph([*extra, node(op, ["h"], [out], **a)], name, [], [helper.make_tensor_value_info(out, T.FLOAT, None)])


for flag in (True, False):
    net("if_%s" % flag, [node("Relu", ["x"], ["h"]), node("If", ["c"], ["z"], then_branch=branch("t", "Sigmoid", "o"), else_branch=branch("e", "Neg", "o")), node("Exp", ["z"], ["y"])],
        X, ["y"], {"c": np.array(flag)})
inner = node("If", ["d"], ["o"], then_branch=branch("tt", "Abs", "p"), else_branch=branch("te", "Tanh", "p"))
outer = helper.make_graph([inner], "t", [], [helper.make_tensor_value_info("o", T.FLOAT, None)])
net("if_nested", [node("Relu", ["x"], ["h"]), node("If", ["c"], ["y"], then_branch=outer, else_branch=branch("e", "Neg", "o"))], X, ["y"], {"c": np.array(True), "d": np.array(False)})
net("if_runtime", [node("Identity", ["x"], ["h"]), node("ReduceMean", ["x"], ["m"], keepdims=0), node("Greater", ["m", "k"], ["c"]), node("If", ["c"], ["y"], then_branch=branch("t", "Sigmoid", "o"),
    else_branch=branch("e", "Neg", "o"))], X, ["y"], {"k": np.array(0, f32)})
F = helper.make_function
opsets = [helper.make_opsetid("", 18)]
leaky = F("custom", "Leaky", ["X"], ["Y"], [helper.make_node("LeakyRelu", ["X"], ["a"]), helper.make_node("Neg", ["a"], ["Y"])], opsets, ["slope"])
ref = leaky.node[0].attribute.add()
ref.name, ref.ref_attr_name, ref.type = "alpha", "slope", 1
twice = F("custom", "Twice", ["X"], ["Y"], [node("Leaky", ["X"], ["a"], "custom", slope=0.3), node("Leaky", ["a"], ["Y"], "custom", slope=0.6)], opsets + [helper.make_opsetid("custom", 1)])
net("function_attribute", [node("Leaky", ["x"], ["a"], "custom", slope=0.25), node("Leaky", ["a"], ["y"], "custom", slope=0.75)], X, ["y"], opset=18, functions=[leaky])
net("function_nested", [node("Twice", ["x"], ["y"], "custom")], X, ["y"], opset=18, functions=[leaky, twice])
old = F("custom", "Old", ["X"], ["Y"], [node("Softmax", ["X"], ["Y"], axis=1)], [helper.make_opsetid("", 12)])
net("function_old_opset", [node("Old", ["x"], ["y"], "custom")], X, ["y"], opset=18, functions=[old])

# --- several inputs, outputs of other types
net("given_inputs", [node("Mul", ["x", "a"], ["m"]), node("Add", ["m", "b"], ["y"])], X, ["y"], given={"a": rand(1, 3, 1, 1), "b": rand(1, 3, 5, 6)})
net("constant_outputs", [node("Relu", ["x"], ["y"]), node("Shape", ["x"], ["s"]), node("Identity", ["k"], ["j"])], X, {"y": T.FLOAT, "s": T.INT64, "j": T.FLOAT}, {"k": rand(3)})
net("weight_is_output", [node("Conv", ["x", "w"], ["c"]), node("Relu", ["c"], ["y"])], X, ["y", "w"], {"w": rand(4, 3, 1, 1)})
for op in ("Tan", "Cosh", "Shrink"):
    one(op, op, X)
for opset in (22, 23, 24, 25):
    one("relu_%d" % opset, "Relu", X, opset=opset)
    one("pool_%d" % opset, "MaxPool", X, opset=opset, kernel_shape=[2, 2])
    one("resize_%d" % opset, "Resize", X, {"r": None, "s": np.array([1, 1, 2, 2], f32)}, opset=opset)
one("maxpool_larger", "MaxPool", rand(1, 2, 2, 1), kernel_shape=[3, 2], strides=[3, 2])
one("avgpool_larger", "AveragePool", rand(1, 2, 2, 1), kernel_shape=[3, 2], strides=[3, 2])
cases.write(os.path.join(os.path.dirname(os.path.abspath(__file__)), "models_ops.json.gz"))
