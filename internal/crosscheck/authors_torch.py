#!/usr/bin/env python3
"""The protocol of the paper authors' public code on ResNet-32 and CIFAR-10 in torch, written from a description of it.

Usage: DQA_DATA=... authors_torch.py [IMAGES] [CALIBRATION IMAGES] [greedy|energy] [SEEDS] [N,N...] [pack]   (torch, numpy, onnx, zstandard)

* edges: the 15 outputs of residual blocks, behind the sum and its ReLU; all else stays float
* scale of a channel: the largest magnitude over the batch of 128 test images in their order / 2^(N-1); round, clamp
* floor(.4 C) important channels with N + 3 bits; the low 3 bits are the error
* a Huffman tree per important channel and batch: per symbol 3 bits of length, the word, 3 bits of value
* counted: N bits per value + Huffman bits + trees; scales are not counted
* a seed gives another ranking, on flipped and cropped training images

What happens to training image i under a seed is a formula, so that two programs rank on the same images: of the bits of
splitmix64(seed 2^32 + i), the lowest says whether it is flipped, those from 8 and from 16 on, mod 9 - 4, where the crop of the flipped
image, black beyond its border, begins. Greedy: the accuracy when a channel is left float while the others of its edge have N bits (the
other edges float), ties by cross-entropy.
Shares nothing with the Go code, of `dqa sweep --protocol authors`. Prints accuracies, drops and bits, with "pack" also
those of deflate -9, lzma -9 and zstd -22 in place of Huffman's codes, which takes long.
"""
import heapq
import lzma
import os
import sys
import zlib

import numpy as np
import onnx
import torch
import torch.nn.functional as F
import zstandard
from onnx import numpy_helper

DATA = os.environ["DQA_DATA"]
BATCH, M, R = 128, 3, 0.4


class ResNet32:
    """The network as its paper has it: a stem, three stages of five blocks, shortcuts that stride and pad."""

    def __init__(self):
        graph = onnx.load(f"{DATA}/models/resnet32_cifar10_folded.onnx").graph
        const = {t.name: torch.from_numpy(numpy_helper.to_array(t).copy()) for t in graph.initializer}
        self.convs = [(const[n.input[1]], const[n.input[2]]) for n in graph.node if n.op_type == "Conv"]
        head = next(n for n in graph.node if n.op_type == "Gemm")
        self.weight, self.bias = const[head.input[1]], const[head.input[2]]

    def stem(self, x):
        return F.relu(F.conv2d(x, *self.convs[0], padding=1))

    def block(self, i, x):
        down = i in (5, 10)
        y = F.relu(F.conv2d(x, *self.convs[1 + 2 * i], stride=2 if down else 1, padding=1))
        y = F.conv2d(y, *self.convs[2 + 2 * i], padding=1)
        if down:
            more = x.shape[1] // 2
            x = F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, more, more))
        return F.relu(x + y)

    def head(self, x):
        return x.mean((2, 3)) @ self.weight.T + self.bias

    def __call__(self, x, hook=lambda i, t: t):
        x = self.stem(x)
        for i in range(15):
            x = hook(i, self.block(i, x))
        return self.head(x)

    def after(self, i, x):
        for k in range(i + 1, 15):
            x = self.block(k, x)
        return self.head(x)


def load(name, n):
    raw = np.fromfile(f"{DATA}/datasets/cifar10/{name}.bin", np.uint8)[: n * 3073].reshape(n, 3073)
    return raw[:, 1:].reshape(n, 3, 32, 32), torch.from_numpy(raw[:, 0].astype(np.int64))


def inputs(pixels):
    mean = np.array([0.485, 0.456, 0.406], np.float32).reshape(1, 3, 1, 1)
    std = np.array([0.229, 0.224, 0.225], np.float32).reshape(1, 3, 1, 1)
    return torch.from_numpy((pixels.astype(np.float32) / 255 - mean) / std)


def augmented(pixels, seed):
    out = np.zeros_like(pixels)
    for i, image in enumerate(pixels):
        mask = 2**64 - 1
        z = ((seed << 32) + i + 0x9E3779B97F4A7C15) & mask
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & mask
        z = (z ^ z >> 27) * 0x94D049BB133111EB & mask
        z ^= z >> 31
        if z & 1:
            image = image[:, :, ::-1]
        x, y = (z >> 8) % 9, (z >> 16) % 9  # in the image padded by 4
        out[i] = np.pad(image, ((0, 0), (4, 4), (4, 4)))[:, y : y + 32, x : x + 32]
    return out


def largest(t):
    return t.abs().amax((0, 2, 3))


def quantize(t, bits):
    """Codes and scales; bits by channel."""
    half = torch.exp2(bits - 1)
    scale = largest(t) / half
    shape = (1, -1, 1, 1)
    safe = torch.where(scale > 0, scale, torch.ones_like(scale)).view(shape)
    code = torch.minimum(torch.maximum(torch.round(t / safe), -half.view(shape)), half.view(shape) - 1)
    return code, scale.view(shape)


