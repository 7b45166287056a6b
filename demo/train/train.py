#!/usr/bin/env python3
"""Trains the demo's two networks on images made by `go run ./demo/train/gen` and exports them as ONNX.

Usage: train.py TRAIN_DIR USER_DIR OUT_DIR [classify] [segment]   (torch, numpy; about fifteen minutes on one core)
USER_DIR holds the images that users see, for the accuracies that are printed; nothing is chosen on them.
"""
import sys
import time

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

CLASSES = 5


def conv(i, o, s=1):
    return nn.Sequential(nn.Conv2d(i, o, 3, s, 1, bias=False), nn.BatchNorm2d(o))


class Block(nn.Module):
    def __init__(self, i, o, s):
        super().__init__()
        self.a, self.b = conv(i, o, s), conv(o, o)
        self.skip = None if i == o and s == 1 else nn.Sequential(nn.Conv2d(i, o, 1, s, bias=False), nn.BatchNorm2d(o))

    def forward(self, x):
        y = self.b(F.relu(self.a(x)))
        return F.relu(y + (x if self.skip is None else self.skip(x)))


class Classifier(nn.Module):
    """A residual network: 64x64 grey image to 5 logits."""

    def __init__(self, c=12):
        super().__init__()
        self.stem = conv(1, c, 2)
        self.body = nn.Sequential(Block(c, c, 1), Block(c, 2 * c, 2), Block(2 * c, 2 * c, 1), Block(2 * c, 4 * c, 2), Block(4 * c, 4 * c, 1))
        self.head = nn.Linear(4 * c, CLASSES)

    def forward(self, x):
        return self.head(self.body(F.relu(self.stem(x))).mean((2, 3)))


class Double(nn.Module):
    def __init__(self, i, o):
        super().__init__()
        self.a, self.b = conv(i, o), conv(o, o)

    def forward(self, x):
        return F.relu(self.b(F.relu(self.a(x))))


class Segmenter(nn.Module):
    """A small U-Net: 96x96 grey image to 5 logits per pixel."""

    def __init__(self, c=8):
        super().__init__()
        self.d1, self.d2, self.d3 = Double(1, c), Double(c, 2 * c), Double(2 * c, 4 * c)
        self.mid = Double(4 * c, 6 * c)
        self.u3, self.u2, self.u1 = nn.ConvTranspose2d(6 * c, 4 * c, 2, 2), nn.ConvTranspose2d(4 * c, 2 * c, 2, 2), nn.ConvTranspose2d(2 * c, c, 2, 2)
        self.e3, self.e2, self.e1 = Double(8 * c, 4 * c), Double(4 * c, 2 * c), Double(2 * c, c)
        self.head = nn.Conv2d(c, CLASSES, 1)

    def forward(self, x):
        a = self.d1(x)
        b = self.d2(F.max_pool2d(a, 2))
        c = self.d3(F.max_pool2d(b, 2))
        y = self.mid(F.max_pool2d(c, 2))
        y = self.e3(torch.cat([c, self.u3(y)], 1))
        y = self.e2(torch.cat([b, self.u2(y)], 1))
        y = self.e1(torch.cat([a, self.u1(y)], 1))
        return self.head(y)


def load(folder, task):
    side = {"classify": 64, "segment": 96}[task]
    x = np.load(f"{folder}/{task}_x.npy").reshape(-1, 1, side, side).astype(np.float32) / 127.5 - 1
    y = np.load(f"{folder}/{task}_y.npy").astype(np.int64)
    return torch.from_numpy(x), torch.from_numpy(y if task == "classify" else y.reshape(-1, side, side))


def augment(x, y):
    """Flips and quarter turns, which surfaces do not mind."""
    for dim in (-1, -2):
        if torch.rand(()) < 0.5:
            x, y = x.flip(dim), y.flip(dim) if y.dim() == 3 else y
    if torch.rand(()) < 0.5:
        x, y = x.transpose(-1, -2), y.transpose(-1, -2) if y.dim() == 3 else y
    return x, y


def train(net, x, y, epochs, batch, rate, loss):
    opt = torch.optim.AdamW(net.parameters(), weight_decay=1e-3)
    steps = epochs * (len(x) // batch)
    plan = torch.optim.lr_scheduler.OneCycleLR(opt, rate, total_steps=steps)
    for epoch in range(epochs):
        start, total = time.time(), 0.0
        order = torch.randperm(len(x))
        for i in range(len(x) // batch):
            pick = order[i * batch:(i + 1) * batch]
            xb, yb = augment(x[pick], y[pick])
            opt.zero_grad()
            value = loss(net(xb), yb)
            value.backward()
            opt.step()
            plan.step()
            total += value.item()
        print(f"epoch {epoch} loss {total / (len(x) // batch):.4f} {time.time() - start:.1f}s", flush=True)


@torch.no_grad()
def predict(net, x):
    net.eval()
    return torch.cat([net(x[i:i + 50]).argmax(1) for i in range(0, len(x), 50)])


def top1(p, y):
    return 100 * (p == y).float().mean().item()


def mean_iou(p, y):
    scores = []
    for c in range(CLASSES):
        hit = ((p == c) & (y == c)).sum().item()
        scores.append(hit / max(((p == c) | (y == c)).sum().item(), 1))
    return [100 * s for s in scores]


def weighted(out, y):
    """Cross-entropy that makes up for how few pixels a defect has."""
    return F.cross_entropy(out, y, torch.tensor([1.0, 8.0, 12.0, 3.0, 5.0]))


def export(net, side, path):
    net.eval()
    torch.onnx.export(net, torch.zeros(1, 1, side, side), path, opset_version=13, input_names=["input"], output_names=["output"],
                      dynamic_axes={"input": {0: "batch"}, "output": {0: "batch"}})


def main():
    folder, user, out = sys.argv[1:4]
    torch.set_num_threads(1)
    which = sys.argv[4:] or ["classify", "segment"]
    if "classify" in which:
        torch.manual_seed(1)
        x, y = load(folder, "classify")
        net = Classifier()
        train(net, x, y, 14, 64, 4e-3, F.cross_entropy)
        xu, yu = load(user, "classify")
        print(f"classify: top-1 {top1(predict(net, xu), yu):.2f} on user images", flush=True)
        export(net, 64, f"{out}/classify.onnx")
    if "segment" in which:
        torch.manual_seed(7)
        x, y = load(folder, "segment")
        net = Segmenter()
        train(net, x[:1500], y[:1500], 11, 8, 5e-3, weighted)
        iou = mean_iou(predict(net, x[1500:]), y[1500:])
        print("segment: IoU on validation images", " ".join(f"{v:.1f}" for v in iou), f"mean {sum(iou) / CLASSES:.2f}", flush=True)
        xu, yu = load(user, "segment")
        iou = mean_iou(predict(net, xu), yu)
        print("segment: IoU on user images", " ".join(f"{v:.1f}" for v in iou), f"mean {sum(iou) / CLASSES:.2f}", flush=True)
        export(net, 96, f"{out}/segment.onnx")


if __name__ == "__main__":
    main()
