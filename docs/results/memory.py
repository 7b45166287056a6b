#!/usr/bin/env python3
"""U-Net on large images under a memory limit: memory.py DQA DATA. Prints the table of memory.md.

Needs Linux with the memory controller of cgroups (version 1 or 2) and root, and numpy, onnx and onnxruntime. DQA is the
binary, DATA the folder of models and data sets. Every run is a process of its own in a cgroup of its own, without swap; its peak is
the kernel's count of the group. Models are unet_deeppcb.onnx with another input size; images are test images side by side.
"""
import os, subprocess, sys, tempfile, time
import numpy as np

SIZES = {512: 64, 1024: 256, 2048: 768}  # side: limit in MiB


class Group:
    """A cgroup with a limit in bytes, or none."""

    def __init__(self, limit):
        v1 = "/sys/fs/cgroup/memory"
        self.v2 = not os.path.isdir(v1)
        self.path = tempfile.mkdtemp(prefix="dqa-", dir="/sys/fs/cgroup" if self.v2 else v1)
        if limit and self.v2:
            self.write("memory.max", limit)
            self.write("memory.swap.max", 0)
        elif limit:
            self.write("memory.limit_in_bytes", limit)
            try:
                self.write("memory.memsw.limit_in_bytes", limit)
            except OSError:
                pass  # the kernel counts no swap

    def write(self, name, value):
        with open(os.path.join(self.path, name), "w") as f:
            f.write(str(value))

    def run(self, args, env):
        def enter():
            self.write("cgroup.procs", os.getpid())

        start = time.time()
        p = subprocess.run(args, preexec_fn=enter, env={**os.environ, **env}, capture_output=True, text=True)
        peak = os.path.join(self.path, "memory.peak" if self.v2 else "memory.max_usage_in_bytes")
        used = int(open(peak).read())
        os.rmdir(self.path)
        return p, used, time.time() - start


ORT = """
import sys, numpy as np, onnxruntime as ort
o = ort.SessionOptions(); o.intra_op_num_threads = 1
s = ort.InferenceSession(sys.argv[1], o, providers=["CPUExecutionProvider"])
y = s.run(None, {"input": np.load(sys.argv[2]).astype(np.float32) / 127.5 - 1})[0]
np.save(sys.argv[3], y)
"""


def sized(model, side, path):
    import onnx

    m = onnx.load(model)
    for v in list(m.graph.input) + list(m.graph.output):
        for d in v.type.tensor_type.shape.dim[2:]:
            d.dim_value = side
    del m.graph.value_info[:]
    onnx.save(m, path)


def mosaic(x, side, first):
    n = side // x.shape[2]
    tiles = x[first:first + 1 + n * n]
    rows = [np.concatenate([tiles[(r * n + c) % len(tiles)] for c in range(n)], 2) for r in range(n)]
    return np.concatenate(rows, 1)[None]


def quantize(model, path, x):
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

    class Reader(CalibrationDataReader):
        left = [{"input": x.astype(np.float32) / 127.5 - 1}]

        def get_next(self):
            return self.left.pop() if self.left else None

    quantize_static(model, path, Reader(), quant_format=QuantFormat.QOperator, activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8)


def main(dqa, data):
    work = tempfile.mkdtemp()
    seg = os.path.join(data, "datasets", "deeppcb_seg")
    test, calib = np.load(f"{seg}/test_x.npy"), np.load(f"{seg}/calib_x.npy")
    pre = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "testdata", "preprocess", "unet_deeppcb.yaml")
    print("| side | limit | run | peak, no limit | with the limit | seconds |\n|---:|---:|---|---:|---|---:|")
    for side, limit in SIZES.items():
        at = lambda name: os.path.join(work, f"{side}-{name}")
        sized(f"{data}/models/unet_deeppcb.onnx", side, at("m.onnx"))
        np.save(at("x.npy"), mosaic(test, side, 0))
        np.save(at("c.npy"), mosaic(calib, side, 0))
        quantize(at("m.onnx"), at("int8.onnx"), mosaic(calib, side, 0))
        common = ["--preprocess", pre, "-q"]
        subprocess.run([dqa, "calibrate", at("m.onnx"), "--data", "npy:" + at("c.npy"), "--method", "direct", "--bits", "3", "--unsigned",
                        "--scale", "static-tensor", "-o", at("p.dqap"), *common], check=True, capture_output=True)
        memory = {"GOGC": "20"}
        runs = {
            "ONNX Runtime float32": ([sys.executable, "-c", ORT, at("m.onnx"), at("x.npy"), at("a.npy")], {}),
            "ONNX Runtime int8": ([sys.executable, "-c", ORT, at("int8.onnx"), at("x.npy"), at("b.npy")], {}),
            "dqa float32": ([dqa, "run", at("m.onnx"), "--data", "npy:" + at("x.npy"), "-o", at("f.npz"), *common], memory),
            "dqa packed, 3 bits": ([dqa, "run", at("m.onnx"), "--profile", at("p.dqap"), "--packed", "--data", "npy:" + at("x.npy"),
                                    "-o", at("q.npz"), "-q"], memory),
        }
        for name, (args, env) in runs.items():
            p, peak, seconds = Group(0).run(args, env)
            if p.returncode:
                sys.exit(f"{name}: {p.stderr}")
            q, _, _ = Group(limit << 20).run(args, env)
            verdict = "runs" if q.returncode == 0 else f"killed (exit {q.returncode})"
            print(f"| {side} | {limit} MiB | {name} | {peak / 2**20:.0f} MiB | {verdict} | {seconds:.1f} |", flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
