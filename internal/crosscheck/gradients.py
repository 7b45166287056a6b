#!/usr/bin/env python3
"""Derivatives of whole networks by torch, against package gradient's.

Usage: DQA_DATA=... gradients.py [MODEL ...]   (torch, numpy, onnx; go; from the repository's root)
Runs every model in torch on the reference input (engine/reference), with a fixed vector at the outputs, and takes the
derivatives by all values that the file names; then runs the Go test that compares the edges among them.
Without torch it says so and ends with 0. Shares nothing with the Go code.
"""
import json
import os
import subprocess
import sys
import tempfile

try:
    import numpy as np
    import onnx
    import torch
    import torch.nn.functional as F
    from onnx import numpy_helper
except ImportError as e:
    sys.exit(print(f"skipped: {e}"))

DATA = os.environ["DQA_DATA"]
MODELS = sys.argv[1:] or ["resnet32_cifar10", "lmfrnet_cifar10", "mobilenetv2_deeppcb", "unet_deeppcb", "vit_tiny_cifar10", "espnet_p2q8_camvid"]


def window(x, a):
    """The input padded as pads says, for operators that pad both sides alike."""
    p = a.get("pads", [0, 0, 0, 0])
    return F.pad(x, (p[1], p[3], p[0], p[2])), a.get("strides", [1, 1])


