"""Profile fields: the latest value of each, by the moment it speaks of."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from itertools import pairwise
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from raudience.criteria.values import holds_numbers, number_text
from raudience.records import NUMBER, Column, ListColumn
from raudience.records.texts import Texts, merged, texts_of
from raudience.shard.code_lists import CodeLists
from raudience.shard.features import ValueClasses
from raudience.shard.growing import grown, segments
from raudience.shard.masks import Masks
from raudience.shard.stamps import NEVER, Stamps
from raudience.shard.toggles import all_distinct, order_of
from raudience.shard.words import ABSENT, FIRST_WORD, LIST, NUMBER_CODE, Dictionary, TruthTable

__all__ = ["NEVER", "Cells", "Register", "Timeline"]

_MANY_LISTS = 4_096
_SOME_LISTS = 65_536


class Timeline(NamedTuple):
    """A field of some rows after each of their updates, by (row, at): row int32[k], at int64[k], code int32[k],
    number float64[k], list int64[k] (position in the lists of the register, read where the code is LIST)."""

    row: NDArray[np.int32]
    at: NDArray[np.int64]
    code: NDArray[np.int32]
    number: NDArray[np.float64]
    list: NDArray[np.int64]


class Cells(NamedTuple):
    """Values on their way into a register, as in a Timeline."""

    code: NDArray[np.int32]
    number: NDArray[np.float64]
    list: NDArray[np.int64]


Value: TypeAlias = int | float | list[int]
"""A cell in plain Python: the code of a word or of no value, a number, or the codes of a list."""


class Register:
    """One field of all profiles. The latest stamp wins, of equal stamps the later update (semantics D11)."""

    def __init__(self) -> None:
        self.dictionary = Dictionary()
        self._code = np.zeros(0, np.uint8)
        self._stamp = Stamps()
        self._number: NDArray[Any] = np.zeros(0, np.float32)
        self._list = np.zeros(0, np.int32)
        self._lists = CodeLists()
        self._many = _MANY_LISTS

    @property
    def rows(self) -> int:
        """So many rows, from the first on, have room here."""
        return len(self._code)

    def make_room(self, rows: int) -> None:
        if rows > len(self._code):
            self._code = grown(self._code, rows)
            self._stamp.make_room(len(self._code))
            self._number = grown(self._number, rows) if len(self._number) else self._number
            self._list = grown(self._list, rows) if len(self._list) else self._list

    def tidy(self) -> None:
        """Clear away lists that no row holds any more. Timelines and cells of before are void after this."""
        if len(self._lists) > self._many:
            listed = (self._code == LIST).nonzero()[0]
            self._list[listed] = self._lists.kept(self._list[listed].astype(np.int64))
            self._many = 2 * max(len(listed), _MANY_LISTS)

    def cells(self, column: Column | ListColumn) -> Cells:
        """Cells of a column of a block in the codes of this register."""
        if isinstance(column, ListColumn):
            count, table = len(column.index), self.dictionary.table(column.words)
            places = self._lists.put(table[column.codes], column.offsets)
            return Cells(np.full(count, LIST, np.int32), np.zeros(count), places)
        count = len(column.codes)
        numbers = column.numbers if len(column.numbers) else np.zeros(count)
        return Cells(self.dictionary.recode(column), numbers, np.zeros(count, np.int64))

    def put(self, row: NDArray[np.int32], stamp: NDArray[np.int64], cells: Cells) -> None:
        """Give values to distinct rows that have none."""
        self._stamp.put(row, stamp)
        self._store(Timeline(row, stamp, *cells))

    def put_lists(self, codes: NDArray[np.int32], sizes: NDArray[np.int64]) -> NDArray[np.int64]:
        """Places int64[k] of new lists, for cells."""
        return self._lists.put(codes, np.append(0, sizes.cumsum()).astype(np.int32))

    def update(self, row: NDArray[np.int32], at: NDArray[np.int64], stamp: NDArray[np.int64], cells: Cells) -> Timeline:
        """Take updates in their order and tell what the field was after each; row, at, stamp: [k], at ascending.

        A timeline of distinct rows is in the order of the updates, any other in the order of (row, at).
        """
        return self._store(self._timeline(row, at, stamp, cells))

    def update_and_compare(
        self, row: NDArray[np.int32], at: NDArray[np.int64], stamp: NDArray[np.int64], cells: Cells
    ) -> tuple[Timeline, NDArray[np.int32]]:
        """`update`, and the row int32[k] of each update that left another value than there was before all of them: so a
        row whose value changed on the way, even if it changed back."""
        timeline = self._timeline(row, at, stamp, cells)
        changed = timeline.row.compress(self._differs(timeline))
        return self._store(timeline), changed

    def _timeline(
        self, row: NDArray[np.int32], at: NDArray[np.int64], stamp: NDArray[np.int64], cells: Cells
    ) -> Timeline:
        """What the field will be after each update; the stamps are so already."""
        if all_distinct(row):
            held = self._stamp.of(row)
            fresh = stamp >= held
            if fresh.all():
                self._stamp.put(row, stamp)
                return Timeline(row, at, *cells)
        else:
            order = order_of(row, at)
            row, at, stamp = row[order], at[order], stamp[order]
            cells = Cells(cells.code[order], cells.number[order], cells.list[order])
            fresh = stamp >= _running_latest(row, stamp, self._stamp.of(row))
        timeline = self._after(row, at, cells, fresh)
        self._stamp.rise(row, stamp)
        return timeline

    def take_singly(
        self, row: NDArray[np.int32], stamp: NDArray[np.int64], column: Column | ListColumn, masks: Masks | None
    ) -> list[tuple[int, int]]:
        """Take the cells of a column in their order, one by one, unless they are older than what is held.

        (position, bits that changed of what the masks say of the field) of each that made it another than it was.
        """
        values, stamps, changed = self._values(column), self._stamp, []
        for place, (holder, moment, value) in enumerate(zip(row.tolist(), stamp.tolist(), values, strict=True)):
            if moment < stamps.item(holder):
                continue
            stamps.put_one(holder, moment)
            held = self._value(holder)
            if held == value and type(held) is type(value):
                continue
            self._put(holder, value)
            changed.append((place, masks.of(held) ^ masks.of(value) if masks is not None else 0))
        return changed

    def _values(self, column: Column | ListColumn) -> Sequence[Value]:
        """Cells of a column of a block, each as a code, a number, or a list of codes."""
        table, codes = self.dictionary.codes(column.words), column.codes.tolist()
        self._fit_codes()
        if isinstance(column, ListColumn):
            return [[table[code] for code in codes[start:stop]] for start, stop in pairwise(column.offsets.tolist())]
        if not len(column.numbers):
            return [table[code] for code in codes]
        self._fit_numbers(column.numbers.compress(column.codes == NUMBER))
        return [
            number if code == NUMBER else table[code]
            for code, number in zip(codes, column.numbers.tolist(), strict=True)
        ]

    def _value(self, row: int) -> Value:
        code: int = self._code.item(row)
        if code == NUMBER_CODE:
            return float(self._number.item(row))
        return list(self._lists.get(self._list.item(row)).tolist()) if code == LIST else code

    def _put(self, row: int, value: Value) -> None:
        if isinstance(value, int):
            self._code[row] = value
        elif isinstance(value, float):
            self._code[row], self._number[row] = NUMBER_CODE, value
        else:
            self._fit_lists()
            self._code[row], self._list[row] = LIST, self._lists.put_one(value)

    def truths(self, classes: ValueClasses, tables: list[TruthTable], timeline: Timeline) -> NDArray[np.bool_]:
        """bool[n, k]: what n tests say of the field after each entry."""
        truths = classes.truth(timeline.code, timeline.number)
        listed = (timeline.code == LIST).nonzero()[0]
        if len(listed):
            places = timeline.list[listed]
            for number, table in enumerate(tables):
                truths[number, listed] = self._lists.truth(places, table)
        return truths

    def whole_truths(self, tables: list[TruthTable], rows: int) -> list[NDArray[np.bool_]]:
        """bool[rows] for each test: what it says of the field of every row."""
        self.make_room(rows)
        codes = self._code[:rows]
        truths = [table.of_codes(codes) for table in tables]
        if len(self._number):
            self._whole_numbers(tables, codes == NUMBER_CODE, truths)
        if len(self._list) and (listed := codes == LIST).any():
            for table, truth in zip(tables, truths, strict=True):
                truth |= listed & self._lists.whole_truth(table).take(self._list[:rows], mode="clip")
        return truths

    def _whole_numbers(
        self, tables: list[TruthTable], numeric: NDArray[np.bool_], truths: list[NDArray[np.bool_]]
    ) -> None:
        numbers = self._number[: len(numeric)].astype(np.float64)
        for table, truth in zip(tables, truths, strict=True):
            np.copyto(truth, holds_numbers(table.test, numbers), where=numeric)

    def whole(self, rows: int) -> Timeline:
        """The field of all rows as they are."""
        self.make_room(rows)
        every = np.arange(rows, dtype=np.int32)
        numbers = self._number[:rows].astype(np.float64) if len(self._number) else np.zeros(rows)
        lists = self._list[:rows].astype(np.int64) if len(self._list) else np.zeros(rows, np.int64)
        codes = self._code[:rows].astype(np.int32)
        return Timeline(every, np.zeros(rows, np.int64), codes, numbers, lists)

    def words_of(self, row: int) -> tuple[str, ...] | None:
        """Text of the value of a row, one per element of a list; () for null or an empty list, None when absent."""
        if row >= len(self._code) or self._code[row] == ABSENT:
            return None
        code = int(self._code[row])
        if code == LIST:
            return tuple(map(self.dictionary.word, self._lists.get(int(self._list[row])).tolist()))
        if code == NUMBER_CODE:
            return (number_text(float(self._number[row])),)
        return (self.dictionary.word(code),) if code >= FIRST_WORD else ()

    def texts(self, rows: NDArray[np.int32]) -> tuple[NDArray[np.int64], Texts]:
        """Texts of the values of rows, as `words_of` has them: places among the rows, int64[k] ascending, and a text
        for each."""
        codes = np.zeros(len(rows), np.int32)
        held = (rows < len(self._code)).nonzero()[0]
        codes[held] = self._code[rows[held]]
        worded, numeric, listed = (
            kind.nonzero()[0] for kind in (codes >= FIRST_WORD, codes == NUMBER_CODE, codes == LIST)
        )
        parts = [(worded, self.dictionary.texts(codes[worded]))]
        if len(numeric):
            numbers = self._number[rows[numeric]].astype(np.float64).tolist()
            parts.append((numeric, texts_of(list(map(number_text, numbers)))))
        if len(listed):
            lists = [self.words_of(row) or () for row in rows[listed].tolist()]
            sizes = np.fromiter(map(len, lists), np.int64, len(lists))
            parts.append((listed.repeat(sizes), texts_of([word for words in lists for word in words])))
        return merged(parts)

    def stamp_of(self, row: int) -> int:
        return self._stamp.item(row)

    def known(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Positions among rows of those that have, or had, a value."""
        return (self._stamp.of(rows[rows < len(self._stamp)]) != NEVER).nonzero()[0]

    def cut(self, rows: NDArray[np.int64]) -> tuple[Cells, NDArray[np.int64]]:
        """Cells of rows, and their stamps."""
        held = self._held(rows.astype(np.int32))
        return Cells(held.code, held.number, held.list), self._stamp.of(rows)

    def cut_lists(self, places: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[Any]]:
        """How many elements the lists of cells have, and all their codes."""
        return self._lists.cut(places)

    def counts(self) -> NDArray[np.int64]:
        """How many rows hold each code, int64[len(dictionary)]; a word in a list counts for its row. Of very many lists
        some are counted, and stand for all."""
        counts = np.bincount(self._code, minlength=len(self.dictionary))
        listed = (self._code == LIST).nonzero()[0]
        if len(listed):
            step = -(-len(listed) // _SOME_LISTS)
            _, elements = self._lists.cut(self._list.take(listed[::step]).astype(np.int64))
            counts += np.bincount(elements, minlength=len(counts)) * step
        return counts

    def numbers(self, most: int) -> tuple[NDArray[np.float64], int]:
        """The numbers that rows hold; of more than `most` every n-th, and n."""
        if not len(self._number):
            return np.zeros(0), 1
        places = (self._code == NUMBER_CODE).nonzero()[0]
        step = max(1, -(-len(places) // most))
        return self._number.take(places[::step]).astype(np.float64), step

    def held(self) -> int:
        """How many rows have a value."""
        return int(np.count_nonzero(self._code))

    def twin(self) -> Register:
        """The field as it is now; read only."""
        twin = copy(self)
        twin.dictionary, twin._lists = self.dictionary.twin(), copy(self._lists)
        twin._code, twin._stamp = self._code.copy(), self._stamp.twin()
        twin._number, twin._list = self._number.copy(), self._list.copy()
        return twin

    def clear(self, rows: NDArray[np.int32]) -> None:
        """Forget the values of rows."""
        rows = rows[rows < len(self._code)]
        self._code[rows] = ABSENT
        self._stamp.clear(rows)

    def nbytes(self) -> int:
        arrays = (self._code, self._number, self._list)
        held = sum(array.nbytes for array in arrays) + self._stamp.nbytes()
        return held + self._lists.nbytes() + self.dictionary.nbytes()

    def _after(self, row: NDArray[np.int32], at: NDArray[np.int64], cells: Cells, fresh: NDArray[np.bool_]) -> Timeline:
        if fresh.all():
            return Timeline(row, at, *cells)
        held = self._held(row)
        source = _last_in_segment(row, np.where(fresh, np.arange(len(row)), -1))
        stands = source >= 0
        return Timeline(
            row,
            at,
            np.where(stands, cells.code[source], held.code),
            np.where(stands, cells.number[source], held.number),
            np.where(stands, cells.list[source], held.list),
        )

    def _held(self, row: NDArray[np.int32]) -> Timeline:
        numbers = self._number[row].astype(np.float64) if len(self._number) else np.zeros(len(row))
        lists = self._list[row].astype(np.int64) if len(self._list) else np.zeros(len(row), np.int64)
        codes = self._code[row].astype(np.int32)
        return Timeline(row, np.zeros(len(row), np.int64), codes, numbers, lists)

    def _differs(self, timeline: Timeline) -> NDArray[np.bool_]:
        """bool[k]: where an entry is not what is held of the row."""
        held = self._held(timeline.row)
        differs = held.code != timeline.code
        differs |= (timeline.code == NUMBER_CODE) & (held.number != timeline.number)
        for place in (~differs & (timeline.code == LIST)).nonzero()[0].tolist():
            before, after = (self._lists.get(of.list.item(place)).tolist() for of in (held, timeline))
            differs[place] = before != after
        return differs

    def _store(self, timeline: Timeline) -> Timeline:
        row = timeline.row
        numeric, listed = self._fit(timeline.code, timeline.number)
        self._code[row] = timeline.code
        if numeric:
            self._number[row] = timeline.number
        if listed:
            self._list[row] = timeline.list
        return timeline

    def _fit(self, code: NDArray[np.int32], number: NDArray[np.float64]) -> tuple[bool, bool]:
        """Make room for cells; whether numbers and whether lists are among them."""
        self._fit_codes()
        numeric, listed = bool((code == NUMBER_CODE).any()), bool((code == LIST).any())
        if numeric:
            self._fit_numbers(number)
        if listed:
            self._fit_lists()
        return numeric, listed

    def _fit_codes(self) -> None:
        if len(self.dictionary) >> 8 * self._code.itemsize:
            self._code = self._code.astype(np.uint16 if len(self.dictionary) < 1 << 16 else np.uint32)

    def _fit_numbers(self, numbers: NDArray[np.float64]) -> None:
        if not len(self._number):
            self._number = np.zeros(len(self._code), np.float32)
        if self._number.dtype == np.float32 and bool((numbers.astype(np.float32) != numbers).any()):
            self._number = self._number.astype(np.float64)

    def _fit_lists(self) -> None:
        if not len(self._list):
            self._list = np.zeros(len(self._code), np.int32)


def _running_latest(row: NDArray[np.int32], stamp: NDArray[np.int64], held: NDArray[np.int64]) -> NDArray[np.int64]:
    """Latest stamp before each entry among the held one and the earlier entries of its row."""
    latest = held.copy()
    begins = segments(row)
    pending = (~begins).nonzero()[0]
    while len(pending):
        better = np.maximum(latest[pending - 1], stamp[pending - 1])
        moved = better > latest[pending]
        latest[pending[moved]] = better[moved]
        following = pending[moved] + 1
        following = following[following < len(row)]
        pending = following[~begins[following]]
    return latest


def _last_in_segment(row: NDArray[np.int32], source: NDArray[np.int64]) -> NDArray[np.int64]:
    """For each entry the last source >= 0 at or before it in its row, else -1."""
    last = np.maximum.accumulate(source)
    first_of_row = np.maximum.accumulate(np.where(segments(row), np.arange(len(row)), 0))
    return np.where(last >= first_of_row, last, -1)
