"""What the shards tell, merged: changes into one order, comparisons into one."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from raudience.hashing import first_by_hash
from raudience.records import Changes, Comparison
from raudience.records.changes import one_table

__all__ = ["merge", "merge_comparisons", "narrow", "no_changes"]


def no_changes() -> Changes:
    """Changes that hold nothing."""
    return Changes(
        audiences=(),
        versions=(),
        audience=np.empty(0, np.int32),
        mpid=np.empty(0, np.int64),
        entered=np.empty(0, np.bool_),
        at=np.empty(0, np.int64),
    )


def merge(parts: Sequence[Changes]) -> Changes:
    """One log in the order (at, audience, mpid) from logs of disjoint users; empty parts leave no trace."""
    told, touched = [part for part in parts if len(part)], _touched(parts)
    if len(told) < 2:
        return msgspec.structs.replace(told[0] if told else no_changes(), touched=touched)
    told = one_table(told)
    at = np.concatenate([part.at for part in told])
    audience = np.concatenate([part.audience for part in told])
    mpid = np.concatenate([part.mpid for part in told])
    order = np.lexsort((mpid, audience, at))
    return Changes(
        audiences=told[0].audiences,
        versions=told[0].versions,
        audience=audience[order],
        mpid=mpid[order],
        entered=np.concatenate([part.entered for part in told])[order],
        at=at[order],
        touched=touched,
    )


def narrow(changes: Changes, audience: str | None, mpid: int | None) -> Changes:
    """Changes of an audience, of a user, or of both; None: of all, and only then with whose identities changed."""
    if audience is None and mpid is None:
        return changes
    kept = np.ones(len(changes), np.bool_)
    if audience is not None:
        number = changes.audiences.index(audience) if audience in changes.audiences else -1
        kept &= changes.audience == number
    if mpid is not None:
        kept &= changes.mpid == mpid
    return changes.some(kept)


def merge_comparisons(parts: Sequence[Comparison], most: int) -> Comparison:
    """One comparison from those of disjoint users, each with a sample of `most` users or more, if it has them."""
    return Comparison(
        sum(part.adds for part in parts),
        sum(part.drops for part in parts),
        sum(part.both for part in parts),
        first_by_hash(np.concatenate([part.entering for part in parts]), most),
        first_by_hash(np.concatenate([part.leaving for part in parts]), most),
    )


def _touched(parts: Sequence[Changes]) -> NDArray[np.int64]:
    return np.sort(np.concatenate([np.empty(0, np.int64), *(part.touched for part in parts)]))
