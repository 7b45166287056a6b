#!/usr/bin/env python3
"""Compares the corruptions of this package with those of imagecorruptions 1.1.2, in its numbers (ImageNet-C).

    pip install numpy pillow scipy scikit-image opencv-python-headless && pip install --no-deps imagecorruptions==1.1.2
    corrupt/check.py            in the repository's root; needs go

Random numbers differ, so that images are compared by what a viewer would: mean, deviation, how far pixels moved, and how much they differ
from their neighbours. Kinds without random numbers are compared pixel by pixel. Exit code 1 if something is off.
"""

import os
import subprocess
import sys
import tempfile
import types

import numpy as np

SIDE, IMAGES = 128, 16
EXACT = {"defocus-blur": 1.5, "zoom-blur": 2.0, "brightness": 1.01, "contrast": 1.01, "pixelate": 3.0, "jpeg": 3.0}
OWN = {"frost"}  # photographs there, drawn here: only that it is a like amount
NAMES = {"elastic": "elastic_transform", "jpeg": "jpeg_compression"}


def old_libraries():
    """imagecorruptions was written for older releases of what it stands on."""
    np.float_ = np.float64
    import scipy.ndimage
    interpolation = types.ModuleType("scipy.ndimage.interpolation")
    interpolation.map_coordinates = scipy.ndimage.map_coordinates
    sys.modules["scipy.ndimage.interpolation"] = interpolation
    resources = types.ModuleType("pkg_resources")
    resources.resource_filename = lambda module, name: os.path.join(os.path.dirname(sys.modules[module].__file__), name)
    sys.modules["pkg_resources"] = resources
    import skimage.filters
    gaussian = skimage.filters.gaussian

    def renamed(image, sigma=1, multichannel=False, **more):
        if multichannel:
            more["channel_axis"] = -1
        return gaussian(image, sigma=sigma, **more)

    skimage.filters.gaussian = renamed


def scenes():
    """Pictures with shapes, slopes and texture."""
    rng = np.random.default_rng(3)
    y, x = np.mgrid[:SIDE, :SIDE]
    out = []
    for _ in range(IMAGES):
        image = np.zeros((SIDE, SIDE, 3))
        image += 60 + 100 * (x * rng.random() + y * rng.random())[..., None] / SIDE
        for _ in range(12):
            cy, cx, r = rng.random(3) * [SIDE, SIDE, SIDE / 4]
            image[(y - cy) ** 2 + (x - cx) ** 2 < r * r] = rng.random(3) * 255
        out.append(np.clip(image + rng.normal(size=image.shape) * 4, 0, 255))
    return np.array(out).astype(np.uint8)


def looks(images, clean):
    images, clean = images.astype(float), clean.astype(float)
    return np.array([images.mean(), images.std(), np.abs(images - clean).mean(),
                     np.abs(np.diff(images, axis=1)).mean(), np.abs(np.diff(images, axis=2)).mean()])


def main():
    old_libraries()
    from imagecorruptions import corruptions as theirs
    from PIL import Image
    clean, bad = scenes(), 0
    with tempfile.TemporaryDirectory() as work:
        clean.tofile(work + "/in.bin")
        subprocess.run(["go", "test", "-count", "1", "-run", "TestForCheck", "./corrupt"], check=True,
                       env=dict(os.environ, DQA_CORRUPT_CHECK=work), stdout=subprocess.DEVNULL)
        names = sorted({f.rsplit("-", 1)[0] for f in os.listdir(work)} - {"in.bin"})
        np.random.seed(1)
        for kind in names:
            call = getattr(theirs, NAMES.get(kind, kind.replace("-", "_")))
            for severity in range(1, 6):
                ours = np.fromfile(f"{work}/{kind}-{severity}.bin", np.uint8).reshape(clean.shape)
                other = np.array([np.uint8(np.asarray(call(Image.fromarray(im), severity))) for im in clean])
                if kind in EXACT:
                    off = np.abs(ours.astype(float) - other).mean()
                    verdict = "ok" if off <= EXACT[kind] else "OFF"
                    print(f"{kind:16} {severity}  mean difference of pixels {off:.2f} levels, {EXACT[kind]} allowed: {verdict}")
                else:
                    a, b = looks(ours, clean), looks(other, clean)
                    off = np.abs(a - b) / (0.1 * np.abs(b) + 1.5) / (6 if kind in OWN else 1)
                    verdict = "ok" if off.max() <= 1 else "OFF"
                    print(f"{kind:16} {severity}  ours {a.round(1)} theirs {b.round(1)}: {verdict}")
                bad += verdict == "OFF"
    return bad > 0


if __name__ == "__main__":
    sys.exit(main())
