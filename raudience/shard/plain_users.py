"""Users in plain Python, as they are kept: events and values, nothing that was worked out of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from raudience.records import EventKey, Field
from raudience.shard.arrivals import EventDictionaries
from raudience.shard.chunk import Chunk, ChunkRows
from raudience.shard.index import NOBODY
from raudience.shard.profiles import ACCOUNT_WIDE, SETS, Profiles
from raudience.shard.rows import INPUT
from raudience.shard.store import EventStore
from raudience.shard.words import ABSENT, FIRST_WORD, LIST, NUMBER_CODE, Dictionary

__all__ = ["Gathered", "Happened", "PlainUser", "Single", "Values", "plain_users"]

Single: TypeAlias = str | float | None
"""A text, a number, or None for a tag. What is absent is not there at all."""


class Gathered(tuple[str, ...]):
    """Texts that a user has at once (device ids); a plain tuple is one value that is a list."""


Values: TypeAlias = dict[tuple[str, Field], Single | tuple[str, ...]]
"""By workspace ("" for those of the account) and field."""


class Happened(NamedTuple):
    """A kept event; products: the attributes of each."""

    time: int
    key: EventKey
    input: str
    attributes: dict[Field, Single]
    products: tuple[dict[Field, Single], ...]


class PlainUser(NamedTuple):
    """workspaces: first seen of those with activity. last: instant of the latest activity."""

    row: int
    events: list[Happened]
    values: Values
    workspaces: dict[str, int]
    last: int


def plain_users(
    rows: NDArray[np.int32],
    wanted: frozenset[Field],
    asked: frozenset[tuple[str, Field]],
    profiles: Profiles,
    store: EventStore,
    known: EventDictionaries,
) -> Iterator[PlainUser]:
    """Users of rows, with all events and what is wanted of those, and the values that are asked for."""
    events: dict[int, list[Happened]] = {row: [] for row in rows.tolist()}
    store.seal()
    mask = np.zeros(profiles.rows, bool)
    mask[rows] = True
    mask[NOBODY] = False
    for chunk in store.chunks:
        for place in mask.take(chunk.row).take(chunk.order).nonzero()[0].tolist():
            events[int(chunk.row[chunk.order[place]])].append(_happened(chunk, place, wanted, known))
    for row in rows.tolist():
        seen = {name: int(profiles.first_seen[name][row]) for name, there in profiles.present.items() if there[row]}
        held = {read: value for read in asked for value in _value(profiles, *read, row)}
        yield PlainUser(row, sorted(events[row], key=lambda each: each.time), held, seen, int(profiles.last[row]))


def _happened(chunk: Chunk, place: int, wanted: frozenset[Field], known: EventDictionaries) -> Happened:
    rows = chunk.rows(place, place + 1)
    found = {
        field: _cells(rows, field, len(rows.product_event) if field.namespace == "product" else 1, known)
        for field in (*wanted, INPUT)
        if field in known.words
    }
    products = tuple(
        {field: cells[at] for field, cells in found.items() if field.namespace == "product" and at in cells}
        for at in range(len(rows.product_event))
    )
    single = {field: cells[0] for field, cells in found.items() if field.namespace != "product" and 0 in cells}
    source = single.pop(INPUT)
    return Happened(int(rows.times[0]), known.keys[int(rows.keys[0])], str(source), single, products)


def _cells(rows: ChunkRows, field: Field, count: int, known: EventDictionaries) -> dict[int, Single]:
    """Values by position in the table."""
    cells = rows.cells(field)
    if cells is None:
        return {}
    places = range(count) if cells.index is None else cells.index.tolist()
    found: dict[int, Single] = {}
    for at, (place, code) in enumerate(zip(places, cells.codes.tolist(), strict=True)):
        if code != ABSENT:
            number = None if cells.numbers is None else float(cells.numbers[at])
            found[place] = _single(code, number, known.words[field])
    return found


def _single(code: int, number: float | None, dictionary: Dictionary) -> Single:
    if code == NUMBER_CODE:
        return number
    return dictionary.word(code) if code >= FIRST_WORD else None


def _value(profiles: Profiles, workspace: str, field: Field, row: int) -> list[Single | tuple[str, ...]]:
    """The value, if there is one."""
    if field.namespace in SETS:
        gathered = profiles.sets.get(field)
        words = gathered.words_of(row) if gathered else None
        return [Gathered(words)] if words else []
    register = profiles.registers.get(("" if field.namespace in ACCOUNT_WIDE else workspace, field))
    words = register.words_of(row) if register else None
    if register is None or words is None:
        return []
    cells, _ = register.cut(np.array([row]))
    code = int(cells.code[0])
    return [words if code == LIST else _single(code, float(cells.number[0]), register.dictionary)]
