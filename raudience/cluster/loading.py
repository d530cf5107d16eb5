"""Files of events to sorted runs on disk, side by side, and from there to rounds."""

from __future__ import annotations

import logging
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Literal, TypeAlias

import msgspec
import numpy as np

from raudience.cluster.decoding import cut_file
from raudience.cluster.engine import Engine
from raudience.cluster.finding import find_files
from raudience.cluster.parts import PartRead, Work, read_to_disk
from raudience.cluster.rounds import Round, rounds
from raudience.errors import FixRequest
from raudience.ingest.batches import DEFAULT_INPUT
from raudience.ingest.identity import Resolver
from raudience.ingest.refusals import Refusal
from raudience.ingest.wanted import ALL, Wanted

__all__ = ["Loaded", "Reject", "Step", "Tell", "load"]

_LOG: Final = logging.getLogger(__name__)
_PARTS: Final = (4 << 20, 64 << 20)
"""Fewest and most bytes of a text file that one task reads."""
_TURNS: Final = 6
"""Parts for each process that reads, so that none is left with much when the others are done."""


class Step(msgspec.Struct, frozen=True):
    """How far a job is: `done` of `total` in `unit`; clock: the instant that the data has come to."""

    name: Literal["reading", "replaying"]
    done: int
    total: int
    unit: str
    clock: int | None = None


Tell: TypeAlias = Callable[[Step], None]


class Reject(msgspec.Struct, frozen=True):
    """A refused line as `rejects.ndjson` shows it; raw: as it came, bytes that are no UTF-8 replaced."""

    source: str
    line: int
    element: int | None
    path: str
    expected: str
    got: str
    hint: str
    raw: str


class Loaded:
    """Everything that was read, on disk. files: how many; batches, events: taken; refused: lines and elements not."""

    def __init__(self, folder: Path, reads: Sequence[PartRead]) -> None:
        pieces = [piece for read in reads for run in read.runs for piece in run.pieces]
        self._folder = folder
        self._reads = reads
        self.files = len({read.part.path for read in reads})
        self.batches = sum(piece.batches for piece in pieces)
        self.events = sum(piece.events for piece in pieces)
        self.refused = sum(read.refusals for read in reads)

    def rounds(self, resolver: Resolver | None = None) -> Iterator[Round]:
        """All batches in the order of a replay; can be asked for once. resolver: what is known of identities from
        before; it learns from these batches."""
        runs = [run for read in self._reads for run in read.runs]
        found = rounds(runs, self._folder, resolver=resolver)
        return found if resolver is None or any(run.nameless for run in runs) else _taught(found, resolver)

    def refusals(self) -> Iterator[Refusal]:
        """What was refused, in the order of files and lines."""
        before: Counter[Path] = Counter()
        for read in self._reads:
            with read.refused.open("rb") as file:
                for line in file:
                    refusal = msgspec.json.decode(line, type=Refusal)
                    at = refusal.line + before[read.part.path] if refusal.line else 0
                    yield msgspec.structs.replace(refusal, line=at)
            before[read.part.path] += read.lines

    def rejects(self) -> Iterator[bytes]:
        """The refusals as lines of `rejects.ndjson`."""
        return (msgspec.json.encode(_reject(refusal)) for refusal in self.refusals())


@contextmanager
def load(
    engine: Engine,
    names: Sequence[str],
    input: str = DEFAULT_INPUT,
    spill: Path | None = None,
    tell: Tell = lambda _: None,
    wanted: Wanted = ALL,
) -> Iterator[Loaded]:
    """Read all files that `names` lead to, on as many processes as the engine has; the runs go when it is left.

    input: of batches that do not name their own. spill: a folder for the runs, on storage that all machines of the
    engine see; None: the temporary folder, which is enough on one machine. wanted: fields that are kept. Raises
    FixRequest.
    """
    files = find_files(names)
    size = _part_size(sum(path.stat().st_size for path in files), engine.hands())
    found = [part for path in files for part in cut_file(path, size)]
    if spill is None and engine.machines() > 1:
        message = f"--spill: expected a folder that all {engine.machines()} machines see, got none"
        raise FixRequest(message)
    if spill is not None and not spill.is_dir():
        message = f"--spill: expected an existing folder, got {spill}"
        raise FixRequest(message)
    folder = Path(tempfile.mkdtemp(prefix="raudience-", dir=spill))
    try:
        work = [Work(part, folder / str(number), input, wanted) for number, part in enumerate(found)]
        reads: list[PartRead] = []
        for read in engine.spread(read_to_disk, work):
            reads.append(read)
            tell(Step("reading", len(reads), len(found), "parts"))
        loaded = Loaded(folder, reads)
        counts = {"files": loaded.files, "batches": loaded.batches, "events": loaded.events, "refused": loaded.refused}
        _LOG.info("read", extra=counts)
        yield loaded
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _part_size(total: int, hands: int) -> int:
    fewest, most = _PARTS
    return min(max(total // (hands * _TURNS), fewest), most)


def _reject(refusal: Refusal) -> Reject:
    fault = refusal.fault
    raw = refusal.raw.decode(errors="replace")
    return Reject(refusal.source, refusal.line, refusal.element, fault.path, fault.expected, fault.got, fault.hint, raw)


def _taught(found: Iterator[Round], resolver: Resolver) -> Iterator[Round]:
    """The same rounds; the resolver learns the identities of their users."""
    for each in found:
        resolver.resolve(each.block, np.zeros(len(each.block.batches.mpid), np.bool_))
        yield each
