"""Who is in what, since when."""

from __future__ import annotations

from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

__all__ = ["UNKNOWN", "Membership", "Page"]

UNKNOWN: Final = -(1 << 62)
"""Instant of an entry that nobody knows: the state is from a version that did not keep it."""


class Membership(msgspec.Struct, frozen=True):
    """A user in an audience. entered: the instant, None when it is not known (a state of a version that did not keep
    it). expires: when the user leaves if nothing happens, None for never."""

    audience: str
    entered: int | None
    expires: int | None


class Page(msgspec.Struct, frozen=True):
    """Some members of an audience: mpids int64[n], ascending; entered int64[n], UNKNOWN where nobody knows. more:
    whether there are members behind them."""

    mpids: NDArray[np.int64]
    entered: NDArray[np.int64]
    more: bool
