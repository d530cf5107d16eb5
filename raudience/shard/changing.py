"""Changes in their order: by instant, audience, MPID."""

from __future__ import annotations

from bisect import bisect_left

import msgspec
import numpy as np
from numpy.typing import NDArray

from raudience.records import Changes
from raudience.records.changes import one_table
from raudience.shard.growing import segments

__all__ = ["joined", "numbered", "ordered"]

_KEY_BITS = 63
_MANY = 1_024


def ordered(
    keys: tuple[str, ...], versions: tuple[int, ...], parts: list[Changes], rows: list[NDArray[np.int32]]
) -> tuple[Changes, NDArray[np.int32]]:
    """The parts in one, `audience` numbered as in `keys`, which ascend; and the row of each change, given those of each
    part."""
    audience = np.concatenate([np.zeros(0, np.int32), *(part.audience for part in parts)])
    mpid = np.concatenate([np.zeros(0, np.int64), *(part.mpid for part in parts)])
    entered = np.concatenate([np.zeros(0, bool), *(part.entered for part in parts)])
    at = np.concatenate([np.zeros(0, np.int64), *(part.at for part in parts)])
    order = _order(audience, mpid, at)
    order = order[_at_the_end(audience[order], mpid[order], at[order])]
    row = np.concatenate([np.zeros(0, np.int32), *rows])[order]
    return Changes(keys, versions, audience[order], mpid[order], entered[order], at[order]), row


def _order(audience: NDArray[np.int32], mpid: NDArray[np.int64], at: NDArray[np.int64]) -> NDArray[np.int64]:
    """Stable order by instant, audience, MPID; of many, found by sorting them as one number where they fit."""
    if len(at) < _MANY:
        return np.lexsort((mpid, audience, at))
    by_mpid = mpid.argsort()
    rank = np.empty(len(mpid), np.int64)
    rank[by_mpid] = segments(mpid.take(by_mpid)).cumsum()
    first, places, audiences = int(at.min()), len(at).bit_length(), int(audience.max()).bit_length()
    if (int(at.max()) - first).bit_length() + audiences + 2 * places > _KEY_BITS:
        return np.lexsort((mpid, audience, at))
    keys = at - first
    keys <<= audiences
    keys |= audience
    keys <<= places
    keys |= rank
    keys <<= places
    keys |= np.arange(len(at))
    keys.sort()
    keys &= (1 << places) - 1
    return keys


def _at_the_end(audience: NDArray[np.int32], mpid: NDArray[np.int64], at: NDArray[np.int64]) -> NDArray[np.int64]:
    """Positions of what stands at the end of an instant: of a user who came and went within one, nothing is told."""
    begins = np.append(True, (at[1:] != at[:-1]) | (mpid[1:] != mpid[:-1]) | (audience[1:] != audience[:-1]))
    if len(at) == 0 or begins.all():
        return np.arange(len(at))
    starts = begins.nonzero()[0]
    counts = np.diff(np.append(starts, len(at)))
    return (starts + counts - 1)[counts % 2 == 1]


def joined(before: Changes, after: Changes) -> Changes:
    """Changes under one plan and then, not earlier, under the next."""
    touched = np.union1d(before.touched, after.touched) if len(before.touched) else after.touched
    if not len(before):
        return after if touched is after.touched else msgspec.structs.replace(after, touched=touched)
    before, after = one_table((before, after))
    return Changes(
        after.audiences,
        after.versions,
        np.concatenate([before.audience, after.audience]),
        np.concatenate([before.mpid, after.mpid]),
        np.concatenate([before.entered, after.entered]),
        np.concatenate([before.at, after.at]),
        touched,
    )


def numbered(changes: Changes, before: tuple[str, ...], keys: tuple[str, ...]) -> NDArray[np.int32]:
    """Audience int32[k] of each of the changes of a command, by its number among `keys`, which ascend and are told of
    from then on; -1 where it is not one of them, or not of those `before`, which ascend too: who is in an audience that
    begins did not enter."""
    # Not by a table of all keys: a round has few changes, and there may be thousands of audiences.
    numbers = [_place(keys, key) if _place(before, key) >= 0 else -1 for key in changes.audiences]
    return np.array(numbers, np.int32).take(changes.audience)


def _place(keys: tuple[str, ...], key: str) -> int:
    place = bisect_left(keys, key)
    return place if keys[place : place + 1] == (key,) else -1
