"""Compares dqa's resizing with Pillow's (bilinear, bicubic) and ultralytics' LetterBox (OpenCV), pixel by pixel, and
writes the small cases that the tests of package dataset keep.

    pip install numpy pillow==11.3.0 opencv-python-headless onnx
    go build -o /tmp/dqa ./cmd/dqa && python3 internal/crosscheck/resize.py /tmp/dqa dataset/testdata/resize.json

All pixels must be equal. Exit code 1 if they are not. Pillow rounds to levels between the two axes. Releases up to 12 scale
rows first, whatever the size, and so does dqa; release 13 begins with the axis that is less work, and differs from them by
a level (bilinear), or where bicubic overshoots by more.
"""
import json, pathlib, subprocess, sys, tempfile

import cv2
import numpy as np
import onnx
from PIL import Image


def letterbox(image, height, width):
    """ultralytics.data.augment.LetterBox with its defaults: centred, scaled up too, border 114."""
    h, w = image.shape[:2]
    ratio = min(height / h, width / w)
    new = round(w * ratio), round(h * ratio)
    dw, dh = (width - new[0]) / 2, (height - new[1]) / 2
    if (w, h) != new:
        image = cv2.resize(image, new, interpolation=cv2.INTER_LINEAR)
    top, bottom, left, right = round(dh - 0.1), round(dh + 0.1), round(dw - 0.1), round(dw + 0.1)
    return cv2.copyMakeBorder(image, top, bottom, left, right, cv2.BORDER_CONSTANT, value=(114, 114, 114))


def pillow(how):
    return lambda image, height, width: np.asarray(Image.fromarray(image).resize((width, height), how))


RESIZE = {
    "bilinear": pillow(Image.Resampling.BILINEAR),
    "bicubic": pillow(Image.Resampling.BICUBIC),
    "letterbox": letterbox,
}


def relu_network(path, height, width):
    """A network that gives its input back: pixels are not negative."""
    value = lambda name: onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1, 3, height, width])
    graph = onnx.helper.make_graph([onnx.helper.make_node("Relu", ["x"], ["y"])], "g", [value("x")], [value("y")])
    onnx.save(onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8), path)


def main(dqa, keep):
    rng = np.random.default_rng(1)
    sizes = [(8, 8), (37, 53), (64, 48), (33, 100), (7, 5), (120, 90), (16, 16), (97, 31)]
    wrong, kept, compared = 0, [], 0
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        for h, w in sizes:
            for height, width in [(16, 16), (8, 8), (32, 48), (60, 45), (24, 50)]:
                image = rng.integers(0, 256, (h, w, 3), dtype=np.uint8)
                image[: h // 3] = 255 * (image[: h // 3] > 127)  # edges that overshoot
                (folder / "in").mkdir(exist_ok=True)
                Image.fromarray(image).save(folder / "in" / "a.png")
                relu_network(folder / "net.onnx", height, width)
                for name, resize in RESIZE.items():
                    subprocess.run([dqa, "run", folder / "net.onnx", "--data", f"dir:{folder}/in", "--size", f"{height}x{width}", "--resize", name,
                                    "--divisor", "1", "-o", folder / "out.npz", "-q"], check=True, stdout=subprocess.DEVNULL)
                    got = np.load(folder / "out.npz")["y"][0].transpose(1, 2, 0)
                    want = resize(image, height, width)
                    compared += want.size
                    if not np.array_equal(got, want):
                        wrong += 1
                        print(f"{name} {h}x{w} to {height}x{width}: {np.sum(got != want)} of {want.size} differ, at most by {np.abs(got - want).max()}")
                    if h * w <= 64 and height * width <= 256 or (h, w, height) == (37, 53, 8):
                        kept.append({"how": name, "size": [h, w], "to": [height, width], "pixels": image[..., 0].ravel().tolist(), "want": want[..., 0].ravel().tolist()})
    pathlib.Path(keep).write_text(json.dumps(kept, separators=(",", ":")) + "\n")
    print(f"{compared} values compared, {wrong} pictures differ; {len(kept)} cases kept (Pillow {Image.__version__}, OpenCV {cv2.__version__})")
    return wrong > 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
