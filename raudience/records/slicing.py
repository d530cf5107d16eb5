"""Cutting a block at batches, and moving it in time."""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray

from raudience.records.blocks import Batches, Block, Column, Events, Field, FieldColumn, ListColumn, Products

__all__ = ["cut", "empty_block", "not_before"]


def cut(block: Block, first: int, last: int) -> Block:
    """Batches [first, last) of a block with their events and products."""
    batches, events, products = block.batches, block.events, block.products
    head, tail = np.searchsorted(events.batch, (first, last)).tolist()
    begin, end = np.searchsorted(products.event, (head, tail)).tolist()
    return Block(
        Batches(
            batches.mpid[first:last],
            batches.at[first:last],
            batches.stamp[first:last],
            batches.input[first:last],
            batches.inputs,
            batches.request[first:last],
            tuple(_cut_field(field, first, last) for field in batches.fields),
            _cut_columns(batches.context, first, last),
        ),
        Events(
            events.batch[head:tail] - np.int32(first),
            events.time[head:tail],
            events.key[head:tail],
            events.keys,
            events.message[head:tail],
            _cut_columns(events.columns, head, tail),
        ),
        Products(products.event[begin:end] - np.int32(head), _cut_columns(products.columns, begin, end)),
    )


def empty_block() -> Block:
    """A block without batches."""
    longs, ints, keys = np.zeros(0, np.int64), np.zeros(0, np.int32), np.zeros(0, np.uint64)
    return Block(Batches(longs, longs, longs, ints, (), keys), Events(ints, longs, ints, (), keys), Products(ints))


def not_before(block: Block, moment: int) -> Block:
    """The block with what would take effect before a moment taking effect then."""
    at = np.maximum(block.batches.at, moment)
    return msgspec.structs.replace(block, batches=msgspec.structs.replace(block.batches, at=at))


def _cut_columns(columns: tuple[tuple[Field, Column], ...], first: int, last: int) -> tuple[tuple[Field, Column], ...]:
    return tuple((field, _cut_column(column, first, last)) for field, column in columns)


def _cut_column(column: Column, first: int, last: int) -> Column:
    if column.index is None:
        head, tail, index = first, last, None
    else:
        head, tail = np.searchsorted(column.index, (first, last)).tolist()
        index = column.index[head:tail] - np.int32(first)
    numbers = column.numbers[head:tail] if len(column.numbers) else column.numbers
    return Column(index, column.codes[head:tail], numbers, column.words)


def _cut_list(column: ListColumn, head: int, tail: int, first: int) -> ListColumn:
    offsets = column.offsets[head : tail + 1]
    codes = column.codes[offsets[0] : offsets[-1]]
    return ListColumn(column.index[head:tail] - np.int32(first), offsets - offsets[0], codes, column.words)


def _cut_field(field: FieldColumn, first: int, last: int) -> FieldColumn:
    column = field.column
    if column.index is None:
        head, tail = first, last
    else:
        head, tail = np.searchsorted(column.index, (first, last)).tolist()
    cells = _cut_column(column, first, last) if isinstance(column, Column) else _cut_list(column, head, tail, first)
    stamps: NDArray[np.int64] | None = None if field.stamps is None else field.stamps[head:tail]
    return FieldColumn(field.field, cells, stamps)
