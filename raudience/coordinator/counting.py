"""Sizes, additions and drops of audiences, counted from their changes (semantics 1 to 7)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import msgspec

from raudience.coordinator.happenings import Happenings, LastDay, happenings_of
from raudience.coordinator.history import Histories, History, SizeBucket, Step
from raudience.coordinator.merging import merge
from raudience.errors import ReportBug
from raudience.records import Changes

__all__ = ["AudienceCount", "Coordinator", "Counts"]


class AudienceCount(msgspec.Struct, frozen=True):
    """One audience in figures at one moment.

    size: users in it. adds, drops: happenings since the audience was defined; adds_day, drops_day: those of the last
    24 hours, the edge included. volatility: (adds_day + drops_day) / size, None when nobody is in it.
    """

    audience: str
    size: int
    adds: int
    drops: int
    adds_day: int
    drops_day: int
    volatility: float | None


class Counts(msgspec.Struct, frozen=True):
    """All that a coordinator has counted. day: the changes of the last day, the oldest first. history: None in a state
    of before there was any."""

    audiences: tuple[str, ...]
    adds: dict[str, int]
    drops: dict[str, int]
    day: tuple[Happenings, ...]
    history: Histories | None = None


class Coordinator:
    """Combines what the shards report; sees changes and counts, never profiles."""

    def __init__(self) -> None:
        self._audiences: tuple[str, ...] = ()
        self._adds: Counter[str] = Counter()
        self._drops: Counter[str] = Counter()
        self._day = LastDay()
        self._history = History()

    def define(self, audiences: Sequence[str]) -> None:
        """The audiences there are from now on; the counts of those that are gone are forgotten."""
        for key in set(self._audiences) - set(audiences):
            self._adds.pop(key, None)
            self._drops.pop(key, None)
        self._audiences = tuple(audiences)
        self._history.keep(self._audiences)

    def combine(self, parts: Sequence[Changes], now: int) -> Changes:
        """Changes of all shards up to `now`, in the order (at, audience, mpid); counts them."""
        merged = merge(parts)
        self.take(merged, now)
        return merged

    def take(self, changes: Changes, now: int) -> None:
        """Count changes that came up to `now`, in their order."""
        if len(changes):
            chunk = happenings_of(changes)
            self._adds.update(chunk.count(chunk.entered))
            self._drops.update(chunk.count(~chunk.entered))
            self._day.take(chunk)
            self._history.take(chunk)
        self._history.advance(now)
        self._day.forget(now)

    def state(self) -> Counts:
        """What was counted so far."""
        day = tuple(self._day.held)
        return Counts(self._audiences, dict(self._adds), dict(self._drops), day, self._history.state())

    def restore(self, counts: Counts) -> None:
        """Go on from what was counted."""
        self._audiences = counts.audiences
        self._adds, self._drops, self._day = Counter(counts.adds), Counter(counts.drops), LastDay(counts.day)
        self._history = History()
        if counts.history is not None:
            self._history.restore(counts.history)

    def counts(self, now: int) -> tuple[AudienceCount, ...]:
        """Figures of each audience at `now`, by key."""
        adds, drops = self._day.counts(now)
        return tuple(self._figures(key, adds[key], drops[key]) for key in sorted(self._audiences))

    def history(self, audience: str, step: Step) -> tuple[SizeBucket, ...]:
        """The size of an audience over time, the oldest first; empty when nobody has entered it."""
        return self._history.of(audience, step, self._adds[audience] - self._drops[audience])

    def check(self, sizes: dict[str, int]) -> None:
        """Raise ReportBug unless the sizes that the shards tell are the additions minus the drops."""
        for key in self._audiences:
            size = self._adds[key] - self._drops[key]
            if sizes.get(key, 0) != size:
                message = (
                    f"audience {key}: expected {size} members by its changes, got {sizes.get(key, 0)} in the shards"
                )
                raise ReportBug(message)

    def _figures(self, key: str, adds_day: int, drops_day: int) -> AudienceCount:
        size = self._adds[key] - self._drops[key]
        volatility = (adds_day + drops_day) / size if size else None
        return AudienceCount(key, size, self._adds[key], self._drops[key], adds_day, drops_day, volatility)
