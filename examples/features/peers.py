"""Ways to store float32 maps [N, C, H, W], ours among them: each gives the bytes that it takes and the array that comes back."""
import pathlib
import subprocess
import tempfile

import blosc2
import faiss
import ml_dtypes
import numpy as np
import pysz
import zfpy
import zstandard
from numcodecs.bitround import BitRound

zstd = zstandard.ZstdCompressor(level=12, threads=1)


def dqa(x, binary, error, coder, transform):
    """All files of the store count, certificate and profile included."""
    with tempfile.TemporaryDirectory() as d:
        d = pathlib.Path(d)
        sequence = x.shape[3] == 1  # channels last: several rows share a chunk
        np.save(d / "x.npy", np.ascontiguousarray(np.moveaxis(x[..., 0], 1, 2)) if sequence else x)
        run = lambda *a: subprocess.run([binary, *map(str, a), "-q"], check=True, stdout=subprocess.DEVNULL)
        run("fit", d / "x.npy", "--axes", "NTC" if sequence else "NCHW", "--max-error", error, "--coder", coder, "--transform", transform, "-o", d / "p.dqap")
        run("pack", d / "x.npy", "--axes", "NTC" if sequence else "NCHW", "--profile", d / "p.dqap", "-o", d / "x.zarr")
        run("unpack", d / "x.zarr", "-o", d / "y.npy")
        y = np.load(d / "y.npy")
        size = sum(f.stat().st_size for f in (d / "x.zarr").rglob("*") if f.is_file())
        return size, np.moveaxis(y, 2, 1)[..., None] if sequence else y


def fp16(x):
    return 2 * x.size, x.astype(np.float16).astype(np.float32)


def fp8(x, kind):
    t = getattr(ml_dtypes, kind)
    scale = float(ml_dtypes.finfo(t).max) / np.abs(x).max()
    q = (x * scale).astype(t)
    return len(zstd.compress(q.tobytes())) + 4, q.astype(np.float32) / scale


def integers(x, bits):
    """Symmetric, a scale for every channel; codes are bytes, which zstd compresses."""
    top = (1 << bits - 1) - 1
    scale = np.maximum(np.abs(x).max((0, 2, 3), keepdims=True), 1e-30) / top
    q = np.clip(np.rint(x / scale), -top, top).astype(np.int8)
    return len(zstd.compress(q.tobytes())) + 4 * x.shape[1], q * scale.astype(np.float32)


def bitround(x, keep):
    y = BitRound(keepbits=keep).decode(BitRound(keepbits=keep).encode(x)).reshape(x.shape)
    raw = np.ascontiguousarray(y).tobytes()
    return len(blosc2.compress2(raw, typesize=4, clevel=9, codec=blosc2.Codec.ZSTD, filters=[blosc2.Filter.BITSHUFFLE])), y


def planes(x):
    """Maps one behind the other; of sequences, the maps time by channels."""
    return np.ascontiguousarray(np.moveaxis(x[..., 0], 1, 2) if x.shape[3] == 1 else x.reshape(-1, *x.shape[2:]))


def from_planes(p, x):
    return np.moveaxis(p, 2, 1)[..., None] if x.shape[3] == 1 else p.reshape(x.shape)


def zfp(x, tolerance):
    b = zfpy.compress_numpy(planes(x), tolerance=float(tolerance * np.std(x)))
    return len(b), from_planes(zfpy.decompress_numpy(b), x)


def sz3(x, tolerance):
    c = pysz.szConfig()
    c.errorBoundMode = pysz.szErrorBoundMode.ABS
    c.absErrorBound = float(tolerance * np.std(x))
    p = planes(x)
    b, _ = pysz.sz.compress(p, c)
    y, _ = pysz.sz.decompress(b, np.float32, p.shape)
    return len(b), from_planes(y, x)


def axes(x, tolerance):
    """Principal axes of the channels, one step for all of them; codes of 16 bits, whose bytes lie apart, which zstd compresses."""
    v = vectors(x)
    mean = v.mean(0)
    turn = np.linalg.eigh(np.cov((v - mean).T))[1].astype(np.float32)
    step = np.float32(tolerance * np.std(x))
    q = np.rint((v - mean) @ turn / step).astype(np.int16)
    planes = np.ascontiguousarray(from_vectors(q, x)).view(np.uint8).reshape(-1, 2).T
    return len(zstd.compress(planes.tobytes())) + turn.nbytes + mean.nbytes + 4, from_vectors(q * step @ turn.T + mean, x)


def vectors(x):
    return np.ascontiguousarray(np.moveaxis(x, 1, -1).reshape(-1, x.shape[1]))


def from_vectors(v, x):
    return np.ascontiguousarray(np.moveaxis(v.reshape(x.shape[0], *x.shape[2:], x.shape[1]), -1, 1))


def scalar(x, kind):
    v, q = vectors(x), faiss.ScalarQuantizer(x.shape[1], getattr(faiss.ScalarQuantizer, kind))
    q.train(v[:: max(1, len(v) // 100000)])
    codes = q.compute_codes(v)
    return codes.nbytes + 8 * x.shape[1], from_vectors(q.decode(codes), x)


def product(x, dims):
    """So many values of a vector go to one byte; the code book counts."""
    v, q = vectors(x), faiss.ProductQuantizer(x.shape[1], x.shape[1] // dims, 8)
    q.train(v[:: max(1, len(v) // 40000)])
    codes = q.compute_codes(v)
    return codes.nbytes + 4 * 256 * x.shape[1], from_vectors(q.decode(codes), x)


def all_of(x, binary, errors=(0.001, 0.002, 0.003, 0.004, 0.006, 0.008, 0.01, 0.015, 0.02, 0.03, 0.05, 0.1)):
    """Yields family, setting, bytes and the array."""
    plan = [("float16", "", fp16)]
    plan += [("fp8 + zstd", k[7:], lambda x, k=k: fp8(x, k)) for k in ("float8_e4m3fn", "float8_e5m2")]
    plan += [("int + zstd", f"{b} bits", lambda x, b=b: integers(x, b)) for b in (8, 7, 6, 5, 4, 3)]
    plan += [("bitround + blosc2", f"keep {k}", lambda x, k=k: bitround(x, k)) for k in (6, 4, 2, 1)]
    plan += [("zfp", f"tolerance {t}", lambda x, t=t: zfp(x, t)) for t in (0.5, 1, 2, 4, 6, 8)]
    plan += [("SZ3", f"error {t}", lambda x, t=t: sz3(x, t)) for t in (0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6)]
    plan += [("axes, steps + zstd", f"step {t}", lambda x, t=t: axes(x, t)) for t in (0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1)]
    plan += [("faiss SQ", k[3:], lambda x, k=k: scalar(x, k)) for k in ("QT_8bit", "QT_4bit")]
    plan += [("faiss PQ", f"{d} values a byte", lambda x, d=d: product(x, d)) for d in (2, 4, 8)]
    plan += [(f"dqa {c}" + " pca" * (t == "pca"), f"error {e}", lambda x, c=c, t=t, e=e: dqa(x, binary, e, c, t))
             for c in ("small", "smallest2") for t in ("none", "pca") for e in errors]
    for family, setting, f in plan:
        size, y = f(x)
        yield family, setting, size, y
