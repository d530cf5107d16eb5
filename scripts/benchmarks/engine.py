"""What the race asks of an engine, and what engines answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from scripts.benchmarks.leaves import Formula
from scripts.benchmarks.questions import Question
from scripts.benchmarks.workload import Workload

__all__ = ["ColdEngine", "Delta", "Engine", "delta_of_words", "members_of_words", "words_of_truths"]


class Delta(msgspec.Struct, frozen=True):
    """Who came and went between two moments: int64, ascending, audience * 2**32 + profile."""

    adds: NDArray[np.int64]
    drops: NDArray[np.int64]


class Engine(Protocol):
    """`load`, `prepare`, `delta` and `members` are not timed, `step` is; `parts` names where its time went."""

    parts: dict[str, float]

    def load(self, workload: Workload, questions: Sequence[Question]) -> None:
        """Take in the history and find the members as of its last arrival."""

    def prepare(self, start: int, stop: int) -> object:
        """Events [start, stop) in the form the engine likes best."""

    def step(self, prepared: object) -> object:
        """Take them in and find every add and drop as of the arrival of the last."""

    def delta(self, result: object) -> Delta: ...

    def members(self) -> list[NDArray[np.int64]]:
        """Profiles in each audience, ascending."""


class ColdEngine(Engine, Protocol):
    """An engine that can be asked anew: `ask` is not timed, `answer` is."""

    def ask(self, questions: Sequence[Question]) -> None:
        """Forget the questions before and everything kept for them."""

    def answer(self) -> object:
        """The members of all audiences, from the loaded data."""


Bits = NDArray[np.uint64]


def words_of_truths(formulas: Sequence[Formula], truths: Sequence[NDArray[np.bool_]], rows: int) -> Bits:
    """Membership as bits, 64 audiences a word, uint64[rows, words]; truths: one bool[rows] for each leaf."""

    def value(formula: Formula) -> NDArray[np.bool_]:
        if isinstance(formula, int):
            return truths[formula]
        word, of = formula
        if word == "not":
            return ~value(of[0])
        join = np.logical_and if word == "and" else np.logical_or
        found = value(of[0])
        for part in of[1:]:
            found = join(found, value(part))
        return found

    bits = np.zeros((rows, (len(formulas) + 63) // 64), np.uint64)
    for place, formula in enumerate(formulas):
        bits[:, place >> 6] |= value(formula).astype(np.uint64) << np.uint64(place & 63)
    return bits


def delta_of_words(profiles: NDArray[np.int64], before: Bits, after: Bits, audiences: int) -> Delta:
    def pairs(bits: Bits) -> NDArray[np.int64]:
        found = [
            place * 2**32 + profiles[(bits[:, place >> 6] >> np.uint64(place & 63)) & np.uint64(1) == 1]
            for place in range(audiences)
        ]
        return np.sort(np.concatenate(found).astype(np.int64))

    return Delta(pairs(after & ~before), pairs(before & ~after))


def members_of_words(bits: Bits, audiences: int) -> list[NDArray[np.int64]]:
    return [np.flatnonzero((bits[:, place >> 6] >> np.uint64(place & 63)) & np.uint64(1)) for place in range(audiences)]
