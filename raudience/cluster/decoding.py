"""A part of a file of any kind, decoded piece by piece."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import msgspec

from raudience.cluster.finding import TABLES, suffix_of
from raudience.cluster.reading import PART, Documents, Part, parts, read_documents
from raudience.errors import Fault
from raudience.ingest.batches import DEFAULT_INPUT, Decoded, Decoder
from raudience.ingest.flat import decode_table
from raudience.ingest.refusals import Refusal
from raudience.ingest.wanted import ALL, Wanted

__all__ = ["Read", "cut_file", "read_part"]

AT_ONCE: Final = 8_192
"""Documents that become one block: fewer make too many small arrays."""


class Read(msgspec.Struct, frozen=True):
    """Some of a part. refusals: in the order of lines, which count from 1 in the part. lines_read, bytes_read: of the
    part so far; bytes as they are stored."""

    decoded: Decoded
    refusals: tuple[Refusal, ...]
    lines_read: int
    bytes_read: int


def cut_file(path: Path, size: int = PART) -> list[Part]:
    """Parts of a file that can be read side by side; size: bytes of a part of a plain text file."""
    if suffix_of(path) in TABLES:
        cut: list[Part] = _tables().table_parts(path)
        return cut
    return parts(path, size)


def read_part(part: Part, input: str = DEFAULT_INPUT, wanted: Wanted = ALL) -> Iterator[Read]:
    """Decode a part for a replay; it never fails for what stands in the file: that is refused.

    input: of batches that do not name their own. wanted: fields of which columns are made; a table gives all it has.
    """
    if suffix_of(part.path) in TABLES:
        yield from _read_table(part, input)
        return
    decoder = _decoder(input, wanted)
    for documents in read_documents(part):
        yield from _decode(decoder, part, documents)


@lru_cache(maxsize=1)
def _decoder(input: str, wanted: Wanted) -> Decoder:
    """Kept from part to part, for what it remembers."""
    return Decoder(input, wanted)


def _decode(decoder: Decoder, part: Part, documents: Documents) -> Iterator[Read]:
    waiting = list(documents.refused)
    for first in range(0, max(len(documents.documents), 1), AT_ONCE):
        decoded = decoder.decode(documents.documents[first : first + AT_ONCE])
        found = sorted([*waiting, *_refusals(part, documents, first, decoded)], key=_place)
        yield Read(decoded, tuple(found), documents.lines_read, documents.bytes_read)
        waiting = []


def _refusals(part: Part, documents: Documents, first: int, decoded: Decoded) -> Iterator[Refusal]:
    for position, fault in decoded.faults:
        place = first + position
        line, element = documents.lines[place], documents.elements[place]
        yield Refusal(str(part.path), line, element, fault, documents.documents[place])


def _place(refusal: Refusal) -> tuple[int, int]:
    return refusal.line, refusal.element or 0


def _tables() -> Any:
    """Who reads no tables does not wait for their library."""
    return importlib.import_module("raudience.cluster.tables")


def _read_table(part: Part, input: str) -> Iterator[Read]:
    """Lines are rows. A file that is no table of events is refused from where that shows."""
    source, size, lines = str(part.path), part.path.stat().st_size, 0
    try:
        total = _tables().table_rows(part)
        for columns, rows in _tables().read_table(part):
            decoded = decode_table(columns, rows, input)
            found = tuple(Refusal(source, lines + row + 1, None, fault) for row, fault in decoded.faults)
            lines += rows
            yield Read(decoded, found, lines, size * lines // total)
    except (ValueError, OSError) as error:
        fault = Fault("$", "a table of events", str(error))
        yield Read(Decoder(input).decode([]), (Refusal(source, 0, None, fault),), lines, size)
