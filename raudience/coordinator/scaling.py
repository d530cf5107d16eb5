"""How many shards an engine should have, from how hard they work.

The rules, in their order. At most one of them speaks, and after the number of shards has changed none of the rules 2 to
5 does for a while.

1. Never fewer than `least` shards, never more than `most`.
2. A shard that holds more than `memory` bytes: as many shards as bring it below, at once.
3. Busy or behind (`busy` share of the time, `backlog` seconds, `rate` events a second and shard) for all of
   `grow_after`: half as many again, one at least.
4. Quiet for all of `shrink_after`, and the rest would stay quiet with one shard less: one less.
5. Quiet for as long while shards that were asked for have not come: they are not asked for any longer.

Between busy and quiet lies a band in which nothing is done: a change never brings about the opposite one.
"""

from __future__ import annotations

from math import ceil
from typing import Final

import msgspec

from raudience.errors import FixRequest
from raudience.hashing import KEY_GROUPS

__all__ = ["Load", "Scaling"]

_GROWTH: Final = 1.5
_ROOM: Final = 0.75
"""Share of what makes a shard too busy or too large that the rest may come to when one shard leaves."""


class Load(msgspec.Struct, frozen=True):
    """What was measured since the last look.

    shards: how many there are. coming: how many were asked for, when they are more. busy: share of the time in which
    the shards kept their writer waiting, 0 to 1. backlog: seconds that what waits before the writer will take. events:
    taken in a second. memory: bytes in the largest shard; 0: not known.
    """

    shards: int
    coming: int = 0
    busy: float = 0.0
    backlog: float = 0.0
    events: float = 0.0
    memory: int = 0


class Scaling:
    """Decides by the rules above.

    Durations in milliseconds. quiet: share of the time below which shards count as idle. rate: events a second that one
    shard should take, None: any. memory: bytes that one shard should hold, None: any. Raises FixRequest for rules that
    contradict each other.
    """

    def __init__(
        self,
        least: int,
        most: int,
        *,
        busy: float = 0.8,
        quiet: float = 0.3,
        backlog: float = 5.0,
        rate: float | None = None,
        memory: int | None = None,
        grow_after: int = 30_000,
        shrink_after: int = 600_000,
        rest: int = 60_000,
    ) -> None:
        if not 1 <= least <= most <= KEY_GROUPS or not 0 <= quiet < busy <= 1:
            message = (
                f"scaling: expected 1 <= least <= most <= {KEY_GROUPS} and 0 <= quiet < busy <= 1, got least {least}, "
                f"most {most}, quiet {quiet}, busy {busy}"
            )
            raise FixRequest(message)
        self.least, self.most = least, most
        self._busy, self._quiet, self._backlog = busy, quiet, backlog
        self._rate, self._memory = rate, memory
        self._grow_after, self._shrink_after, self._rest = grow_after, shrink_after, rest
        self._shards: int | None = None
        self._changed: int | None = None
        self._busy_since: int | None = None
        self._quiet_since: int | None = None

    @property
    def weighs(self) -> bool:
        """Whether memory counts."""
        return self._memory is not None

    def bound(self, shards: int) -> int:
        """The nearest number of shards that rule 1 allows."""
        return min(max(shards, self.least), self.most)

    def decide(self, load: Load, now_ms: int) -> int | None:
        """How many shards there should be; None: what is so, or was asked for, is right. `now_ms` never goes back."""
        self._notice(load, now_ms)
        if load.shards != self.bound(load.shards):
            return self.bound(load.shards)
        if self._changed is not None and now_ms - self._changed < self._rest:
            return None
        wanted = self._wanted(load, now_ms)
        return None if wanted in (load.coming or load.shards, None) else wanted

    def _notice(self, load: Load, now: int) -> None:
        """Since when the shards are as many, as busy and as quiet as they are."""
        if load.shards != self._shards:
            self._changed = None if self._shards is None else now
            self._shards, self._busy_since, self._quiet_since = load.shards, None, None
        busy, quiet = self._is_busy(load), self._is_quiet(load)
        self._busy_since = (now if self._busy_since is None else self._busy_since) if busy else None
        self._quiet_since = (now if self._quiet_since is None else self._quiet_since) if quiet else None

    def _wanted(self, load: Load, now: int) -> int | None:
        if self._memory is not None and load.memory > self._memory:
            return self._grown(load, load.shards * load.memory / self._memory)
        if self._busy_since is not None and now - self._busy_since >= self._grow_after:
            return self._grown(load, load.shards * _GROWTH)
        if self._quiet_since is not None and now - self._quiet_since >= self._shrink_after:
            fewer = load.shards > self.least and self._fits(load, load.shards - 1)
            return load.shards - (fewer and not load.coming)
        return None

    def _grown(self, load: Load, shards: float) -> int:
        """What was asked for already is not taken back by being busy still."""
        return min(self.most, max(load.shards + 1, load.coming, ceil(shards)))

    def _is_busy(self, load: Load) -> bool:
        too_fast = self._rate is not None and load.events > self._rate * load.shards
        return load.busy >= self._busy or load.backlog >= self._backlog or too_fast

    def _is_quiet(self, load: Load) -> bool:
        return load.busy <= self._quiet and load.backlog < self._backlog * _ROOM and not self._is_busy(load)

    def _fits(self, load: Load, shards: int) -> bool:
        """Whether so many shards would be well below every measure that makes them grow."""
        more = load.shards / shards
        slow = self._rate is None or load.events <= self._rate * shards * _ROOM
        small = self._memory is None or load.memory * more <= self._memory * _ROOM
        return load.busy * more <= self._busy * _ROOM and slow and small
