"""What of the history a batch can matter to: for peers that evaluate the affected profiles anew."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from scripts.benchmarks.leaves import ACTIONS, ADD, LOOKBACK, PURCHASE, Abandoned, Counted, Leaf

__all__ = ["Edge", "edges", "needed"]


class Edge(msgspec.Struct, frozen=True, order=True):
    """Events of a name matter when they become `age` ms old."""

    name: int
    age: int


def edges(leaves: Sequence[Leaf]) -> list[Edge]:
    """Distinct, ascending. Age 0: when they happen."""
    return sorted(set(_edges(leaves)))


def _edges(leaves: Sequence[Leaf]) -> Iterator[Edge]:
    for leaf in leaves:
        match leaf:
            case Counted():
                yield Edge(leaf.name, leaf.low)
                yield Edge(leaf.name, leaf.high)
            case Abandoned():
                for name in ACTIONS if leaf.any_action else (ADD, PURCHASE):
                    yield Edge(name, 0)
                for name in ACTIONS if leaf.any_action else (ADD,):
                    yield Edge(name, leaf.wait)
                yield Edge(ADD, LOOKBACK)
            case _:
                pass


def needed(leaves: Sequence[Leaf]) -> dict[int, int]:
    """For each name that some leaf reads: how old its oldest event of interest may be, ms."""
    ages: dict[int, int] = {}
    for leaf in leaves:
        match leaf:
            case Counted():
                reads = {leaf.name: leaf.high}
            case Abandoned():
                reads = dict.fromkeys(ACTIONS, leaf.wait) if leaf.any_action else {}
                reads |= {ADD: LOOKBACK, PURCHASE: LOOKBACK}
            case _:
                continue
        for name, age in reads.items():
            ages[name] = max(age, ages.get(name, 0))
    return ages
