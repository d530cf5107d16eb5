"""What watchers hear of events, and what carts make of it."""

from __future__ import annotations

from collections.abc import Iterator
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

    def pick(self, where: NDArray[np.int64] | slice) -> Heard:
        row, at, time, watcher, edge, event = self
        return Heard(row[where], at[where], time[where], watcher[where], edge[where], event[where])


class CartPart:
    """What a cart hears. An event of the future counts when its time comes, at edge 0.

    role: int8[k], of the watchers; future: bool[k], arrivals whose time is to come; comes: bool[k], where an event
    begins to count; left: int64[k] as in Happenings.
    """

    def __init__(self, heard: Heard, role_of: NDArray[np.int8]) -> None:
        self.heard = heard
        self.role = role_of[heard.watcher]
        arrival = heard.edge == ARRIVAL
        self.future = arrival & (heard.time > heard.at)
        self.comes = (arrival & ~self.future) | (heard.edge == 0)
        self.left = np.full(len(heard.row), Happenings.UNCHANGED)


def happenings(
    part: CartPart, state: CartState, contents: CartContents, arrivals: EventRows | None,
    dictionaries: dict[Field, Dictionary],
) -> Happenings:  # fmt: skip
    """What happened to carts, after their contents were brought up to date in order of time."""
    if state.removal:
        ids = {
            place: products
            for role in (ADDED, REMOVED)
            for place, products in _read_products(part, role, state, arrivals, dictionaries)
        }
        _update_contents(part, ids, contents, state.leaves[0][1].lookback)
    role = np.where(part.comes & (part.role != REMOVED), part.role, np.int8(_TIME_ONLY))
    told = Happenings(part.heard.row, part.heard.at, role, part.heard.time, part.left)
    return told.pick((~part.future).nonzero()[0]) if part.future.any() else told


def _read_products(
    part: CartPart, role: int, state: CartState, arrivals: EventRows | None, dictionaries: dict[Field, Dictionary]
) -> Iterator[tuple[int, tuple[str, ...]]]:
    leaf = state.leaves[0][1]
    matcher = leaf.added if role == ADDED else leaf.removed
    fresh = ((part.heard.edge == ARRIVAL) & (part.role == role)).nonzero()[0]
    if len(fresh) and arrivals is not None and matcher is not None:
        products = product_ids(arrivals, part.heard.event[fresh], matcher, dictionaries)
        yield from zip(fresh.tolist(), products, strict=True)


def _update_contents(part: CartPart, ids: dict[int, tuple[str, ...]], contents: CartContents, lookback: int) -> None:
    heard = part.heard
    changing = ((part.role == ADDED) | (part.role == REMOVED)) & (part.comes | part.future | (heard.edge > lookback))
    places = changing.nonzero()[0]
    for place in places[np.argsort(heard.at[places], kind="stable")].tolist():
        row, time, added = int(heard.row[place]), int(heard.time[place]), int(part.role[place]) == ADDED
        if heard.edge[place] > lookback:
            contents.expire(row, int(heard.at[place]) - lookback)
        elif part.future[place]:
            contents.defer(row, time, added, ids[place])
        elif heard.edge[place] == 0:
            due = contents.due(row, time)
            part.left[place] = Happenings.UNCHANGED if due is None else due
        else:
            part.left[place] = contents.take(row, time, added, ids[place])
