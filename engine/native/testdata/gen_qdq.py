#!/usr/bin/env python3
"""Writes cases_qdq.json.gz: QuantizeLinear and DequantizeLinear in the canonical form of package onnx, with the outputs
of ONNX Runtime; and qdq.onnx, a small quantized network, with its outputs on the formula input in qdq.json.

    pip install onnx==1.23.2 onnxruntime==1.32.0 numpy
    python gen_qdq.py

The format is gen_cases.py's. Integers are written as float32, as canonical nodes hold them; the quantized types of the
networks that ONNX Runtime runs follow from min and max.
"""
import base64
import gzip
import json
import os

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper

rng = np.random.default_rng(20240918)
RANGES = {"i1": (-128, 127), "u1": (0, 255), "i2": (-32768, 32767), "u2": (0, 65535)}
CASES = []


def quantize(x, scale, zero, kind, axis=0):
    CASES.append(("QuantizeLinear", np.asarray(x, np.float32), scale, zero, kind, axis))


def dequantize(q, scale, zero, kind, axis=0):
    CASES.append(("DequantizeLinear", np.asarray(q, kind), scale, zero, kind, axis))


def rand(*shape, scale=1.0):
    return (rng.standard_normal(shape) * scale).astype(np.float32)


S = (1, 3, 5, 7)
TIES = np.arange(-12, 13, dtype=np.float32).reshape(1, 25) / 2
for kind, zeros in {"i1": [0, -128, -7, 127], "u1": [0, 3, 128, 255], "i2": [0, -300], "u2": [0, 40000]}.items():
    low, high = RANGES[kind]
    for zero in zeros:
        quantize(rand(*S, scale=3), 0.05, zero, kind)  # some saturate
        quantize(TIES, 1.0, zero, kind)  # every tie
        quantize(TIES, 0.25, zero, kind)
        quantize([[-1e30, -3e9, -1e5, -0.0, 0.0, 1e5, 3e9, 1e30]], 0.1, zero, kind)
        quantize(rand(1, 257), 1 / 3, zero, kind)
        dequantize(rng.integers(low, high, S, endpoint=True), 0.037, zero, kind)
    dequantize(np.arange(low, high + 1, max(1, (high - low) // 255)).reshape(1, -1), 1e-3, zeros[1], kind)
    quantize(rand(*S, scale=2), rand(3) ** 2 + 0.01, [zeros[0], zeros[1], 5], kind, axis=1)
    quantize(rand(*S, scale=2), rand(7) ** 2 + 0.01, np.arange(7), kind, axis=3)
    quantize(rand(1, 4), rand(4) ** 2 + 0.01, np.arange(4), kind, axis=1)
    dequantize(rng.integers(low, high, S, endpoint=True), rand(3), [zeros[0], zeros[1], 5], kind, axis=1)
    dequantize(rng.integers(low, high, S, endpoint=True), rand(5), np.arange(5), kind, axis=2)


def run(op, x, scale, zero, kind, axis):
    kind = np.dtype(kind)
    constants = [onnx.numpy_helper.from_array(np.asarray(scale, np.float32), "scale"),
                 onnx.numpy_helper.from_array(np.asarray(zero, kind), "zero")]
    elem = TensorProto.FLOAT if op == "QuantizeLinear" else helper.np_dtype_to_tensor_dtype(kind)
    graph = helper.make_graph([helper.make_node(op, ["x", "scale", "zero"], ["y"], axis=axis)], "case",
                              [helper.make_tensor_value_info("x", elem, x.shape)],
                              [helper.make_tensor_value_info("y", TensorProto.UNDEFINED, None)], constants)
    out = TensorProto.FLOAT if op == "DequantizeLinear" else helper.np_dtype_to_tensor_dtype(kind)
    graph.output[0].CopyFrom(helper.make_tensor_value_info("y", out, None))
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    return ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"]).run(None, {"x": x})[0]


def pack(x):
    x = np.asarray(x, "<f4")
    return {"shape": list(x.shape), "type": "f4", "data": base64.b64encode(x.tobytes()).decode()}


records = []
for op, x, scale, zero, kind, axis in CASES:
    low, high = RANGES[kind]
    attrs = {"axis": {"int": axis}, "min": {"float": low}, "max": {"float": high}}
    records.append({"op": op, "attrs": attrs, "inputs": [pack(x), pack(scale), pack(zero)], "outputs": [pack(run(op, x, scale, zero, kind, axis))]})
path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "cases_qdq.json.gz")
with open(path, "wb") as f, gzip.GzipFile("", "wb", 9, f, mtime=0) as z:
    z.write(json.dumps(records, separators=(",", ":")).encode())
print(len(records), "cases,", os.path.getsize(path), "bytes")


def network():
    """Convolutions with weights per channel and int32 biases, a residual, views between the quantizers, a product."""
    nodes, constants = [], []

    def constant(name, value):
        constants.append(onnx.numpy_helper.from_array(np.asarray(value), name))
        return name

    def node(op, inputs, name, **attrs):
        nodes.append(helper.make_node(op, inputs, [name], name=name, **attrs))
        return name

    def settings(x, scale, zero):
        return [x, constant(x + "_scale", np.float32(scale)), constant(x + "_zero", zero)]

    def q(x, scale, zero):
        return node("QuantizeLinear", settings(x, scale, zero), x + "_q"), constants[-2].name, constants[-1].name

    def dq(triple, name):
        return node("DequantizeLinear", list(triple), name)

    def weight(name, *shape):
        w = rand(*shape, scale=0.5)
        axes = tuple(range(1, len(shape)))
        scale = (np.abs(w).max(axis=axes) / 127).astype(np.float32)
        w = np.rint(w / scale.reshape(-1, *[1] * len(axes))).astype(np.int8)
        triple = [constant(name + "_q", w), constant(name + "_s", scale), constant(name + "_z", np.zeros(len(scale), np.int8))]
        return node("DequantizeLinear", triple, name, axis=0), scale

    def bias(name, n, scale):
        triple = [constant(name + "_q", rng.integers(-99, 99, n).astype(np.int32)), constant(name + "_s", scale * np.float32(0.02))]
        return node("DequantizeLinear", triple, name, axis=0)

    a = dq(q("x", 1 / 127, np.int8(0)), "x_dq")
    w, s = weight("w1", 8, 3, 3, 3)
    node("Conv", [a, w, bias("b1", 8, s)], "c1", pads=[1] * 4)
    c1 = q("c1", 0.01, np.uint8(0))
    a, b = dq(c1, "c1_a"), dq(c1, "c1_b")
    w, s = weight("w2", 8, 8, 3, 3)
    node("Conv", [a, w, bias("b2", 8, s)], "c2", pads=[1] * 4)
    node("Add", [dq(q("c2", 0.04, np.uint8(117)), "c2_dq"), b], "sum")
    r = q(node("Relu", ["sum"], "relu"), 0.03, np.int8(-128))
    pool = node("MaxPool", [r[0]], "pool", kernel_shape=[2, 2], strides=[2, 2])
    flat = node("Flatten", [node("Transpose", [pool], "moved", perm=[0, 2, 3, 1])], "flat")
    w, s = weight("w3", 6, 8 * 6 * 5)
    node("MatMul", [dq((flat,) + r[1:], "flat_dq"), node("Transpose", [w], "w3_t")], "y")
    dq(q("y", 0.15, np.uint8(128)), "out")
    graph = helper.make_graph(nodes, "qdq", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, 12, 10])],
                              [helper.make_tensor_value_info("out", TensorProto.FLOAT, None)], constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=9)


model = network()
options = ort.SessionOptions()
options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
x = ((np.arange(360) * 7919 % 2003) / 1001.5 - 1).astype(np.float32).reshape(1, 3, 12, 10)
out = ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"]).run(None, {"x": x})
folder = os.path.dirname(path)
onnx.save(model, os.path.join(folder, "qdq.onnx"))
with open(os.path.join(folder, "qdq.json"), "w") as f:
    json.dump([pack(o) for o in out], f)
