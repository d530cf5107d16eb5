"""The size of audiences over time, by minute, hour and day, counted from the changes that were told.

Only stretches in which somebody entered or left are held, each for as long as its kind is kept: so an audience has at
most some six thousand of them, sixteen bytes each. Sizes are found backwards from the present one, so the last is
always the size, and what is forgotten changes nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final, Literal, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from raudience.clock import DAY, HOUR, MINUTE
from raudience.coordinator.happenings import Happenings

__all__ = ["Buckets", "Histories", "History", "SizeBucket", "Step"]

Step: TypeAlias = Literal["minute", "hour", "day"]

_LENGTH: Final[dict[Step, int]] = {"minute": MINUTE, "hour": HOUR, "day": DAY}
_KEPT: Final[dict[Step, int]] = {"minute": 2 * DAY, "hour": 60 * DAY, "day": 5 * 366 * DAY}
"""How far back stretches of each length are kept, in milliseconds."""

_CHANGES: Final = 65_536
_MESSAGES: Final = 1_024
"""Changes, and messages of them, that wait at most before they are counted into stretches."""

_SHIFT: Final = 32
_ZERO: Final = 1 << 31


class SizeBucket(msgspec.Struct, frozen=True):
    """A minute, an hour or a day (UTC) in which somebody entered or left. start: its beginning in milliseconds; size:
    users in the audience at its end; adds, drops: happenings in it."""

    start: int
    size: int
    adds: int
    drops: int


class Buckets(msgspec.Struct, frozen=True):
    """Stretches of one length, ascending by (audience, number): audience, number (counted from 1970 on): int32[n];
    adds, drops: uint32[n]."""

    audience: NDArray[np.int32]
    number: NDArray[np.int32]
    adds: NDArray[np.uint32]
    drops: NDArray[np.uint32]

    def where(self, rows: NDArray[np.bool_]) -> Buckets:
        return Buckets(self.audience[rows], self.number[rows], self.adds[rows], self.drops[rows])


class Histories(msgspec.Struct, frozen=True):
    """What is kept of all audiences, as of `now`; `Buckets.audience` points into `audiences`."""

    now: int
    audiences: tuple[str, ...]
    minute: Buckets
    hour: Buckets
    day: Buckets


_NONE: Final = Buckets(np.zeros(0, np.int32), np.zeros(0, np.int32), np.zeros(0, np.uint32), np.zeros(0, np.uint32))


class History:
    """Takes changes as they are told; counts them into stretches when somebody asks, or when many wait."""

    def __init__(self) -> None:
        self._places: dict[str, int] = {}
        self._buckets: dict[Step, Buckets] = dict.fromkeys(_LENGTH, _NONE)
        self._waiting: list[Happenings] = []
        self._changes = 0
        self._now = -(1 << 61)

    def take(self, happenings: Happenings) -> None:
        """Count changes, sooner or later."""
        self._waiting.append(happenings)
        self._changes += len(happenings.at)
        # Counting looks at all that is kept: the more that is, the more may wait.
        most = max(_CHANGES, len(self._buckets["minute"].number) // 2)
        if self._changes > most or len(self._waiting) > _MESSAGES:
            self._count()

    def advance(self, now: int) -> None:
        """Time has come to `now`: what is older than it is kept for is forgotten in time."""
        self._now = max(self._now, now)

    def of(self, audience: str, step: Step, size: int) -> tuple[SizeBucket, ...]:
        """The stretches that are kept of an audience that has `size` users now, the oldest first."""
        self._count()
        mine = self._kept(step, self._buckets[step].audience == self._places.get(audience, -1))
        net = mine.adds.astype(np.int64) - mine.drops
        sizes = size - (net.sum() - net.cumsum())
        starts = mine.number.astype(np.int64) * _LENGTH[step]
        columns = (starts.tolist(), sizes.tolist(), mine.adds.tolist(), mine.drops.tolist())
        return tuple(SizeBucket(*row) for row in zip(*columns, strict=True))

    def keep(self, audiences: Collection[str]) -> None:
        """Forget all other audiences."""
        self._count()
        wanted = set(audiences)
        left = [key for key in self._places if key in wanted]
        if len(left) == len(self._places):
            return
        table = np.full(len(self._places), -1, np.int32)
        table[[self._places[key] for key in left]] = np.arange(len(left), dtype=np.int32)
        self._places = {key: place for place, key in enumerate(left)}
        for step, held in self._buckets.items():
            kept = held.where(table.take(held.audience) >= 0)
            self._buckets[step] = msgspec.structs.replace(kept, audience=table.take(kept.audience))

    def state(self) -> Histories:
        """All that is kept."""
        self._count()
        self._buckets = {step: self._kept(step, True) for step in _LENGTH}
        return Histories(self._now, tuple(self._places), **self._buckets)

    def restore(self, histories: Histories) -> None:
        """Go on from what was kept."""
        self._waiting, self._changes, self._now = [], 0, histories.now
        self._places = {key: place for place, key in enumerate(histories.audiences)}
        self._buckets = {"minute": histories.minute, "hour": histories.hour, "day": histories.day}

    def _kept(self, step: Step, wanted: NDArray[np.bool_] | bool) -> Buckets:
        """Of stretches that are wanted those that are not too old."""
        held = self._buckets[step]
        return held.where((held.number >= (self._now - _KEPT[step]) // _LENGTH[step]) & wanted)

    def _count(self) -> None:
        if not self._waiting:
            return
        waiting, self._waiting, self._changes = self._waiting, [], 0
        minutes = _minutes(waiting, self._places)
        for step, length in _LENGTH.items():
            number = (minutes.number // (length // MINUTE)).astype(np.int32)
            fresh = msgspec.structs.replace(minutes, number=number)
            self._buckets[step] = _joined([self._kept(step, True), fresh])


def _minutes(waiting: Iterable[Happenings], places: dict[str, int]) -> Buckets:
    """Changes by audience and minute; `places` learns audiences that are new."""
    parts = [_NONE]
    for each in waiting:
        table = np.array([places.setdefault(key, len(places)) for key in each.audiences], np.int32)
        entered = each.entered.astype(np.uint32)
        parts.append(Buckets(table.take(each.audience), (each.at // MINUTE).astype(np.int32), entered, 1 - entered))
    return _joined(parts)


def _joined(parts: list[Buckets]) -> Buckets:
    """Equal stretches become one."""
    audience, number, adds, drops = (
        np.concatenate([getattr(part, name) for part in parts]) for name in Buckets.__struct_fields__
    )
    key = audience.astype(np.int64) << _SHIFT | number.astype(np.int64) + _ZERO
    distinct, place = np.unique(key, return_inverse=True)
    totals = [np.bincount(place, counts, len(distinct)).astype(np.uint32) for counts in (adds, drops)]
    number = (distinct & (1 << _SHIFT) - 1) - _ZERO
    return Buckets((distinct >> _SHIFT).astype(np.int32), number.astype(np.int32), *totals)
