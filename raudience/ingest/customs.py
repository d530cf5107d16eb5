"""Custom attributes of events: a map of all of them, or a struct of those that are wanted."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter
from typing import Any, Final, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from raudience.ingest.cells import pick, present, spread
from raudience.ingest.sheets import Sheet
from raudience.ingest.wanted import Wanted
from raudience.records import Field

__all__ = ["MAP", "attribute_of", "form_of", "lay_custom"]

Ints: TypeAlias = NDArray[np.int32]

MAP: Final[Any] = dict[str, Any]
_ATTRIBUTED: Final = ("publisher", "campaign")


class _Some(msgspec.Struct, gc=False):
    """Base of the structs: attributes that are not there are UNSET."""


def form_of(wanted: Wanted) -> Any:
    """What custom attributes are decoded to: a struct of the wanted ones, or `MAP`."""
    names = wanted.all_names("custom")
    if names is None:
        return MAP
    told = {*names, *(_ATTRIBUTED if wanted.some("attribution") else ())}
    slots = {f"slot_{place}": name for place, name in enumerate(sorted(told))}
    fields = [(slot, Any, msgspec.UNSET) for slot in slots]
    space = {"slots": {name: slot for slot, name in slots.items()}, "columns": names}
    return msgspec.defstruct("Some", fields, bases=(_Some,), rename=slots, namespace=space, gc=False)


def attribute_of(attributes: Any, name: str) -> Any:
    """Value of a custom attribute; UNSET when it is not there. Of a struct, publisher and campaign can be asked."""
    if isinstance(attributes, dict):
        return attributes.get(name, msgspec.UNSET)
    slot = None if attributes is None else type(attributes).slots.get(name)
    return msgspec.UNSET if slot is None else getattr(attributes, slot)


def lay_custom(sheet: Sheet, index: Ints, given: Sequence[Any]) -> None:
    """Put custom attributes at the rows into a sheet; given: maps, or structs, or None where there are none."""
    there, some = present(index, given)
    if not some or isinstance(some[0], dict):
        for name, rows, values in spread(there, some):
            sheet.add(Field("custom", name), rows, values)
        return
    form = type(some[0])
    for name in form.columns:
        values = [*map(attrgetter(form.slots[name]), some)]
        if msgspec.UNSET not in values:
            sheet.add(Field("custom", name), there, values)
            continue
        rows = np.flatnonzero([value is not msgspec.UNSET for value in values]).astype(np.int32)
        if len(rows):
            sheet.add(Field("custom", name), there[rows], pick(values, rows))
