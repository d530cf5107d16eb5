"""Rows of a download as CSV: one for each identity of each user.

Thousands of rows at a time stand as a matrix of bytes, each part of a row in columns of its own with FILLER where it is
shorter; the CSV is what remains without it. No loop over rows but those whose value must be quoted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from raudience.records.listings import Named
from raudience.records.texts import FILLER, Texts, joined, taken

__all__ = ["HEADER", "csv_rows"]

Bytes: TypeAlias = NDArray[np.uint8]

HEADER: Final = b"mpid, scanned_timestamp_ms, identity_value, identity_type\n"
"""As the source shows it, with its spaces (semantics row 159); rows have none, so that quotes may stand."""

_PIECE: Final = 8_192
"""Rows that are made at a time, and stay in the cache."""
_FILLING: Final = bytes([FILLER])
_COMMA: Final = ord(",")
_QUOTED: Final = tuple(b',"\r\n')
_FOUR: Final = np.array([f"{number:04}".encode() for number in range(10_000)], "S4").view(np.uint32)
_DIGITS: Final = 20
_POWERS: Final = np.array([10**power for power in range(1, 19)], np.uint64)
_LEADING: Final = np.where(np.arange(_DIGITS) < _DIGITS - np.arange(1, 20)[:, None], FILLER, 0).astype(np.uint8)
"""By the number of digits less one: what to lay over those in front of them."""


def csv_rows(
    mpids: NDArray[np.int64], at: NDArray[np.int64], identities: Sequence[tuple[str, Named]]
) -> Iterator[bytes]:
    """Lines of users, in their order, and for each user of the identities in theirs. mpids, at: int64[n], of users;
    identities: type and values of each."""
    users, kinds, texts = _in_order([named for _, named in identities])
    tails = _padded([f",{kind}\n".encode() for kind, _ in identities])
    for first in range(0, len(users), _PIECE):
        rows = slice(first, first + _PIECE)
        matrix, long = _quoted(texts.matrix[rows], _cut(texts.long, first))
        parts = (_numbers(mpids[users[rows]]), _moments(at[users[rows]]), matrix, tails[kinds[rows]])
        yield _lines(parts, long)


def _in_order(identities: Sequence[Named]) -> tuple[NDArray[np.int64], NDArray[np.int64], Texts]:
    """User, place of the identity and value of every row."""
    users = np.concatenate([named.user for named in identities])
    kinds = np.repeat(np.arange(len(identities)), [len(named.user) for named in identities])
    texts = joined([named.texts for named in identities])
    if len(identities) == 1:
        return users, kinds, texts
    order = users.argsort(kind="stable")
    return users.take(order), kinds.take(order), taken(texts, order)


def _cut(long: dict[int, bytes], first: int) -> dict[int, bytes]:
    return {place - first: text for place, text in long.items() if first <= place < first + _PIECE}


def _quoted(matrix: Bytes, long: dict[int, bytes]) -> tuple[Bytes, dict[int, bytes]]:
    """Values with those aside that must be quoted, quoted after RFC 4180."""
    long = {place: _quote(text) for place, text in long.items()}
    special = matrix == _QUOTED[0]
    for byte in _QUOTED[1:]:
        special |= matrix == byte
    if not special.any():
        return matrix, long
    matrix = matrix.copy()
    for place in special.any(axis=1).nonzero()[0].tolist():
        long[place] = _quote(matrix[place].tobytes().rstrip(_FILLING))
        matrix[place] = FILLER
    return matrix, long


def _quote(text: bytes) -> bytes:
    if not any(byte in text for byte in _QUOTED):
        return text
    return b'"' + text.replace(b'"', b'""') + b'"'


def _lines(parts: tuple[Bytes, Bytes, Bytes, Bytes], long: dict[int, bytes]) -> bytes:
    """Lines of number, moment, value and tail; long: values that stand aside, by line."""
    number, moment, value, tail = (part.shape[1] for part in parts)
    behind = number + moment + 2
    lines = np.empty((len(parts[0]), behind + value + tail), np.uint8)
    lines[:, :number] = parts[0]
    lines[:, number] = _COMMA
    lines[:, number + 1 : behind - 1] = parts[1]
    lines[:, behind - 1] = _COMMA
    lines[:, behind : behind + value] = parts[2]
    lines[:, behind + value :] = parts[3]
    if not long:
        return _packed(lines)
    made, done = [], 0
    for place, text in sorted(long.items()):
        made += [_packed(lines[done:place]), _packed(lines[place, :behind]), text, _packed(lines[place, behind:])]
        done = place + 1
    return b"".join([*made, _packed(lines[done:])])


def _packed(lines: Bytes) -> bytes:
    return lines.tobytes().translate(None, _FILLING)


def _numbers(values: NDArray[np.int64]) -> Bytes:
    """Decimal texts, uint8[n, 20], from the right; the sign stands in the first column."""
    # The magnitude of -2**63 does not fit int64, so it is taken in uint64, where negation wraps as needed.
    negative = values < 0
    rest = np.where(negative, -values.view(np.uint64), values.view(np.uint64))
    fours = np.empty((len(values), _DIGITS // 4), np.uint32)
    for column in range(_DIGITS // 4 - 1, 0, -1):
        left = rest // np.uint64(10_000)
        fours[:, column] = _FOUR.take((rest - left * np.uint64(10_000)).view(np.int64))
        rest = left
    fours[:, 0] = _FOUR.take(rest.view(np.int64))
    texts = fours.view(np.uint8)
    magnitude = np.where(negative, -values.view(np.uint64), values.view(np.uint64))
    texts |= _LEADING.take(_POWERS.searchsorted(magnitude, "right"), axis=0)
    texts[negative, 0] = ord("-")
    return texts


def _moments(at: NDArray[np.int64]) -> Bytes:
    """Decimal texts of instants, of which there are few."""
    first = int(at[0])
    if (at == first).all():
        return np.broadcast_to(_padded([str(first).encode()]), (len(at), len(str(first))))
    moments, which = np.unique(at, return_inverse=True)
    return _padded([str(moment).encode() for moment in moments.tolist()])[which]


def _padded(texts: list[bytes]) -> Bytes:
    """uint8[n, longest], FILLER behind each."""
    width = max(map(len, texts), default=0)
    return np.frombuffer(b"".join(text.ljust(width, _FILLING) for text in texts), np.uint8).reshape(len(texts), width)
