"""Profiles: how tensors become bytes, and how they are made of arrays."""

from __future__ import annotations

import os
import struct
from ctypes import byref, c_char_p, c_size_t, c_void_p
from typing import Any, Mapping, Optional, Sequence, Union

import numpy as np

from . import _lib
from ._lib import Bytes, CError, Error, Handle, Progress, Tensors, address, check, library

Source = Union[np.ndarray, str, "os.PathLike[str]", Sequence[Union[str, "os.PathLike[str]"]]]
"""Features: an array, or the names of one or more .npy files."""

FEATURES = "features"  # the edge of profiles of arrays


class Profile:
    """How tensors become bytes. Immutable; any number of threads may use it; it can be pickled.

    Attributes:
        shapes: the shape of every edge by its name, in the order of frames.
        shape: that of the only edge, without axes of 1; of a profile of an array, some rows and what belongs to them, those whose
            channels lie last one below the other.
        report: what fit or calibrate found, as the command line's --json; None for others.
    """

    def __init__(self, data: bytes, report: Optional[dict] = None) -> None:
        self._bind(_lib.made("dqa_profile_parse", data, len(data)), report)

    @classmethod
    def _of(cls, handle: Handle, report: Optional[dict] = None) -> "Profile":
        p = cls.__new__(cls)
        p._bind(handle, report)
        return p

    def _bind(self, handle: Handle, report: Optional[dict]) -> None:
        self._handle = handle
        self.report = report
        edges = Tensors()
        _lib.call("dqa_profile_edges", handle.value, byref(edges))
        items = [edges.items[i] for i in range(edges.count)]
        self.shapes: dict[str, tuple[int, ...]] = {e.name.decode(): tuple(e.shape[:e.rank]) for e in items}
        library().dqa_tensors_free(byref(edges))
        whole = next(iter(self.shapes.values())) if len(self.shapes) == 1 else ()
        self._rows = list(self.shapes) == [FEATURES]
        self.shape: tuple[int, ...] = tuple(d for d in whole if d != 1) or (1,) if self._rows else whole
        self._size = int(np.prod(whole)) if len(self.shapes) == 1 else 0
        self._last = whole[-1] if len(whole) == 3 and whole[1] == 1 else 0  # channels, where rows or positions have them last

    @classmethod
    def from_bytes(cls, data: bytes) -> "Profile":
        """The profile that bytes(p) gave, or that a .dqap file holds."""
        return cls(bytes(data))

    @classmethod
    def open(cls, path: Union[str, "os.PathLike[str]"]) -> "Profile":
        """The profile of a .dqap file."""
        with open(path, "rb") as file:
            return cls(file.read())

    def __bytes__(self) -> bytes:
        out = Bytes()
        _lib.call("dqa_profile_bytes", self._handle.value, byref(out))
        return _lib.take_bytes(out)

    def save(self, path: Union[str, "os.PathLike[str]"]) -> None:
        """Write a .dqap file."""
        with open(path, "wb") as file:
            file.write(bytes(self))

    def __reduce__(self) -> tuple:
        return Profile, (bytes(self), self.report)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Profile) and bytes(self) == bytes(other)

    def __hash__(self) -> int:
        return hash(bytes(self))

    def __repr__(self) -> str:
        return f"<dqa.Profile {self.shapes}>"

    @property
    def info(self) -> dict:
        """What `dqa inspect --json` tells of the profile."""
        return _lib.told("dqa_profile_info", self._handle.value)

    def encode(self, x: Union[np.ndarray, Mapping[str, np.ndarray], Sequence[np.ndarray]], *, allow_nonfinite: bool = False) -> bytes:
        """Bytes that decode gives back.

        An array of the profile's shape (of a network's profile: one for every edge, as a mapping or in order) becomes one frame,
        the very bytes that Go and the command line write. A profile of an array takes any number of its rows, too: frames one
        behind the other, zeros filling up the last one, then the array's axes (u32 each) and their number (u8).

        NaN and infinities raise Error unless they are allowed; they become 0 and the outermost codes then.
        """
        if self._size and isinstance(x, np.ndarray) and x.size == self._size and x.shape == self.shape:
            return self._frame(x, allow_nonfinite)
        if self._rows:
            return self._encode_rows(np.asarray(x), allow_nonfinite)
        return self._encode_edges(x, allow_nonfinite)

    def _frame(self, x: np.ndarray, allow_nonfinite: bool) -> bytes:
        x = np.ascontiguousarray(x, np.float32)
        out, err = Bytes(), CError()
        code = library().dqa_encode(self._handle.value, c_void_p(address(x)), c_size_t(self._size), 1, allow_nonfinite, out, err)
        check(code, err)
        return _lib.take_bytes(out)

    def _encode_rows(self, x: np.ndarray, allow_nonfinite: bool) -> bytes:
        fits = x.shape[1:] == self.shape or self._last > 0 and (self._last == 1 or x.shape[-1:] == (self._last,))
        if not fits or not 0 < x.ndim < 256 or max(x.shape, default=0) >= 1 << 32:
            raise Error(f"an array of shape {x.shape}, the profile is for {self.shape}, or rows of it", "features-profile",
                        "give rows as the profile was fitted to")
        flat = np.ascontiguousarray(x, np.float32).reshape(-1)
        frames = []
        for at in range(0, flat.size, self._size):
            chunk = flat[at:at + self._size]
            if chunk.size < self._size:
                chunk = np.concatenate([chunk, np.zeros(self._size - chunk.size, np.float32)])
            frames.append(self._frame(chunk, allow_nonfinite))
        return b"".join(frames) + struct.pack(f"<{x.ndim}IB", *x.shape, x.ndim)

    def _encode_edges(self, x: Any, allow_nonfinite: bool) -> bytes:
        values = [x] if isinstance(x, np.ndarray) else [x[name] for name in self.shapes] if isinstance(x, Mapping) else list(x)
        values = [np.ascontiguousarray(v, np.float32) for v in values]
        n = len(values)
        pointers, sizes = (c_void_p * n)(*map(address, values)), (c_size_t * n)(*(v.size for v in values))
        out, err = Bytes(), CError()
        check(library().dqa_encode(self._handle.value, pointers, sizes, n, allow_nonfinite, out, err), err)
        return _lib.take_bytes(out)

    def decode(self, data: bytes) -> Union[np.ndarray, dict[str, np.ndarray]]:
        """What encode's bytes restore: an array, or where the profile has several edges, one for each by its name."""
        if not isinstance(data, bytes):
            data = bytes(data)
        if not self._size:
            out = Tensors()
            _lib.call("dqa_decode", self._handle.value, data, len(data), byref(out))
            return dict(_lib.take_tensors(out))
        if self._rows and not _is_frame(data):
            return self._decode_rows(data)
        values = np.empty(self.shape, np.float32)
        self._decode_into(data, values)
        return values

    def _decode_into(self, frame: bytes, values: np.ndarray) -> None:
        err = CError()
        check(library().dqa_decode_edge(self._handle.value, frame, len(frame), 0, address(values), self._size, err), err)

    def _decode_rows(self, data: bytes) -> np.ndarray:
        frames, shape = split_rows(data)
        size = 1
        for d in shape:  # of Python's integers
            size *= d
        if len(frames) != -(-size // self._size):
            raise Error(f"{len(frames)} frames of {self._size} values for the shape {shape}", "format-value", "the bytes are damaged")
        values = np.empty(len(frames) * self._size, np.float32)
        for i, frame in enumerate(frames):
            self._decode_into(frame, values[i * self._size:])
        return values[:size].reshape(shape)


def _is_frame(data: bytes) -> bool:
    """Whether the bytes are one frame alone: its header counts them."""
    return len(data) >= 33 and data[:4] == b"DQAF" and struct.unpack_from("<I", data, 29)[0] == len(data)


def split_rows(data: bytes) -> tuple[list[bytes], tuple[int, ...]]:
    """Frames and shape of what Profile.encode makes of rows."""
    rank = data[-1] if data else 0
    end = len(data) - 1 - 4 * rank
    if rank == 0 or end < 0:
        raise Error("the bytes end early", "format-truncated", "copy them again")
    frames, at = [], 0
    while at < end:
        size = struct.unpack_from("<I", data, at + 29)[0] if at + 33 <= end else 0
        if size < 37 or at + size > end:
            raise Error(f"no frame at byte {at}", "format-value", "the bytes are damaged or were made otherwise")
        frames.append(data[at:at + size])
        at += size
    return frames, struct.unpack_from(f"<{rank}I", data, end)


class Rows:
    """An array of features as the library reads it; it keeps what the library reads alive."""

    def __init__(self, source: Source) -> None:
        if isinstance(source, (str, os.PathLike)):
            source = [source]
        if isinstance(source, (list, tuple)) and source and all(isinstance(s, (str, os.PathLike)) for s in source):
            names = [_lib.text(s) for s in source]
            self.name = " ".join(os.path.basename(os.fspath(s)) for s in source)
            self.handle = _lib.made("dqa_array_open", (c_char_p * len(names))(*names), len(names))
            return
        self._kept = _lib.contiguous(source)
        self.name = "array"
        self.handle = _lib.made("dqa_array_wrap", *_lib.wrapped(self._kept))

    def __enter__(self) -> "Rows":
        return self

    def __exit__(self, *_: object) -> None:
        self.handle.free()


def fit(
    x: Source, *, bits: Optional[float] = None, max_error: Optional[float] = None, min_cosine: Optional[float] = None,
    min_neighbours: Optional[float] = None, max_loss: Optional[float] = None, head: Optional[str] = None, labels: Any = None,
    axes: Optional[str] = None, coder: Optional[str] = None,
    transform: Optional[str] = None, seed: Optional[int] = None, name: Optional[str] = None,
    progress: Optional[Progress] = None,
) -> Profile:
    """A profile for arrays like x, from x alone: the coarsest that keeps to one objective, on rows that it was not made of.

    Args:
        x: features, with the rows along the first axis; or .npy files, one behind the other.
        bits: stored bits per value, at most.
        max_error: squared error relative to the squares of the values, at most.
        min_cosine: mean cosine of rows, at least.
        min_neighbours: share of the ten nearest neighbours that stay, at least.
        max_loss: points of accuracy that head, an ONNX network from one row to classes, loses on labels (a class per row).
        axes: a letter per axis, N the rows, C the channels ("NCHW"); by default N, NC, NTC or NCHW.
        coder: "fast", "small", "smallest" or "smallest2"; by default the fastest that takes hardly more bits than any.
        transform: "pca" decorrelates channels before they are quantized; "auto" does where the array and its profile take fewer bytes
            then; by default "none".
        seed: of the choice of rows, where there are many.
        name: what the profile says that it was made of.
        progress: told of the work, in this thread.
    """
    with Rows(x) as rows:
        classes = None if labels is None else Rows(labels)
        asked = _lib.options(bits=bits, max_error=max_error, min_cosine=min_cosine, min_neighbours=min_neighbours, max_loss=max_loss,
                             head=None if head is None else os.fspath(head), axes=axes, coder=coder, transform=transform, seed=seed, name=name or rows.name)
        out, report = _lib.HANDLE(), Bytes()
        _lib.long("dqa_fit", rows.handle.value, classes.handle.value if classes else 0, asked, byref(out), byref(report),
                  progress=progress)
        return Profile._of(Handle(out.value), _lib.json.loads(_lib.take_bytes(report)))
