"""Blocks put together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import count
from typing import TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from raudience.records import Batches, Block, Column, Events, Field, FieldColumn, ListColumn, Products

__all__ = ["concatenate"]

Ints: TypeAlias = NDArray[np.int32]
Starts: TypeAlias = Sequence[int]
Columns: TypeAlias = tuple[tuple[Field, Column], ...]
Name = TypeVar("Name")


def concatenate(blocks: Sequence[Block]) -> Block:
    """All batches of the blocks, one block after the other; at least one block."""
    if len(blocks) == 1:
        return blocks[0]
    batches, events, products = zip(*((block.batches, block.events, block.products) for block in blocks), strict=True)
    of_batches, of_events = _starts(each.mpid for each in batches), _starts(each.batch for each in events)
    of_products = _starts(each.event for each in products)
    return Block(
        _join_batches(batches, of_batches),
        _join_events(events, of_batches, of_events),
        Products(
            _shifted([each.event for each in products], of_events),
            _join_columns([each.columns for each in products], of_products),
        ),
    )


def _join_batches(parts: Sequence[Batches], starts: Starts) -> Batches:
    inputs, of = _recode([each.inputs for each in parts])
    # Fields of devices and the context of events are the same columns: they are joined once.
    seen: dict[tuple[int, ...], Column] = {}
    return Batches(
        mpid=np.concatenate([each.mpid for each in parts]),
        at=np.concatenate([each.at for each in parts]),
        stamp=np.concatenate([each.stamp for each in parts]),
        input=np.concatenate([_apply(new, each.input) for new, each in zip(of, parts, strict=True)]),
        inputs=inputs,
        request=np.concatenate([each.request for each in parts]),
        fields=_join_fields(parts, starts, seen),
        context=_join_columns([each.context for each in parts], starts, seen),
    )


def _join_events(parts: Sequence[Events], of_batches: Starts, of_events: Starts) -> Events:
    keys, of = _recode([each.keys for each in parts])
    return Events(
        batch=_shifted([each.batch for each in parts], of_batches),
        time=np.concatenate([each.time for each in parts]),
        key=np.concatenate([_apply(new, each.key) for new, each in zip(of, parts, strict=True)]),
        keys=keys,
        message=np.concatenate([each.message for each in parts]),
        columns=_join_columns([each.columns for each in parts], of_events),
    )


def _starts(arrays: Iterable[NDArray[np.generic]]) -> Starts:
    """Position at which each part begins, and the whole length at the end."""
    return [0, *np.cumsum([len(array) for array in arrays]).tolist()]


def _shifted(arrays: Sequence[Ints], starts: Starts) -> Ints:
    return np.concatenate([array + np.int32(start) for array, start in zip(arrays, starts, strict=False)])


def _recode(tables: Sequence[tuple[Name, ...]]) -> tuple[tuple[Name, ...], list[Ints | None]]:
    """One table for all, and the new code of each old one; None where nothing changes."""
    if all(table == tables[0] for table in tables):
        return tables[0], [None] * len(tables)
    codes: defaultdict[Name, int] = defaultdict(count().__next__)
    new = [np.fromiter(map(codes.__getitem__, table), np.int32, len(table)) for table in tables]
    return tuple(codes), [None, *new[1:]]


def _apply(new: Ints | None, codes: Ints) -> Ints:
    """New codes of cells; what is no word stays."""
    if new is None or not len(new):
        return codes
    return np.where(codes >= 0, new[np.maximum(codes, 0)], codes).astype(np.int32)


def _join_columns(
    tables: Sequence[Columns], starts: Starts, seen: dict[tuple[int, ...], Column] | None = None
) -> Columns:
    seen = {} if seen is None else seen
    found: dict[Field, list[tuple[int, Column]]] = {}
    for part, columns in enumerate(tables):
        for field, column in columns:
            found.setdefault(field, []).append((part, column))
    return tuple((field, _join_once(found[field], starts, seen)) for field in sorted(found))


def _join_once(parts: Sequence[tuple[int, Column]], starts: Starts, seen: dict[tuple[int, ...], Column]) -> Column:
    key = tuple(id(column) for _, column in parts)
    if key not in seen:
        seen[key] = _join_column(parts, starts)
    return seen[key]


def _join_column(parts: Sequence[tuple[int, Column]], starts: Starts) -> Column:
    words, new = _recode([column.words for _, column in parts])
    codes = np.concatenate([_apply(table, column.codes) for table, (_, column) in zip(new, parts, strict=True)])
    complete = len(parts) == len(starts) - 1 and all(column.index is None for _, column in parts)
    index = None if complete else np.concatenate([_index(column, part, starts) for part, column in parts])
    return Column(index, codes, _numbers([column for _, column in parts]), words)


def _index(column: Column | ListColumn, part: int, starts: Starts) -> Ints:
    if column.index is None:
        return np.arange(starts[part], starts[part + 1], dtype=np.int32)
    return column.index + np.int32(starts[part])


def _numbers(columns: Sequence[Column]) -> NDArray[np.float64]:
    if not any(len(column.numbers) for column in columns):
        return columns[0].numbers
    return np.concatenate([each.numbers if len(each.numbers) else np.zeros(len(each.codes)) for each in columns])


def _join_fields(
    parts: Sequence[Batches], starts: Starts, seen: dict[tuple[int, ...], Column]
) -> tuple[FieldColumn, ...]:
    found: dict[tuple[Field, bool], list[tuple[int, FieldColumn]]] = {}
    for part, batches in enumerate(parts):
        for update in batches.fields:
            found.setdefault((update.field, isinstance(update.column, Column)), []).append((part, update))
    return tuple(_join_field(found[key], parts, starts, seen) for key in sorted(found))


def _join_field(
    updates: Sequence[tuple[int, FieldColumn]],
    parts: Sequence[Batches],
    starts: Starts,
    seen: dict[tuple[int, ...], Column],
) -> FieldColumn:
    field = updates[0][1].field
    scalars = [(part, update.column) for part, update in updates if isinstance(update.column, Column)]
    lists = [(part, update.column) for part, update in updates if isinstance(update.column, ListColumn)]
    column = _join_once(scalars, starts, seen) if scalars else _join_lists(lists, starts)
    return FieldColumn(field, column, _join_stamps(updates, parts))


def _join_lists(parts: Sequence[tuple[int, ListColumn]], starts: Starts) -> ListColumn:
    words, new = _recode([column.words for _, column in parts])
    codes = np.concatenate([_apply(table, column.codes) for table, (_, column) in zip(new, parts, strict=True)])
    lengths = np.concatenate([[0], *(np.diff(column.offsets) for _, column in parts)])
    index = np.concatenate([_index(column, part, starts) for part, column in parts])
    return ListColumn(index, np.cumsum(lengths).astype(np.int32), codes, words)


def _join_stamps(updates: Sequence[tuple[int, FieldColumn]], parts: Sequence[Batches]) -> NDArray[np.int64] | None:
    """Stamps of the cells; those without their own get that of their batch when others have one."""
    if all(update.stamps is None for _, update in updates):
        return None
    return np.concatenate([_stamps(update, parts[part].stamp) for part, update in updates])


def _stamps(update: FieldColumn, of_batches: NDArray[np.int64]) -> NDArray[np.int64]:
    if update.stamps is not None:
        return update.stamps
    return of_batches if update.column.index is None else of_batches[update.column.index]
