"""Everything that evaluates one plan, and the truth it has found."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from raudience.criteria.leaves import Plan
from raudience.shard.arrivals import EventDictionaries
from raudience.shard.compiled import Compiled, Fresh
from raudience.shard.events import EventLeaves
from raudience.shard.fields import ProfileLeaves
from raudience.shard.formulas import Formulas
from raudience.shard.membership import Membership, Turns
from raudience.shard.profiles import Profiles
from raudience.shard.timers import Due, Timers
from raudience.shard.toggles import Toggles

__all__ = ["Evaluation"]


class Evaluation:
    """audiences: number of each audience of the plan by its key; shown: of those that are no shadows; keys, versions:
    of those, as in `plan.shown`. former: of the evaluation whose numbers are kept."""

    def __init__(
        self, plan: Plan, profiles: Profiles, known: EventDictionaries, former: Compiled | None = None
    ) -> None:
        self.plan = plan
        self.compiled = Compiled(plan, former)
        numbers = {key: number for number, key in enumerate(self.compiled.keys)}
        self.audiences = {audience.key: numbers[audience.key] for audience in plan.audiences}
        self.shown = {audience.key: numbers[audience.key] for audience in plan.shown}
        self.keys = tuple(self.shown)
        self.versions = tuple(audience.version for audience in plan.shown)
        self._told = np.full(len(numbers), -1, np.int32)
        self._told[list(self.shown.values())] = np.arange(len(self.shown))
        self._shown = np.packbits(self._told >= 0, bitorder="little")
        self.leaves = ProfileLeaves(self.compiled, profiles)
        self.events = EventLeaves(self.compiled, known)
        self.membership = Membership(self.compiled.default, Formulas(self.compiled.formulas))

    def make_room(self, rows: int) -> None:
        self.leaves.make_room(rows)
        self.events.make_room(rows)
        self.membership.make_room(rows)

    def look_again(self, due: Due, until: int, timers: Timers, handled: set[int]) -> list[Toggles]:
        """Leaves whose time has come and that nothing else has looked at."""
        none, never = np.zeros(0, np.int32), np.zeros(0, np.int64)
        toggles = []
        for leaf in self.leaves.moment_leaves():
            where = due.leaf == leaf.leaf
            if leaf.leaf not in handled and where.any():
                row, at = due.row[where], due.at[where]
                toggles.append(leaf.apply(none, never, never, row, at, self.membership.leaves, until, timers))
        return toggles

    def told(self, turns: Turns) -> Turns:
        """What is told of turns: nothing of shadows, and audiences numbered as in `plan.shown`."""
        audience = self._told.take(turns.audience)
        told = audience >= 0
        if told.all():
            return turns._replace(audience=audience)
        return Turns(audience[told], turns.row[told], turns.entered[told], turns.at[told])

    def shown_members(self, rows: NDArray[np.int32]) -> NDArray[np.int32]:
        """Those of some rows that are members of an audience that is no shadow."""
        return rows.compress(self.membership.members.any_of(rows, self._shown))

    def shown_of(self, row: int) -> NDArray[np.bool_]:
        """bool[k]: of which of the audiences `keys` a row is a member."""
        columns = np.array([*self.shown.values()], np.int32)
        return self.membership.members.of(np.array([row]), columns)[:, 0]

    def take_over(self, other: Evaluation, fresh: Fresh) -> None:
        """Go on from what another has found, which must not be used any more, but for what is fresh. The numbers of
        leaves, counters and audiences are those of the other."""
        theirs = {leaf.leaf: leaf for leaf in other.leaves.moment_leaves()}
        for leaf in self.leaves.moment_leaves():
            if leaf.leaf not in fresh.leaves:
                leaf.take_over(theirs[leaf.leaf])
        self.leaves.take_over(other.leaves)
        self.events.take_over(other.events, fresh.leaves)
        self.membership.leaves.take_over(other.membership.leaves)
        self.membership.members.take_over(other.membership.members)

    def graft(self, other: Evaluation, to: NDArray[np.int32]) -> None:
        """Take what another evaluation of the same plan has found, but for NOBODY; to: int32[n], own row of each of its
        rows, which it then must not use any more. Room is made already."""
        for leaf, theirs in zip(self.leaves.moment_leaves(), other.leaves.moment_leaves(), strict=True):
            leaf.graft(theirs, to)
        self.events.graft(other.events, to)
        self.membership.graft(other.membership, to)

    def forget(self, rows: NDArray[np.int32]) -> None:
        """Forget rows whose events are no longer kept; nothing turns."""
        for leaf in self.leaves.moment_leaves():
            leaf.clear(rows)
        self.events.clear(rows)
        self.events.look_afresh()
        self.membership.forget(rows)

    def drop(self, rows: NDArray[np.int32], at: NDArray[np.int64]) -> list[Toggles]:
        """Turn off the presence of rows."""
        toggles = []
        for number, _ in self.leaves.present:
            here = self.membership.leaves.get(rows, number)
            count = int(np.count_nonzero(here))
            toggles.append(Toggles(rows[here], at[here], np.full(count, number, np.int32)))
        return toggles

    def nbytes(self) -> dict[str, int]:
        return {
            "counters": self.events.counters.nbytes(),
            "leaves": self.membership.leaves.nbytes(),
            "members": self.membership.members.nbytes(),
            "states": sum(state.nbytes() for state in self.events.states())
            + sum(leaf.nbytes() for leaf in self.leaves.moment_leaves()),
        }
