"""Where the truth of leaves changed: the common tongue of everything that evaluates."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from raudience.shard.bits import Bits
from raudience.shard.growing import segments

__all__ = ["Toggles", "all_distinct", "gather", "order_of", "toggles_of", "turns"]


_KEY_BITS = 63
_FEW = 256


class Toggles(NamedTuple):
    """Leaf `leaf` of row `row` changes its truth at instant `at`: int32[k], int64[k], int32[k]. What is told twice has
    turned back within the instant."""

    row: NDArray[np.int32]
    at: NDArray[np.int64]
    leaf: NDArray[np.int32]


def gather(parts: list[Toggles]) -> Toggles:
    """All parts in one."""
    return Toggles(
        np.concatenate([np.zeros(0, np.int32), *(part.row for part in parts)]),
        np.concatenate([np.zeros(0, np.int64), *(part.at for part in parts)]),
        np.concatenate([np.zeros(0, np.int32), *(part.leaf for part in parts)]),
    )


def toggles_of(turned: list[tuple[int, int, int]]) -> Toggles:
    """Toggles from (row, at, leaf)."""
    row, at, leaf = np.array(turned, np.int64).reshape(-1, 3).T
    return Toggles(row.astype(np.int32), at, leaf.astype(np.int32))


def all_distinct(row: NDArray[np.int32]) -> bool:
    """Whether no row occurs twice."""
    if len(row) < _FEW:
        return len(set(row.tolist())) == len(row)
    ordered = np.sort(row)
    return bool((ordered[1:] != ordered[:-1]).all())


def order_of(row: NDArray[np.int32], at: NDArray[np.int64]) -> NDArray[np.int64]:
    """Stable order by (row, at)."""
    if not len(row):
        return np.zeros(0, np.int64)
    first, places = int(at.min()), len(row).bit_length()
    bits = (int(at.max()) - first).bit_length() + places
    if bits + int(row.max()).bit_length() > _KEY_BITS:
        return np.lexsort((at, row))
    keys = (row.astype(np.int64) << bits) | ((at - first) << places) | np.arange(len(row))
    keys.sort()
    return keys & ((1 << places) - 1)


def turns(
    row: NDArray[np.int32],
    at: NDArray[np.int64],
    truth: NDArray[np.bool_],
    leaves: NDArray[np.int32],
    bits: Bits,
    begins: NDArray[np.bool_] | None = None,
) -> Toggles:
    """Toggles of leaves, int32[n], from their truths bool[n, k] after each entry; `bits` holds those before.

    Entries are sorted by (row, at), of equal ones the last counts, or they are of distinct rows. begins: bool[k], where
    a row begins, if it is known.
    """
    if begins is None:
        begins = np.ones(len(row), bool) if all_distinct(row) else segments(row)
    last = np.append(begins[1:] | (at[1:] != at[:-1]), True)
    if not last.all():
        row, at, truth = row.compress(last), at.compress(last), truth.compress(last, axis=1)
        begins = segments(row)
    inner = (~begins).nonzero()[0]
    turned = bits.of(row, leaves)
    turned[:, inner] = truth.take(inner - 1, axis=1)
    turned ^= truth
    which, where = turned.nonzero()
    return Toggles(row.take(where), at.take(where), leaves.take(which))
