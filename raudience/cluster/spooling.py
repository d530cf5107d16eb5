"""From a part of a file to sorted runs and refusals in a folder."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, Final, TypeAlias

import msgspec

from raudience.cluster.reading import Documents, Part, read_documents
from raudience.cluster.spill import Run, stretch, write_run
from raudience.ingest.batches import DEFAULT_INPUT, Decoded, Decoder
from raudience.ingest.refusals import Refusal

__all__ = ["BATCHES", "Progress", "Spooled", "refusals", "spool"]

BATCHES: Final = 32_768
"""Batches that are sorted in memory and written as one run."""


class Progress(msgspec.Struct, frozen=True):
    """How far a part is: bytes of the file as it is stored, events, refusals, all since its beginning."""

    bytes_read: int
    events: int
    refused: int


class Spooled(msgspec.Struct, frozen=True):
    """What came of a part. lines: how many it has. refused: how many refusals stand in `refusals_path`."""

    part: Part
    runs: tuple[Run, ...]
    refusals_path: Path
    refused: int
    lines: int
    batches: int
    events: int


Tell: TypeAlias = Callable[[Progress], None]
_ENCODE: Final = msgspec.json.Encoder().encode
_DECODE: Final = msgspec.json.Decoder(Refusal).decode


def spool(
    part: Part,
    folder: Path,
    name: str,
    input: str = DEFAULT_INPUT,
    *,
    batches: int = BATCHES,
    tell: Tell = lambda _: None,
) -> Spooled:
    """Read a part into files of the folder that begin with `name`, holding about `batches` batches in memory."""
    path = folder / f"{name}.refused"
    with path.open("wb") as file:
        spooling = _Spooling(part, folder / name, Decoder(input), file, batches)
        for documents in read_documents(part):
            for progress in spooling.add(documents):
                tell(progress)
        spooling.flush()
    return Spooled(
        part=part,
        runs=tuple(spooling.runs),
        refusals_path=path,
        refused=spooling.refused,
        lines=spooling.lines,
        batches=spooling.batches,
        events=spooling.events,
    )


def refusals(spooled: Iterable[Spooled]) -> Iterator[Refusal]:
    """All refusals, in the order of files and lines, with lines counted in the whole file; the parts of a file are all
    there."""
    before, path = 0, None
    for each in sorted(spooled, key=_part):
        before = before if each.part.path == path else 0
        path = each.part.path
        with each.refusals_path.open("rb") as file:
            for refusal in map(_DECODE, file):
                yield msgspec.structs.replace(refusal, line=refusal.line + before if refusal.line else 0)
        before += each.lines


def _part(spooled: Spooled) -> Part:
    return msgspec.structs.replace(spooled.part, stop=None)


class _Spooling:
    def __init__(self, part: Part, stem: Path, decoder: Decoder, refused: IO[bytes], most: int) -> None:
        self._part, self._stem, self._decoder, self._file, self._most = part, stem, decoder, refused, most
        self._waiting: list[Decoded] = []
        self.runs: list[Run] = []
        self.lines = self.batches = self.events = self.refused = 0

    def add(self, documents: Documents, at_once: int = 4096) -> Iterator[Progress]:
        """Decode some documents, `at_once` at a time, and write a run when enough batches wait."""
        self._refuse(documents.refused)
        for first in range(0, len(documents.documents), at_once):
            some = documents.documents[first : first + at_once]
            decoded = self._decoder.decode(some)
            self._refuse(_refusals(self._part, documents, first, decoded))
            self._keep(decoded)
        self.lines = documents.lines_read
        yield Progress(documents.bytes_read, self.events, self.refused)

    def _refuse(self, refused: Sequence[Refusal]) -> None:
        self.refused += len(refused)
        self._file.writelines(_ENCODE(refusal) + b"\n" for refusal in refused)

    def _keep(self, decoded: Decoded) -> None:
        self._waiting.append(msgspec.structs.replace(decoded, faults=(), positions=None))
        self.batches += len(decoded.nameless)
        self.events += len(decoded.block.events.time)
        if sum(len(each.nameless) for each in self._waiting) >= self._most:
            self.flush()

    def flush(self) -> None:
        """Write what waits as a run."""
        if any(len(each.nameless) for each in self._waiting):
            path = self._stem.with_name(f"{self._stem.name}.{len(self.runs)}.run")
            self.runs.append(write_run(path, [stretch(self._waiting)]))
        self._waiting = []


def _refusals(part: Part, documents: Documents, first: int, decoded: Decoded) -> list[Refusal]:
    found = []
    for position, fault in decoded.faults:
        place = first + position
        line, element = documents.lines[place], documents.elements[place]
        found.append(Refusal(str(part.path), line, element, fault, documents.documents[place]))
    return found
