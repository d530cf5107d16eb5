"""Blocks taken apart: some batches in some order, and the batches of each shard."""

from __future__ import annotations

from collections.abc import Callable
from operator import itemgetter
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from raudience.hashing import key_groups
from raudience.records import Batches, Block, Column, Events, Field, FieldColumn, ListColumn, Products
from raudience.records.ranges import ranges

__all__ = ["compact", "split", "take"]

Ints: TypeAlias = NDArray[np.int32]
Positions: TypeAlias = NDArray[np.int64]
Columns: TypeAlias = tuple[tuple[Field, Column], ...]


def split(block: Block, owner: Ints, shards: int) -> list[Block]:
    """The batches of each shard, in the order of the block. owner: int32[key groups], the shard of each key group."""
    if shards == 1:
        return [block]
    of = owner[key_groups(block.batches.mpid, len(owner))]
    return [take(block, np.flatnonzero(of == shard)) for shard in range(shards)]


def take(block: Block, rows: Positions) -> Block:
    """The batches at the positions `rows` (each at most once), in that order, with their events and products; words
    that are not used are left out."""
    batches, events, products = block.batches, block.events, block.products
    of_events = _children(events.batch, rows)
    of_products = _children(products.event, of_events)
    new_batch = _places(rows, len(batches.mpid))
    new_event = _places(of_events, len(events.batch))
    return Block(
        _take_batches(batches, rows, new_batch),
        Events(
            new_batch[events.batch[of_events]],
            events.time[of_events],
            events.key[of_events],
            events.keys,
            events.message[of_events],
            _take_columns(events.columns, of_events, new_event, {}),
        ),
        Products(
            new_event[products.event[of_products]],
            _take_columns(products.columns, of_products, _places(of_products, len(products.event)), {}),
        ),
    )


def compact(block: Block) -> Block:
    """The same block without words that are not used."""
    return take(block, np.arange(len(block.batches.mpid)))


def _take_batches(batches: Batches, rows: Positions, places: Ints) -> Batches:
    # Fields of devices and the context of events are the same columns: they stay the same objects.
    seen: dict[int, Column] = {}
    updates = [_take_field(update, rows, places, seen) for update in batches.fields]
    return Batches(
        mpid=batches.mpid[rows],
        at=batches.at[rows],
        stamp=batches.stamp[rows],
        input=batches.input[rows],
        inputs=batches.inputs,
        request=batches.request[rows],
        fields=tuple(update for update in updates if len(update.column.codes) or _has_lists(update.column)),
        context=_take_columns(batches.context, rows, places, seen),
    )


def _has_lists(column: Column | ListColumn) -> bool:
    """Whether it has list cells, which may all be empty."""
    return isinstance(column, ListColumn) and len(column.index) > 0


def _children(owners: Ints, rows: Positions) -> Positions:
    """Positions of the children of each row, row after row; owners: int32[m], ascending, the row of each child."""
    first = np.searchsorted(owners, rows, "left")
    counts = np.searchsorted(owners, rows, "right") - first
    return ranges(first, counts)


def _places(rows: Positions, count: int) -> Ints:
    """New position of each old one, -1 of those left out: int32[count]."""
    places = np.full(count, -1, np.int32)
    places[rows] = np.arange(len(rows), dtype=np.int32)
    return places


def _take_columns(columns: Columns, rows: Positions, places: Ints, seen: dict[int, Column]) -> Columns:
    taken = ((field, _take_once(column, rows, places, seen)) for field, column in columns)
    return tuple((field, column) for field, column in taken if len(column.codes))


def _take_once(column: Column, rows: Positions, places: Ints, seen: dict[int, Column]) -> Column:
    if id(column) not in seen:
        seen[id(column)] = _take_column(column, *_cells(column.index, rows, places))
    return seen[id(column)]


def _cells(index: Ints | None, rows: Positions, places: Ints) -> tuple[Positions, Ints | None]:
    """Which cells of a column are taken, in their new order, and their new positions."""
    if index is None:
        return rows, None
    new = places[index]
    kept = np.flatnonzero(new >= 0)
    new = new[kept]
    if (new[1:] < new[:-1]).any():
        order = np.argsort(new, kind="stable")
        kept, new = kept[order], new[order]
    complete = len(new) == len(rows) and not (new[1:] == new[:-1]).any()
    return kept, None if complete else new


def _take_column(column: Column, cells: Positions, index: Ints | None) -> Column:
    numbers = column.numbers[cells] if len(column.numbers) else column.numbers
    codes, words = _used_words(column.codes[cells], column.words)
    return Column(index, codes, numbers, words)


def _used_words(codes: Ints, words: tuple[str, ...]) -> tuple[Ints, tuple[str, ...]]:
    """Codes and words without the words that no code stands for."""
    there = np.zeros(len(words) + 1, np.bool_)
    there[np.maximum(codes, -1)] = True
    there = there[:-1]
    if there.all():
        return codes, words
    used = np.flatnonzero(there)
    new = (np.cumsum(there, dtype=np.int32) - np.int32(1)).astype(np.int32)
    codes = np.where(codes >= 0, new[np.maximum(codes, 0)], codes).astype(np.int32)
    return codes, _pick(words, used)


def _pick(words: tuple[str, ...], used: Positions) -> tuple[str, ...]:
    if len(used) < 2:
        return tuple(words[place] for place in used.tolist())
    pick: Callable[[tuple[str, ...]], tuple[str, ...]] = itemgetter(*used.tolist())
    return pick(words)


def _take_field(update: FieldColumn, rows: Positions, places: Ints, seen: dict[int, Column]) -> FieldColumn:
    column = update.column
    if isinstance(column, ListColumn):
        cells, new = _cells(column.index, rows, places)
        index = np.arange(len(rows), dtype=np.int32) if new is None else new
        return FieldColumn(update.field, _take_lists(column, cells, index), _own(update, cells))
    if update.stamps is None:
        return FieldColumn(update.field, _take_once(column, rows, places, seen))
    cells, new = _cells(column.index, rows, places)
    return FieldColumn(update.field, _take_column(column, cells, new), _own(update, cells))


def _own(update: FieldColumn, cells: Positions) -> NDArray[np.int64] | None:
    return None if update.stamps is None else update.stamps[cells]


def _take_lists(column: ListColumn, cells: Positions, index: Ints) -> ListColumn:
    lengths = np.diff(column.offsets)[cells]
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    elements = np.repeat(column.offsets[cells] - offsets[:-1], lengths) + np.arange(offsets[-1])
    return ListColumn(index, offsets, *_used_words(column.codes[elements], column.words))
