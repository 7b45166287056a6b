"""The codec "dqa" of numcodecs: float32 chunks of a profile's size to frames."""

from __future__ import annotations

from typing import Any, Optional, Union

import numpy as np
from numcodecs.abc import Codec
from numcodecs.compat import ensure_bytes, ensure_contiguous_ndarray_like, ndarray_copy

from . import _codec
from ._profile import Profile


class DQA(Codec):
    """Chunks are frames of a profile, given as such, as its bytes, or as the base64 that get_config has."""

    codec_id = "dqa"

    def __init__(self, profile: Union[Profile, bytes, str], profile_sha256: Optional[str] = None) -> None:
        self._profile = _codec.profile_of(profile, profile_sha256) if isinstance(profile, str) else bytes(profile)

    def get_config(self) -> dict[str, Any]:
        return {"id": self.codec_id, **_codec.configuration(self._profile)}

    def encode(self, buf: Any) -> bytes:
        values = np.asarray(buf)
        if values.dtype != np.float32:
            values = ensure_contiguous_ndarray_like(buf).view(np.float32)
        return _codec.encode(self._profile, values)

    def decode(self, buf: Any, out: Optional[Any] = None) -> Any:
        size = int(np.prod(next(iter(_codec.coder(self._profile).shapes.values()))))
        values = _codec.decode(self._profile, ensure_bytes(buf), (size,))
        return values if out is None else ndarray_copy(values, out)

    def __repr__(self) -> str:
        return "DQA(profile)"
