"""User attributes as others get them: of each the value that holds, whichever workspace it came to."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from raudience.records import Field
from raudience.records.listings import Attribute
from raudience.shard.profiles import Profiles
from raudience.shard.registers import Register
from raudience.shard.words import ABSENT, FIRST_WORD, LIST, NUMBER_CODE

__all__ = ["attribute_of"]

_EXACT = 2**53
"""Below it every whole number is a float64 of its own."""


def attribute_of(profiles: Profiles, rows: NDArray[np.int32], name: str) -> dict[int, Attribute]:
    """Values of a user attribute by place among some rows. Of several workspaces the latest counts; of those that are
    equally late that of the last by name."""
    found: dict[int, tuple[int, Attribute]] = {}
    for workspace in sorted(profiles.present):
        register = profiles.registers.get((workspace, Field("user", name)))
        for place, stamp, value in [] if register is None else _values(register, rows):
            if place not in found or found[place][0] <= stamp:
                found[place] = (stamp, value)
    return {place: value for place, (_, value) in found.items()}


def _values(register: Register, rows: NDArray[np.int32]) -> list[tuple[int, int, Attribute]]:
    """(place, stamp, value) of the rows that have one."""
    places = ((rows >= 0) & (rows < register.rows)).nonzero()[0]
    held = rows.take(places)
    cells, stamps = register.cut(held.astype(np.int64))
    columns = (places, held, stamps, cells.code, cells.number)
    return [
        (place, stamp, _value(register, row, code, number))
        for place, row, stamp, code, number in zip(*(column.tolist() for column in columns), strict=True)
        if code != ABSENT
    ]


def _value(register: Register, row: int, code: int, number: float) -> Attribute:
    if code == NUMBER_CODE:
        return int(number) if number.is_integer() and abs(number) < _EXACT else number
    if code == LIST:
        return register.words_of(row)
    return register.dictionary.word(code) if code >= FIRST_WORD else None
