"""Leaves in plain English."""

from __future__ import annotations

import msgspec

from raudience.criteria.leaves import Leaf

__all__ = ["describe"]


def describe(leaf: Leaf) -> str:
    """One line that says what a leaf asks."""
    return msgspec.json.encode(leaf).decode()
