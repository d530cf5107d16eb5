"""What a snapshot of a shard holds: all that cannot be found again from the rest, as a stream of parts.

Profiles, what they did, when they entered audiences, and the ids that are remembered. Counters, timers and members are
filled from these, so they stand in no snapshot, and neither does the layout of the shard: parts of several shards may
go into one, and those of one into several.

The order is: `Header`, every `ProfilesPart`, then the other parts, `End`. Positions of profiles count through all
`ProfilesPart`s, from 0. Codes of cells: 0 nothing (deleted), 1 a tag, 2 a list, 3 a number, from 4 on words, counted
through all parts of the same kind and the same attribute in the order in which `words` brings them.

Evolution: parts are maps with named fields. A field that is added has a default; a field that is gone is skipped; a
name, a tag and a code never change their meaning. What an older reader would read wrongly makes a new `FORMAT`.
"""

from __future__ import annotations

from typing import Any, Final, Literal, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from raudience.criteria.leaves import Plan
from raudience.records import EventKey, Field
from raudience.shard.growing import narrow

__all__ = [
    "FORMAT", "Ascending", "End", "EnteredPart", "EventColumn", "EventsPart", "FieldPart", "Header", "Longs", "Part",
    "ProfilesPart", "RememberedPart", "SetPart", "WorkspacePart", "ascending", "longs",
]  # fmt: skip

FORMAT: Final = 2
"""2: holds when members entered."""

_SHORT = 1 << 32


class Longs(msgspec.Struct, frozen=True):
    """int64[n]: `least` plus each of `above` (integers of any width)."""

    least: int
    above: NDArray[Any]

    def values(self) -> NDArray[np.int64]:
        return self.above.astype(np.int64) + self.least


class Ascending(msgspec.Struct, frozen=True):
    """int64[n], n > 0: `first`, and from each to the next one of `gaps` (integers of any width)."""

    first: int
    gaps: NDArray[Any]

    def values(self) -> NDArray[np.int64]:
        found = np.empty(len(self.gaps) + 1, np.int64)
        found[0] = self.first
        found[1:] = self.gaps
        return found.cumsum(out=found)


def longs(values: NDArray[np.int64]) -> Longs:
    """Integers in few bytes each."""
    least = int(values.min()) if len(values) else 0
    return Longs(least, _short(values - least))


def ascending(values: NDArray[Any]) -> Ascending:
    """Ascending integers in few bytes each."""
    wide: NDArray[np.int64] = values.astype(np.int64)
    return Ascending(int(wide[0]), _short(wide[1:] - wide[:-1]))


def _short(values: NDArray[np.int64]) -> NDArray[Any]:
    return values if len(values) and int(values.max()) >= _SHORT else narrow(values)


class _Part(msgspec.Struct, frozen=True, tag=True):
    pass


class Header(_Part, frozen=True):
    """now: the instant up to which everything is told. groups: key groups whose profiles are here, ascending."""

    format: int
    now: int
    plan: Plan
    groups: tuple[int, ...]


class ProfilesPart(_Part, frozen=True):
    """mpids: int64[n]; last: the instant of the latest activity of each."""

    mpids: NDArray[np.int64]
    last: Longs


class WorkspacePart(_Part, frozen=True):
    """Profiles that were active in a workspace: their positions, first seen of each (2**61: not seen yet)."""

    workspace: str
    profiles: Ascending
    first_seen: Longs


class FieldPart(_Part, frozen=True):
    """A field of profiles that have, or had, a value of it: positions, codes, and the moment that each speaks of.

    workspace: "" for fields of the whole account. numbers: float[k] of the cells that are numbers, in their order.
    sizes: of the cells that are lists; elements: codes of all their elements, one list after the other.
    """

    workspace: str
    field: Field
    profiles: Ascending
    codes: NDArray[Any]
    stamps: Longs
    numbers: NDArray[Any]
    sizes: NDArray[Any]
    elements: NDArray[Any]
    words: tuple[str, ...]


class SetPart(_Part, frozen=True):
    """A field that gathers values: positions of profiles, how many values each has, their codes as they came."""

    field: Field
    profiles: Ascending
    sizes: NDArray[Any]
    elements: NDArray[Any]
    words: tuple[str, ...]


class EventColumn(msgspec.Struct, frozen=True):
    """Cells of an attribute. places: of the rows that have one, ascending, None: all rows; codes: None when all cells
    are numbers; numbers: None when none is, else float of each cell, read where the code says so."""

    field: Field
    places: NDArray[Any] | None
    codes: NDArray[Any] | None
    numbers: NDArray[Any] | None
    words: tuple[str, ...]


class EventsPart(_Part, frozen=True):
    """Some events in order of time: times, position of the profile, position in `keys`.

    The rows of columns are the same events sorted by position in `keys`, of equal ones in order of time. Those of
    namespace product are the products of these: `products` is the row of the event of each, ascending.
    """

    times: Ascending
    profiles: NDArray[Any]
    key: NDArray[Any]
    keys: tuple[EventKey, ...]
    columns: tuple[EventColumn, ...]
    products: NDArray[Any]


class RememberedPart(_Part, frozen=True):
    """Ids that were seen: keys uint64[n], which say their key group, and the number of the slice of time in which they
    were seen (`index.Remembered`)."""

    of: Literal["batches", "messages"]
    slice: int
    keys: NDArray[np.uint64]


class EnteredPart(_Part, frozen=True):
    """When profiles entered an audience, each the latest time: positions (ascending, None: nobody), instants. Members
    that are not here have been in since it began (-2**62: nobody knows when). Who is no member any more may be here."""

    audience: str
    since: int
    profiles: Ascending | None
    at: Longs


class End(_Part, frozen=True):
    """What came before: a stream without it is torn."""

    profiles: int
    events: int


Part: TypeAlias = (
    Header | ProfilesPart | WorkspacePart | FieldPart | SetPart | EventsPart | RememberedPart | EnteredPart | End
)
