#!/usr/bin/env python3
"""Writes models_reported.json.gz from a folder of reported cases: NAME.onnx with NAME.x.npy (images) and
NAME.expected.npz (what ONNX Runtime gives for each image, at batch 1). The first image of each is kept.

    python from_cases.py ../../../shared/cases
"""
import base64
import glob
import os
import sys

import numpy as np
import onnx
from modelset import Set, pack, session

cases = Set()
for path in sorted(glob.glob(os.path.join(sys.argv[1], "[ACDE]*.onnx"))):
    base = path[:-len(".onnx")]
    try:
        model = onnx.load(path)
    except Exception:
        continue  # D5: no models
    x = np.load(base + ".x.npy")[:1] if os.path.exists(base + ".x.npy") else np.zeros((1, 6, 16, 24), np.float32)
    if "8x8x4" in base:
        x = np.load(os.path.join(sys.argv[1], "D4_nchw_8x8x4.npy"))[:1]
    given = {"z": np.full((1, 4, 8, 8), 0.25, np.float32)} if "two_inputs" in base else {}
    # ONNX Runtime's sums of 8-bit products saturate on processors without VNNI, where that case was recorded
    if os.path.exists(base + ".expected.npz") and "qlinear" not in base:
        expected = np.load(base + ".expected.npz")
        want = [expected[o.name][0] for o in model.graph.output]
    else:
        batch = model.graph.input[0].type.tensor_type.shape.dim[0].dim_value or 1
        want = [o[:1] for o in session(model).run(None, {"x": np.repeat(x, batch, 0), **given})]
    cases.records.append({
        "name": os.path.basename(base), "model": base64.b64encode(model.SerializeToString()).decode(), "input": pack(x),
        "given": {k: pack(v) for k, v in given.items()}, "outputs": [pack(o) for o in want]})
cases.write(os.path.join(os.path.dirname(os.path.abspath(__file__)), "models_reported.json.gz"))
