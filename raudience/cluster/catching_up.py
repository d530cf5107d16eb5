"""Orders of a log, put together: whoever comes back has nobody to tell about each of them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple, TypeAlias

from raudience.cluster.entries import Applied, ShardEntry
from raudience.ingest.joining import concatenate
from raudience.records import Block
from raudience.shard.commands import Tick

__all__ = ["EVENTS", "Gathered", "gathered"]

EVENTS: Final = 20_000
"""Events of the orders that are put together."""

Placed: TypeAlias = tuple[int, ShardEntry]


class Gathered(NamedTuple):
    """An entry at its position in the log. told: nobody will ask what came of it."""

    position: int
    entry: ShardEntry
    told: bool


def gathered(entries: Iterable[Placed], events: int = EVENTS) -> Iterator[Gathered]:
    """The same entries, but orders that follow each other and were told to the outside are one: a
    block of all their batches, up to when the last of them ended. Only orders that were not told yet must be answered
    each for itself. A shard comes to the same, however its input is cut (design 8.3)."""
    waiting: deque[tuple[int, Applied]] = deque()
    told = weight = 0
    for position, entry in entries:
        if not isinstance(entry, Applied):
            yield from _joined(waiting, told)
            yield from _untold(waiting)
            waiting.clear()
            yield Gathered(position, entry, True)
            continue
        waiting.append((position, entry))
        told = max(told, entry.told)
        weight += _weight(entry)
        if weight >= events:
            yield from _joined(waiting, told)
            weight = sum(_weight(each) for _, each in waiting)
    yield from _joined(waiting, told)
    yield from _untold(waiting)


def _untold(waiting: Iterable[tuple[int, Applied]]) -> Iterator[Gathered]:
    return (Gathered(position, entry, False) for position, entry in waiting)


def _weight(entry: Applied) -> int:
    return len(entry.order.events.time) if isinstance(entry.order, Block) else 0


def _joined(waiting: deque[tuple[int, Applied]], told: int) -> Iterator[Gathered]:
    """Take the orders that were told from the beginning of those that wait."""
    group: list[tuple[int, Applied]] = []
    while waiting and waiting[0][1].number <= told:
        position, entry = waiting.popleft()
        if isinstance(entry.order, Block | Tick):
            group.append((position, entry))
            continue
        yield from _one(group)
        group = []
        yield Gathered(position, entry, True)
    yield from _one(group)


def _one(group: list[tuple[int, Applied]]) -> Iterator[Gathered]:
    if group:
        blocks = [entry.order for _, entry in group if isinstance(entry.order, Block)]
        position, last = group[-1]
        order = concatenate(blocks) if blocks else Tick()
        yield Gathered(position, Applied(last.number, last.now, last.told, order), True)
