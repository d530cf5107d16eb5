"""From updates of profiles to turned leaves: fields, moments, places, presence."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from raudience.criteria.dates import read_moment
from raudience.criteria.leaves import LATITUDE, LONGITUDE, AgeTest, Alive, FieldTest, FirstSeenTest, Place, ValueTest
from raudience.criteria.places import distance
from raudience.records import Column, Field, ListColumn
from raudience.shard.bits import Bits
from raudience.shard.compiled import Compiled
from raudience.shard.features import ValueClasses
from raudience.shard.masks import Masks, bits_of
from raudience.shard.moments import MomentLeaf
from raudience.shard.profiles import SETS, Profiles
from raudience.shard.registers import NEVER, Timeline
from raudience.shard.sets import SetUpdates
from raudience.shard.toggles import Toggles, turns
from raudience.shard.words import FIRST_WORD, NUMBER_CODE, Dictionary

__all__ = ["ProfileLeaves"]


class Asked:
    """Tests on one field: numbers int32[n] of their leaves, a table of truth for each, classes for all of them."""

    def __init__(self, numbers: list[int], tests: list[ValueTest], dictionary: Dictionary) -> None:
        self.leaves = numbers
        self.tests = tests
        self.numbers = np.array(numbers, np.int32)
        self.tables = [dictionary.truth(test) for test in tests]
        self.classes = ValueClasses(tests, dictionary)
        self.masks = Masks(self.tables, self.classes)


class ProfileLeaves:
    """All leaves about profiles, for one plan."""

    def __init__(self, compiled: Compiled, profiles: Profiles) -> None:
        self._profiles = profiles
        self.asked = {
            read: Asked([number for number, _ in leaves], [leaf.test for _, leaf in leaves], self._dictionary(*read))
            for read, leaves in compiled.fields().items()
        }
        self.present = [(number, leaf) for number, leaf in compiled.numbered(Alive) if isinstance(leaf, Alive)]
        self.places = [(number, leaf) for number, leaf in compiled.numbered(Place) if isinstance(leaf, Place)]
        self.ages: dict[tuple[str, Field], list[MomentLeaf]] = {}
        self.first_seen: dict[str, list[MomentLeaf]] = {}
        self._moments: dict[tuple[str, Field], NDArray[np.int64]] = {}
        for number, leaf in enumerate(compiled.leaves):
            if isinstance(leaf, FieldTest) and isinstance(leaf.test, AgeTest):
                self.ages.setdefault((leaf.workspace, leaf.field), []).append(MomentLeaf(number, leaf.test))
            if isinstance(leaf, FirstSeenTest):
                self.first_seen.setdefault(leaf.workspace, []).append(MomentLeaf(number, leaf.test))

    def moment_leaves(self) -> list[MomentLeaf]:
        return [leaf for leaves in (*self.ages.values(), *self.first_seen.values()) for leaf in leaves]

    def make_room(self, rows: int) -> None:
        for leaf in self.moment_leaves():
            leaf.make_room(rows)

    def take_over(self, other: ProfileLeaves) -> None:
        """Know what another knows of words."""
        self._moments = other._moments
        for read, theirs in other.asked.items():
            mine = self.asked.get(read)
            if mine is not None and (mine.leaves, mine.tests) == (theirs.leaves, theirs.tests):
                self.asked[read] = theirs

    def field_toggles(self, workspace: str, field: Field, timeline: Timeline, bits: Bits) -> list[Toggles]:
        """Leaves that a field turned."""
        asked = self.asked.get((workspace, field))
        if asked is None:
            return []
        truths = self._profiles.register(workspace, field).truths(asked.classes, asked.tables, timeline)
        return [turns(timeline.row, timeline.at, truths, asked.numbers, bits)]

    def read_at_once(self, workspace: str, field: Field) -> bool:
        """Whether all updates of a field must be looked at together."""
        return (workspace, field) in self.ages or field in (LATITUDE, LONGITUDE)

    def take_singly(
        self,
        workspace: str,
        field: Field,
        row: NDArray[np.int32],
        stamp: NDArray[np.int64],
        column: Column | ListColumn,
    ) -> list[tuple[int, int]]:
        """Take the cells of a column in their order, one by one; (position, tests that turned, as bits) of those that
        changed the field."""
        register, asked = self._profiles.register(workspace, field), self.asked.get((workspace, field))
        register.tidy()
        return register.take_singly(row, stamp, column, None if asked is None else asked.masks)

    def turned(
        self,
        workspace: str,
        field: Field,
        row: NDArray[np.int32],
        at: NDArray[np.int64],
        changed: list[tuple[int, int]],
    ) -> list[tuple[int, int, int]]:
        """(row, at, leaf) of the leaves that turned with cells taken one by one."""
        asked = self.asked.get((workspace, field))
        if asked is None:
            return []
        return [
            (row.item(place), at.item(place), asked.leaves[bit]) for place, mask in changed for bit in bits_of(mask)
        ]

    def set_toggles(self, field: Field, updates: SetUpdates, bits: Bits) -> list[Toggles]:
        """Leaves that a gathering field turned."""
        if not len(updates.row):
            return []
        asked = self.asked.get(("", field))
        if asked is None:
            return []
        order = np.argsort(updates.row, kind="stable")
        truths = np.array([updates.truth(table)[order] for table in asked.tables])
        return [turns(updates.row[order], updates.at[order], truths, asked.numbers, bits)]

    def place_toggles(self, workspace: str, latitude: Timeline, longitude: Timeline, bits: Bits) -> list[Toggles]:
        """Leaves that a new location turned; latitude and longitude come in the same batches."""
        near = [(number, leaf) for number, leaf in self.places if leaf.workspace == workspace]
        if not near:
            return []
        truths = np.array([_near(leaf, latitude, longitude) for _, leaf in near])
        return [turns(latitude.row, latitude.at, truths, _numbers(near), bits)]

    def moments(self, workspace: str, field: Field, timeline: Timeline) -> NDArray[np.int64]:
        """The field as a moment, int64[k]; NEVER where it is no date."""
        dictionary = self._dictionary(workspace, field)
        known = self._moments.get((workspace, field), np.full(FIRST_WORD, NEVER))
        if len(known) < len(dictionary):
            words = dictionary.since(len(known))
            found = [NEVER if (moment := read_moment(word)) is None else moment for word in words]
            known = np.concatenate([known, np.array(found, np.int64)])
            self._moments[workspace, field] = known
        return known[timeline.code]

    def presence_toggles(
        self, arrived: dict[str, tuple[NDArray[np.int32], NDArray[np.int64]]], bits: Bits
    ) -> list[Toggles]:
        """Leaves turned by profiles that were seen in a workspace for the first time: (row, at) by workspace."""
        toggles = []
        for number, leaf in self.present:
            parts = [part for workspace, part in arrived.items() if not leaf.workspaces or workspace in leaf.workspaces]
            if not parts:
                continue
            row = np.concatenate([part[0] for part in parts])
            at = np.concatenate([part[1] for part in parts])
            order = np.lexsort((at, row))
            row, at = row[order], at[order]
            toggles.append(turns(row, at, np.ones((1, len(row)), bool), np.array([number], np.int32), bits))
        return toggles

    def whole_field(self, workspace: str, field: Field, rows: int, places: Sequence[int]) -> list[NDArray[np.bool_]]:
        """bool[rows] for some of the tests on a field: what it says of every row."""
        tables = [self.asked[workspace, field].tables[place] for place in places]
        if field.namespace in SETS:
            return [self._profiles.gathering(field).whole(table, rows) for table in tables]
        return self._profiles.register(workspace, field).whole_truths(tables, rows)

    def whole_moment(self, workspace: str, field: Field, rows: int) -> NDArray[np.int64]:
        """int64[rows]: the field of every row as a moment."""
        register = self._profiles.register(workspace, field)
        return self.moments(workspace, field, register.whole(rows))

    def whole_place(self, leaf: Place, rows: int) -> NDArray[np.bool_]:
        """bool[rows]: which rows are near."""
        latitude = self._profiles.register(leaf.workspace, LATITUDE).whole(rows)
        return _near(leaf, latitude, self._profiles.register(leaf.workspace, LONGITUDE).whole(rows))

    def whole_present(self, leaf: Alive, rows: int) -> NDArray[np.bool_]:
        """bool[rows]: which rows were seen in one of the workspaces."""
        seen = [
            present[:rows]
            for workspace, present in self._profiles.present.items()
            if not leaf.workspaces or workspace in leaf.workspaces
        ]
        return np.logical_or.reduce([np.zeros(rows, bool), *seen])

    def _dictionary(self, workspace: str, field: Field) -> Dictionary:
        if field.namespace in SETS:
            return self._profiles.gathering(field).dictionary
        return self._profiles.register(workspace, field).dictionary


def _numbers(leaves: Sequence[tuple[int, object]]) -> NDArray[np.int32]:
    return np.array([number for number, _ in leaves], np.int32)


def _near(leaf: Place, latitude: Timeline, longitude: Timeline) -> NDArray[np.bool_]:
    known = (latitude.code == NUMBER_CODE) & (longitude.code == NUMBER_CODE)
    away = distance(latitude.number, longitude.number, leaf.latitude, leaf.longitude)
    return known & (away <= leaf.meters)
