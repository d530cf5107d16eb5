"""Changes without their users: what counting needs of them."""

from __future__ import annotations

from collections import Counter

import msgspec
import numpy as np
from numpy.typing import NDArray

__all__ = ["Happenings"]


class Happenings(msgspec.Struct, frozen=True):
    """audience: int32[k], place in `audiences`; entered: bool[k]; at: int64[k], ascending."""

    audiences: tuple[str, ...]
    audience: NDArray[np.int32]
    entered: NDArray[np.bool_]
    at: NDArray[np.int64]

    def count(self, rows: NDArray[np.bool_]) -> Counter[str]:
        """How many of some rows, bool[k], each audience has."""
        found = np.bincount(self.audience[rows], minlength=len(self.audiences))
        return Counter({self.audiences[position]: int(found[position]) for position in np.flatnonzero(found)})