def pairs(p):
    """ONNX's pads in torch's order: last axis first."""
    return [q for k in reversed(range(len(p) // 2)) for q in (p[k], p[len(p) // 2 + k])]


def listed(v):
    return [int(i) for i in v]


def slices(v):
    y = v[0]
    axes = listed(v[3]) if len(v) > 3 else range(len(v[1]))
    for start, end, axis, step in zip(listed(v[1]), listed(v[2]), axes, listed(v[4]) if len(v) > 4 else [1] * len(v[1])):
        keep = list(range(y.shape[axis]))[slice(start, end, step)]
        y = y.index_select(axis, torch.tensor(keep))
    return y


def gather(v, a):
    axis, i = a.get("axis", 0), v[1].long()
    y = v[0].index_select(axis, i.flatten() % v[0].shape[axis])
    return y.reshape(v[0].shape[:axis] + i.shape + v[0].shape[axis + 1:])


def reshape(v):
    return v[0].reshape([v[0].shape[k] if d == 0 else d for k, d in enumerate(listed(v[1]))])


def conv(v, a):
    x, strides = window(v[0], a)
    return F.conv2d(x, v[1], v[2] if len(v) > 2 else None, strides, 0, a.get("dilations", [1, 1]), a.get("group", 1))


def transposed(v, a):
    return F.conv_transpose2d(v[0], v[1], v[2] if len(v) > 2 else None, a.get("strides", [1, 1]), a.get("pads", [0, 0])[:2],
                              a.get("output_padding", [0, 0]), a.get("group", 1), a.get("dilations", [1, 1]))


def gemm(v, a):
    x, w = v[0].t() if a.get("transA") else v[0], v[1].t() if a.get("transB") else v[1]
    return a.get("alpha", 1.0) * (x @ w) + (a.get("beta", 1.0) * v[2] if len(v) > 2 else 0)


def average(v, a):
    return F.avg_pool2d(v[0], a["kernel_shape"], a.get("strides", [1, 1]), a.get("pads", [0, 0])[:2], False, bool(a.get("count_include_pad", 0)))


def clip(v, a):
    lo, hi = (v[k] if len(v) > k and v[k] is not None else a.get(name) for k, name in ((1, "min"), (2, "max")))
    return torch.clamp(v[0], None if lo is None else float(lo), None if hi is None else float(hi))


OPERATORS = {
    "Conv": conv, "ConvTranspose": transposed, "Gemm": gemm, "AveragePool": average, "Clip": clip, "Gather": gather,
    "MatMul": lambda v, a: v[0] @ v[1], "Add": lambda v, a: v[0] + v[1], "Sub": lambda v, a: v[0] - v[1],
    "Mul": lambda v, a: v[0] * v[1], "Pow": lambda v, a: v[0] ** v[1], "Sqrt": lambda v, a: v[0].sqrt(),
    "Div": lambda v, a: v[0] / v[1] if v[0].is_floating_point() else v[0] // v[1],
    "Relu": lambda v, a: F.relu(v[0]), "PRelu": lambda v, a: torch.where(v[0] >= 0, v[0], v[0] * v[1]),
    "BatchNormalization": lambda v, a: F.batch_norm(v[0], v[3], v[4], v[1], v[2], False, 0, a.get("epsilon", 1e-5)),
    "LayerNormalization": lambda v, a: F.layer_norm(v[0], v[1].shape, v[1], v[2], a.get("epsilon", 1e-5)),
    "Softmax": lambda v, a: torch.softmax(v[0], a.get("axis", -1)),
    "MaxPool": lambda v, a: F.max_pool2d(v[0], a["kernel_shape"], a.get("strides", [1, 1]), a.get("pads", [0, 0])[:2]),
    "GlobalAveragePool": lambda v, a: v[0].mean((2, 3), keepdim=True),
    "ReduceMean": lambda v, a: v[0].mean(tuple(a["axes"] if "axes" in a else listed(v[1])), keepdim=bool(a.get("keepdims", 1))),
    "Concat": lambda v, a: torch.cat(v, a["axis"]), "Flatten": lambda v, a: v[0].flatten(1), "Reshape": lambda v, a: reshape(v),
    "Transpose": lambda v, a: v[0].permute(a["perm"]), "Slice": lambda v, a: slices(v),
    "Split": lambda v, a: torch.split(v[0], a.get("split") or listed(v[1]), a.get("axis", 0)),
    "Pad": lambda v, a: F.pad(v[0], pairs(listed(v[1]) if len(v) > 1 else a["pads"])),
    "Identity": lambda v, a: v[0], "Shape": lambda v, a: torch.tensor(v[0].shape[a.get("start", 0):a.get("end")]),
    "Squeeze": lambda v, a: v[0].squeeze(*(a.get("axes") or listed(v[1]))),
    "Cast": lambda v, a: v[0].to({1: torch.float32, 6: torch.int32, 7: torch.int64, 9: torch.bool}[a["to"]]),
    "Unsqueeze": lambda v, a: v[0][(None,) * len(a.get("axes") or v[1])] if v[0].dim() == 0 else v[0].unsqueeze(listed(a.get("axes") or v[1])[0]),
    "ConstantOfShape": lambda v, a: torch.full(listed(v[0]), float(numpy_helper.to_array(a["value"])[0])).to(
        torch.from_numpy(numpy_helper.to_array(a["value"]).copy()).dtype),
    "Equal": lambda v, a: v[0] == v[1], "Where": lambda v, a: torch.where(v[0], v[1], v[2]),
    "Expand": lambda v, a: v[0].expand(torch.broadcast_shapes(v[0].shape, listed(v[1]))),
}


def derivatives(name):
    """By value of the file: the norm of the derivative, and some of its numbers."""
    model = onnx.load(f"{DATA}/models/{name}.onnx").graph
    env = {t.name: torch.from_numpy(numpy_helper.to_array(t).copy()) for t in model.initializer}
    given = [i for i in model.input if i.name not in env][0]
    shape = [d.dim_value or 1 for d in given.type.tensor_type.shape.dim]
    n = int(np.prod(shape))
    env[given.name] = torch.from_numpy(((np.arange(n) * 7919 % 2003) / 1001.5 - 1).astype(np.float32).reshape(shape))
    values = {}
    for node in model.node:
        a = {t.name: onnx.helper.get_attribute_value(t) for t in node.attribute}
        if node.op_type == "Constant":
            env[node.output[0]] = torch.from_numpy(numpy_helper.to_array(a["value"]).copy())
            continue
        y = OPERATORS[node.op_type]([env[i] if i else None for i in node.input], a)
        for out, v in zip(node.output, y if isinstance(y, (tuple, list)) else [y]):
            if v.is_floating_point():
                if not v.requires_grad:
                    v = v.detach().requires_grad_(True)
                else:
                    v.retain_grad()
                values[out] = v
            env[out] = v
    total = 0
    for o in model.output:
        y = env[o.name].flatten()
        total = total + (y * ((torch.arange(len(y)) * 7 % 11).float() / 11 - 0.5)).sum()
    total.backward()
    found = {}
    for value, v in values.items():
        if v.grad is not None and v.grad.abs().max() > 0:
            d = v.grad.flatten().double().numpy()
            at = range(0, len(d), max(1, len(d) // 32))
            found[value] = {"L2": float(np.linalg.norm(d)), "Samples": [[i, float(d[i])] for i in at]}
    return found


def main():
    with tempfile.NamedTemporaryFile("w", suffix=".json") as f:
        json.dump({m: derivatives(m) for m in MODELS}, f)
        f.flush()
        test = ["go", "test", "-count=1", "-v", "-run", "TestNetworksAgainstTorch", "./gradient"]
        sys.exit(subprocess.run(test, env={**os.environ, "DQA_GRADIENTS": f.name}).returncode)


main()
