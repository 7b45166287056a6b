#!/usr/bin/env python3
"""An inspection bank: maps of golden templates, which boards are compared with, in few bits.

Usage: DQA_DATA=... bank.py DQA-BINARY OUT.md     (requirements.txt)

As PatchCore (Roth et al. 2022) does, a frozen network of ImageNet (MobileNetV2, the last map of stride 8, averaged over 3 x 3) gives
a vector for every place of a picture, and a place of a board is as odd as it is far from the nearest vector of the bank. The bank
holds the golden templates of the boards (DeepPCB), whose places are known: the nearest is sought among 3 x 3 of them.
"""
import os
import sys

import numpy as np
import onnx
import onnxruntime as ort
from PIL import Image

import peers
import table

SIDE, WINDOW = 28, 14  # places of a crop of 128 pixels; a window is a quarter of it


def session(path):
    m = onnx.load(path)
    del m.graph.output[:]
    m.graph.output.append(onnx.helper.make_tensor_value_info("365", onnx.TensorProto.FLOAT, None))
    opt = ort.SessionOptions()
    opt.intra_op_num_threads = 1
    opt.log_severity_level = 3
    return ort.InferenceSession(m.SerializeToString(), opt, providers=["CPUExecutionProvider"])


def maps(net, pictures):
    out = []
    mean, std = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
    for p in pictures:
        grey = np.asarray(Image.fromarray(p).resize((224, 224), Image.BILINEAR)) / 255
        x = ((grey[None] - mean[:, None, None]) / std[:, None, None])[None].astype(np.float32)
        f = np.pad(net.run(None, {net.get_inputs()[0].name: x})[0][0], ((0, 0), (1, 1), (1, 1)), "edge")
        out.append(sum(f[:, r : r + SIDE, c : c + SIDE] for r in range(3) for c in range(3)) / 9)
    return np.stack(out).astype(np.float32)


def oddness(boards, bank):
    b = np.pad(bank, ((0, 0), (0, 0), (1, 1), (1, 1)), "edge")
    return np.sqrt(np.min([((boards - b[:, :, r : r + SIDE, c : c + SIDE]) ** 2).sum(1) for r in range(3) for c in range(3)], 0))


def windows(a):
    n = len(a)
    return a.reshape(n, 2, WINDOW, 2, WINDOW).max((2, 4)).reshape(n, 4)


def main(binary, out):
    data = os.environ["DQA_DATA"]
    x = np.load(f"{data}/datasets/deeppcb_seg/test_x.npy")
    y = np.load(f"{data}/datasets/deeppcb_seg/test_y.npy") > 0
    at = np.arange(SIDE + 1) * 128 // SIDE
    labels = np.maximum.reduceat(np.maximum.reduceat(y, at[:-1], 1), at[:-1], 2)
    net = session(f"{data}/models/mobilenetv2_imagenet.onnx")
    boards, bank = maps(net, x[:, 0]), maps(net, x[:, 1])
    scores = {
        "image AUROC": lambda s, i: table.auroc(windows(s[i]).ravel(), windows(labels[i]).ravel()),
        "pixel AUROC": lambda s, i: table.auroc(s[i].ravel(), labels[i].ravel()),
    }
    exact = oddness(boards, bank)
    half = len(exact) // 2
    parts = {"validation": np.arange(half), "test": np.arange(half, len(exact))}
    rows = table.compare(((f, s, n, oddness(boards, b)) for f, s, n, b in peers.all_of(bank, binary)), exact, scores, parts)
    intro = (f"Made by [examples/features/bank.py](../../examples/features/bank.py) (`make results`), versions in requirements.txt there. "
             f"A bank of MobileNetV2's maps ({bank.shape[1]} channels, stride 8) of DeepPCB's {len(bank)} golden templates, {bank.nbytes:,} "
             f"bytes of float32; the boards are compared with it as float32, the first {half} for validation, the others as the test. An image is a quarter of a crop, a pixel a place of the map "
             "(4.6 x 4.6 pixels).")
    floats = {(p, n): f(exact, i) for n, f in scores.items() for p, i in parts.items()}
    table.write(out, "An inspection bank in few bits", intro, rows, list(scores), bank.size, floats)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
