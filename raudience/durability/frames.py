"""The container of a snapshot: parts in frames, so that one that is torn or changed is known before it is used.

    magic (8 bytes), format (uint32), checksum of the two
    per part: length (uint64), checksum of its place, its length and its bytes; then the bytes
    closing: 2**64 - 1 instead of a length, number of the parts and of their bytes, checksum of these

Numbers are little-endian, checksums CRC-32 (uint32). Parts are kept as they are: zlib makes half of the columns of a
shard, but at 40 to 90 MB/s, while disks and networks take several hundred.

Evolution: a change of this layout raises `FORMAT`. What the parts mean is said by the first part, which whoever writes
them versions on its own.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Iterator
from typing import Final

from raudience.errors import FixStore, StateDamaged

__all__ = ["FORMAT", "frames", "parts"]

FORMAT: Final = 1
_MAGIC: Final = b"RAUDPART"
_HEAD: Final = struct.Struct("<8sII")
_FRAME: Final = struct.Struct("<QI")
_CLOSING: Final = struct.Struct("<QQQI")
_END: Final = 2**64 - 1


def frames(parts: Iterable[bytes | memoryview]) -> Iterator[bytes | memoryview]:
    """The container, piece by piece; parts are passed on without being copied. A memoryview must be contiguous."""
    yield _HEAD.pack(_MAGIC, FORMAT, _head_checksum(FORMAT))
    place = size = 0
    for place, part in enumerate(parts, 1):
        # A view without elements refuses to be cast.
        body = memoryview(part).cast("B") if memoryview(part).nbytes else memoryview(b"")
        size += len(body)
        yield _FRAME.pack(len(body), _checksum(place, body))
        yield body
    yield _CLOSING.pack(_END, place, size, _closing_checksum(place, size))


def parts(data: bytes | memoryview, source: str) -> Iterator[memoryview]:
    """The parts of a container, as views of it, each checked when its turn comes: only who reads to the end knows that
    nothing is missing. Raises StateDamaged that says which part of `source` is wrong, FixStore for another format."""
    view = memoryview(data).cast("B")
    _check_head(view, source)
    offset, place, size = _HEAD.size, 0, 0
    while view[offset : offset + 8] != _END.to_bytes(8, "little"):
        place += 1
        if offset + _FRAME.size > len(view):
            raise _torn(source, place, len(view))
        length, kept = _FRAME.unpack_from(view, offset)
        offset += _FRAME.size
        if offset + length > len(view):
            raise _torn(source, place, len(view))
        body = view[offset : offset + length]
        if _checksum(place, body) != kept:
            message = f"{source}: part {place} at byte {offset} is not what was written; use an earlier snapshot"
            raise StateDamaged(message)
        offset, size = offset + length, size + length
        yield body
    if len(view) != offset + _CLOSING.size:
        raise _torn(source, place + 1, len(view))
    if _CLOSING.unpack_from(view, offset)[1:] != (place, size, _closing_checksum(place, size)):
        message = f"{source}: parts before byte {offset} are missing or too many; use an earlier snapshot"
        raise StateDamaged(message)


def _check_head(view: memoryview, source: str) -> None:
    if len(view) < _HEAD.size:
        raise _torn(source, 0, len(view))
    magic, found, kept = _HEAD.unpack_from(view)
    if magic != _MAGIC or kept != _head_checksum(found):
        message = f"{source}: expected a snapshot of raudience, got something else; use an earlier snapshot"
        raise StateDamaged(message)
    if found != FORMAT:
        message = (
            f"{source}: expected format {FORMAT}, got {found}; read it with the version of raudience that wrote it"
        )
        raise FixStore(message)


def _torn(source: str, place: int, size: int) -> StateDamaged:
    return StateDamaged(f"{source}: torn in part {place}, at {size} bytes; use an earlier snapshot")


def _checksum(place: int, body: memoryview) -> int:
    return zlib.crc32(body, zlib.crc32(struct.pack("<QQ", place, len(body))))


def _head_checksum(form: int) -> int:
    return zlib.crc32(struct.pack("<8sI", _MAGIC, form))


def _closing_checksum(place: int, size: int) -> int:
    return zlib.crc32(struct.pack("<QQQ", _END, place, size))
