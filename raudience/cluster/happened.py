"""What the batches of one user say, as entries of a story."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from raudience.cluster.stories import Happening, Learned
from raudience.criteria.leaves import Plan
from raudience.criteria.values import number_text
from raudience.records import DELETED, NUMBER, Batches, Block, Column, EventKey, Field, FieldColumn, ListColumn
from raudience.shard.index import Remembered
from raudience.shard.profiles import ACCOUNT_WIDE, SETS

__all__ = ["happenings", "lessons"]

Columns: TypeAlias = tuple[tuple[Field, Column], ...]

_UNSAID: Final = frozenset({"session_uuid", "session_id", "action"})


def happenings(block: Block, plan: Plan) -> list[Happening]:
    """The events of a block of one user, batch by batch."""
    events, products = block.events, block.products
    counted = _counted(block, plan)
    details, of_products = _details(events.columns), _details(products.columns)
    owned: dict[int, list[dict[str, str]]] = {}
    for place, owner in enumerate(products.event.tolist()):
        owned.setdefault(owner, []).append(of_products.get(place, {}))
    return [
        Happening(
            at=int(block.batches.at[batch]),
            time=time,
            what=_what(events.keys[key]),
            details=details.get(place, {}),
            products=tuple(owned.get(place, ())),
            counted=bool(counted[place]),
        )
        for place, (batch, time, key) in enumerate(
            zip(events.batch.tolist(), events.time.tolist(), events.key.tolist(), strict=True)
        )
    ]


def lessons(block: Block, plan: Plan) -> list[Learned]:
    """The attributes that the batches of one user change, in the order of the batches; the latest stamp wins."""
    known: dict[tuple[str, Field], tuple[int, str | None]] = {}
    seen: set[tuple[Field, str | None]] = set()
    found = []
    for batch, stamp, field, value in sorted(_updates(block), key=lambda update: update[0]):
        at = int(block.batches.at[batch])
        if field.namespace in SETS:
            if (field, value) not in seen:
                found.append(Learned(at, f"{field.namespace} {field.name}", value))
            seen.add((field, value))
            continue
        place = "" if field.namespace in ACCOUNT_WIDE else _workspace(block.batches, batch, plan)
        latest, before = known.get((place, field), (stamp, None))
        if stamp >= latest:
            known[place, field] = (stamp, value)
            if value != before:
                among = "" if place in ("", "default") else f" in {place}"
                found.append(Learned(at, f"{field.namespace} {field.name}{among}", value, before))
    return found


def _workspace(batches: Batches, batch: int, plan: Plan) -> str:
    return plan.workspaces.get(batches.inputs[batches.input[batch]], "default")


def _counted(block: Block, plan: Plan) -> NDArray[np.bool_]:
    """Events that did not come before: bool[m]."""
    batches, events = block.batches, block.events
    fresh = Remembered(plan.remember_batches).first_time(batches.request, batches.at)
    counted: NDArray[np.bool_] = fresh[events.batch]
    places = counted.nonzero()[0]
    at = batches.at[events.batch[places]]
    counted[places] = Remembered(plan.remember_messages).first_time(events.message[places], at)
    return counted


def _what(key: EventKey) -> str:
    return " ".join(dict.fromkeys(part for part in (key.kind, key.category, key.name) if part))


def _details(columns: Columns) -> dict[int, dict[str, str]]:
    """By row, the values of its attributes in text."""
    found: dict[int, dict[str, str]] = {}
    for field, column in columns:
        for row, value in _cells(column) if field.name not in _UNSAID else ():
            found.setdefault(row, {})[field.name] = value or ""
    return found


def _updates(block: Block) -> Iterator[tuple[int, int, Field, str | None]]:
    """Batch, stamp, field and new value of every update of a profile field; None takes the field away."""
    for update in block.batches.fields:
        cells = list(_cells(update.column))
        for (batch, value), stamp in zip(cells, _stamps(update, block.batches.stamp), strict=True):
            yield batch, stamp, update.field, value


def _stamps(update: FieldColumn, stamps: NDArray[np.int64]) -> list[int]:
    if update.stamps is not None:
        return [int(stamp) for stamp in update.stamps]
    index = update.column.index
    return [int(stamp) for stamp in (stamps if index is None else stamps[index])]


def _cells(column: Column | ListColumn) -> Iterator[tuple[int, str | None]]:
    """Row and text of each cell; None where it takes something away, empty where there is no value."""
    if isinstance(column, ListColumn):
        bounds = column.offsets.tolist()
        for place, row in enumerate(column.index.tolist()):
            codes = column.codes[bounds[place] : bounds[place + 1]].tolist()
            yield row, ", ".join(column.words[code] for code in codes)
        return
    rows = range(len(column.codes)) if column.index is None else column.index.tolist()
    for place, row in enumerate(rows):
        code = int(column.codes[place])
        if code >= 0:
            yield row, column.words[code]
        elif code == NUMBER:
            yield row, number_text(float(column.numbers[place]))
        else:
            yield row, None if code == DELETED else ""
