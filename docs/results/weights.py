#!/usr/bin/env python3
"""Memory of a network whose weights are large: weights.py DQA. Prints the rows of memory.md.

Makes a network of ResNet-50's convolutions with random weights (102 MB) in a temporary folder, runs it once with `dqa run` in a fresh
process, and reads the most memory that this process had resident. Needs Linux, numpy and onnx.
"""
import multiprocessing, os, subprocess, sys, tempfile
import numpy as np
from onnx import TensorProto, helper, save


def resnet50(path, side=224):
    rng = np.random.default_rng(1)
    nodes, weights = [], []

    def constant(shape, scale):
        name = f"w{len(weights)}"
        values = (rng.standard_normal(shape) * scale).astype(np.float32)
        weights.append(helper.make_tensor(name, TensorProto.FLOAT, shape, values.tobytes(), raw=True))
        return name

    def node(op, inputs, **attributes):
        out = f"y{len(nodes)}"
        nodes.append(helper.make_node(op, inputs, [out], **attributes))
        return out

    def conv(x, cin, cout, k, stride):
        w, b = constant((cout, cin, k, k), (2 / (cin * k * k)) ** 0.5), constant((cout,), 0.01)
        return node("Conv", [x, w, b], kernel_shape=[k, k], strides=[stride] * 2, pads=[k // 2] * 4)

    x = node("Relu", [conv("input", 3, 64, 7, 2)])
    x = node("MaxPool", [x], kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4)
    cin = 64
    for width, blocks, stride in ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2)):
        for i in range(blocks):
            s = stride if i == 0 else 1
            y = node("Relu", [conv(x, cin, width, 1, 1)])
            y = node("Relu", [conv(y, width, width, 3, s)])
            y = conv(y, width, 4 * width, 1, 1)
            if i == 0:
                x = conv(x, cin, 4 * width, 1, s)
            x, cin = node("Relu", [node("Add", [y, x])]), 4 * width
    x = node("Flatten", [node("GlobalAveragePool", [x])])
    nodes.append(helper.make_node("Gemm", [x, constant((1000, 2048), 0.02), constant((1000,), 0.01)], ["logits"], transB=1))
    graph = helper.make_graph(nodes, "resnet50", [helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, 3, side, side])],
                              [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, 1000])], weights)
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)


def peak(args):
    p = subprocess.Popen(args, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(p.pid, 0)
    if status:
        sys.exit(f"{args}: status {status}")
    return usage.ru_maxrss * 1024


def main(dqa):
    with tempfile.TemporaryDirectory() as work:
        model, images = os.path.join(work, "resnet50.onnx"), os.path.join(work, "x.npy")
        maker = multiprocessing.Process(target=resnet50, args=(model,))  # what this process itself held would count for its children
        maker.start()
        maker.join()
        weights = os.path.getsize(model)
        np.save(images, np.random.default_rng(2).integers(0, 256, (1, 3, 224, 224), dtype=np.uint8))
        got = peak([dqa, "run", model, "--data", "npy:" + images, "-o", os.path.join(work, "y.npz"), "-q"])
        limit = 1.25 * weights + 15e6
        print(f"model {weights / 1e6:.1f} MB, peak of the process {got / 1e6:.1f} MB, wanted at most {limit / 1e6:.1f} MB")


if __name__ == "__main__":
    main(sys.argv[1])
