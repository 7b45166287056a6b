#!/usr/bin/env python3
"""Does it pay to turn maps onto the principal axes of their channels before they are stored?

Usage: DQA_DATA=... pca.py DQA-BINARY OUT.md     (requirements.txt)

Axes are those of the very array, and what they take (C x C values) is not counted: an upper bound of what PCA could save.
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import numpy as np

import bank
import cache
import peers


def bits(x, binary, coder, error):
    with tempfile.TemporaryDirectory() as d:
        d = pathlib.Path(d)
        np.save(d / "x.npy", x)
        out = subprocess.run([binary, "fit", d / "x.npy", "--max-error", str(error), "--coder", coder, "-o", d / "p.dqap", "--json", "-q"],
                             check=True, capture_output=True).stdout
        return json.loads(out)["stored_bits"]


def main(binary, out):
    data = os.environ["DQA_DATA"]
    x = np.load(f"{data}/datasets/deeppcb_seg/test_x.npy")[:100]
    arrays = {
        "U-Net, 64 channels of 32 x 32": cache.maps(f"{data}/models/unet_deeppcb.onnx", x),
        "MobileNetV2, 32 channels of 28 x 28": bank.maps(bank.session(f"{data}/models/mobilenetv2_imagenet.onnx"), x[:, 1]),
    }
    means = arrays["U-Net, 64 channels of 32 x 32"].reshape(100, 64, 8, 4, 8, 4).mean((3, 5))
    arrays["U-Net, means of 4 x 4 places, as 6,400 vectors of 64"] = peers.vectors(means)
    with open(out, "w") as w:
        w.write("# Principal axes before the step\n\nMade by [examples/features/pca.py](../../examples/features/pca.py) (`make results`): stored "
                "bits per value at an equal relative squared error, of maps of 100 DeepPCB crops as they are and turned onto the principal "
                "axes of their channels. The axes' own size is not counted.\n\n| array | coder | error | as they are | turned | saves |\n"
                "|---|---|---:|---:|---:|---:|\n")
        for name, a in arrays.items():
            v = a if a.ndim == 2 else peers.vectors(a)
            axes = np.linalg.eigh(v.T.astype(np.float64) @ v)[1][:, ::-1]
            turned = (v @ axes).astype(np.float32)
            if a.ndim > 2:
                turned = peers.from_vectors(turned, a)
            for coder in ("small", "smallest2"):
                for error in (0.01, 0.05):
                    p, q = bits(a, binary, coder, error), bits(turned, binary, coder, error)
                    w.write(f"| {name} | {coder} | {error} | {p:.3f} | {q:.3f} | {100 * (1 - q / p):.0f} % |\n")
                    w.flush()
        w.write("\nAxes pay on vectors, and with `small`. With `smallest2`, which looks at places, it depends on the maps and the step: a fit "
                "would have to measure it. `fit --transform pca` is not there yet.\n")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
