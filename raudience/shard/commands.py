"""What a shard can be told besides a block of events."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from raudience.criteria.leaves import Plan
from raudience.records import Block

__all__ = ["Command", "Tick"]


class Tick(msgspec.Struct, frozen=True, tag=True):
    """Nothing arrived: only time passes."""


Command: TypeAlias = Block | Tick | Plan
