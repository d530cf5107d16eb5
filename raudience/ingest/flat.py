"""From a table with one event per row to a block, column by column; see docs/events.md for the names of the columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from raudience.criteria.text import attribute_key
from raudience.errors import Fault
from raudience.hashing import mix64, text_key, text_keys
from raudience.ingest.batches import DEFAULT_INPUT, Decoded
from raudience.ingest.identity import with_identity
from raudience.ingest.keys import message_keys, per_input
from raudience.ingest.route import take
from raudience.ingest.spellings import DEVICE_IDS, canonical
from raudience.records import NUMBER, Batches, Block, Column, EventKey, Events, Field, FieldColumn, ListColumn, Products

__all__ = ["FlatColumn", "decode_table"]

Ints: TypeAlias = NDArray[np.int32]
Longs: TypeAlias = NDArray[np.int64]
Keys: TypeAlias = NDArray[np.uint64]
Flags: TypeAlias = NDArray[np.bool_]
Table: TypeAlias = dict[str, "FlatColumn"]

_NO_NUMBERS: Final = np.empty(0, np.float64)
_EXACT: Final = 2**53
_LAST: Final = 253_402_300_799_999
_SMALL: Final = 1 << 22
_ENVELOPE: Final = (
    "mpid", "timestamp", "event_type", "event_name", "custom_event_type", "source_message_id", "source_request_id",
    "input",
)  # fmt: skip
_SYNONYMS: Final = {"name": "event_name", "timestamp_unixtime_ms": "timestamp", "api_key": "input"}
_PROFILE: Final = ("user", "calculated", "identity", "device", "application", "location")
_NOBODY: Final = ("", "00000000-0000-0000-0000-000000000000")


class FlatColumn(msgspec.Struct, frozen=True):
    """A column of n rows; codes: int32[n], -1 where there is no value, else 0 or a position in `words`.

    Of a column of numbers words is empty and `numbers` holds them (int64[n] or float64[n]); of a column of lists
    `lists` holds the lists of the rows with a value, indexed by row; only attributes of users are lists.
    """

    codes: Ints
    words: tuple[str, ...] = ()
    numbers: Longs | NDArray[np.float64] | None = None
    lists: ListColumn | None = None


def decode_table(columns: Table, rows: int, input: str = DEFAULT_INPUT) -> Decoded:
    """One batch with one event per row, in the order of the rows. Raise ValueError, with what is wrong, when the table
    as a whole cannot be read; rows that cannot be are faults by position."""
    table = {_SYNONYMS.get(name, name): column for name, column in columns.items()}
    time, mpid, nameless = _times(table, rows), *_mpids(table, rows)
    fields = _profile(table)
    faults = _faults(table, time, nameless & ~with_identity(fields, rows), mpid)
    content = _content(table, rows)
    of, inputs = _inputs(table, rows, input)
    request = _text_keys(table.get("source_request_id"), rows)
    batches = Batches(
        mpid=mpid,
        at=time,
        stamp=time,
        input=of,
        inputs=inputs,
        request=per_input(np.where(request == 0, content, request), of, inputs),
        fields=fields,
        context=_context(fields),
    )
    block = Block(batches, _events(table, rows, time, mpid), _products(table, rows))
    whole = Decoded(
        block=block,
        requests=_requests(table, rows),
        content=content,
        nameless=nameless,
        positions=np.arange(rows),
        faults=tuple(sorted(faults.items())),
    )
    return _without(whole, faults) if faults else whole


def _without(whole: Decoded, faults: dict[int, Fault]) -> Decoded:
    kept = np.setdiff1d(np.arange(len(whole.nameless)), [*faults])
    return Decoded(
        block=take(whole.block, kept),
        requests=tuple(whole.requests[row] for row in kept.tolist()),
        content=whole.content[kept],
        nameless=whole.nameless[kept],
        positions=kept,
        faults=whole.faults,
    )


def _times(table: Table, rows: int) -> Longs:
    """Milliseconds, -1 where there is none."""
    column = table.get("timestamp")
    if column is None or column.numbers is None or column.numbers.dtype != np.int64:
        message = "a column `timestamp` of whole milliseconds since 1970 or of the type timestamp"
        raise ValueError(message)
    return np.where(column.codes < 0, np.int64(-1), column.numbers.astype(np.int64))


def _mpids(table: Table, rows: int) -> tuple[Longs, Flags]:
    column = table.get("mpid")
    if column is None:
        return np.zeros(rows, np.int64), np.ones(rows, np.bool_)
    if column.numbers is not None:
        if column.numbers.dtype != np.int64:
            message = "a column `mpid` of whole numbers or texts"
            raise ValueError(message)
        return np.where(column.codes < 0, np.int64(0), column.numbers.astype(np.int64)), column.codes < 0
    words = [_whole(word) for word in column.words]
    values = np.array([word or 0 for word in words] or [0], np.int64)
    # A text that is no MPID is told apart from a missing one by its code, in `_faults`.
    known = np.array([word is not None for word in words] or [False], np.bool_)
    there = (column.codes >= 0) & known[column.codes]
    return np.where(there, values[column.codes], 0), ~there


def _whole(word: str) -> int | None:
    digits = word.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 19):
        return None
    return int(word) if -(2**63) <= int(word) < 2**63 else None


def _faults(table: Table, time: Longs, lost: Flags, mpid: Longs) -> dict[int, Fault]:
    found: dict[int, Fault] = {}
    for row in np.flatnonzero(lost).tolist():
        found[row] = Fault("$.mpid", "a signed 64-bit MPID, or an identity by which to find it", "neither")
    for row in np.flatnonzero((time < 0) | (time > _LAST)).tolist():
        got = "none" if table["timestamp"].codes[row] < 0 else str(int(time[row]))
        found[row] = Fault("$.timestamp", f"milliseconds since 1970, up to {_LAST}", got)
    if (column := table.get("mpid")) and column.numbers is None:
        wrong = [code for code, word in enumerate(column.words) if word and _whole(word) is None]
        for row in np.flatnonzero(np.isin(column.codes, wrong)).tolist():
            found[row] = Fault("$.mpid", "a signed 64-bit whole number", f'"{column.words[column.codes[row]]}"')
    return found


def _inputs(table: Table, rows: int, input: str) -> tuple[Ints, tuple[str, ...]]:
    column = table.get("input")
    if column is None or not column.words:
        return np.zeros(rows, np.int32), (input,)
    inputs = tuple(dict.fromkeys((*column.words, input)))
    return np.where(column.codes < 0, np.int32(inputs.index(input)), column.codes).astype(np.int32), inputs


def _requests(table: Table, rows: int) -> tuple[str, ...]:
    column = table.get("source_request_id")
    if column is None:
        return ("",) * rows
    words = (*_texts(column), "")
    return tuple(words[code] for code in _text_codes(column).tolist())


def _text_keys(column: FlatColumn | None, rows: int) -> Keys:
    """Key of the text of each row, 0 where there is none."""
    if column is None:
        return np.zeros(rows, np.uint64)
    keys = np.append(text_keys(word.encode() for word in _texts(column)), np.uint64(0))
    return keys[_text_codes(column)]


def _texts(column: FlatColumn) -> tuple[str, ...]:
    return column.words if column.numbers is None else tuple(map(str, column.numbers.tolist()))


def _text_codes(column: FlatColumn) -> Ints:
    """Positions in `_texts`, -1 where there is no value."""
    if column.numbers is None:
        return column.codes
    return np.where(column.codes < 0, -1, np.arange(len(column.codes))).astype(np.int32)


def _content(table: Table, rows: int) -> Keys:
    """Key of each row: of the names and values that it has, whatever the order of the columns."""
    total = np.zeros(rows, np.uint64)
    for name, column in table.items():
        seed = np.uint64(text_key(name))
        total += np.where(column.codes < 0, np.uint64(0), _cell_keys(column, seed))
    keys = mix64(total)
    return np.where(keys == 0, np.uint64(1), keys)


def _cell_keys(column: FlatColumn, seed: np.uint64) -> Keys:
    if column.lists is not None:
        return _list_keys(column.lists, len(column.codes), seed)
    if column.numbers is not None:
        return mix64(column.numbers.view(np.uint64) ^ seed)
    keys = mix64(text_keys(word.encode() for word in column.words) ^ seed)
    return keys[column.codes] if len(keys) else np.zeros(len(column.codes), np.uint64)


def _list_keys(lists: ListColumn, rows: int, seed: np.uint64) -> Keys:
    keys = np.zeros(rows, np.uint64)
    for row, first, last in zip(
        lists.index.tolist(), lists.offsets[:-1].tolist(), lists.offsets[1:].tolist(), strict=True
    ):
        keys[row] = text_key("\0".join(lists.words[code] for code in lists.codes[first:last].tolist()))
    return mix64(keys ^ seed)


def _column(column: FlatColumn) -> Column:
    index = None if (column.codes >= 0).all() else np.flatnonzero(column.codes >= 0).astype(np.int32)
    codes = column.codes if index is None else column.codes[index]
    if column.numbers is None:
        return Column(index, codes, _NO_NUMBERS, column.words)
    numbers = column.numbers if index is None else column.numbers[index]
    if numbers.dtype == np.int64 and len(numbers) and max(abs(int(numbers.min())), int(numbers.max())) > _EXACT:
        texts = [str(number) for number in numbers.tolist()]
        words = {text: code for code, text in enumerate(dict.fromkeys(texts))}
        return Column(index, np.array([words[text] for text in texts], np.int32), _NO_NUMBERS, tuple(words))
    return Column(index, np.full(len(numbers), NUMBER, np.int32), numbers.astype(np.float64), ())


def _profile(table: Table) -> tuple[FieldColumn, ...]:
    found: dict[Field, FieldColumn] = {}
    for name, column in table.items():
        namespace, _, rest = name.partition(".")
        if namespace in _PROFILE and rest:
            update = _update(namespace, rest, column)
            found.setdefault(update.field, update)
    return tuple(found[field] for field in sorted(found))


def _update(namespace: str, name: str, column: FlatColumn) -> FieldColumn:
    if namespace in ("identity", "device") and (namespace == "identity" or canonical(name) in DEVICE_IDS):
        known = canonical(name)
        field = Field("device_id" if known in DEVICE_IDS else "identity", known)
        return FieldColumn(field, _column(_somebody(column)))
    if column.lists is not None and namespace in ("user", "calculated"):
        return FieldColumn(Field(namespace, attribute_key(name) if namespace == "user" else name), column.lists)
    return FieldColumn(Field(namespace, attribute_key(name) if namespace == "user" else name), _column(column))


def _somebody(column: FlatColumn) -> FlatColumn:
    """Identities as texts, without those that stand for nobody."""
    texts = tuple(dict.fromkeys(_texts(column)))
    position = {text: code for code, text in enumerate(texts)}
    new = np.array([-1 if text in _NOBODY else position[text] for text in (*_texts(column), "")], np.int32)
    return FlatColumn(new[_text_codes(column)], texts)


def _context(fields: Sequence[FieldColumn]) -> tuple[tuple[Field, Column], ...]:
    found = {
        Field("event", update.field.name): update.column
        for update in sorted(fields, key=_by_namespace)
        if update.field.namespace in ("device", "application") and isinstance(update.column, Column)
    }
    return tuple(sorted(found.items(), key=_by_field))


def _by_namespace(update: FieldColumn) -> bool:
    """Of fields that device and application both have, the application's stands for the events."""
    return update.field.namespace == "application"


