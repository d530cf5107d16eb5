"""Members as all shards list them, and where a fair sample of them ends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from raudience.records.listings import Listing, Named
from raudience.records.texts import merged

__all__ = ["merge_listings", "sample_edge"]


def merge_listings(parts: Sequence[Listing]) -> Listing:
    """One listing from those of shards that have other users each and were asked for the same identities: the same
    however users are spread over shards, but for the instants."""
    if len(parts) == 1:
        return parts[0]
    mpids = np.concatenate([part.mpid for part in parts])
    order = mpids.argsort()
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    firsts = np.cumsum([0, *(len(part.mpid) for part in parts)]).tolist()
    identities = [
        Named(*merged([(place[first + named.user], named.texts) for first, named in zip(firsts, each, strict=False)]))
        for each in zip(*(part.identities for part in parts), strict=True)
    ]
    return Listing(mpids.take(order), np.concatenate([part.at for part in parts]).take(order), tuple(identities))


def sample_edge(counts: NDArray[Any], wanted: int) -> tuple[int, int]:
    """Where the first `wanted` of some users end, by counts of their hashes int[k]: the value in which the last of them
    is, and how many of those with this value are wanted. There are that many users, but for those who have just left.
    """
    reached = counts.cumsum()
    value = min(int(np.searchsorted(reached, wanted)), len(counts) - 1)
    return value, wanted - int(reached[value]) + int(counts[value])
