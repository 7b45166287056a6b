"""A decoder in NumPy alone, made from the specification: for machines without libdqa, and to check it. It is slow.

    values = dqa.reference.Profile(profile_bytes).decode(frame)
"""

from __future__ import annotations

import math
from typing import Union

import numpy as np

from ._lib import Error
from ._profile import FEATURES, split_rows, _is_frame
from ._reader import Refused, decode_frame, read_profile

NAMES = {"checksum": "format-checksum", "profile": "frame-profile", "limit": "format-limit"}
"""The catalogue's names of what the reader refuses."""


def _error(refused: Refused) -> Error:
    return Error(str(refused), NAMES.get(refused.cause, "format-value"), "the bytes are damaged or were made by another program", 5)


class Profile:
    """What decoding needs of a profile; it encodes nothing. decode is that of dqa.Profile, but for rows that the engine mends (row
    sums)."""

    def __init__(self, data: bytes) -> None:
        try:
            self._profile = read_profile(data)
        except Refused as refused:
            raise _error(refused) from None
        self.shapes = {e.name: _shape(e) for e in self._profile.edges}
        self._rows = list(self.shapes) == [FEATURES]

    def decode(self, data: bytes) -> Union[np.ndarray, dict[str, np.ndarray]]:
        """What encode's bytes restore."""
        if self._rows and not _is_frame(data):
            frames, shape = split_rows(data)
            flat = [self._frame(f)[FEATURES].reshape(-1) for f in frames]
            return (np.concatenate(flat) if flat else np.zeros(0, np.float32))[:math.prod(shape)].reshape(shape)
        values = self._frame(data)
        if len(values) > 1:
            return values
        (only,) = values.values()
        return only.reshape([d for d in only.shape if d != 1] or [1]) if self._rows else only

    def _frame(self, data: bytes) -> dict[str, np.ndarray]:
        try:
            decoded = decode_frame(self._profile, data)
        except Refused as refused:
            raise _error(refused) from None
        return {e.name: np.asarray(v, np.float32).reshape(_shape(e)) for e, v in decoded}


def _shape(edge: object) -> tuple[int, int, int]:
    if edge.channels_last:  # type: ignore[attr-defined]
        return edge.rows, edge.columns, edge.channels  # type: ignore[attr-defined]
    return edge.channels, edge.rows, edge.columns  # type: ignore[attr-defined]
