"""What a shard can be told besides a block of events."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from raudience.criteria.leaves import Plan
from raudience.records import Block

__all__ = ["Command", "Erase", "Tick"]


class Tick(msgspec.Struct, frozen=True, tag=True):
    """Nothing arrived: only time passes."""


class Erase(msgspec.Struct, frozen=True, tag=True):
    """Users are forgotten wholly (semantics D20): those who are not here are nobody's business. Ids of what they sent
    stay remembered, so that it does not count when it is sent again."""

    mpids: tuple[int, ...]


Command: TypeAlias = Block | Tick | Plan | Erase