def _by_field(named: tuple[Field, Column]) -> Field:
    return named[0]


def _events(table: Table, rows: int, time: Longs, mpid: Longs) -> Events:
    key, keys = _keys(table, rows)
    return Events(
        batch=np.arange(rows, dtype=np.int32),
        time=time,
        key=key,
        keys=keys,
        message=message_keys(_text_keys(table.get("source_message_id"), rows), mpid),
        columns=_event_columns(table),
    )


def _event_columns(table: Table) -> tuple[tuple[Field, Column], ...]:
    found: dict[Field, Column] = {}
    for name, column in table.items():
        namespace, _, rest = name.partition(".")
        if name in _ENVELOPE or namespace in (*_PROFILE, "product"):
            continue
        field = Field(namespace, rest) if namespace in ("event", "custom") and rest else Field("custom", name)
        found[field] = _column(column)
    return tuple(sorted(found.items(), key=_by_field))


def _products(table: Table, rows: int) -> Products:
    """One product per event that has any column of it."""
    columns = {name.partition(".")[2]: column for name, column in table.items() if name.startswith("product.")}
    there = np.zeros(rows, np.bool_)
    for column in columns.values():
        there |= column.codes >= 0
    event = np.flatnonzero(there).astype(np.int32)
    return Products(
        event, tuple((Field("product", name), _column(_at(columns[name], event))) for name in sorted(columns))
    )


