"""Changes without their users: what counting needs of them, and what happened in the last day."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable
from itertools import takewhile

import msgspec
import numpy as np
from numpy.typing import NDArray

from raudience.clock import DAY
from raudience.records import Changes

__all__ = ["Happenings", "LastDay", "happenings_of"]


class Happenings(msgspec.Struct, frozen=True):
    """audiences: those that something happened to; audience: int32[k], place among them; entered: bool[k]; at:
    int64[k], ascending."""

    audiences: tuple[str, ...]
    audience: NDArray[np.int32]
    entered: NDArray[np.bool_]
    at: NDArray[np.int64]

    def count(self, rows: NDArray[np.bool_]) -> Counter[str]:
        """How many of some rows, bool[k], each audience has."""
        found = np.bincount(self.audience[rows], minlength=len(self.audiences))
        return Counter({self.audiences[position]: int(found[position]) for position in np.flatnonzero(found)})


def happenings_of(changes: Changes) -> Happenings:
    """What counting needs of changes. Copies, and of those audiences alone that something happened to: what came in a
    message would keep the whole message alive, and the keys of all audiences with it."""
    present, place = np.unique(changes.audience, return_inverse=True)
    audiences = tuple(changes.audiences[number] for number in present.tolist())
    return Happenings(audiences, place.astype(np.int32), changes.entered.copy(), changes.at.copy())


class LastDay:
    """Happenings of the last 24 hours, which come in the order of time, and how many of them each audience has."""

    def __init__(self, held: Iterable[Happenings] = ()) -> None:
        self.held: deque[Happenings] = deque()
        self._adds, self._drops = Counter[str](), Counter[str]()
        for each in held:
            self.take(each)

    def take(self, happenings: Happenings) -> None:
        self.held.append(happenings)
        self._adds.update(happenings.count(happenings.entered))
        self._drops.update(happenings.count(~happenings.entered))

    def forget(self, now: int) -> None:
        """Time has come to `now`: let go of what is wholly older than a day."""
        while self.held and self.held[0].at[-1] < now - DAY:
            gone = self.held.popleft()
            _take_away(self._adds, self._drops, gone, np.ones(len(gone.at), bool))

    def counts(self, now: int) -> tuple[Counter[str], Counter[str]]:
        """Adds and drops in the day that ends at `now`, its first instant included, by audience."""
        adds, drops = self._adds.copy(), self._drops.copy()
        for each in takewhile(lambda each: each.at[0] < now - DAY, self.held):
            _take_away(adds, drops, each, each.at < now - DAY)
        for each in takewhile(lambda each: each.at[-1] > now, reversed(self.held)):
            _take_away(adds, drops, each, each.at > now)
        return adds, drops


def _take_away(adds: Counter[str], drops: Counter[str], happenings: Happenings, rows: NDArray[np.bool_]) -> None:
    adds.subtract(happenings.count(rows & happenings.entered))
    drops.subtract(happenings.count(rows & ~happenings.entered))
