#!/usr/bin/env python3
"""What `dqa fit --transform pca` saves: the bytes of the whole array with its profile at an equal relative squared error.

Usage: DQA_DATA=... pca.py DQA-BINARY OUT.md     (requirements.txt)
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


def fitted(x, binary, coder, error):
    with tempfile.TemporaryDirectory() as d:
        d = pathlib.Path(d)
        np.save(d / "x.npy", x)
        out = subprocess.run([binary, "fit", d / "x.npy", "--max-error", str(error), "--coder", coder, "--transform", "auto", "-o", d / "p.dqap",
                              "--json", "-q"], check=True, capture_output=True).stdout
        return json.loads(out)["transform"]


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
        w.write("# Principal axes before the step\n\nMade by [examples/features/pca.py](../../examples/features/pca.py) (`make results`): what "
                "`dqa fit --max-error E --transform auto` measures on held-out rows of maps of 100 DeepPCB crops: bytes of the whole array and "
                "its profile, without axes and with them, and which it keeps.\n\n| array | coder | error | without | with pca | saves | kept |\n"
                "|---|---|---:|---:|---:|---:|---|\n")
        for name, a in arrays.items():
            for coder in ("small", "smallest2"):
                for error in (0.01, 0.05):
                    t = fitted(a, binary, coder, error)
                    p, q = t["bytes_without"], t["bytes_with"]
                    w.write(f"| {name} | {coder} | {error} | {p:,} | {q:,} | {100 * (1 - q / p):.0f} % | {t['kept']} |\n")
                    w.flush()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