def fake(t, bits):
    code, scale = quantize(t, bits)
    return code * scale


def rank(net, pixels, labels, n, how):
    """Channels of every edge, most important first."""
    x, order = inputs(pixels), []
    state = net.stem(x)
    for i in range(15):
        state = net.block(i, state)
        channels = state.shape[1]
        if how == "energy":
            keys = [(v,) for v in (state.double() ** 2).sum((0, 2, 3)).tolist()]
        else:
            coarse, keys = fake(state, torch.full((channels,), float(n))), []
            for c in range(channels):
                tried = coarse.clone()
                tried[:, c] = state[:, c]
                out = net.after(i, tried)
                keys.append(((out.argmax(1) == labels).sum().item(), -F.cross_entropy(out.double(), labels).item()))
        order.append(sorted(range(channels), key=lambda c: keys[c], reverse=True))
    return order


def huffman(counts):
    """Bits of the words and of the tree."""
    heap = [(w, s, (s,)) for s, w in enumerate(counts) if w]
    length = dict.fromkeys((s for _, s, _ in heap), 1 if len(heap) == 1 else 0)
    heapq.heapify(heap)
    while len(heap) > 1:
        a, b = heapq.heappop(heap), heapq.heappop(heap)
        for s in a[2] + b[2]:
            length[s] += 1
        heapq.heappush(heap, (a[0] + b[0], min(a[1], b[1]), a[2] + b[2]))
    return sum(counts[s] * n + 3 + n + 3 for s, n in length.items())


def packed(errors):
    bits = np.unpackbits(errors.astype(np.uint8)[:, None], axis=1, bitorder="little")[:, :M]
    return np.packbits(bits.reshape(-1), bitorder="little").tobytes()


PACKERS = {
    "deflate": lambda b: len(zlib.compress(b, 9)),
    "lzma": lambda b: len(lzma.compress(b, lzma.FORMAT_ALONE, preset=9)),
    "zstd": lambda b: len(zstandard.ZstdCompressor(level=22).compress(b)),
}


def run(net, x, labels, n, important, packers):
    """Right ones, and bits by way of counting."""
    right, bits, values = 0, dict.fromkeys(["huffman", *packers], 0), 0

    def hook(i, t):
        nonlocal values
        code, scale = quantize(t, n + M * important[i].float())
        values += t.numel()
        errors = [(code[:, c].long() & (2**M - 1)).flatten() for c in torch.nonzero(important[i]).flatten().tolist()]
        bits["huffman"] += sum(huffman(torch.bincount(e, minlength=2**M).tolist()) for e in errors)
        for name, size in packers.items():
            bits[name] += 8 * size(packed(torch.cat(errors).numpy()))
        return code * scale

    for k in range(0, len(x), BATCH):
        right += (net(x[k : k + BATCH], hook).argmax(1) == labels[k : k + BATCH]).sum().item()
    return right, {name: n + b / values for name, b in bits.items()}


def main():
    args = dict(enumerate(sys.argv))
    images, calib, how, seeds = int(args.get(1, 5000)), int(args.get(2, 64)), args.get(3, "greedy"), int(args.get(4, 5))
    torch.set_num_threads(1)
    torch.set_grad_enabled(False)
    net, (pixels, labels), (train, train_labels) = ResNet32(), load("test", images), load("calib", calib)
    x = inputs(pixels)
    count = lambda hook: sum((net(x[k : k + BATCH], hook).argmax(1) == labels[k : k + BATCH]).sum().item() for k in range(0, images, BATCH))
    base = 100 * count(lambda i, t: t) / images
    print(f"fp32           {base:.2f}")
    for n in (int(v) for v in args.get(5, "3,4,5").split(",")):
        right = 100 * count(lambda i, t: fake(t, torch.full((t.shape[1],), float(n)))) / images
        print(f"direct {n}       {right:.2f}, drop {base - right:.2f}", flush=True)
        drops = []
        for seed in range(1, seeds + 1):
            important = []
            for order in rank(net, augmented(train, seed), train_labels, n, how):
                important.append(torch.zeros(len(order), dtype=torch.bool))
                important[-1][order[: int(R * len(order))]] = True
            right, bits = run(net, x, labels, n, important, PACKERS if seed == 1 and "pack" in sys.argv else {})
            drops.append(base - 100 * right / images)
            print(f"dqa {n}+{M} seed {seed} {100 * right / images:.2f}, drop {drops[-1]:.2f}, bits", ", ".join(f"{k} {v:.4f}" for k, v in bits.items()), flush=True)
        print(f"dqa {n}+{M} mean   drop {np.mean(drops):.2f} +- {np.std(drops, ddof=1) / len(drops) ** .5 if len(drops) > 1 else 0:.2f}", flush=True)


if __name__ == "__main__":
    main()
