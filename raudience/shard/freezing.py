"""The state of a shard at one moment, held while the shard goes on, and its way into the parts of a snapshot."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from raudience.criteria.leaves import Plan
from raudience.hashing import KEY_GROUPS, group_of_keys, key_groups
from raudience.records import Field
from raudience.shard.arrivals import EventDictionaries
from raudience.shard.chunk import Chunk
from raudience.shard.decimals import short
from raudience.shard.entered import Entered
from raudience.shard.growing import narrow
from raudience.shard.index import Remembered
from raudience.shard.profiles import Profiles
from raudience.shard.registers import NEVER, Register
from raudience.shard.sets import SetRegister
from raudience.shard.sifting import Sifted, sifted
from raudience.shard.snapshot import (
    FORMAT,
    End,
    EnteredPart,
    EventColumn,
    EventsPart,
    FieldPart,
    Header,
    Part,
    ProfilesPart,
    RememberedPart,
    SetPart,
    WorkspacePart,
    ascending,
    longs,
)
from raudience.shard.store import EventStore
from raudience.shard.words import FIRST_WORD, LIST, NUMBER_CODE, Dictionary

__all__ = ["Frozen"]

_PIECE = 1 << 18
"""Profiles in one part: what is made of them at once."""

_KEYS = 1 << 22
"""Ids in one part."""


class Frozen:
    """What a shard knew when this was made.

    Making it copies what the shard changes in place and takes the rest as it is. `parts` may be read in another
    thread, once.
    """

    def __init__(
        self,
        now: int,
        plan: Plan,
        profiles: Profiles,
        known: EventDictionaries,
        store: EventStore,
        remembered: dict[str, Remembered],
        entered: Entered,
        groups: NDArray[np.bool_] | None,
    ) -> None:
        """groups: bool[256], the key groups that are wanted, None: all."""
        self._groups = np.ones(KEY_GROUPS, bool) if groups is None else groups
        self._header = Header(FORMAT, now, plan, tuple(self._groups.nonzero()[0].tolist()))
        self._mpids = profiles.index.mpids[: profiles.rows].copy()
        self._last = profiles.last[: profiles.rows].copy()
        self._present = {name: present.copy() for name, present in profiles.present.items()}
        self._first_seen = {name: first.copy() for name, first in profiles.first_seen.items()}
        self._registers = {read: register.twin() for read, register in profiles.registers.items()}
        self._sets = {field: register.twin() for field, register in profiles.sets.items()}
        self._keys = tuple(known.keys)
        self._words = {field: dictionary.twin() for field, dictionary in known.words.items()}
        self._store = store.twin()
        self._remembered = {name: held.twin() for name, held in remembered.items()}
        self._entered = entered.twin()

    def parts(self) -> Iterator[Part]:
        """The snapshot, part by part: a profile without activity is nobody's and not in it, nor are its events and
        those that the lookback has left behind."""
        yield self._header
        rows = self._wanted()
        pieces = [slice(start, start + _PIECE) for start in range(0, len(rows), _PIECE)]
        for piece in pieces:
            yield ProfilesPart(self._mpids[rows[piece]], longs(self._last[rows[piece]]))
        for piece in pieces:
            yield from self._workspaces(rows[piece], piece.start)
        for (workspace, field), register in self._registers.items():
            words = _Words(register.dictionary)
            for piece in pieces:
                yield from _field_part(workspace, field, register, words, rows[piece], piece.start)
        for field, gathered in self._sets.items():
            words = _Words(gathered.dictionary)
            for piece in pieces:
                yield from _set_part(field, gathered, words, rows[piece], piece.start)
        yield from self._entries(rows)
        count = 0
        for part in self._events(rows):
            count += len(part.profiles)
            yield part
        yield from self._ids()
        yield End(len(rows), count)

    def _wanted(self) -> NDArray[np.int64]:
        """Rows of the profiles that are in the snapshot, ascending."""
        rows: NDArray[np.int64] = (self._last != NEVER).nonzero()[0]
        if self._groups.all():
            return rows
        return rows[self._groups[key_groups(self._mpids[rows])]]

    def _workspaces(self, rows: NDArray[np.int64], start: int) -> Iterator[Part]:
        for name, present in self._present.items():
            held = present[rows].nonzero()[0]
            if len(held):
                yield WorkspacePart(name, ascending(held + start), longs(self._first_seen[name][rows[held]]))

    def _events(self, rows: NDArray[np.int64]) -> Iterator[EventsPart]:
        place = np.full(len(self._last), -1, np.int32)
        place[rows] = np.arange(len(rows), dtype=np.int32)
        words = {field: _Words(dictionary) for field, dictionary in self._words.items()}
        self._store.seal()
        oldest, rest = self._header.plan.oldest(self._header.now), []
        for chunk in self._store.take_sealed():
            profile = place.take(chunk.row)
            kept = profile >= 0
            kept[: chunk.span(chunk.base - 1, oldest - 1).stop] = False
            if kept.all():
                yield self._events_part(chunk, profile, words)
            elif kept.any():
                rest.append((chunk, profile, kept))
        for chunk in sifted(Sifted(*one) for one in rest):
            yield self._events_part(chunk, chunk.row, words)

    def _events_part(self, chunk: Chunk, profile: NDArray[np.int32], words: dict[Field, _Words]) -> EventsPart:
        key = np.empty(chunk.size, np.int64)
        key[chunk.order] = chunk.number_of(0, chunk.size)
        return EventsPart(
            ascending(chunk.times(slice(None))),
            narrow(profile),
            narrow(key),
            tuple(self._keys[number] for number in chunk.present.tolist()),
            tuple(_event_column(chunk, field, words[field]) for field in chunk.fields()),
            narrow(chunk.product_events(0, chunk.products(0, chunk.size)[1])),
        )

    def _entries(self, rows: NDArray[np.int64]) -> Iterator[EnteredPart]:
        place = np.full(len(self._last), -1, np.int32)
        place[rows] = np.arange(len(rows), dtype=np.int32)
        for key, since, entries in self._entered.latest():
            profile = place.take(entries.row)
            order = np.argsort(profile, kind="stable")[np.count_nonzero(profile < 0) :]
            yield EnteredPart(key, since, ascending(profile[order]) if len(order) else None, longs(entries.at[order]))

    def _ids(self) -> Iterator[RememberedPart]:
        for name, held in self._remembered.items():
            for number, every in held.slices():
                keys = every[self._groups[group_of_keys(every)]]
                for start in range(0, len(keys), _KEYS):
                    of: Any = name
                    yield RememberedPart(of, number, keys[start : start + _KEYS])


class _Words:
    """Codes of a dictionary in the numbers of the stream, in which words have numbers as they come."""

    def __init__(self, dictionary: Dictionary) -> None:
        self._dictionary = dictionary
        self._numbers = np.full(len(dictionary), -1, np.int32)
        self._numbers[:FIRST_WORD] = np.arange(FIRST_WORD)
        self._next = FIRST_WORD

    def numbers(self, codes: NDArray[Any]) -> tuple[NDArray[Any], tuple[str, ...]]:
        """Numbers of codes, and the words that are new with them."""
        found = self._numbers.take(codes)
        missing = codes[found < 0]
        if not len(missing):
            return narrow(found), ()
        fresh = np.unique(missing)
        self._numbers[fresh] = np.arange(self._next, self._next + len(fresh))
        self._next += len(fresh)
        return narrow(self._numbers.take(codes)), self._dictionary.words_at(fresh)


def _field_part(
    workspace: str, field: Field, register: Register, words: _Words, rows: NDArray[np.int64], start: int
) -> Iterator[FieldPart]:
    held = register.known(rows)
    if not len(held):
        return
    cells, stamps = register.cut(rows[held])
    sizes, elements = register.cut_lists(cells.list[cells.code == LIST])
    # One look, so that words of cells and of lists are numbered together.
    numbers, fresh = words.numbers(np.concatenate([cells.code, elements]))
    yield FieldPart(
        workspace,
        field,
        ascending(held + start),
        narrow(numbers[: len(held)]),
        longs(stamps),
        short(cells.number[cells.code == NUMBER_CODE]),
        narrow(sizes),
        narrow(numbers[len(held) :]),
        fresh,
    )


def _set_part(
    field: Field, register: SetRegister, words: _Words, rows: NDArray[np.int64], start: int
) -> Iterator[SetPart]:
    held, sizes, codes = register.cut(rows)
    if len(held):
        elements, fresh = words.numbers(codes)
        yield SetPart(field, ascending(held + start), narrow(sizes), elements, fresh)


def _event_column(chunk: Chunk, field: Field, words: _Words) -> EventColumn:
    column = chunk.column(field)
    assert column is not None
    places, codes, numbers = column.arrays()
    if codes is None:
        return EventColumn(field, places, None, numbers, ())
    named, fresh = words.numbers(codes)
    return EventColumn(field, places, named, numbers, fresh)