def _at(column: FlatColumn, rows: Ints) -> FlatColumn:
    return FlatColumn(column.codes[rows], column.words, None if column.numbers is None else column.numbers[rows])


def _keys(table: Table, rows: int) -> tuple[Ints, tuple[EventKey, ...]]:
    """What each event is: int32[rows], positions in the keys."""
    parts = [_names(table.get(name), rows) for name in ("event_type", "custom_event_type", "event_name")]
    sizes = tuple(len(words) for _, words in parts)
    combined = np.ravel_multi_index([codes for codes, _ in parts], sizes)
    distinct, of = _distinct(combined, int(np.prod(sizes)))
    places = zip(*np.unravel_index(distinct, sizes), strict=True)
    named = [_key(*(words[place] for place, (_, words) in zip(each, parts, strict=True))) for each in places]
    keys = {key: code for code, key in enumerate(dict.fromkeys(named))}
    return np.array([keys[key] for key in named] or [0], np.int32)[of], tuple(keys)


def _names(column: FlatColumn | None, rows: int) -> tuple[Ints, tuple[str, ...]]:
    """Codes without gaps: the last word, empty, stands for no value."""
    if column is None:
        return np.zeros(rows, np.int32), ("",)
    words = (*_texts(column), "")
    codes = _text_codes(column)
    return np.where(codes < 0, np.int32(len(words) - 1), codes).astype(np.int32), words


def _distinct(values: Longs, size: int) -> tuple[Longs, Longs]:
    """Distinct values below `size` and the position of each value among them; sorts only when there may be many."""
    if size > _SMALL:
        return np.unique(values, return_inverse=True)
    there = np.zeros(size, np.bool_)
    there[values] = True
    return np.flatnonzero(there), (np.cumsum(there) - 1)[values]


def _key(event_type: str, category: str, name: str) -> EventKey:
    """Event types of the wire and kinds of the question language are both taken; none is a custom event."""
    match event_type:
        case "" | "custom" | "custom_event" | "attribution":
            is_attribution = "attribution" in (event_type, category)
            return EventKey(
                "attribution" if is_attribution else "custom", category or event_type * is_attribution, name
            )
        case "screen_view" | "application_state_transition":
            return EventKey(event_type, "", name)
        case "commerce" | "commerce_event":
            return EventKey("commerce", "", name)
        case _:
            return EventKey(event_type.removesuffix("_report") if event_type == "crash_report" else event_type)
