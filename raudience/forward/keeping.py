"""A connection as bytes and back: its snapshot."""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray

from raudience.forward.connection import Connection
from raudience.forward.entries import Faulted, Listed
from raudience.forward.held import Held
from raudience.forward.kinds import Failure
from raudience.forward.rows import Rows
from raudience.hashing import text_keys
from raudience.records.packing import Packed, pack

__all__ = ["load", "snapshot"]


class _Rows(msgspec.Struct, frozen=True):
    """mpids: int64[n], sizes: int64[n] of the values that stand one behind the other, sent: uint32[n]."""

    mpids: NDArray[np.int64]
    sizes: NDArray[np.int64]
    values: bytes
    sent: NDArray[np.uint32]


class _Kept(msgspec.Struct, frozen=True):
    position: int
    fault: Faulted | None
    lists: dict[str, Listed]
    refused: dict[str, list[tuple[bytes, Failure]]]
    held: dict[str, _Rows]
    live: NDArray[np.int64]
    later: NDArray[np.int64]
    planned_at: int = 0
    rechecked: int = 0
    forgotten: int = 0
    attributes: tuple[str, ...] = ()
    snapped: int = 0
    faulted: int = 0


_KEPT: Packed[_Kept] = Packed(_Kept)


def snapshot(connection: Connection) -> bytes:
    """Everything that a connection knows by its log."""
    live, later = connection.waiting()
    return pack(
        _Kept(
            position=connection.position,
            fault=connection.fault,
            lists=connection.lists,
            refused={kind: list(values.items()) for kind, values in connection.refused.items()},
            held={kind: _rows(held) for kind, held in connection.held.items()},
            live=np.array(live, np.int64),
            later=np.array(later, np.int64),
            planned_at=connection.planned_at,
            rechecked=connection.rechecked,
            forgotten=connection.forgotten,
            attributes=connection.attributes,
            snapped=connection.snapped,
            faulted=connection.faulted,
        )
    )


def load(connection: Connection, data: bytes | memoryview) -> None:
    """Make a new connection what a snapshot says. Raises StateDamaged when it cannot be read."""
    kept = _KEPT.unpack(data)
    connection.position, connection.fault, connection.lists = kept.position, kept.fault, kept.lists
    connection.refused |= {kind: dict(values) for kind, values in kept.refused.items()}
    for kind, rows in kept.held.items():
        connection.held[kind] = _held(rows)
    connection.planned_at, connection.rechecked = kept.planned_at, kept.rechecked
    connection.forgotten, connection.snapped = kept.forgotten, kept.snapped
    connection.attributes, connection.faulted = kept.attributes, kept.faulted
    connection.wait_for(kept.live.tolist(), kept.later.tolist())


def _rows(held: Held) -> _Rows:
    part = held.whole()
    return _Rows(part.mpids, np.diff(part.ends, prepend=0), part.data, part.sent)


def _held(rows: _Rows) -> Held:
    ends = np.cumsum(rows.sizes).tolist()
    values = [rows.values[end - size : end] for end, size in zip(ends, rows.sizes.tolist(), strict=True)]
    held = Held()
    held.load(Rows(rows.mpids, rows.sizes, bytes(rows.values), rows.sent.copy(), text_keys(values)))
    return held
