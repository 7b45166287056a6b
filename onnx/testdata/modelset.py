"""Writes files of small models with an input and with the outputs of ONNX Runtime, which models_test.go reads."""
import base64
import gzip
import json

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper

ort.set_default_logger_severity(4)
rng = np.random.default_rng(20250117)


def rand(*shape, scale=1.0):
    return (rng.standard_normal(shape) * scale).astype(np.float32)


def ints(*shape, low=0, high=256, dtype=np.uint8):
    return rng.integers(low, high, shape).astype(dtype)


def pack(x):
    x = np.asarray(x)
    kind = {"f": "<f4", "b": "|u1"}.get(x.dtype.kind, "<i8")
    return {"shape": list(x.shape), "type": x.dtype.name, "data": base64.b64encode(x.astype(kind).tobytes()).decode()}


def node(op, inputs, outputs, domain="", **attrs):
    return helper.make_node(op, inputs, outputs, domain=domain, **attrs)


def make(nodes, inputs, outputs, constants=None, opset=13, functions=(), domains=()):
    """inputs: name -> array; outputs: names, or name -> element type."""
    infos = [helper.make_tensor_value_info(k, helper.np_dtype_to_tensor_dtype(v.dtype), v.shape) for k, v in inputs.items()]
    types = outputs if isinstance(outputs, dict) else {o: TensorProto.FLOAT for o in outputs}
    results = [helper.make_tensor_value_info(k, t, None) if t else onnx.ValueInfoProto(name=k) for k, t in types.items()]
    fixed = [numpy_helper.from_array(np.asarray(v), k) for k, v in (constants or {}).items()]
    graph = helper.make_graph(nodes, "case", infos, results, fixed)
    imports = [helper.make_opsetid("", opset)] + [helper.make_opsetid(d, 1) for d in domains]
    used = {n.domain for n in nodes} - {""} - set(domains)
    imports += [helper.make_opsetid(d, 1) for d in sorted(used)]
    ir = 12 if opset > 23 else 11 if opset > 22 else 10 if opset > 20 else 9
    return helper.make_model(graph, opset_imports=imports, ir_version=ir, functions=list(functions))


def session(model, level=ort.GraphOptimizationLevel.ORT_DISABLE_ALL):
    options = ort.SessionOptions()
    options.graph_optimization_level = level
    return ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


class Set:
    """A file of cases."""

    def __init__(self):
        self.records, self.failed = [], []

    def add(self, name, model, x, given=None, shape=None):
        """x: the image; given: further inputs, which are constants for the network."""
        first = model.graph.input[0].name
        try:
            outputs = session(model).run(None, {first: x, **(given or {})})
        except Exception as e:  # ONNX Runtime has no such case
            self.failed.append((name, str(e)[:200]))
            return None
        self.records.append({
            "name": name, "model": base64.b64encode(model.SerializeToString()).decode(), "input": pack(x),
            "given": {k: pack(v) for k, v in (given or {}).items()}, "outputs": [pack(o) for o in outputs]})
        return outputs

    def write(self, path):
        with open(path, "wb") as f, gzip.GzipFile("", "wb", 9, f, mtime=0) as z:
            z.write(json.dumps(self.records, separators=(",", ":")).encode())
        print(path, len(self.records), "cases;", len(self.failed), "that ONNX Runtime refuses")
        for name, why in self.failed:
            print("  ", name, why)
