"""Records in messages of a stream: several small ones in one, a large one in several.

A commit is what is durable together. It travels as messages that follow each other, each with its place among them. A
fence is the message of a new writer: what stands unfinished before it never becomes whole. Every message says which
record comes first in its commit and which records are forgotten, so the last message alone tells where a log stands.

    format (uint8), kind (uint8), writer (22 bytes), number of the first record (uint64), count of records (uint32),
    place in the commit from 1 (uint32), messages of the commit (uint32), number of the last forgotten record (uint64),
    CRC-32 of all this and the body (uint32); then the body: a slice of the records, each behind its length (uint32)
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import msgspec

from raudience.errors import FixStore, StateDamaged

__all__ = ["FORMAT", "HEAD", "Message", "cut", "missing", "pack", "records_of", "unpack"]

FORMAT: Final = 1
_HEAD: Final = struct.Struct("<BB22sQIIIQ")
_CHECKSUM: Final = struct.Struct("<I")
_LENGTH: Final = struct.Struct("<I")
HEAD: Final = _HEAD.size + _CHECKSUM.size
"""Bytes of a message besides its body."""


class Message(msgspec.Struct, frozen=True):
    """Some records, or a slice of one, or (fence) the word of a new writer. Nobody else ever has this `writer`."""

    fence: bool
    writer: bytes
    first: int
    count: int
    place: int
    places: int
    trimmed: int
    body: bytes

    @property
    def last(self) -> int:
        """Number of the last record that is whole when this is the last message."""
        return self.first - 1 + (self.count if self.place == self.places else 0)


def pack(message: Message) -> bytes:
    """The bytes of a message."""
    head = _HEAD.pack(
        FORMAT,
        message.fence,
        message.writer,
        message.first,
        message.count,
        message.place,
        message.places,
        message.trimmed,
    )
    return b"".join((head, _CHECKSUM.pack(zlib.crc32(message.body, zlib.crc32(head))), message.body))


def unpack(data: bytes, where: str) -> Message:
    """The message of these bytes. Raises StateDamaged that names where they stand, FixStore for another format."""
    if not data or data[0] != FORMAT:
        message = f"{where}: expected format {FORMAT}, got {data[:1].hex() or 'nothing'}; is the stream of raudience?"
        raise FixStore(message)
    head, body = data[: _HEAD.size], data[HEAD:]
    if len(data) < HEAD or _CHECKSUM.unpack_from(data, _HEAD.size)[0] != zlib.crc32(body, zlib.crc32(head)):
        message = f"{where}: not what was written; restore the state"
        raise StateDamaged(message)
    _, fence, writer, first, count, place, places, trimmed = _HEAD.unpack(head)
    return Message(bool(fence), writer, first, count, place, places, trimmed, body)


def cut(writer: bytes, first: int, records: Sequence[bytes], trimmed: int, room: int) -> list[Message]:
    """The messages of one commit, no body longer than `room`; one message when there is no record."""
    whole = b"".join(part for record in records for part in (_LENGTH.pack(len(record)), record))
    bodies = [whole[start : start + room] for start in range(0, len(whole), room)] or [b""]
    return [
        Message(False, writer, first, len(records), place, len(bodies), trimmed, body)
        for place, body in enumerate(bodies, 1)
    ]


def records_of(messages: Iterable[Message], after: int, last: int, where: str) -> Iterator[tuple[int, bytes]]:
    """Number and contents of the records behind `after` up to `last`, out of messages that follow each other; the first
    of them may stand in the middle of a commit that is forgotten. Raises StateDamaged when records are missing."""
    slices: list[Message] = []
    for message in messages:
        if message.fence:
            slices.clear()
            continue
        if message.place != len(slices) + 1:
            if slices or message.last > after:
                raise missing(where, message.first)
            continue
        slices.append(message)
        if message.place < message.places:
            continue
        if message.first > after + 1:
            raise missing(where, after + 1)
        body = b"".join(each.body for each in slices)
        slices.clear()
        for number, record in enumerate(_records(body, message, where), message.first):
            if number > after:
                yield number, record
        after = max(after, message.last)
    if after < last:
        raise missing(where, after + 1)


def missing(where: str, number: int) -> StateDamaged:
    """What is raised when a record is trimmed away or lost."""
    return StateDamaged(f"{where}: record {number} is needed, but is not there any more")


def _records(body: bytes, message: Message, where: str) -> list[bytes]:
    found, offset = [], 0
    while offset + _LENGTH.size <= len(body):
        start = offset + _LENGTH.size
        offset = start + _LENGTH.unpack_from(body, offset)[0]
        found.append(body[start:offset])
    if offset != len(body) or len(found) != message.count:
        text = f"{where}: the records {message.first} to {message.last} are not what was written; restore the state"
        raise StateDamaged(text)
    return found
