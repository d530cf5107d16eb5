"""What watchers hear of events, and what carts make of it."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from raudience.records import Field
from raudience.shard.carts import ADDED, CartState, Happenings
from raudience.shard.contents import CartContents, product_ids
from raudience.shard.rows import EventRows
from raudience.shard.words import Dictionary

__all__ = ["ARRIVAL", "REMOVED", "CartPart", "Heard", "happenings"]

ARRIVAL: Final = -1
REMOVED: Final = 3
_TIME_ONLY = -1


class Heard(NamedTuple):
    """Events told to watchers: row int32[k], at int64[k] of the telling, time int64[k] of the event, watcher int32[k],
    edge int64[k] that was passed, or ARRIVAL, event int64[k]: position among the arrivals, -1 for one kept before."""

    row: NDArray[np.int32]
    at: NDArray[np.int64]
    time: NDArray[np.int64]
    watcher: NDArray[np.int32]
    edge: NDArray[np.int64]
    event: NDArray[np.int64]

    def of(self, watcher: int) -> Heard:
        where = self.watcher == watcher
        return Heard(*(array[where] for array in self))


class CartPart:
    """What one watcher of a cart hears. An event of the future counts when its time comes, at edge 0.

    future: bool[k], arrivals whose time is to come; comes: bool[k], where an event begins to count.
    """

    def __init__(self, heard: Heard, role: int) -> None:
        self.heard, self.role = heard, role
        arrival = heard.edge == ARRIVAL
        self.future = arrival & (heard.time > heard.at)
        self.comes = (arrival & ~self.future) | (heard.edge == 0)
        self.left = np.full(len(heard.row), Happenings.UNCHANGED)
        self.ids: dict[int, tuple[str, ...]] = {}

    def roles(self) -> NDArray[np.int8]:
        told = self.role if self.role != REMOVED else _TIME_ONLY
        return np.where(self.comes, told, _TIME_ONLY).astype(np.int8)


def happenings(
    parts: list[CartPart], state: CartState, contents: CartContents, arrivals: EventRows | None,
    dictionaries: dict[Field, Dictionary],
) -> Happenings:  # fmt: skip
    """All parts in one, after the contents of the carts were brought up to date in order of time."""
    if state.removal:
        changing = [part for part in parts if part.role in (ADDED, REMOVED)]
        for part in changing:
            _read_products(part, state, arrivals, dictionaries)
        _update_contents(changing, contents, state.leaves[0][1].lookback)
    kept = [~part.future for part in parts]
    return Happenings(
        np.concatenate([part.heard.row[keep] for part, keep in zip(parts, kept, strict=True)]),
        np.concatenate([part.heard.at[keep] for part, keep in zip(parts, kept, strict=True)]),
        np.concatenate([part.roles()[keep] for part, keep in zip(parts, kept, strict=True)]),
        np.concatenate([part.heard.time[keep] for part, keep in zip(parts, kept, strict=True)]),
        np.concatenate([part.left[keep] for part, keep in zip(parts, kept, strict=True)]),
    )


def _read_products(
    part: CartPart, state: CartState, arrivals: EventRows | None, dictionaries: dict[Field, Dictionary]
) -> None:
    leaf = state.leaves[0][1]
    matcher = leaf.added if part.role == ADDED else leaf.removed
    fresh = (part.heard.edge == ARRIVAL).nonzero()[0]
    if len(fresh) and arrivals is not None and matcher is not None:
        products = product_ids(arrivals, part.heard.event[fresh], matcher, dictionaries)
        part.ids = dict(zip(fresh.tolist(), products, strict=True))


def _update_contents(parts: list[CartPart], contents: CartContents, lookback: int) -> None:
    steps = sorted(
        (int(part.heard.at[place]), number, place)
        for number, part in enumerate(parts)
        for place in (part.comes | part.future | (part.heard.edge > lookback)).nonzero()[0].tolist()
    )
    for at, number, place in steps:
        part = parts[number]
        row, time, added = int(part.heard.row[place]), int(part.heard.time[place]), part.role == ADDED
        if part.heard.edge[place] > lookback:
            contents.expire(row, at - lookback)
        elif part.future[place]:
            contents.defer(row, time, added, part.ids[place])
        elif part.heard.edge[place] == 0:
            due = contents.due(row, time)
            part.left[place] = Happenings.UNCHANGED if due is None else due
        else:
            part.left[place] = contents.take(row, time, added, part.ids[place])
