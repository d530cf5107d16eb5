"""Formulas of audiences over leaves, evaluated for many (audience, state) at once."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, reduce
from typing import assert_never

import numpy as np
from numpy.typing import NDArray

from raudience.criteria.leaves import AndOf, Formula, NotOf, OrOf, leaves_of

__all__ = ["Formulas", "evaluate"]

_TABLE_LEAVES = 12
_MANY = 2048


def evaluate(formula: Formula, truth: Callable[[int], NDArray[np.bool_]]) -> NDArray[np.bool_]:
    """bool[n]: a formula, given the truth bool[n] of each leaf."""
    match formula:
        case int():
            return truth(formula)
        case NotOf():
            return ~evaluate(formula.of, truth)
        case AndOf():
            return reduce(np.logical_and, [evaluate(part, truth) for part in formula.of])
        case OrOf():
            return reduce(np.logical_or, [evaluate(part, truth) for part in formula.of])
        case _:
            assert_never(formula)


class Formulas:
    """All formulas of a plan. Those of up to a dozen leaves are tables of their truth by the bits of their leaves."""

    def __init__(self, formulas: tuple[Formula, ...]) -> None:
        self.formulas = formulas
        self.readers = _readers(formulas)
        leaves = [leaves_of(formula) for formula in formulas]
        self._tabled = np.array([len(read) <= _TABLE_LEAVES for read in leaves], bool)
        short = [read if tabled else () for read, tabled in zip(leaves, self._tabled.tolist(), strict=True)]
        width = max(map(len, short), default=0)
        self._byte = np.zeros((width, len(formulas)), np.int64)
        self._bit = np.zeros((width, len(formulas)), np.uint8)
        self._count = np.array([len(read) for read in short], np.int64)
        self._least = int(self._count.min(initial=_TABLE_LEAVES))
        self._all_tabled = bool(self._tabled.all())
        self._base = np.zeros(len(formulas), np.int64)
        tables, size = list[NDArray[np.bool_]](), 0
        for number, read in enumerate(short):
            for j, leaf in enumerate(read):
                self._byte[j, number], self._bit[j, number] = leaf >> 3, 1 << (leaf & 7)
            self._base[number] = size
            tables.append(_table(formulas[number]) if self._tabled[number] else np.zeros(1, bool))
            size += len(tables[-1])
        self._table = np.concatenate([np.zeros(0, bool), *tables])

    def of(self, audience: NDArray[np.int64], states: NDArray[np.uint8], state: NDArray[np.int64]) -> NDArray[np.bool_]:
        """bool[k]: truth of audiences int64[k], each in a state int64[k], a row of uint8[states, bytes of leaves]."""
        place = self._base.take(audience)
        flat, start, asked = states.reshape(-1), state * states.shape[1], audience
        where: NDArray[np.int64] | None = None
        for number, (byte, bit) in enumerate(zip(self._byte, self._bit, strict=True)):
            if len(asked) > _MANY and number >= self._least:
                longer = (self._count.take(asked) > number).nonzero()[0]
                asked, start = asked.take(longer), start.take(longer)
                where = longer if where is None else where.take(longer)
            held = flat.take(start + byte.take(asked))
            held &= bit.take(asked)
            found = (held != 0) * np.int64(1 << number)
            if where is None:
                place += found
            else:
                place[where] += found
        truth = self._table.take(place)
        if not self._all_tabled:
            self._long(audience, states, state, truth)
        return truth

    def _long(
        self, audience: NDArray[np.int64], states: NDArray[np.uint8], state: NDArray[np.int64], truth: NDArray[np.bool_]
    ) -> None:
        for number in np.unique(audience[~self._tabled[audience]]).tolist():
            where = (audience == number).nonzero()[0]
            some = states.take(state[where], axis=0)

            def bit(leaf: int, some: NDArray[np.uint8] = some) -> NDArray[np.bool_]:
                return (some[:, leaf >> 3] >> np.uint8(leaf & 7)) & np.uint8(1) != 0

            truth[where] = evaluate(self.formulas[number], bit)


@lru_cache(maxsize=4_096)
def _table(formula: Formula) -> NDArray[np.bool_]:
    """Truth of a formula by the bits of its leaves. Plans that follow each other have most formulas in common."""
    leaves = leaves_of(formula)
    states = np.arange(1 << len(leaves))
    bits = {leaf: (states >> j) & 1 != 0 for j, leaf in enumerate(leaves)}
    return evaluate(formula, bits.__getitem__)


def _readers(formulas: tuple[Formula, ...]) -> dict[int, list[int]]:
    """Audiences that read each leaf."""
    readers: dict[int, list[int]] = {}
    for number, formula in enumerate(formulas):
        for leaf in leaves_of(formula):
            readers.setdefault(leaf, []).append(number)
    return readers
