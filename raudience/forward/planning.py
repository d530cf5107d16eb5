"""What has to be sent so that a partner holds what it should: the difference to the ledger, cut into requests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from raudience.forward.entries import Row
from raudience.forward.held import Held
from raudience.forward.partner import Item, Limits

__all__ = ["Batch", "cut", "difference", "parted", "values_of", "void"]


class Batch(msgspec.Struct, frozen=True):
    """Items for one list, removals first, and the rows that are so when the partner has taken them. at: the instant at
    which they were planned; later for each plan, whatever the clock does, so that partners can tell changes by it."""

    kind: str
    items: tuple[Item, ...]
    puts: tuple[Row, ...]
    drops: tuple[Row, ...]
    at: int = 0


def difference(
    kind: str, held: Held, mpids: Sequence[int], should: Sequence[Row], since: int, at: int, whole: bool
) -> Batch:
    """What has to change so that users hold exactly the rows they should. since: what was sent before this second is
    sent again. whole: an item for each user, not for each value."""
    present = held.of(mpids)
    puts, again, drops = list(should), list[Row](), list[Row]()
    if present:
        wanted = set(should)
        puts = [row for row in should if row not in present]
        again = [row for row in should if present.get(row, since) < since]
        drops = sorted(row for row in present if row not in wanted)
    items = _items_of_users([*puts, *again], drops) if whole else _items_of_values(held, puts, again, drops)
    return Batch(kind, items, (*puts, *again), tuple(drops), at)


def cut(batch: Batch, limits: Limits) -> list[Batch]:
    """Batches within the limits, of items and of bytes; an item that is too large for any request goes alone."""
    return parted(batch, list(_groups(batch.items, limits)))


def parted(batch: Batch, groups: Sequence[tuple[Item, ...]]) -> list[Batch]:
    """A batch for each group of its items; a row goes with the item of its value."""
    group = {value: number for number, items in enumerate(groups) for value in values_of(items)}
    puts, drops = _spread(batch.puts, group, len(groups)), _spread(batch.drops, group, len(groups))
    return [
        Batch(batch.kind, items, tuple(put), tuple(drop), batch.at)
        for items, put, drop in zip(groups, puts, drops, strict=True)
    ]


def values_of(items: Iterable[Item]) -> set[bytes]:
    """The values that items are about."""
    return {value for item in items for value in (item.value, *item.replaces)}


def void(values: Sequence[bytes]) -> Item:
    """A user, known by these values, is gone."""
    return Item(values[0], False, tuple(values[1:]))


def _items_of_values(held: Held, puts: Iterable[Row], again: Iterable[Row], drops: Iterable[Row]) -> tuple[Item, ...]:
    """An item for each value that comes to a user, leaves the list of the partner with its last user, or has to be said
    again; removals first."""
    change = Counter(value for _, value in puts)
    # Also what another user has already: for this one it is as fresh at the partner as the ledger says.
    said = {*change, *(value for _, value in again)}
    change.subtract(value for _, value in drops)
    change.update(dict.fromkeys(said, 0))
    counts, sure = held.owners(list(change))
    gone, there = list[Item](), list[Item]()
    for (value, more), before, known in zip(change.items(), counts, sure, strict=True):
        if before + more <= 0:
            gone += [Item(value, False)] if before else []
        elif not known or value in said:
            there.append(Item(value, True))
    return (*gone, *there)


def _items_of_users(puts: Iterable[Row], drops: Iterable[Row]) -> tuple[Item, ...]:
    """An item for each user, with all that is void of him; removals first."""
    former: dict[int, list[bytes]] = {}
    for mpid, value in drops:
        former.setdefault(mpid, []).append(value)
    added = [Item(value, True, tuple(former.pop(mpid, ()))) for mpid, value in puts]
    return (*map(void, former.values()), *added)


def _groups(items: Sequence[Item], limits: Limits) -> Iterator[tuple[Item, ...]]:
    sizes = [limits.size(item) for item in items]
    if max(sizes, default=0) * limits.items <= limits.bytes:
        yield from (tuple(items[first : first + limits.items]) for first in range(0, len(items), limits.items))
        return
    group, room = list[Item](), limits.bytes
    for item, size in zip(items, sizes, strict=True):
        if group and (len(group) == limits.items or size > room):
            yield tuple(group)
            group, room = [], limits.bytes
        group.append(item)
        room -= size
    if group:
        yield tuple(group)


def _spread(rows: Iterable[Row], group: dict[bytes, int], groups: int) -> list[list[Row]]:
    """Rows by the group of their value; those of none are left out."""
    found: list[list[Row]] = [[] for _ in range(groups)]
    for row in rows:
        place = group.get(row[1])
        if place is not None:
            found[place].append(row)
    return found
