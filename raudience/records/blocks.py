"""The columnar form in which events and profile updates travel: one block per shard and round, thousands of rows.

A block has three tables. `Batches` holds one row per accepted batch (one user, one moment), `Events` the events of
those batches, `Products` the products of e-commerce events. Each table has its fixed arrays and a tuple of sparse
columns. Arrays are read-only to whoever receives a block. Times are int64 milliseconds since 1970 in UTC.
"""

from __future__ import annotations

from typing import Final, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

__all__ = [
    "DELETED",
    "NULL",
    "NUMBER",
    "Batches",
    "Block",
    "Column",
    "EventKey",
    "Events",
    "Field",
    "FieldColumn",
    "ListColumn",
    "Products",
]

NUMBER: Final = -1
"""Code of a cell whose value is the number in `Column.numbers`."""
NULL: Final = -2
"""Code of a cell that is present without a value: a tag."""
DELETED: Final = -3
"""Code of a cell that takes the attribute away (profile fields only)."""

Ints: TypeAlias = NDArray[np.int32]
Longs: TypeAlias = NDArray[np.int64]
Keys: TypeAlias = NDArray[np.uint64]
Floats: TypeAlias = NDArray[np.float64]


class Field(msgspec.Struct, frozen=True, order=True):
    """Name of an attribute with the namespace it lives in.

    Namespaces of profiles: user, calculated, identity, device_id (a set of values), device, application, consent,
    location, attribution, status. Namespaces of events: custom (custom attributes), event (envelope, e-commerce,
    device and application at the time of the event), product.
    """

    namespace: str
    name: str


class EventKey(msgspec.Struct, frozen=True, order=True):
    """What an event is: its kind, its category (`custom_event_type`) and its name."""

    kind: str
    category: str = ""
    name: str = ""


class Column(msgspec.Struct, frozen=True, tag=True):
    """Scalar values of one attribute for some rows of a table.

    index: int32[k], positions in the table, ascending; None when every row has a cell (k = rows of the table).
    codes: int32[k]; a code >= 0 is a position in `words`, else NUMBER, NULL or DELETED.
    numbers: float64[k], read where the code is NUMBER; float64[0] when no code is NUMBER.
    words: distinct strings. Booleans are the words "true" and "false".
    """

    index: Ints | None
    codes: Ints
    numbers: Floats
    words: tuple[str, ...]


class ListColumn(msgspec.Struct, frozen=True, tag=True):
    """List values of one attribute: cell i holds `words[c] for c in codes[offsets[i]:offsets[i + 1]]`.

    index: int32[k], ascending; offsets: int32[k + 1]; codes: int32[offsets[k]], all >= 0. Numbers in lists are words
    in their canonical text.
    """

    index: Ints
    offsets: Ints
    codes: Ints
    words: tuple[str, ...]


class FieldColumn(msgspec.Struct, frozen=True):
    """Updates of one profile field, positions in the table of batches.

    stamps: int64[k], the moment each update speaks of; None when it is the stamp of its batch. The latest stamp wins,
    of equal stamps the later cell. A batch may have more than one cell here (index ascending, not strictly).
    """

    field: Field
    column: Column | ListColumn
    stamps: Longs | None = None


class Batches(msgspec.Struct, frozen=True):
    """One row per batch: mpid, at, stamp: int64[n]; input: int32[n], position in `inputs`; request: uint64[n].

    at: the instant the batch takes effect in the shard, ascending. stamp: the batch's own time, by which the latest
    attribute wins (semantics D11). request: key of the batch for remembering it, 0 when it has none. context: columns
    in namespace `event` that hold for every event of a batch (platform, application_version ...).
    """

    mpid: Longs
    at: Longs
    stamp: Longs
    input: Ints
    inputs: tuple[str, ...]
    request: Keys
    fields: tuple[FieldColumn, ...] = ()
    context: tuple[tuple[Field, Column], ...] = ()


class Events(msgspec.Struct, frozen=True):
    """One row per event: batch: int32[m], ascending; time: int64[m]; key: int32[m], position in `keys`.

    message: uint64[m], key of the event for counting it once, 0 when it has none.
    """

    batch: Ints
    time: Longs
    key: Ints
    keys: tuple[EventKey, ...]
    message: Keys
    columns: tuple[tuple[Field, Column], ...] = ()


class Products(msgspec.Struct, frozen=True):
    """One row per product of an event: event: int32[q], ascending."""

    event: Ints
    columns: tuple[tuple[Field, Column], ...] = ()


class Block(msgspec.Struct, frozen=True, tag=True):
    """Some batches with their events and products. All rows of one batch stand in one block."""

    batches: Batches
    events: Events
    products: Products
