#!/usr/bin/env python3
"""Cuts every network of the data folder with `dqa split` and runs the pieces in ONNX Runtime.

    pip install onnx onnxruntime numpy
    split_ort.py DQA-BINARY DATA-FOLDER

Three cuts per network (first, middle, last edge): both models must pass the ONNX checker, and head then tail must give
what the whole model gives in ONNX Runtime, without optimizations. Prints the largest difference relative to the largest
value; ends with 1 if one exceeds 1e-4.
"""
import json
import os
import subprocess
import sys
import tempfile

import numpy as np
import onnx
import onnxruntime as ort

dqa, data = sys.argv[1:3]
refs = json.load(open(os.path.join(data, "reference_io.json")))
bad = False


def session(path):
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    return ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def run_dqa(*args):
    done = subprocess.run([dqa, *args, "--json"], capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr)
    return json.loads(done.stdout)


for name, ref in refs.items():
    path = next(p for p in (os.path.join(data, d, name) for d in ("models", "models_import")) if os.path.exists(p))
    shape = ref["input_shape"]
    n = int(np.prod(shape))
    x = (((np.arange(n, dtype=np.int64) * 7919) % 2003) / 1001.5 - 1).astype(np.float32).reshape(shape)
    text = ",".join(map(str, shape))
    edges = len(run_dqa("inspect", path, "--shape", text)["edges"])
    whole = session(path)
    want = dict(zip([o.name for o in whole.get_outputs()], whole.run(None, {whole.get_inputs()[0].name: x})))
    worst = 0.0
    for edge in sorted({0, edges // 2, edges - 1}):
        with tempfile.TemporaryDirectory() as folder:
            run_dqa("split", path, "--at", str(edge), "-o", folder, "--shape", text)
            values = {}
            for part in ("head.onnx", "tail.onnx"):
                file = os.path.join(folder, part)
                onnx.checker.check_model(file, full_check=True)
                s = session(file)
                feed = {i.name: values.get(i.name, x) for i in s.get_inputs()}
                values.update(zip([o.name for o in s.get_outputs()], s.run(None, feed)))
        for k, v in want.items():
            worst = max(worst, float(np.abs(values[k].ravel() - v.ravel()).max() / max(1e-30, np.abs(v).max())))
    bad = bad or worst > 1e-4
    print(f"{name}: {edges} edges, largest relative difference {worst:.2g}", flush=True)
sys.exit(bad)
