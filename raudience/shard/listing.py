"""Members by parts of the MPIDs, with their identities as columns, and how they spread over buckets and hashes."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from raudience.hashing import BUCKETS, buckets, mix64
from raudience.records import Field
from raudience.records.listings import Listing, Named, Pick, Standings
from raudience.records.texts import merged
from raudience.shard.bits import Bits
from raudience.shard.profiles import SETS, Profiles

__all__ = ["HASH_BITS", "bucket_counts", "hash_counts", "listing", "picked", "standings"]

HASH_BITS: Final = 16
"""Of a hash, told apart at once."""


def picked(mpids: NDArray[np.int64], pick: Pick) -> NDArray[np.bool_]:
    """Who of some members is picked, bool[n]."""
    chosen = np.ones(len(mpids), bool)
    if pick.seed is not None:
        bucket = buckets(mpids, pick.seed)
        chosen = (bucket >= pick.first) & (bucket < pick.stop)
    if pick.below is not None:
        chosen &= mix64(mpids.view(np.uint64)) < np.uint64(pick.below)
    return chosen


def bucket_counts(mpids: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    """How many users are in each bucket of the A/B test of a seed, int64[10,000]."""
    return np.bincount(buckets(mpids, seed), minlength=BUCKETS)


def hash_counts(mpids: NDArray[np.int64], prefix: int, shift: int) -> NDArray[np.int64]:
    """How many users have each value of the 16 bits of `mix64` from bit `shift` on, int64[65,536], of those whose bits
    above are `prefix`."""
    hashes = mix64(mpids.view(np.uint64))
    hashes >>= np.uint64(shift)
    values = 1 << HASH_BITS
    if shift + HASH_BITS < 64:
        hashes = hashes.compress(hashes >> np.uint64(HASH_BITS) == np.uint64(prefix))
        hashes &= np.uint64(values - 1)
    return np.bincount(hashes.view(np.int64), minlength=values)


def listing(profiles: Profiles, rows: NDArray[np.int32], now: int, names: tuple[str, ...]) -> Listing:
    """The users of some rows, ascending by MPID, with their identities at this moment."""
    mpids = profiles.index.mpids.take(rows)
    order = mpids.argsort()
    rows = rows.take(order)
    return Listing(mpids.take(order), np.full(len(rows), now), tuple(_named(profiles, rows, name) for name in names))


def standings(
    profiles: Profiles, members: Bits, columns: NDArray[np.int32], mpids: NDArray[np.int64], names: tuple[str, ...]
) -> Standings:
    """Where users stand now; columns: of the audiences among the members. Who is not known is in none and has none."""
    rows = profiles.index.find(mpids)
    known = (rows >= 0).nonzero()[0]
    there = np.zeros((len(columns), len(mpids)), bool)
    there[:, known] = members.of(rows[known], columns)
    named = [_named(profiles, rows[known], name) for name in names]
    return Standings(there.reshape(-1), tuple(Named(known[each.user], each.texts) for each in named))


def _named(profiles: Profiles, rows: NDArray[np.int32], name: str) -> Named:
    """Values of one identity: those of the user, where there are none those of the devices."""
    register = profiles.registers.get(("", Field("identity", name)))
    parts = [] if register is None else [register.texts(rows)]
    for namespace in sorted(SETS):
        gathered = profiles.sets.get(Field(namespace, name))
        if gathered is not None:
            free = np.ones(len(rows), bool)
            for users, _ in parts:
                free[users] = False
            left = free.nonzero()[0]
            users, texts = gathered.texts(rows.take(left))
            parts.append((left.take(users), texts))
    return Named(*merged(parts))
