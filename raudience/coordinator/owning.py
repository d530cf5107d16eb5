"""Which shard owns which key groups."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from raudience.hashing import KEY_GROUPS

__all__ = ["Transfer", "owners", "transfers"]


class Transfer(msgspec.Struct, frozen=True):
    """Key groups, ascending, that go from one shard to another."""

    groups: tuple[int, ...]
    giver: int
    taker: int


def owners(shards: int) -> NDArray[np.int32]:
    """Shard of each key group, int32[KEY_GROUPS]: contiguous ranges whose lengths differ by at most one."""
    if not 1 <= shards <= KEY_GROUPS:
        message = f"shards: expected 1 to {KEY_GROUPS}, got {shards}"
        raise ValueError(message)
    return (np.arange(KEY_GROUPS) * shards // KEY_GROUPS).astype(np.int32)


def transfers(owner: Sequence[int], shards: int, at_once: int) -> list[Transfer]:
    """What has to move until `shards` shards own all key groups, in numbers that differ by at most one: as few groups
    as possible, `at_once` at most in one transfer. owner: shard of each key group."""
    held: list[list[int]] = [[] for _ in range(max(shards, max(owner) + 1))]
    for group, shard in enumerate(owner):
        held[shard].append(group)
    wanted = _shares(held, shards)
    found = []
    takers = [shard for shard in range(shards) if len(held[shard]) < wanted[shard]]
    for giver, groups in enumerate(held):
        while len(groups) > wanted[giver]:
            taker = takers[0]
            count = min(at_once, len(groups) - wanted[giver], wanted[taker] - len(held[taker]))
            moving, held[giver] = groups[-count:], groups[:-count]
            groups = held[giver]
            held[taker] += moving
            found.append(Transfer(tuple(moving), giver, taker))
            if len(held[taker]) == wanted[taker]:
                takers.pop(0)
    return found


def _shares(held: Sequence[Sequence[int]], shards: int) -> list[int]:
    """How many groups each shard should have: who has most keeps the odd ones."""
    least, odd = divmod(KEY_GROUPS, shards)
    first = sorted(range(shards), key=lambda shard: -len(held[shard]))[:odd]
    return [least + (shard in first) if shard < shards else 0 for shard in range(len(held))]
