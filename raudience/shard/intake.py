"""Taking in a block: what is new in it, whose it is, and what it says of profiles."""

from __future__ import annotations

from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from raudience.criteria.leaves import LATITUDE, LONGITUDE, Plan
from raudience.hashing import key_groups, keys_in_groups, keys_of_users
from raudience.records import Block, Column, Field, FieldColumn, ListColumn
from raudience.shard.arrivals import Arrivals, EventDictionaries
from raudience.shard.bits import Bits
from raudience.shard.carts import running_max
from raudience.shard.fields import ProfileLeaves
from raudience.shard.growing import segments
from raudience.shard.index import Remembered
from raudience.shard.profiles import ACCOUNT_WIDE, IDENTIFYING, NOT_YET, SETS, Profiles, select_cells
from raudience.shard.registers import Cells, Timeline
from raudience.shard.timers import Due, Timers
from raudience.shard.toggles import Toggles, order_of, toggles_of

__all__ = ["Fresh", "Intake", "fresh_events", "fresh_parts"]

_Scalar = TypeVar("_Scalar", bound=np.generic)
_FEW = 32
"""Updates of a field that are sooner taken one by one."""


class Fresh(NamedTuple):
    """Batches of a block that were not seen before: where int64[k] they stand, None for all of them; row int32[n], -1
    where a batch is not among them; added: rows that are new; group: key group int32[n] of every batch."""

    where: NDArray[np.int64] | None
    row: NDArray[np.int32]
    added: NDArray[np.int32]
    group: NDArray[np.int32]


def fresh_parts(block: Block, profiles: Profiles, remembered: Remembered) -> Fresh:
    """Set repeated batches aside and find the rows of the others."""
    batches = block.batches
    group = key_groups(batches.mpid)
    new = remembered.first_time(keys_in_groups(keys_of_users(batches.request, batches.mpid), group), batches.at)
    if new.all():
        row, added = profiles.index.find_or_add(batches.mpid)
        return Fresh(None, row, added, group)
    where = new.nonzero()[0]
    row = np.full(len(new), -1, np.int32)
    row[where], added = profiles.index.find_or_add(batches.mpid[where])
    return Fresh(where, row, added, group)


def fresh_events(block: Block, fresh: Fresh, remembered: Remembered, known: EventDictionaries) -> Arrivals:
    """Events of the batches that are new, without those that were seen before."""
    events, at = block.events, block.batches.at
    messages = keys_in_groups(events.message, fresh.group.take(events.batch))
    if fresh.where is None:
        new = remembered.first_time(messages, at[events.batch])
        kept = None if new.all() else new.nonzero()[0]
        return Arrivals(block, fresh.row, kept, known)
    kept = (fresh.row[events.batch] >= 0).nonzero()[0]
    new = remembered.first_time(messages[kept], at[events.batch[kept]])
    return Arrivals(block, fresh.row, kept[new], known)


