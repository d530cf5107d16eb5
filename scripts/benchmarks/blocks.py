"""The workload as blocks of records, as ingest would hand them to a shard: every block has its own dictionaries."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Literal, TypeAlias

import numpy as np

from raudience.hashing import mix64
from raudience.records import (
    NUMBER,
    Batches,
    Block,
    Column,
    Events,
    Field,
    FieldColumn,
    ListColumn,
    Products,
)
from scripts.benchmarks import vocabulary as words
from scripts.benchmarks.vocabulary import DAY, SECOND, START
from scripts.benchmarks.workload import FIELDS, Workload

Form: TypeAlias = Literal["live", "replay"]
"""live: a block takes effect as one instant, the arrival of its last event; the events of one profile and platform in
it are one batch. replay: every event is a batch of its own and takes effect at its own arrival."""

_NO_NUMBERS = np.empty(0)
_MESSAGE = np.uint64(1 << 40)
_PROFILE = np.uint64(1 << 41)
_BATCH = np.uint64(1 << 42)


def mpids(workload: Workload) -> np.ndarray:
    """MPID of each profile, int64[p]: spread over all 64 bits, distinct."""
    return mix64(np.arange(1, workload.profiles + 1, dtype=np.uint64)).view(np.int64)


def profile_blocks(workload: Workload, ids: np.ndarray, rows: int = 100_000) -> Iterator[tuple[Block, int]]:
    """Attributes and identities of every profile, just before the history begins: (block, its instant)."""
    starts = range(0, workload.profiles, rows)
    for place, start in enumerate(starts):
        at = START - SECOND + place
        yield _profile_block(workload, ids, start, min(start + rows, workload.profiles), at), at


def _profile_block(workload: Workload, ids: np.ndarray, start: int, stop: int, at: int) -> Block:
    part, count = slice(start, stop), stop - start
    numbers = np.arange(start, stop)
    fields = (
        FieldColumn(Field("user", "country"), _coded(workload.country[part], words.COUNTRIES)),
        FieldColumn(Field("user", "plan"), _coded(workload.plan[part], words.PLANS)),
        FieldColumn(Field("user", "age"), _numeric(workload.age[part])),
        FieldColumn(Field("user", "ltv"), _numeric(workload.ltv[part])),
        FieldColumn(Field("user", "signup"), _days(workload.signup[part])),
        FieldColumn(Field("user", "tags"), _lists(np.arange(count, dtype=np.int32), workload.tags[part])),
        FieldColumn(Field("identity", "email"), _texts(workload.email[part], numbers, "person{}@example.com")),
        FieldColumn(
            Field("device_id", "ios_advertising_id"),
            _texts(workload.idfa[part], numbers, "6d92078a-8246-4ba4-ae5b-{:012d}"),
        ),
    )
    moment = np.full(count, at)
    request = mix64(numbers.view(np.uint64) + _PROFILE)
    batches = Batches(ids[part], moment, moment, np.zeros(count, np.int32), words.INPUTS[:1], request, fields)
    return Block(batches, _no_events(), Products(np.empty(0, np.int32)))


def _no_events() -> Events:
    nothing = np.empty(0, np.int32)
    return Events(nothing, np.empty(0, np.int64), nothing, (), np.empty(0, np.uint64))


def event_block(workload: Workload, ids: np.ndarray, start: int, stop: int, form: Form, repeated: int = 0) -> Block:
    """Events [start, stop) with the changes that came with them and, again, the repeats among the last `repeated`
    events before them, unless that is so long ago that ids of events are forgotten (semantics D12)."""
    again = workload.repeats[slice(*np.searchsorted(workload.repeats, (start - repeated, start)))]
    again = again[workload.arrival[again] > workload.arrival[stop - 1] - DAY]
    rows = np.concatenate([np.arange(start, stop), again])
    arrival = np.concatenate([workload.arrival[start:stop], np.full(len(again), workload.arrival[stop - 1])])
    batch, lead = _batches(workload, rows, form)
    order = np.argsort(batch, kind="stable")
    at = arrival[lead] if form == "replay" else np.full(len(lead), workload.arrival[stop - 1])
    stamp = np.zeros(len(lead), np.int64)
    np.maximum.at(stamp, batch, arrival)
    platform = workload.platform[rows[lead]]
    batches = Batches(
        ids[workload.profile[rows[lead]]],
        at,
        stamp,
        *_inputs(words.INPUT_OF_PLATFORM[platform]),
        mix64(rows[lead].astype(np.uint64) * np.uint64(2) + (lead >= stop - start) + _BATCH),
        _changed(workload, start, stop, batch),
        ((Field("event", "platform"), _coded(platform, words.PLATFORMS)),),
    )
    return Block(batches, _events(workload, rows[order], batch[order]), Products(np.empty(0, np.int32)))


def _batches(workload: Workload, rows: np.ndarray, form: Form) -> tuple[np.ndarray, np.ndarray]:
    """(batch of each row, the first row of each batch), batches in the order of their first rows."""
    if form == "replay":
        return np.arange(len(rows), dtype=np.int32), np.arange(len(rows))
    group = workload.profile[rows].astype(np.int64) * 8 + workload.platform[rows]
    _, lead, member = np.unique(group, return_index=True, return_inverse=True)
    rank = np.empty(len(lead), np.int32)
    rank[np.argsort(lead)] = np.arange(len(lead), dtype=np.int32)
    return rank[member], np.sort(lead)


def _events(workload: Workload, rows: np.ndarray, batch: np.ndarray) -> Events:
    price = workload.price[rows]
    priced = np.flatnonzero(price > 0).astype(np.int32)
    present, key = np.unique(workload.name[rows], return_inverse=True)
    return Events(
        batch.astype(np.int32),
        workload.time[rows],
        key.astype(np.int32),
        tuple(words.KEYS[code] for code in present),
        mix64(rows.astype(np.uint64) + _MESSAGE),
        (
            (Field("custom", "category"), _coded(workload.category[rows], words.CATEGORIES)),
            (Field("custom", "price"), _numeric(price[priced], priced)),
        ),
    )


def _inputs(inputs: np.ndarray) -> tuple[np.ndarray, tuple[str, ...]]:
    present, code = np.unique(inputs, return_inverse=True)
    return code.astype(np.int32), tuple(words.INPUTS[place] for place in present)


def _changed(workload: Workload, start: int, stop: int, batch: np.ndarray) -> tuple[FieldColumn, ...]:
    part = workload.changes(start, stop)
    place = batch[workload.change_event[part] - start]
    order = np.argsort(place, kind="stable")
    place, field = place[order].astype(np.int32), workload.change_field[part][order]
    value, tags = workload.change_value[part][order], workload.change_tags[part][order]
    stamps = workload.arrival[workload.change_event[part]][order]
    found = []
    for code, name in enumerate(FIELDS):
        mine = field == code
        if mine.any():
            column = _change(name, place[mine], value[mine], tags[mine])
            found.append(FieldColumn(Field("user", name), column, stamps[mine]))
    return tuple(found)


def _change(name: str, place: np.ndarray, value: np.ndarray, tags: np.ndarray) -> Column | ListColumn:
    match name:
        case "tags":
            return _lists(place, tags)
        case "plan":
            return _coded(value.astype(np.int32), words.PLANS, place)
        case "country":
            return _coded(value.astype(np.int32), words.COUNTRIES, place)
        case _:
            return _numeric(value, place)


def _coded(codes: np.ndarray, table: Sequence[str], index: np.ndarray | None = None) -> Column:
    present, local = np.unique(codes, return_inverse=True)
    return Column(index, local.astype(np.int32), _NO_NUMBERS, tuple(table[code] for code in present))


def _numeric(values: np.ndarray, index: np.ndarray | None = None) -> Column:
    return Column(index, np.full(len(values), NUMBER, np.int32), _decimal(values), ())


def _decimal(values: np.ndarray) -> np.ndarray:
    """The numbers as a JSON text would give them: 0.1 and not the float32 next to it."""
    return np.round(values.astype(np.float64), 2)


def _days(days: np.ndarray) -> Column:
    present, local = np.unique(days, return_inverse=True)
    text = tuple((date(1970, 1, 1) + timedelta(days=day)).isoformat() for day in present.tolist())
    return Column(None, local.astype(np.int32), _NO_NUMBERS, text)


def _texts(known: np.ndarray, numbers: np.ndarray, form: str) -> Column:
    """One text of its own for each row that is known."""
    index = np.flatnonzero(known).astype(np.int32)
    text = tuple(form.format(number) for number in numbers[index].tolist())
    return Column(index, np.arange(len(index), dtype=np.int32), _NO_NUMBERS, text)


def _lists(index: np.ndarray, tags: np.ndarray) -> ListColumn:
    there = tags != 255
    present, local = np.unique(tags[there], return_inverse=True)
    offsets = np.concatenate([[0], np.cumsum(there.sum(1))]).astype(np.int32)
    return ListColumn(index, offsets, local.astype(np.int32), tuple(words.TAGS[code] for code in present))
