"""Orders of a log, put together: whoever comes back has nobody to tell about each of them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple, TypeAlias

from raudience.cluster.entries import Applied, ShardEntry
from raudience.ingest.joining import concatenate
from raudience.records import Block
from raudience.shard.commands import Tick
from raudience.shard.quiet import NO_ENTRANTS, Entrants, gathered_entrants

__all__ = ["EVENTS", "Gathered", "gathered"]

EVENTS: Final = 20_000
"""Events of the orders that are put together."""

Placed: TypeAlias = tuple[int, ShardEntry]


class Gathered(NamedTuple):
    """An entry at its position in the log. told: nobody will ask what came of it. entrants: of its orders, None: nobody
    knows."""

    position: int
    entry: ShardEntry
    told: bool
    entrants: Entrants | None


def gathered(entries: Iterable[Placed], events: int = EVENTS) -> Iterator[Gathered]:
    """The same entries, but orders that follow each other and were told to the outside are one: a
    block of all their batches, up to when the last of them ended. Only orders that were not told yet must be answered
    each for itself. A shard comes to the same, however its input is cut (design 8.3)."""
    waiting = _Waiting()
    for position, entry in entries:
        waiting.add(position, entry)
        if waiting.weight >= events:
            yield from waiting.take_told()
    yield from waiting.take_told()
    yield from waiting.take_rest()


class _Waiting:
    """Entries that are not gathered yet. weight: their events."""

    def __init__(self) -> None:
        self._entries: deque[Placed] = deque()
        self._entrants: dict[int, Entrants | None] = {}
        """Of orders by their number; what is behind an order tells them."""
        self._told = 0
        self.weight = 0

    def add(self, position: int, entry: ShardEntry) -> None:
        self._entries.append((position, entry))
        if isinstance(entry, Applied):
            self._told = max(self._told, entry.told)
            self._entrants[entry.number - 1] = entry.entrants
            self.weight += _weight(entry)

    def take_told(self) -> Iterator[Gathered]:
        """Take what was told from the beginning."""
        group: list[tuple[int, Applied]] = []
        while self._entries and self._is_told(self._entries[0][1]):
            position, entry = self._entries.popleft()
            if isinstance(entry, Applied) and isinstance(entry.order, Block | Tick):
                group.append((position, entry))
                continue
            yield from self._one(group)
            group = []
            yield self._alone(position, entry, told=True)
        yield from self._one(group)
        self.weight = sum(_weight(entry) for _, entry in self._entries)

    def take_rest(self) -> Iterator[Gathered]:
        return (self._alone(position, entry, self._is_told(entry)) for position, entry in self._entries)

    def _is_told(self, entry: ShardEntry) -> bool:
        return not isinstance(entry, Applied) or entry.number <= self._told

    def _one(self, group: list[tuple[int, Applied]]) -> Iterator[Gathered]:
        if group:
            blocks = [entry.order for _, entry in group if isinstance(entry.order, Block)]
            position, last = group[-1]
            order = concatenate(blocks) if blocks else Tick()
            entrants = _joined([self._entrants.pop(entry.number, None) for _, entry in group])
            yield Gathered(position, Applied(last.number, last.now, last.told, order), True, entrants)

    def _alone(self, position: int, entry: ShardEntry, told: bool) -> Gathered:
        known = self._entrants.pop(entry.number, None) if isinstance(entry, Applied) else NO_ENTRANTS
        return Gathered(position, entry, told, known)


def _joined(parts: list[Entrants | None]) -> Entrants | None:
    known = [part for part in parts if part is not None]
    return gathered_entrants(known) if len(known) == len(parts) else None


def _weight(entry: ShardEntry) -> int:
    return len(entry.order.events.time) if isinstance(entry, Applied) and isinstance(entry.order, Block) else 0
