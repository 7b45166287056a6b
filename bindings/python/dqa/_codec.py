"""What the codecs of zarr and numcodecs share: a profile in their configuration, and chunks as frames of it."""

from __future__ import annotations

import base64
import binascii
import functools
import hashlib
import math
from typing import Any, Union

import numpy as np

from . import reference
from ._lib import Error
from ._profile import Profile


def configuration(profile: bytes) -> dict[str, str]:
    """As zarr.json holds it."""
    return {"profile": base64.b64encode(profile).decode(), "profile_sha256": hashlib.sha256(profile).hexdigest()}


def profile_of(profile: Any, profile_sha256: Any = None) -> bytes:
    """The profile of a configuration."""
    try:
        data = base64.b64decode(profile, validate=True)
    except (TypeError, ValueError, binascii.Error):
        raise Error("the codec's profile is no base64", "features-store", "the array is damaged", 5) from None
    if profile_sha256 is not None and hashlib.sha256(data).hexdigest() != profile_sha256:
        raise Error("the codec's profile has another digest", "features-store", "the array is damaged", 5)
    return data


@functools.lru_cache(maxsize=64)
def coder(profile: bytes) -> Union[Profile, reference.Profile]:
    """The profile made ready; by NumPy alone, for decoding, where libdqa cannot be loaded."""
    try:
        return Profile(profile)
    except Error as err:
        if err.name != "library":
            raise
        return reference.Profile(profile)


def decode(profile: bytes, frame: bytes, shape: tuple[int, ...]) -> np.ndarray:
    """A chunk of this shape."""
    k = coder(profile)
    if math.prod(next(iter(k.shapes.values()))) != math.prod(shape) or len(k.shapes) != 1:
        raise Error(f"the profile is for chunks of {k.shapes}, the array has {shape}", "features-profile", "", 5)
    return k.decode(frame).reshape(shape)  # type: ignore[union-attr]


def encode(profile: bytes, chunk: np.ndarray) -> bytes:
    """The frame of a chunk. NaN is stored as 0, infinities as the outermost codes, as dqa.pack does."""
    k = coder(profile)
    if not isinstance(k, Profile):
        raise Error("encoding needs libdqa", "library", "install the wheel for this machine")
    if len(k.shapes) != 1 or math.prod(next(iter(k.shapes.values()))) != chunk.size:
        raise Error(f"the profile is for chunks of {k.shapes}, the array has {chunk.shape}", "features-profile",
                    "let chunks have as many rows as the profile's shape says", 5)
    return k._frame(chunk.reshape(-1), True)
