"""Who is in which variation of an A/B test: buckets of users, and a range of buckets for each variation."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from raudience.catalog.experiments import Experiment, place_of_variation, seed_of, variations
from raudience.hashing import buckets
from raudience.records.listings import Pick

__all__ = ["assign", "in_variation", "pick", "sizes"]


def assign(experiment: Experiment | None, mpids: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Place among `variations(experiment)` of each user, uint8[n].

    It depends on the MPID and on the test alone: not on the definition, on who else is there, or on shards (semantics
    rows 148 to 152).
    """
    if experiment is None:
        return np.zeros(len(mpids), np.uint8)
    return _by_bucket(experiment).take(buckets(mpids, seed_of(experiment)))


def in_variation(experiment: Experiment | None, name: str, mpids: NDArray[np.int64]) -> NDArray[np.int64]:
    """Those of some users who are in a variation, in their order. Raises FixRequest for a name that is not there."""
    place = place_of_variation(experiment, name)
    return mpids.compress(assign(experiment, mpids) == place)


def pick(audience: str, experiment: Experiment | None, name: str | None) -> Pick:
    """The members of an audience who are in a variation, None: all. Raises FixRequest for a name that is not there."""
    if experiment is None or name is None:
        return Pick(audience)
    place = place_of_variation(experiment, name)
    ends = np.cumsum([0, *(each.share for each in variations(experiment))]).tolist()
    return Pick(audience, seed_of(experiment), ends[place], ends[place + 1])


def sizes(experiment: Experiment | None, counts: NDArray[Any]) -> dict[str, int]:
    """Users in each variation by name, Control last. counts: int[10,000], users in each bucket of this test's seed."""
    every = variations(experiment)
    found = np.bincount(_by_bucket(experiment), counts, len(every))
    return {each.name: int(count) for each, count in zip(every, found.tolist(), strict=True)}


def _by_bucket(experiment: Experiment | None) -> NDArray[np.uint8]:
    """Place of the variation that each bucket belongs to, uint8[10,000]."""
    every = variations(experiment)
    return np.repeat(np.arange(len(every), dtype=np.uint8), [each.share for each in every])
