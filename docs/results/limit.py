#!/usr/bin/env python3
"""Ours against generic codecs on identical codes: real frames of test images, decoded to codes again, and what others make of them.

Usage: DQA_DATA=... limit.py DQA-BINARY PREPROCESS-DIR [PATTERN]   (numpy, imagecodecs)
With LIMIT_PROFILES=DIR profiles are kept there as MODEL.dqap, and taken from there (as `go test ./bench -run CodersOnNetwork ... -save` writes
them).

The coder is smallest2. zvc is zero-value coding: a bit per value for zero, the others whole. Byte compressors get all codes of an image in one piece, a byte each (two's complement where an edge is signed); picture codecs get
every edge as a grey picture, its channels below each other (of tokens: a line per token). Frames hold headers, index and checksums,
what others write has none of ours. Prints a table in bits per value; the profile, which every device holds once, is in neither.
"""
import lzma
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import zlib

import imagecodecs
import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "spec" / "reader"))
import reader  # noqa: E402

CIFAR = "datasets/cifar10"
PATCH, SEG, VID, IMAGENET = "datasets/deeppcb_patches", "datasets/deeppcb_seg", "datasets/camvid", "datasets/imagenet"
NETWORKS = [  # name, model, calibration, test images, budget
    ("ResNet-32, CIFAR-10", "resnet32_cifar10", f"cifar10:{CIFAR}/calib.bin[0:64]", f"cifar10:{CIFAR}/test.bin[0:8]", 1.45),
    ("ResNet-8, CIFAR-10", "resnet8_mlperftiny_cifar10", f"cifar10:{CIFAR}/calib.bin[0:64]", f"cifar10:{CIFAR}/test.bin[0:8]", 1.5),
    ("SimpleCNN, DeepPCB", "simplecnn_deeppcb", f"npy:{PATCH}/calib_x.npy[0:64]", f"npy:{PATCH}/test_x.npy[0:8]", 1),
    ("MobileNetV2, DeepPCB", "mobilenetv2_deeppcb", f"npy:{PATCH}/calib_x.npy[0:32]", f"npy:{PATCH}/test_x.npy[0:8]", 1.2),
    ("U-Net, DeepPCB", "unet_deeppcb", f"npy:{SEG}/calib_x.npy[0:16]", f"npy:{SEG}/test_x.npy[0:2]", 0.8),
    ("ViT-tiny, CIFAR-10", "vit_tiny_cifar10", f"cifar10:{CIFAR}/calib.bin[0:32]", f"cifar10:{CIFAR}/test.bin[0:8]", 1.5),
    ("MobileNetV2, ImageNet", "mobilenetv2_imagenet", f"images:{IMAGENET}/calib.tsv[0:8]", f"images:{IMAGENET}/test.tsv[0:1]", 2.5),
    ("ESPNet, CamVid", "espnet_p2q8_camvid", f"dir:{VID}/calib[0:4]", f"dir:{VID}/test[0:1]", 2.4),
]

BYTES = {
    "zlib-6": lambda b: len(zlib.compress(b, 6)),
    "zlib-9": lambda b: len(zlib.compress(b, 9)),
    "zstd-19": lambda b: len(imagecodecs.zstd_encode(b, level=19)),
    "zvc": lambda b: (9 * len(b) - 8 * b.count(0) + 7) // 8,
    "lzma-9": lambda b: len(lzma.compress(b, lzma.FORMAT_ALONE, preset=9)),
}
PICTURES = {
    "PNG": lambda a: len(imagecodecs.png_encode(a, level=9)),
    "JPEG-LS": lambda a: len(imagecodecs.jpegls_encode(a)),
    "JPEG-XL": lambda a: len(imagecodecs.jpegxl_encode(a, lossless=True, effort=7)),
}


def codes_of(edge, values):
    """The codes of an edge from its values, as a picture."""
    step = edge.steps.astype(np.float64)
    if edge.slots == 2:
        step = step[:1]
    if not edge.channels_last:
        step = step.reshape(-1, 1, 1)
    codes = values.reshape(edge.rows, edge.columns, -1) if edge.channels_last else values.reshape(-1, edge.rows, edge.columns)
    codes = codes / np.where(step > 0, step, 1)
    if edge.flags & 16:  # row sums: a row was shifted so that it sums to 1; its smallest code is 0 almost always
        codes = codes - codes.min(-1, keepdims=True)
    if edge.means:  # a channel was shifted by less than a step
        axes = (0, 1) if edge.channels_last else (1, 2)
        codes = codes - np.median(codes - np.rint(codes), axes, keepdims=True)
    low, high = (0, 255) if edge.unsigned else (-128, 127)
    codes = np.clip(np.rint(codes), low, high).astype(np.int64).astype(np.uint8)
    return codes.reshape(-1, edge.channels if edge.channels_last else edge.columns)


def measure(dqa, pre, name, model, calib, test, budget):
    """Bits per value by codec, and our coder."""
    with tempfile.TemporaryDirectory() as tmp:
        tmp, run = pathlib.Path(tmp), lambda *a: subprocess.run([dqa, *map(str, a)], check=True, capture_output=True, text=True).stdout
        file = pathlib.Path(os.environ.get("LIMIT_PROFILES", tmp)) / f"{model}.dqap"
        if not file.exists():
            run("calibrate", f"models/{model}.onnx", "--preprocess", f"{pre}/{model}.yaml", "--data", calib, "--budget", budget,
                "--coder", "smallest2", "-o", file, "-q")
        run("encode", f"models/{model}.onnx", "--profile", file, "--data", test, "-o", tmp / "frames", "-q")
        profile = reader.read_profile(file.read_bytes())
        size, values = dict.fromkeys(["ours", *BYTES, *PICTURES], 0), 0
        for frame in sorted((tmp / "frames").glob("*.dqaf")):
            size["ours"] += frame.stat().st_size
            run("decode", file, frame, "-o", tmp / "x.npz", "-q")
            arrays = np.load(tmp / "x.npz")
            pictures = [codes_of(e, arrays[e.name]) for e in profile.edges]
            values += sum(p.size for p in pictures)
            whole = b"".join(p.tobytes() for p in pictures)
            for codec, f in BYTES.items():
                size[codec] += f(whole)
            for codec, f in PICTURES.items():
                size[codec] += sum(f(p) for p in pictures)
    return {k: 8 * v / values for k, v in size.items()}


def main():
    dqa, pre = (str(pathlib.Path(p).resolve()) for p in sys.argv[1:3])
    pattern = sys.argv[3] if len(sys.argv) > 3 else ""
    os.chdir(os.environ["DQA_DATA"])
    others = [*BYTES, *PICTURES]
    print("| network, data | ours |", " | ".join(others), "| smallest other / ours |")
    print("|---|---|" + "---|" * (len(others) + 1))
    for row in NETWORKS:
        if not re.search(pattern, row[1]):
            continue
        bits = measure(dqa, pre, *row)
        best = min(others, key=bits.get)
        ratio = bits[best] / bits["ours"]
        told = f"{ratio:.2f} ({best})" if ratio >= 1 else f"**{ratio:.2f} ({best})**"
        print(f"| {row[0]} | {bits['ours']:.3f} |", " | ".join(f"{bits[o]:.3f}" for o in others), f"| {told} |", flush=True)


if __name__ == "__main__":
    main()
