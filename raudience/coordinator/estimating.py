"""From what the shards found in a sample to figures for the whole, and how far off they may be.

The interval is Wilson's for a share, with the number of looks corrected for a finite population: it holds for shares
near 0 as well, where the plain one fails, and needs no tables. That of Clopper and Pearson promises 95 % for every
single share and is wider for it; Wilson's is right in the mean. Users who were looked at bound it on both sides.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from raudience.criteria.leaves import Cart, Count, Distinct, Plan, SequenceOf, Sum
from raudience.records import Estimate, Estimates, SampleCount

__all__ = ["FEWEST", "combined", "estimated", "interval", "level_of"]

FEWEST: Final = 10
"""Members that a sample must show for a figure: of fewer, chance alone makes a third more or less."""

_SAMPLE: Final = 16_384
_SMALL_SAMPLE: Final = 4_096
"""Profiles that are looked at for sums, distinct values and sequences, which take their events one by one."""

_Z: Final = 1.959963984540054


def level_of(population: int, plan: Plan) -> int:
    """The level of the sample for a plan: one profile in 2**level is looked at, at most some thousands; all of them
    when there are no more. It does not depend on the number of shards."""
    singly = any(isinstance(leaf, Sum | Distinct | SequenceOf) for leaf in plan.leaves)
    most = _SMALL_SAMPLE if singly else _SAMPLE
    return max(0, math.ceil(population / most) - 1).bit_length()


def combined(parts: Sequence[SampleCount]) -> SampleCount:
    """What all shards found together."""
    return SampleCount(
        population=sum(part.population for part in parts),
        sampled=sum(part.sampled for part in parts),
        found=tuple(map(sum, zip(*(part.found for part in parts), strict=True))),
        held=tuple(map(_all_held, zip(*(part.held for part in parts), strict=True))),
        inputs=tuple(sorted({name for part in parts for name in part.inputs})),
    )


def estimated(audience: str, at: int, plan: Plan, count: SampleCount, inputs: Sequence[str] = ()) -> Estimates:
    """A figure for each audience of a plan. Exact is what was counted: all profiles, or what is asked in force already.
    inputs: those that the audience chooses; none of them may have been seen yet."""
    if not count.population:
        return Estimates(audience, at, 0, 0, (), "no profile is known yet")
    if inputs and not set(inputs) & set(count.inputs) and _asks_events(plan):
        silent = f"nothing has come through {', '.join(inputs)} yet; is the input configured?"
        return Estimates(audience, at, count.population, count.sampled, (), silent)
    figures = tuple(
        _figure(planned.key, count, found, held)
        for planned, found, held in zip(plan.audiences, count.found, count.held, strict=True)
    )
    return Estimates(audience, at, count.population, count.sampled, figures)


def interval(population: int, sampled: int, found: int) -> tuple[int, int]:
    """The sizes that go with `found` members among `sampled` users of a population, at 95 %."""
    if sampled >= population:
        return found, found
    if not sampled:
        return 0, population
    looks = sampled * (population - 1) / (population - sampled)
    share, square = found / sampled, _Z * _Z / looks
    middle = (share + square / 2) / (1 + square)
    half = math.sqrt(square * (share * (1 - share) + square / 4)) / (1 + square)
    least, most = math.floor(population * (middle - half)), math.ceil(population * (middle + half))
    return max(found, least), min(population - sampled + found, most)


def _figure(path: str, count: SampleCount, found: int, held: int | None) -> Estimate:
    if held is not None or count.sampled >= count.population:
        known = found if held is None else held
        return Estimate(path, known, known, known, found, exact=True)
    least, most = interval(count.population, count.sampled, found)
    size = round(found * count.population / count.sampled) if found >= FEWEST else None
    return Estimate(path, size, least, most, found)


def _all_held(counts: tuple[int | None, ...]) -> int | None:
    held = [count for count in counts if count is not None]
    return sum(held) if len(held) == len(counts) else None


def _asks_events(plan: Plan) -> bool:
    return any(isinstance(leaf, Count | Sum | Distinct | SequenceOf | Cart) for leaf in plan.leaves)
