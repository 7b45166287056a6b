"""Writes pillow.json: what Pillow makes of small pictures, for resize_test.go.  python3 pillow.py > pillow.json"""
import json
import numpy as np
import PIL
from PIL import Image


def pattern(h, w, c):
    i = np.arange(h * w * c, dtype=np.int64)
    return ((i * i * 31 + i * 7919) % 257 % 256).astype(np.uint8).reshape(h, w, c)


cases = []
for (h, w), (h2, w2) in [((7, 5), (3, 2)), ((7, 5), (11, 13)), ((40, 31), (17, 8)), ((90, 7), (5, 7)), ((6, 6), (3, 3)), ((3, 50), (4, 3))]:
    x = pattern(h, w, 3)
    planes = [np.asarray(Image.fromarray(x[:, :, c]).resize((w2, h2), Image.BILINEAR)) for c in range(3)]
    real = np.asarray(Image.fromarray(x[:, :, 0].astype(np.float32)).resize((w2, h2), Image.BILINEAR))
    cases.append(dict(
        size=[h, w], to=[h2, w2],
        bilinear=np.stack(planes).ravel().tolist(),
        real=[round(float(v), 4) for v in real.ravel()],
        nearest=np.asarray(Image.fromarray(x[:, :, 0]).resize((w2, h2), Image.NEAREST)).ravel().tolist(),
        gray=np.asarray(Image.fromarray(x).convert("L")).ravel().tolist() if h * w <= 36 else None))
print(json.dumps(dict(pillow=PIL.__version__, cases=cases)))
