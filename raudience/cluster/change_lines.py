"""The change log as CSV text, thousands of changes at a time.

One line per change: audience, mpid, `in` or `out`, the instant in ISO 8601 with milliseconds, id (16 hex digits).
Every part of a line is a fixed-width matrix of bytes with zeros where a shorter text ends; the log is what remains of
the joined matrix without its zeros. No loop over changes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from raudience.hashing import change_ids, text_keys
from raudience.records import Change, Changes

__all__ = ["HEADER", "change_keys", "change_lines", "each_change", "number_lines"]

Bytes: TypeAlias = NDArray[np.uint8]

HEADER: Final = b"audience,mpid,change,at,id\n"

_COMMA: Final = b","
_PIECE: Final = 50_000
_DIGITS: Final = 19
_ZERO: Final = ord("0")
_HEX: Final = np.array([f"{byte:02x}".encode() for byte in range(256)], "S2")


def each_change(changes: Changes) -> Iterator[Change]:
    """The changes one by one, with their ids, in their order."""
    if not len(changes):
        return
    rows = zip(
        changes.at.tolist(),
        changes.audience.tolist(),
        changes.mpid.tolist(),
        changes.entered.tolist(),
        change_keys(changes).tolist(),
        strict=True,
    )
    for at, audience, mpid, entered, key in rows:
        version = changes.versions[audience]
        yield Change(at, changes.audiences[audience], mpid, entered, f"{key:016x}", version)


def change_lines(changes: Changes) -> bytes:
    """Lines of the log, in the order of the changes, each with its line end."""
    if not len(changes):
        return b""
    ids = change_keys(changes)
    names = _texts([key.encode() for key in changes.audiences])
    pieces = range(0, len(changes), _PIECE)
    return b"".join(_lines(changes, names, ids, slice(first, first + _PIECE)) for first in pieces)


def change_keys(changes: Changes) -> NDArray[np.uint64]:
    """Id of each change, uint64[k]: the same change has the same id in every replay."""
    present, place = np.unique(changes.audience, return_inverse=True)
    keys = text_keys(changes.audiences[number].encode() for number in present.tolist())
    versions = np.array([changes.versions[number] for number in present.tolist()], np.int64)
    return change_ids(keys[place], versions[place], changes.mpid, changes.at, changes.entered)


def number_lines(numbers: NDArray[np.int64]) -> bytes:
    """One decimal number a line."""
    texts = np.concatenate([_numbers(numbers), np.full((len(numbers), 1), ord("\n"), np.uint8)], axis=1)
    return texts[texts != 0].tobytes()


def _lines(changes: Changes, names: Bytes, ids: NDArray[np.uint64], rows: slice) -> bytes:
    audience = changes.audience[rows]
    comma = np.full((len(audience), 1), ord(_COMMA), np.uint8)
    parts = [
        names[audience],
        comma,
        _numbers(changes.mpid[rows]),
        comma,
        _texts([b"out", b"in"])[changes.entered[rows].astype(np.intp)],
        comma,
        _instants(changes.at[rows]),
        comma,
        _hex(ids[rows]),
        np.full((len(audience), 1), ord("\n"), np.uint8),
    ]
    joined = np.concatenate(parts, axis=1)
    return joined[joined != 0].tobytes()


def _texts(texts: Sequence[bytes]) -> Bytes:
    """uint8[n, longest], padded with zeros."""
    fixed = np.array(texts, "S") if texts else np.empty(0, "S1")
    return fixed.view(np.uint8).reshape(len(texts), fixed.itemsize)


def _numbers(values: NDArray[np.int64]) -> Bytes:
    """Decimal texts, uint8[n, 20], right-aligned; the sign stands in the first column."""
    # The magnitude of -2**63 does not fit int64, so it is taken in uint64, where negation wraps as needed.
    rest = np.where(values < 0, -values.view(np.uint64), values.view(np.uint64))
    texts = np.zeros((len(values), _DIGITS + 1), np.uint8)
    texts[:, 0] = np.where(values < 0, ord("-"), 0)
    for column in range(_DIGITS, 0, -1):
        shown = (rest > 0) | (column == _DIGITS)
        rest, digit = np.divmod(rest, np.uint64(10))
        texts[:, column] = np.where(shown, digit.astype(np.uint8) + _ZERO, 0)
    return texts


def _instants(at: NDArray[np.int64]) -> Bytes:
    moments, which = np.unique(at, return_inverse=True)
    texts = np.datetime_as_string(moments.astype("datetime64[ms]"), unit="ms").astype("S23")
    return np.concatenate(
        [texts.view(np.uint8).reshape(len(moments), 23)[which], np.full((len(at), 1), ord("Z"), np.uint8)], axis=1
    )


def _hex(ids: NDArray[np.uint64]) -> Bytes:
    digits: Bytes = _HEX[ids.astype(">u8").view(np.uint8)].view(np.uint8)
    return digits.reshape(len(ids), 16)
