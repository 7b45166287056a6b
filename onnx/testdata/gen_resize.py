#!/usr/bin/env python3
"""Writes models_resize.json.gz: Resize in all its modes at random sizes, as ONNX Runtime computes it.

    pip install onnx==1.23.2 onnxruntime==1.32.0 numpy
    python gen_resize.py
"""
import os

import numpy as np
from modelset import Set, make, node, rand, rng

COORDINATES = ["half_pixel", "pytorch_half_pixel", "asymmetric", "align_corners", "half_pixel_symmetric",
               "tf_crop_and_resize", "tf_half_pixel_for_nn"]
NEAREST = ["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"]


def draw(i):
    mode = ["nearest", "nearest", "linear", "cubic"][i % 4]
    coordinates = COORDINATES[rng.integers(len(COORDINATES))]
    opset = int(rng.choice([11, 13, 18, 19, 22]))
    if coordinates == "half_pixel_symmetric":
        opset = max(opset, 19)
    if coordinates == "tf_half_pixel_for_nn":
        opset = int(rng.choice([11]))
    rank = 4 if mode == "cubic" or rng.random() < 0.8 else 3
    size = [int(d) for d in rng.integers(1, 31, rank - 2)]
    if rank == 4 and rng.random() < 0.7:
        size[int(rng.integers(2))] = 1
    x = rand(1, 1, *size)
    attrs = {"mode": mode, "coordinate_transformation_mode": coordinates}
    if mode == "nearest":
        attrs["nearest_mode"] = NEAREST[rng.integers(4)]
    if mode == "cubic":
        attrs["cubic_coeff_a"] = float(rng.choice([-0.75, -0.5]))
        attrs["exclude_outside"] = int(rng.integers(2))
    if opset >= 18 and mode != "nearest" and coordinates in ("half_pixel", "pytorch_half_pixel", "asymmetric", "align_corners") and rng.random() < 0.4:
        attrs["antialias"] = 1
    constants, inputs = {}, ["x", "", ""]
    if opset < 13:
        constants["roi"] = np.zeros(0, np.float32)
        inputs[1] = "roi"
    if coordinates == "tf_crop_and_resize":
        roi = np.r_[np.zeros(2), rng.uniform(-0.2, 0.4, rank - 2), np.ones(2), rng.uniform(0.6, 1.2, rank - 2)]
        constants["roi"] = roi.astype(np.float32)
        inputs[1] = "roi"
        attrs["extrapolation_value"] = 3.5
    target = [int(d) for d in rng.integers(1, 41, rank - 2)]
    target = [t if s > 1 else 1 for t, s in zip(target, size)]
    if rng.random() < 0.5:
        constants["sizes"] = np.array([1, x.shape[1], *target], np.int64)
        if opset < 13:
            constants["none"] = np.zeros(0, np.float32)
            inputs[2] = "none"
        inputs.append("sizes")
    else:
        scales = np.array(target) / np.array(size) if rng.random() < 0.5 else rng.choice([0.5, 0.6, 1, 1.5, 2, 3, 4 / 3, 0.3], rank - 2)
        constants["scales"] = np.r_[1, 1, scales].astype(np.float32)
        if min(np.floor(s * f) for s, f in zip(size, constants["scales"][2:])) < 1:
            return None
        inputs[2] = "scales"
    name = "%d_%s_%s_%s" % (i, mode, coordinates, attrs.get("nearest_mode", "antialias" if "antialias" in attrs else ""))
    return name, make([node("Resize", inputs, ["y"], **attrs)], {"x": x}, ["y"], constants, opset), x


cases = Set()
for i in range(int(os.environ.get("COUNT", 600))):
    drawn = draw(i)
    if drawn:
        cases.add(*drawn)
cases.write(os.path.join(os.path.dirname(os.path.abspath(__file__)), "models_resize.json.gz"))
