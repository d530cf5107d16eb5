"""Arrays that grow, and the two ragged operations that everything vectorised here is made of."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

__all__ = ["expand", "grown", "narrow", "order_by", "segments"]

_KEY_BITS = 63
_Scalar = TypeVar("_Scalar", bound=np.generic)


def grown(array: NDArray[_Scalar], length: int, fill: Any = 0) -> NDArray[_Scalar]:
    """The array itself when it has room for `length` rows, else a larger copy whose new rows hold `fill`."""
    if length <= len(array):
        return array
    larger = np.full((max(length, len(array) * 5 // 4 + 64), *array.shape[1:]), fill, array.dtype)
    larger[: len(array)] = array
    return larger


def expand(start: NDArray[np.int64], count: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """For ragged lists given by start and count: (number of the list, position of the element) of every element."""
    ends = count.cumsum()
    owner = np.arange(len(count)).repeat(count)
    position = np.arange(len(owner))
    position += (start - ends + count).repeat(count)
    return owner, position


def segments(keys: NDArray[Any]) -> NDArray[np.bool_]:
    """bool[n]: where a run of equal keys begins; `keys` is sorted."""
    begins = np.empty(len(keys), bool)
    begins[:1] = True
    np.not_equal(keys[1:], keys[:-1], out=begins[1:])
    return begins


def order_by(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """Stable order int64[n] of values, found by sorting value and position as one number where both fit."""
    if not len(values):
        return np.zeros(0, np.int64)
    least, places = int(values.min()), len(values).bit_length()
    if (int(values.max()) - least).bit_length() + places > _KEY_BITS:
        return np.argsort(values, kind="stable")
    keys = values - least
    keys <<= places
    keys |= np.arange(len(values))
    keys.sort()
    keys &= (1 << places) - 1
    return keys


def narrow(codes: NDArray[Any]) -> NDArray[Any]:
    """The same non-negative integers in the narrowest unsigned type that holds them."""
    top = int(codes.max()) if len(codes) else 0
    return codes.astype(np.uint8 if top < 1 << 8 else np.uint16 if top < 1 << 16 else np.uint32)
