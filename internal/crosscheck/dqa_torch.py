#!/usr/bin/env python3
"""An independent run of the paper's DQA (spec/numerics.md) in torch, to check the accuracies of `dqa eval`.

Usage: DQA_DATA=... dqa_torch.py [IMAGES] [CALIBRATION IMAGES]   (torch, numpy, onnx)
ResNet-32 with folded BatchNormalization, CIFAR-10, edges = outputs of Relu, signed codes, dynamic scales per channel,
energy ranking. Shares nothing with the Go code. Prints fp32, direct 3 bits and DQA 3+3, 4+3 (m 3, r 0.5).
"""
import os
import sys

import numpy as np
import onnx
import torch
import torch.nn.functional as F
from onnx import numpy_helper

DATA = os.environ["DQA_DATA"]
MODEL = onnx.load(f"{DATA}/models/resnet32_cifar10_folded.onnx")
CONST = {t.name: numpy_helper.to_array(t) for t in MODEL.graph.initializer}
for node in MODEL.graph.node:
    if node.op_type == "Constant":
        CONST[node.output[0]] = numpy_helper.to_array(node.attribute[0].t)


def run(x, hook):
    """Runs the graph; hook(index, tensor) replaces the output of every Relu."""
    env, relu = {MODEL.graph.input[0].name: x}, 0
    val = lambda n: env[n] if n in env else torch.from_numpy(CONST[n].copy())
    for node in MODEL.graph.node:
        a = {t.name: onnx.helper.get_attribute_value(t) for t in node.attribute}
        i = [n for n in node.input if n]
        if node.op_type == "Constant":
            continue
        if node.op_type == "Conv":
            y = F.conv2d(val(i[0]), val(i[1]), val(i[2]) if len(i) > 2 else None, a["strides"], a["pads"][0])
        elif node.op_type == "Relu":
            y = hook(relu, F.relu(val(i[0])))
            relu += 1
        elif node.op_type == "Add":
            y = val(i[0]) + val(i[1])
        elif node.op_type == "Slice":
            y = val(i[0])
            start, end, axes, steps = (CONST[n].tolist() for n in i[1:5])
            for s, e, ax, st in zip(start, end, axes, steps):
                y = y[tuple([slice(None)] * ax + [slice(s, e, st)])]
        elif node.op_type == "Pad":
            p = CONST[i[1]].tolist()
            y = F.pad(val(i[0]), (p[3], p[7], p[2], p[6], p[1], p[5], p[0], p[4]))
        elif node.op_type == "GlobalAveragePool":
            y = val(i[0]).mean((2, 3), keepdim=True)
        elif node.op_type in ("Flatten", "Reshape", "Squeeze"):
            y = val(i[0]).flatten(1)
        elif node.op_type == "AveragePool":
            y = F.avg_pool2d(val(i[0]), a["kernel_shape"][0])
        elif node.op_type == "Gemm":
            y = val(i[0]) @ val(i[1]).T + val(i[2])
        else:
            raise SystemExit(f"operator {node.op_type} not expected")
        env[node.output[0]] = y
    return y


def load(name, n):
    raw = np.fromfile(f"{DATA}/datasets/cifar10/{name}.bin", np.uint8)[: n * 3073].reshape(n, 3073)
    x = raw[:, 1:].reshape(n, 3, 32, 32).astype(np.float32) / 255
    mean = np.array([0.485, 0.456, 0.406], np.float32).reshape(1, 3, 1, 1)
    std = np.array([0.229, 0.224, 0.225], np.float32).reshape(1, 3, 1, 1)
    return torch.from_numpy((x - mean) / std), torch.from_numpy(raw[:, 0].astype(np.int64))


def quantize(t, bits):
    """bits: by channel. scale = max|A_c| 2^(1-N), code = round(clamp(a / scale))."""
    n = bits.view(1, -1, 1, 1)
    scale = t.abs().amax((2, 3), keepdim=True) * torch.exp2(1 - n)
    inv = torch.where(scale > 0, 1 / scale, torch.zeros_like(scale))
    code = torch.round(torch.minimum(torch.maximum(t * inv, -torch.exp2(n - 1)), torch.exp2(n - 1) - 1))
    return code * scale


def batches(x, hook):
    return torch.cat([run(x[i : i + 100], hook) for i in range(0, len(x), 100)])


def main():
    images, calib = (int(v) for v in (sys.argv[1:3] + ["1000", "256"][len(sys.argv) - 1 :]))
    torch.set_num_threads(1)
    torch.set_grad_enabled(False)
    energy = {}

    def collect(i, t):
        energy[i] = energy.get(i, 0) + (t.double() ** 2).sum((0, 2, 3))
        return t

    batches(load("calib", calib)[0], collect)
    important = {}
    for i, e in energy.items():
        order = torch.argsort(e, descending=True, stable=True)
        important[i] = torch.zeros(len(e), dtype=torch.bool)
        important[i][order[: round(0.5 * len(e))]] = True
    x, y = load("test", images)
    base = (batches(x, lambda i, t: t).argmax(1) == y).float().mean().item()
    print(f"fp32        {100 * base:.2f}")
    for n, m in ((3, 0), (3, 3), (4, 3)):
        out = batches(x, lambda i, t: quantize(t, n + m * important[i].float()))
        acc = (out.argmax(1) == y).float().mean().item()
        print(f"{n}+{m} bits    {100 * acc:.2f}, drop {100 * (base - acc):.2f}", flush=True)


if __name__ == "__main__":
    main()
