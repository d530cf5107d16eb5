"""Chains of events in order of time, each within its time of the one before."""

from __future__ import annotations

from bisect import bisect_left, insort
from typing import Final, TypeAlias

from raudience.criteria.leaves import FOREVER

__all__ = ["NEVER", "Group"]

NEVER: Final = -2 * FOREVER
"""Before every window, those without an end too."""
_MANY: Final = 32


_Reached: TypeAlias = tuple[int, int, int, int]
"""Time of the latest event of a step that a chain leads to, and the latest start of such a chain; then the same of
earlier times only, since steps are strictly later than the ones before them."""
_NOT: Final[_Reached] = (NEVER, NEVER, NEVER, NEVER)


class Group:
    """Events by time, each one step of a sequence; start: the latest start of a whole chain, NEVER when there is none.

    Of the chains to a step the one to its latest event starts latest too, so nothing else of the past matters to an
    event that comes in order.
    """

    __slots__ = ("_reached", "events", "start")

    def __init__(self, time: int, step: int) -> None:
        """A first event, which is no chain: a sequence has two steps at least."""
        self.events = [(time, step)]
        self.start = NEVER
        self._reached: list[_Reached] = []

    def add(self, within: tuple[int | None, ...], time: int, step: int, oldest: int) -> int:
        """Take an event; `start` after it. within: of each step, the longest time since the one before. Events before
        `oldest` may be forgotten."""
        self._forget(oldest)
        if self._reached and (not self.events or time >= self.events[-1][0]):
            self.events.append((time, step))
            self._reach(within, time, step)
        else:
            insort(self.events, (time, step))
            self._reached = [_NOT] * len(within)
            for each in self.events:
                self._reach(within, *each)
        return self.start

    def _forget(self, oldest: int) -> None:
        if len(self.events) > _MANY and self.events[len(self.events) // 2][0] < oldest:
            del self.events[: bisect_left(self.events, (oldest, 0))]

    def _reach(self, within: tuple[int | None, ...], time: int, step: int) -> None:
        start, limit = time, within[step]
        if step:
            before, start = _earlier(self._reached[step - 1], time)
            if start == NEVER or (limit is not None and time - before > limit):
                return
        if step == len(within) - 1:
            self.start = max(self.start, start)
        self._reached[step] = (time, start, *_earlier(self._reached[step], time))


def _earlier(reached: _Reached, time: int) -> tuple[int, int]:
    return reached[:2] if reached[0] < time else reached[2:]
