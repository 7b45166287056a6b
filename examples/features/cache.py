#!/usr/bin/env python3
"""Training from a cache of 2 bits: maps of a frozen encoder are stored once, a head is trained from what is stored.

Usage: DQA_DATA=... cache.py DQA-BINARY OUT.md     (requirements.txt)

The encoder is that of U-Net (DeepPCB, board and template), its map of 64 channels at stride 4. The head finds defects: logistic
regression on the map, for every place. It is trained from the cache, and judged on maps of other boards as the encoder gives them.
"""
import os
import sys

import numpy as np
import onnx
import onnxruntime as ort
from sklearn.linear_model import LogisticRegression

import peers
import table

MAP = "/d3/d3.5/Relu_output_0"


def maps(path, x):
    m = onnx.load(path)
    del m.graph.output[:]
    m.graph.output.append(onnx.helper.make_tensor_value_info(MAP, onnx.TensorProto.FLOAT, None))
    opt = ort.SessionOptions()
    opt.intra_op_num_threads = 1
    net = ort.InferenceSession(m.SerializeToString(), opt, providers=["CPUExecutionProvider"])
    return np.concatenate([net.run(None, {"input": (x[i : i + 8] / 127.5 - 1).astype(np.float32)})[0] for i in range(0, len(x), 8)])


def main(binary, out):
    data = os.environ["DQA_DATA"]
    x = np.load(f"{data}/datasets/deeppcb_seg/test_x.npy")
    y = np.load(f"{data}/datasets/deeppcb_seg/test_y.npy") > 0
    labels = y.reshape(len(y), 32, 4, 32, 4).max((2, 4))
    f = maps(f"{data}/models/unet_deeppcb.onnx", x)
    train, test = f[:200], f[200:]
    tested, truth = peers.vectors(test), labels[200:]
    # every place with a defect and eight times as many without, the same for all
    where = labels[:200].ravel()
    rng = np.random.default_rng(1)
    chosen = np.sort(np.r_[np.flatnonzero(where), rng.choice(np.flatnonzero(~where), 8 * where.sum(), replace=False)])
    numbers = peers.vectors(train)
    mean, std = numbers.mean(0), numbers.std(0) + 1e-6  # for the solver's sake; the same for all

    def head(cache):
        v = (peers.vectors(cache)[chosen] - mean) / std
        fit = LogisticRegression(C=1.0, max_iter=300).fit(v, where[chosen])
        return fit.decision_function((tested - mean) / std).reshape(truth.shape)

    scores = {
        "pixel AUROC": lambda s, i: table.auroc(s[i].ravel(), truth[i].ravel()),
        "F1": lambda s, i: 100 * 2 * ((s[i] > 0) & truth[i]).sum() / ((s[i] > 0).sum() + truth[i].sum()),
    }
    exact = head(train)
    half = len(exact) // 2
    parts = {"validation": np.arange(half), "test": np.arange(half, len(exact))}
    rows = table.compare(((k, s, n, head(c)) for k, s, n, c in peers.all_of(train, binary)), exact, scores, parts)
    intro = (f"Made by [examples/features/cache.py](../../examples/features/cache.py) (`make results`), versions in requirements.txt there. "
             f"Maps of U-Net's encoder ({train.shape[1]} channels, stride 4) of 200 DeepPCB crops, {train.nbytes:,} bytes of float32, are the "
             f"cache that a head (logistic regression, defect or none) is trained from; it is judged on the maps of other crops as the encoder "
             f"gives them, {half} for validation and {half} as the test. A pixel is a place of the map.")
    floats = {(p, n): s(exact, i) for n, s in scores.items() for p, i in parts.items()}
    table.write(out, "Training from a cache of few bits", intro, rows, list(scores), train.size, floats)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
