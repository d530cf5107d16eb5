"""Members of an engine as listings, a part at a time; sizes and members of variations; fair samples."""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray

from raudience.catalog.experiments import Experiment, seed_of
from raudience.cluster.engine import Engine
from raudience.coordinator.listings import merge_listings, sample_edge
from raudience.coordinator.variants import sizes
from raudience.records.listings import Listing, Pick

__all__ = ["experiment_of", "listed", "sampled", "variation_sizes"]

_SHIFTS = (48, 32, 16, 0)
"""Of the 16 bits of a hash that are looked at one after the other."""


def listed(engine: Engine, pick: Pick, part: int, bits: int, names: tuple[str, ...]) -> Listing:
    """Picked members in one of 2 ** bits parts of all MPIDs. A user is in the same part as long as there are as many
    parts, wherever key groups go meanwhile."""
    return merge_listings(engine.asked(pick.audience, "listing", pick, part, bits, names))


def sampled(engine: Engine, pick: Pick, most: int) -> Pick:
    """The same pick of `most` members at this moment, or of all when there are fewer. Whether a user is in it depends
    on the MPID and on how many there are."""
    prefix, left = 0, most
    for shift in _SHIFTS:
        counts = _summed(engine, pick.audience, "hash_counts", pick, prefix, shift)
        if shift == _SHIFTS[0] and counts.sum() <= most:
            return pick
        value, left = sample_edge(counts, left)
        prefix = prefix << 16 | value
        if left >= counts[value]:
            break
    below = prefix + 1 << shift
    return msgspec.structs.replace(pick, below=below) if below < 1 << 64 else pick


def experiment_of(engine: Engine, audience: str) -> Experiment | None:
    """The A/B test of an audience, None without one."""
    entry = engine.catalog().audiences.get(audience)
    return None if entry is None else entry.experiment


def variation_sizes(engine: Engine, audience: str, experiment: Experiment | None) -> dict[str, int]:
    """Members in each variation of a test by name, Control last; without a test Control has all."""
    seed = 0 if experiment is None else seed_of(experiment)
    return sizes(experiment, _summed(engine, audience, "bucket_counts", audience, seed))


def _summed(engine: Engine, audience: str, question: str, *values: object) -> NDArray[np.int64]:
    answers: list[NDArray[np.int64]] = engine.asked(audience, question, *values)
    return np.sum(answers, axis=0)
