"""Stores: packed arrays, whose rows are read alone."""

from __future__ import annotations

import operator
import os
from ctypes import byref
from typing import Any, Optional, Union

import numpy as np

from . import _lib
from ._lib import Bytes, Progress
from ._profile import Profile, Rows, Source

PathLike = Union[str, "os.PathLike[str]"]


class Store:
    """A packed array. Indexing by a row or a slice reads those rows and no others; threads wait for each other.

    Attributes:
        shape: of the array, rows first.
        certificate: what the store says of itself: digests, objective, measured loss; None if another program wrote it.
        profile: the one that it was packed with.
    """

    dtype = np.dtype(np.float32)

    def __init__(self, path: PathLike, profile: Optional[Profile] = None) -> None:
        self._handle = _lib.made("dqa_store_open", _lib.text(path), profile._handle.value if profile else 0)
        info = _lib.told("dqa_store_info", self._handle.value)
        self.shape: tuple[int, ...] = tuple(info["shape"])
        self.certificate: Optional[dict] = info["certificate"]
        self.profile = profile or Profile._of(_lib.made("dqa_store_profile", self._handle.value))

    def __enter__(self) -> "Store":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the files."""
        self._handle.free()

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, key: Any) -> np.ndarray:
        first, rest = (key[0], key[1:]) if isinstance(key, tuple) and key else (key, ())
        if isinstance(first, slice):
            start, stop, step = first.indices(len(self))
            if step != 1:
                chosen = [self._read(i, 1) for i in range(start, stop, step)]
                rows = np.concatenate(chosen) if chosen else np.empty((0, *self.shape[1:]), np.float32)
            else:
                rows = self._read(start, max(stop - start, 0))
            return rows[(slice(None), *rest)]
        i = operator.index(first)
        if not -len(self) <= i < len(self):
            raise IndexError(f"row {i} of {len(self)}")
        return self._read(i % len(self), 1)[(0, *rest)]

    def _read(self, first: int, count: int) -> np.ndarray:
        values = np.empty((count, *self.shape[1:]), np.float32)
        if values.nbytes < 1 << 22:
            _lib.call("dqa_store_read", 0, self._handle.value, first, _lib.address(values), values.size)
        else:
            _lib.long("dqa_store_read", self._handle.value, first, _lib.address(values), values.size)
        return values

    def __array__(self, dtype: Any = None, copy: Optional[bool] = None) -> np.ndarray:
        return self[:].astype(dtype or np.float32, copy=False)

    def verify(self, against: Optional[Source] = None, *, progress: Optional[Progress] = None) -> dict:
        """Decode everything; given the array, check that the certificate is of it and measure the loss anew. What does not hold
        raises Error."""
        out = Bytes()
        if against is None:
            _lib.long("dqa_store_verify", self._handle.value, 0, byref(out), progress=progress)
        else:
            with Rows(against) as rows:
                _lib.long("dqa_store_verify", self._handle.value, rows.handle.value, byref(out), progress=progress)
        return _lib.json.loads(_lib.take_bytes(out))

    def __repr__(self) -> str:
        return f"<dqa.Store {self.shape}>"


def open(path: PathLike, profile: Optional[Profile] = None) -> Store:
    """Open a store; a profile that it was not packed with raises Error."""
    return Store(path, profile)


def pack(
    x: Source, profile: Profile, path: PathLike, *, axes: Optional[str] = None, source: Optional[str] = None,
    progress: Optional[Progress] = None,
) -> dict:
    """Store an array as a Zarr array, in a folder or in a file whose name ends in .zip, and give its certificate. What was
    interrupted is gone on with by the same call."""
    with Rows(x) as rows:
        out = Bytes()
        _lib.long("dqa_pack", rows.handle.value, profile._handle.value, _lib.text(path),
                  _lib.options(axes=axes, source=source or rows.name), byref(out), progress=progress)
        return _lib.json.loads(_lib.take_bytes(out))


def unpack(path: PathLike, to: Optional[PathLike] = None, *, rows: slice = slice(None), progress: Optional[Progress] = None) -> Any:
    """The array of a store, or some of its rows; with `to` it is written as a .npy file instead, whatever its size."""
    with Store(path) as store:
        if to is None:
            return store[rows]
        first, last, step = rows.indices(len(store))
        if step != 1:
            raise ValueError("rows go by steps of 1")
        _lib.long("dqa_store_unpack", store._handle.value, _lib.text(to), first, max(first, last), progress=progress)
        return None


def verify(path: PathLike, against: Optional[Source] = None, *, progress: Optional[Progress] = None) -> dict:
    """Store.verify of a store."""
    with Store(path) as store:
        return store.verify(against, progress=progress)
