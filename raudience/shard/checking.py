"""Invariants of a shard, as a function that tests call after every story."""

from __future__ import annotations

import numpy as np

from raudience.criteria.words import describe
from raudience.errors import ReportBug
from raudience.shard.arrivals import EventDictionaries
from raudience.shard.backfill import Backfill
from raudience.shard.evaluation import Evaluation
from raudience.shard.formulas import evaluate
from raudience.shard.profiles import Profiles
from raudience.shard.store import EventStore
from raudience.shard.timers import Timers

__all__ = ["check"]


def check(profiles: Profiles, store: EventStore, known: EventDictionaries, evaluation: Evaluation, now: int) -> None:
    """Raise ReportBug when rows and MPIDs, leaves and members, or kept events and leaves disagree.

    The leaves of every known profile must be what a fresh fill from the kept events finds.
    """
    live = profiles.index.live()
    if not np.array_equal(profiles.index.find(profiles.index.mpids[live]), live):
        message = "index: some MPID does not lead to its row"
        raise ReportBug(message)
    _check_members(profiles, evaluation)
    _check_leaves(profiles, store, known, evaluation, now)


def _check_members(profiles: Profiles, evaluation: Evaluation) -> None:
    rows, membership = profiles.rows, evaluation.membership
    for number, formula in enumerate(evaluation.compiled.formulas):
        expected = evaluate(formula, lambda leaf: membership.leaves.column(leaf, rows))
        wrong = (membership.members.column(number, rows) != expected).nonzero()[0]
        if len(wrong):
            message = f"audience {evaluation.compiled.keys[number]}: {len(wrong)} members disagree with its criteria"
            raise ReportBug(message)


def _check_leaves(
    profiles: Profiles, store: EventStore, known: EventDictionaries, evaluation: Evaluation, now: int
) -> None:
    live = profiles.index.live()
    fresh = Backfill(profiles, store, known, Timers(), now).run(evaluation.plan, evaluation.compiled)
    for number, leaf in enumerate(evaluation.compiled.leaves):
        held = evaluation.membership.leaves.get(live, number)
        wrong = (fresh.membership.leaves.get(live, number) != held).nonzero()[0]
        if len(wrong):
            message = f"criterion `{describe(leaf)}`: {len(wrong)} profiles disagree with the kept events"
            raise ReportBug(message)
    for counter, (matcher, window) in enumerate(evaluation.compiled.counters):
        counts = [part.events.counters.column(counter, profiles.rows)[live] for part in (evaluation, fresh)]
        wrong = (counts[0] != counts[1]).nonzero()[0]
        if len(wrong):
            kind = evaluation.compiled.matchers[matcher].kind
            message = f"counts of {kind} events in {window}: {len(wrong)} profiles disagree with the kept events"
            raise ReportBug(message)
