"""Documents of files: NDJSON, plain or gzip, one batch or one array of batches per line."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final

import msgspec

from raudience.cluster.finding import suffix_of
from raudience.errors import Fault
from raudience.ingest.refusals import Refusal

__all__ = ["Documents", "Part", "parts", "read_documents"]

PART: Final = 256 << 20
"""Bytes of a plain file that are read by one task."""
_BYTES: Final = 8 << 20
_MARK: Final = b"\xef\xbb\xbf"
_ELEMENTS: Final = msgspec.json.Decoder(list[msgspec.Raw])


class Part(msgspec.Struct, frozen=True, order=True):
    """The lines of a file that begin in [start, stop); stop None: to its end. Of a table, its row groups."""

    path: Path
    start: int = 0
    stop: int | None = None


class Documents(msgspec.Struct, frozen=True):
    """Some documents of one batch each. lines: the line of each, from 1 on in its part; elements: its position in the
    array of the line, None when the line is one batch. refused: lines that are no documents. lines_read: of the part
    so far; bytes_read: of the file by this part so far, as it is stored."""

    documents: list[bytes]
    lines: list[int]
    elements: list[int | None]
    refused: list[Refusal]
    lines_read: int
    bytes_read: int


def parts(path: Path, size: int = PART) -> list[Part]:
    """A file cut for reading side by side; a compressed one is one part."""
    if suffix_of(path) == ".gz":
        return [Part(path)]
    length = path.stat().st_size
    return [Part(path, start, min(start + size, length)) for start in range(0, length, size)] or [Part(path)]


def read_documents(part: Part, size: int = _BYTES) -> Iterator[Documents]:
    """The documents of a part, about `size` bytes of lines at a time. A file that ends in the middle of its
    compression is refused from there on: whole lines before it are read."""
    with part.path.open("rb") as stored, _opened(part, stored) as file:
        begin = _to_first_line(part, file)
        line = 0
        for lines in _chunks(part, file, size):
            if isinstance(lines, Exception):
                broken = Fault("$", "a whole gzip file", f"{lines} after line {line}")
                refusal = Refusal(str(part.path), 0, None, broken)
                yield Documents([], [], [], [refusal], line, stored.tell() - begin)
                return
            if line == 0 and part.start == 0:
                lines[0] = lines[0].removeprefix(_MARK)
            yield _documents(part, lines, line, stored.tell() - begin)
            line += len(lines)


def _opened(part: Part, stored: IO[bytes]) -> IO[bytes]:
    return gzip.GzipFile(fileobj=stored) if suffix_of(part.path) == ".gz" else stored  # type: ignore[return-value]


def _to_first_line(part: Part, file: IO[bytes]) -> int:
    """Go to the first line that begins in the part; the byte at which it begins."""
    if part.start:
        file.seek(part.start - 1)
        file.readline()
        return file.tell()
    return 0


def _chunks(part: Part, file: IO[bytes], size: int) -> Iterator[list[bytes] | Exception]:
    """The lines of a part, some at a time; last of all what is wrong with the compression, if something is."""
    if suffix_of(part.path) == ".gz":
        yield from _unpacked(file, size)
        return
    while (left := size if part.stop is None else min(size, part.stop - file.tell())) > 0:
        if not (lines := _plain_lines(file, left)):
            return
        yield lines


def _unpacked(file: IO[bytes], size: int) -> Iterator[list[bytes] | Exception]:
    broken = None
    while broken is None:
        lines, broken = _packed_lines(file, size)
        if lines:
            yield lines
        elif broken is None:
            return
    yield broken


def _packed_lines(file: IO[bytes], size: int) -> tuple[list[bytes], Exception | None]:
    """Lines of the next `size` bytes, and what stopped them. `readlines` would lose those before a break."""
    lines: list[bytes] = []
    try:
        while size > 0 and (line := file.readline()):
            lines.append(line)
            size -= len(line)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        return lines, error
    return lines, None


def _plain_lines(file: IO[bytes], left: int) -> list[bytes]:
    """Lines that begin in the next `left` bytes, without their ends."""
    lines = file.read(left).split(b"\n")
    if lines[-1]:
        lines[-1] += file.readline()
    else:
        lines.pop()
    return lines


def _documents(part: Part, lines: list[bytes], before: int, bytes_read: int) -> Documents:
    texts = [line.strip() for line in lines]
    found = Documents([], [], [], [], before + len(lines), bytes_read)
    if all(texts) and not any(text[0] == ord("[") for text in texts):
        found.documents.extend(texts)
        found.lines.extend(range(before + 1, before + len(lines) + 1))
        found.elements.extend([None] * len(texts))
        return found
    for line, text in enumerate(texts, before + 1):
        _add_line(found, part, line, text)
    return found


def _add_line(found: Documents, part: Part, line: int, text: bytes) -> None:
    if not text.startswith(b"["):
        found.documents.extend([text] if text else [])
        found.lines.extend([line] if text else [])
        found.elements.extend([None] if text else [])
        return
    try:
        elements = [bytes(element).strip() for element in _ELEMENTS.decode(text)]
    except (ValueError, RecursionError) as error:
        fault = Fault("$", "an array of batches in JSON", str(error))
        found.refused.append(Refusal(str(part.path), line, None, fault, text))
        return
    found.documents.extend(elements)
    found.lines.extend([line] * len(elements))
    found.elements.extend(range(len(elements)))
