"""The parts of a snapshot on their way into profiles, kept events and what is remembered."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, assert_never

import numpy as np
from numpy.typing import NDArray

from raudience.errors import FixStore, ReportBug, StateDamaged
from raudience.records import Field
from raudience.records.memberships import UNKNOWN
from raudience.shard.arrivals import EventDictionaries
from raudience.shard.chunk import Chunk, SealedColumn
from raudience.shard.entered import Entered
from raudience.shard.growing import narrow
from raudience.shard.index import Remembered
from raudience.shard.profiles import Profiles
from raudience.shard.registers import Cells
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
)
from raudience.shard.store import EventStore
from raudience.shard.words import FIRST_WORD, LIST, NUMBER_CODE, Dictionary

__all__ = ["Absorbing", "opened"]


def opened(parts: Iterable[Part]) -> tuple[Header, Iterator[Part]]:
    """The header, and the parts behind it. Raises FixStore when this version does not know the format."""
    rest = iter(parts)
    header = next(rest, None)
    if not isinstance(header, Header):
        message = f"a snapshot begins with a header, this one with {type(header).__name__}"
        raise StateDamaged(message)
    if not 1 <= header.format <= FORMAT:
        message = f"snapshot: expected format {FORMAT} or before, got {header.format}; read it with a later version"
        raise FixStore(message)
    return header, rest


class Absorbing:
    """Where the parts of one stream go. The profiles of the stream are new here; `rows` are theirs, int32[n]."""

    def __init__(
        self, profiles: Profiles, known: EventDictionaries, store: EventStore, remembered: dict[str, Remembered]
    ) -> None:
        self.rows = np.zeros(0, np.int32)
        self._profiles, self._known, self._store, self._remembered = profiles, known, store, remembered
        self._codes: dict[tuple[str, str, Field], _Codes] = {}
        self._chunks: list[Chunk] = []
        self._entered: list[EnteredPart] = []

    def take(self, parts: Iterator[Part]) -> None:
        """Take all parts behind the header. Raises StateDamaged when they end too soon."""
        for part in parts:
            match part:
                case ProfilesPart():
                    self._take_profiles(part)
                case WorkspacePart():
                    self._take_workspace(part)
                case FieldPart():
                    self._take_field(part)
                case SetPart():
                    self._take_set(part)
                case EventsPart():
                    self._chunks.append(self._chunk(part))
                case RememberedPart():
                    self._remembered[part.of].merge(part.slice, part.keys)
                case EnteredPart():
                    self._entered.append(part)
                case End():
                    return self._end(part)
                case Header():
                    break
                case _:
                    assert_never(part)
        message = "a snapshot is torn: its last part is not there"
        raise StateDamaged(message)

    def entered(self, keys: tuple[str, ...]) -> Entered:
        """When members entered the audiences of these keys."""
        since = {part.audience: part.since for part in self._entered}
        entered = Entered(keys, [since.get(key, UNKNOWN) for key in keys])
        number = {key: number for number, key in enumerate(keys)}
        for part in self._entered:
            if part.profiles is not None and part.audience in number:
                rows = self.rows[part.profiles.values()]
                entered.note(rows, np.full(len(rows), number[part.audience], np.int32), part.at.values(), 0)
        return entered

    def _end(self, part: End) -> None:
        found = End(len(self.rows), sum(chunk.size for chunk in self._chunks))
        if found != part:
            message = f"a snapshot is torn: {found} was found and {part} was told"
            raise StateDamaged(message)
        self._store.add(self._chunks)

    def _take_profiles(self, part: ProfilesPart) -> None:
        rows, added = self._profiles.index.find_or_add(part.mpids)
        if len(added) < len(rows):
            message = f"{len(rows) - len(added)} profiles of a snapshot are here already"
            raise ReportBug(message)
        self._profiles.make_room()
        self._profiles.last[rows] = part.last.values()
        self.rows = np.concatenate([self.rows, rows])

    def _take_workspace(self, part: WorkspacePart) -> None:
        self._profiles.workspace(part.workspace)
        rows = self.rows[part.profiles.values()]
        self._profiles.present[part.workspace][rows] = True
        self._profiles.first_seen[part.workspace][rows] = part.first_seen.values()

    def _take_field(self, part: FieldPart) -> None:
        register = self._profiles.register(part.workspace, part.field)
        codes = self._of("profile", part.workspace, part.field, register.dictionary)
        codes.learn(part.words)
        code = codes.of(part.codes).astype(np.int32)
        number, listed = np.zeros(len(code)), np.zeros(len(code), np.int64)
        number[code == NUMBER_CODE] = part.numbers
        if len(part.sizes):
            elements = codes.of(part.elements).astype(np.int32)
            listed[code == LIST] = register.put_lists(elements, part.sizes.astype(np.int64))
        register.put(self.rows[part.profiles.values()], part.stamps.values(), Cells(code, number, listed))

    def _take_set(self, part: SetPart) -> None:
        register = self._profiles.gathering(part.field)
        codes = self._of("set", "", part.field, register.dictionary)
        codes.learn(part.words)
        elements = codes.of(part.elements).astype(np.int32)
        register.put(self.rows[part.profiles.values()], part.sizes.astype(np.int64), elements)

    def _chunk(self, part: EventsPart) -> Chunk:
        keys = self._known.numbers(part.keys).take(part.key)
        order = np.argsort(part.key, kind="stable")
        columns = {column.field: self._column(column) for column in part.columns}
        rows = self.rows.take(part.profiles)
        return Chunk(part.times.values(), rows, keys, order, columns, part.products.astype(np.int64))

    def _column(self, column: EventColumn) -> SealedColumn:
        codes = self._of("event", "", column.field, self._known.dictionary(column.field))
        codes.learn(column.words)
        held = None if column.codes is None else codes.of(column.codes)
        return SealedColumn(column.places, held, column.numbers)

    def _of(self, kind: str, workspace: str, field: Field, dictionary: Dictionary) -> _Codes:
        return self._codes.setdefault((kind, workspace, field), _Codes(dictionary))


class _Codes:
    """Numbers of the stream in the codes of a dictionary."""

    def __init__(self, dictionary: Dictionary) -> None:
        self._dictionary = dictionary
        self._table = np.arange(FIRST_WORD, dtype=np.int32)
        self._alone = len(dictionary) == FIRST_WORD
        """No word is here that is not from the stream: its numbers are the codes."""

    def learn(self, words: tuple[str, ...]) -> None:
        if not words:
            return
        if self._alone:
            self._dictionary.add(words)
        else:
            self._table = np.concatenate([self._table, self._dictionary.table(words)[: len(words)]])

    def of(self, numbers: NDArray[Any]) -> NDArray[Any]:
        return numbers if self._alone else narrow(self._table.take(numbers))
