"""How two audiences differ."""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray

__all__ = ["Comparison"]


class Comparison(msgspec.Struct, frozen=True):
    """The way from one audience, the left, to another, the right: an edit beside what is in force, or an overlap.

    adds: users of the right alone; drops: of the left alone; both: of both. entering, leaving: int64[k], a fair sample
    of the MPIDs of adds and drops, any first part of which is one too.
    """

    adds: int
    drops: int
    both: int
    entering: NDArray[np.int64]
    leaving: NDArray[np.int64]
