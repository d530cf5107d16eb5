"""Numbers in few bytes each: most that people send are whole, or have two decimals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from raudience.shard.growing import narrow

__all__ = ["Decimals", "decimals", "joined", "short"]

_LIMIT = float(1 << 32)


class Decimals(NamedTuple):
    """Numbers that are `held` divided by `per`, exactly."""

    held: NDArray[Any]
    per: int

    def part(self, where: slice | NDArray[np.int64]) -> Decimals:
        return Decimals(self.held[where], self.per)

    def values(self) -> NDArray[np.float64]:
        """float64[n]"""
        values = self.held.astype(np.float64)
        return values if self.per == 1 else np.divide(values, self.per, out=values)


def decimals(numbers: NDArray[Any]) -> Decimals:
    """Numbers float[n] in as few bytes as give them back exactly."""
    wide = numbers.astype(np.float64)
    # The first of the shortest: what needs no division.
    return min((Decimals(short(wide), 1), *_whole(wide)), key=lambda found: found.held.itemsize)


def joined(parts: Sequence[Decimals]) -> NDArray[np.float64]:
    """Values float64[n] of parts, one behind the other."""
    if len({part.per for part in parts}) == 1:
        return Decimals(np.concatenate([part.held for part in parts]), parts[0].per).values()
    return np.concatenate([part.values() for part in parts])


def short(numbers: NDArray[np.float64]) -> NDArray[Any]:
    """The same numbers in four bytes each where all of them fit."""
    with np.errstate(over="ignore"):
        single = numbers.astype(np.float32)
    return single if bool((single == numbers).all()) else numbers


def _whole(numbers: NDArray[np.float64]) -> list[Decimals]:
    """As whole numbers and as whole hundredths, where they are none of them negative and not too large."""
    if np.signbit(numbers).any() or not (numbers < _LIMIT / 100).all():
        return []
    found = []
    for per in (1, 100):
        whole = np.rint(numbers * per)
        if (whole / per == numbers).all():
            found.append(Decimals(narrow(whole), per))
    return found
