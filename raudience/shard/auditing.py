"""The self-audit of a shard: some users are worked out anew, and compared with what the shard holds of them."""

from __future__ import annotations

from collections import Counter

import numpy as np
from numpy.typing import NDArray

from raudience.criteria.leaves import event_fields, leaves_of, profile_fields
from raudience.criteria.words import describe
from raudience.records import Audit, Difference
from raudience.shard.arrivals import EventDictionaries
from raudience.shard.evaluation import Evaluation
from raudience.shard.index import RowIndex
from raudience.shard.plain_users import PlainUser, plain_users
from raudience.shard.profiles import Profiles
from raudience.shard.recomputing import Recomputed, combined
from raudience.shard.store import EventStore

__all__ = ["audited", "sampled"]


def sampled(index: RowIndex, most: int, turn: int) -> NDArray[np.int32]:
    """Rows of up to about `most` users: those of one part of all MPIDs by hash, the next part each turn, so that
    everybody is reached in the end."""
    users = index.live()
    bits = max(0, -(-len(users) // max(most, 1)) - 1).bit_length()
    return index.part(turn % (1 << bits), bits) if bits else users


def audited(
    rows: NDArray[np.int32],
    profiles: Profiles,
    store: EventStore,
    known: EventDictionaries,
    evaluation: Evaluation,
    now: int,
) -> Audit:
    """What the users of rows are, and what the shard says they are."""
    leaves = evaluation.compiled.leaves
    wanted = frozenset(field for leaf in leaves for field in event_fields(leaf))
    asked = frozenset(read for leaf in leaves for read in profile_fields(leaf))
    checking = _Checking(evaluation, now)
    for user in plain_users(rows, wanted, asked, profiles, store, known):
        checking.check(user)
    return Audit(len(rows), checking.wrong, checking.differences())


class _Checking:
    """Compares the leaves and audiences that the plan asks for, not what has stayed of another one."""

    def __init__(self, evaluation: Evaluation, now: int) -> None:
        self._evaluation, self._now = evaluation, now
        self._compiled = compiled = evaluation.compiled
        self._asked = {key: leaves_of(compiled.formulas[number]) for key, number in evaluation.audiences.items()}
        read = {leaf for leaves in self._asked.values() for leaf in leaves}
        self._read = {number: compiled.leaves[number] for number in sorted(read)}
        self._leaves, self._members = Counter[int](), Counter[str]()
        self.wrong = 0

    def check(self, user: PlainUser) -> None:
        plan, membership = self._evaluation.plan, self._evaluation.membership
        again = Recomputed(user, self._now, plan.workspaces, plan.retention)
        truths = {number: again.holds(leaf) for number, leaf in self._read.items()}
        held, members = _bits(membership.leaves.bytes[user.row]), _bits(membership.members.bytes[user.row])
        wrong = {number for number, truth in truths.items() if truth != held[number]}
        wrong |= self._miscounted(again, user.row)
        moved = [
            key
            for key, number in self._evaluation.audiences.items()
            if combined(self._compiled.formulas[number], truths.__getitem__) != members[number]
        ]
        self._leaves.update(wrong)
        self._members.update(moved)
        self.wrong += bool(wrong or moved)

    def differences(self) -> tuple[Difference, ...]:
        """Where users differ, criteria before audiences."""
        criteria = [
            Difference(
                describe(self._read[leaf]), tuple(key for key, read in self._asked.items() if leaf in read), users
            )
            for leaf, users in self._leaves.items()
        ]
        return (*sorted(criteria), *(Difference("", (key,), users) for key, users in sorted(self._members.items())))

    def _miscounted(self, again: Recomputed, row: int) -> set[int]:
        """Leaves whose counter is wrong: their answer will be, if it is not yet."""
        held = self._evaluation.events.counters.of_row(row)
        return {
            leaf
            for number, (matcher, window) in enumerate(self._compiled.counters)
            if any(leaf in self._read for leaf, _ in self._compiled.counter_leaves[number])
            and again.count(self._compiled.matchers[matcher], window) != held[number]
            for leaf, _ in self._compiled.counter_leaves[number]
            if leaf in self._read
        }


def _bits(packed: NDArray[np.uint8]) -> list[bool]:
    return [bool(bit) for bit in np.unpackbits(packed, bitorder="little").tolist()]
