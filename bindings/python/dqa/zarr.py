"""The codec "dqa" of Zarr version 3, for zarr-python: installed, it opens arrays of dqa.pack; Codec(profile) writes some.

    zarr.create_array("x.zarr", shape=X.shape, chunks=p.shape, dtype="float32", serializer=dqa.zarr.Codec(p), compressors=None)

(Of axes NTC, chunks are (p.shape[0] // T, T, C): as many rows as the profile's shape holds.)
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any, Union

import numpy as np
from zarr.abc.codec import ArrayBytesCodec

from . import _codec
from ._profile import Profile


@dataclass(frozen=True)
class Codec(ArrayBytesCodec):
    """Chunks are frames of a profile, which stands in the array's metadata."""

    is_fixed_size = False
    profile: bytes

    def __init__(self, profile: Union[Profile, bytes]) -> None:
        object.__setattr__(self, "profile", bytes(profile))

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "Codec":
        return cls(_codec.profile_of(**data.get("configuration", {})))

    def to_dict(self) -> dict[str, Any]:
        return {"name": "dqa", "configuration": _codec.configuration(self.profile)}

    def validate(self, *, shape: Any, dtype: Any, chunk_grid: Any) -> None:
        if dtype.to_native_dtype() != np.float32:
            raise ValueError(f"dqa stores float32, not {dtype}")

    async def _decode_single(self, chunk_bytes: Any, chunk_spec: Any) -> Any:
        values = await asyncio.to_thread(_codec.decode, self.profile, chunk_bytes.to_bytes(), chunk_spec.shape)
        return chunk_spec.prototype.nd_buffer.from_ndarray_like(values)

    async def _encode_single(self, chunk_array: Any, chunk_spec: Any) -> Any:
        frame = await asyncio.to_thread(_codec.encode, self.profile, chunk_array.as_numpy_array())
        return chunk_spec.prototype.buffer.from_bytes(frame)

    def compute_encoded_size(self, input_byte_length: int, chunk_spec: Any) -> int:
        raise NotImplementedError