class Intake:
    """One block on its way into the profiles. handled: leaves that have been looked at again on that way; touched:
    rows, int32[k] each, of the updates that changed an identity, a device id, or an attribute that the plan shares."""

    def __init__(
        self,
        block: Block,
        fresh: Fresh,
        profiles: Profiles,
        leaves: ProfileLeaves,
        plan: Plan,
        bits: Bits,
    ) -> None:
        self._batches = block.batches
        self._fresh = fresh
        self._profiles = profiles
        self._leaves = leaves
        self._bits = bits
        self._shared = plan.shared
        names = [plan.workspaces.get(name, "default") for name in block.batches.inputs]
        self._names = sorted(set(names))
        of_input = np.array([self._names.index(name) for name in names], np.int32)
        self._workspace = of_input[block.batches.input] if names else block.batches.input
        self.handled: set[int] = set()
        self.touched: list[NDArray[np.int32]] = []
        for name in self._names:
            profiles.workspace(name)

    def activity(self) -> list[Toggles]:
        """Note when and in which workspaces profiles were active."""
        row, at = self._of_fresh(self._fresh.row), self._of_fresh(self._batches.at)
        self._profiles.last[row] = at
        arrived: dict[str, tuple[NDArray[np.int32], NDArray[np.int64]]] = {}
        for name, where in self._by_workspace():
            rows = row[where]
            absent = (~self._profiles.present[name][rows]).nonzero()[0]
            if len(absent):
                arrived[name] = (rows[absent], at[where][absent])
                self._profiles.present[name][rows[absent]] = True
        return self._leaves.presence_toggles(arrived, self._bits) if arrived else []

    def first_seen(self, arrivals: Arrivals, due: Due, until: int, timers: Timers) -> list[Toggles]:
        """Note when profiles were first seen (semantics D13)."""
        toggles: list[Toggles] = []
        row, at, seen, workspace = self._sightings(arrivals)
        for number, name in enumerate(self._names):
            where = slice(None) if len(self._names) == 1 else (workspace == number).nonzero()[0]
            first = self._profiles.first_seen[name]
            leaves = self._leaves.first_seen.get(name, [])
            if leaves:
                rows, ats, moments = _earliest(row[where], at[where], seen[where], first)
                self.handled.update(leaf.leaf for leaf in leaves)
                toggles += [
                    leaf.apply(rows, ats, moments, *_due(due, leaf.leaf), self._bits, until, timers) for leaf in leaves
                ]
            rows, moments = row[where], seen[where]
            earlier = (moments < first.take(rows)).nonzero()[0]
            if len(earlier):
                np.minimum.at(first, rows[earlier], moments[earlier])
        return toggles

    def fields(self, due: Due, until: int, timers: Timers) -> list[Toggles]:
        """Take the updates of all fields."""
        toggles: list[Toggles] = []
        turned: list[tuple[int, int, int]] = []
        places: dict[tuple[str, Field], Timeline] = {}
        for (name, field), updates in self._updates().items():
            if field.namespace in SETS:
                toggles += self._set_field(field, updates)
                continue
            if len(updates) == 1 and len(updates[0].batch) <= _FEW and not self._leaves.read_at_once(name, field):
                turned += self._taken_singly(name, field, updates[0])
                continue
            timeline = self._updated(name, field, updates)
            toggles += self._leaves.field_toggles(name, field, timeline, self._bits)
            toggles += self._moments(field, name, timeline, due, until, timers)
            if field in (LATITUDE, LONGITUDE):
                places[name, field] = timeline
        for name in self._names:
            if (name, LATITUDE) in places and (name, LONGITUDE) in places:
                latitude, longitude = places[name, LATITUDE], places[name, LONGITUDE]
                toggles += self._leaves.place_toggles(name, latitude, longitude, self._bits)
        return [*toggles, toggles_of(turned)] if turned else toggles

    def _taken_singly(self, name: str, field: Field, update: _Update) -> list[tuple[int, int, int]]:
        """(row, at, leaf) of the leaves that a few cells of a field turned."""
        batch, stamp, column = update
        row, at = self._fresh.row.take(batch), self._batches.at.take(batch)
        changed = self._leaves.take_singly(name, field, row, stamp, column)
        if changed and self._is_told(field):
            self._touch(row[[place for place, _ in changed]])
        return self._leaves.turned(name, field, row, at, changed)

    def _updated(self, name: str, field: Field, updates: list[_Update]) -> Timeline:
        register, given = self._profiles.register(name, field), self._joined(name, field, updates)
        if not self._is_told(field):
            return register.update(*given)
        timeline, changed = register.update_and_compare(*given)
        self._touch(changed)
        return timeline

    def _is_told(self, field: Field) -> bool:
        """Whether somebody wants to know of whom it becomes another."""
        return field.namespace in IDENTIFYING or (field.namespace == "user" and field.name in self._shared)

    def _touch(self, row: NDArray[np.int32]) -> None:
        if len(row):
            self.touched.append(row)

    def _of_fresh(self, array: NDArray[_Scalar]) -> NDArray[_Scalar]:
        return array if self._fresh.where is None else array[self._fresh.where]

    def _by_workspace(self) -> list[tuple[str, NDArray[np.int64] | slice]]:
        workspace = self._of_fresh(self._workspace)
        if len(self._names) == 1:
            return [(self._names[0], slice(None))]
        return [(name, (workspace == number).nonzero()[0]) for number, name in enumerate(self._names)]

    def _sightings(
        self, arrivals: Arrivals
    ) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int64], NDArray[np.int32]]:
        """Moments at which rows were seen: row, at, moment, workspace; of events, and of batches without events."""
        batches = self._batches
        row, at = arrivals.row, arrivals.at
        seen, workspace = np.minimum(arrivals.times, at), self._workspace[arrivals.batch]
        silent = self._fresh.row >= 0
        silent[self._with_events] = False
        where = silent.nonzero()[0]
        if not len(where):
            return row, at, seen, workspace
        stamps = np.minimum(batches.stamp[where], batches.at[where])
        return (
            np.concatenate([row, self._fresh.row[where]]),
            np.concatenate([at, batches.at[where]]),
            np.concatenate([seen, stamps]),
            np.concatenate([workspace, self._workspace[where]]),
        )

    def note_owners(self, owners: NDArray[np.int32]) -> None:
        """Batches that came with events, repeated ones included."""
        self._with_events = owners

    def _updates(self) -> dict[tuple[str, Field], list[_Update]]:
        """Updates of new batches by workspace and field; a field may come in several columns."""
        updates: dict[tuple[str, Field], list[_Update]] = {}
        for column in self._batches.fields:
            for name, where in self._parts(column):
                cells = column.column if where is None else select_cells(column.column, where)
                batch = _positions(column, where, len(self._fresh.row))
                stamps = column.stamps if column.stamps is None or where is None else column.stamps[where]
                stamps = self._batches.stamp[batch] if stamps is None else stamps
                updates.setdefault((name, column.field), []).append(_Update(batch, stamps, cells))
        return updates

    def _parts(self, column: FieldColumn) -> list[tuple[str, NDArray[np.int64] | None]]:
        """Positions of the cells of new batches by workspace, None for all cells."""
        shared = column.field.namespace in ACCOUNT_WIDE
        if self._fresh.where is None and (shared or len(self._names) == 1):
            return [("" if shared else self._names[0], None)]
        at = _positions(column, None, len(self._fresh.row))
        fresh = self._fresh.row[at] >= 0
        if shared:
            return [("", fresh.nonzero()[0])]
        workspace = self._workspace[at]
        found = [(name, (fresh & (workspace == number)).nonzero()[0]) for number, name in enumerate(self._names)]
        return [(name, where) for name, where in found if len(where)]

    def _joined(
        self, name: str, field: Field, updates: list[_Update]
    ) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int64], Cells]:
        """Updates of a field in their order: row, at, stamp: [k], cells."""
        register = self._profiles.register(name, field)
        register.tidy()
        parts = [register.cells(update.cells) for update in updates]
        (batch, stamps, _), cells = updates[0], parts[0]
        if len(parts) > 1:
            batch = np.concatenate([update.batch for update in updates])
            order = np.argsort(batch, kind="stable")
            batch = batch[order]
            stamps = np.concatenate([update.stamp for update in updates])[order]
            cells = Cells(*(np.concatenate(arrays)[order] for arrays in zip(*parts, strict=True)))
        return self._fresh.row.take(batch), self._batches.at.take(batch), stamps, cells

    def _set_field(self, field: Field, updates: list[_Update]) -> list[Toggles]:
        register = self._profiles.gathering(field)
        batch = np.concatenate([update.batch for update in updates])
        scalars = [update.cells for update in updates if isinstance(update.cells, Column)]
        assert len(scalars) == len(updates)
        codes = np.concatenate([register.dictionary.recode(cells) for cells in scalars])
        order = np.argsort(batch, kind="stable")
        batch = batch[order]
        added = register.update(self._fresh.row[batch], self._batches.at[batch], codes[order])
        self._touch(added.row)
        return self._leaves.set_toggles(field, added, self._bits)

    def _moments(
        self, field: Field, name: str, timeline: Timeline, due: Due, until: int, timers: Timers
    ) -> list[Toggles]:
        leaves = self._leaves.ages.get((name, field), [])
        if not leaves:
            return []
        moments = self._leaves.moments(name, field, timeline)
        self.handled.update(leaf.leaf for leaf in leaves)
        return [
            leaf.apply(timeline.row, timeline.at, moments, *_due(due, leaf.leaf), self._bits, until, timers)
            for leaf in leaves
        ]


class _Update(NamedTuple):
    """Cells of one column: batch int[k] ascending, stamp int64[k]."""

    batch: NDArray[np.int64]
    stamp: NDArray[np.int64]
    cells: Column | ListColumn


def _positions(column: FieldColumn, where: NDArray[np.int64] | None, batches: int) -> NDArray[np.int64]:
    index = column.column.index
    if index is None:
        return np.arange(batches) if where is None else where
    return index.astype(np.int64) if where is None else index[where].astype(np.int64)


def _due(due: Due, leaf: int) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    where = due.leaf == leaf
    return due.row[where], due.at[where]


def _earliest(
    row: NDArray[np.int32], at: NDArray[np.int64], seen: NDArray[np.int64], first: NDArray[np.int64]
) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int64]]:
    """First seen after each sighting, sorted by (row, at)."""
    order = order_of(row, at)
    row, at, seen = row[order], at[order], seen[order]
    earliest = -running_max(-np.minimum(seen, first[row]), segments(row))
    return row, at, np.where(earliest == NOT_YET, seen, earliest)
