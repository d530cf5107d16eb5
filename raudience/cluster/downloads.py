"""Downloads carried out: members are read from the engine a part at a time, while the part before is written."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import IO, Final, Self, TypeAlias

import msgspec

from raudience.catalog.downloads import Download, Selection
from raudience.clock import WEEK, monotonic, now_ms
from raudience.cluster.download_jobs import Job, JobFolder, Taken
from raudience.cluster.engine import Engine
from raudience.cluster.listing import listed, sampled
from raudience.coordinator.variants import pick
from raudience.errors import FixRequest, RaudienceError
from raudience.export import Archive
from raudience.export.archive import CsvFile
from raudience.records.listings import Listing, Pick

__all__ = ["Downloads", "Tell"]

Tell: TypeAlias = Callable[[Job], None]
"""Is told how far a job is, and last how it ended."""

_PAGE: Final = 32_768
"""Members that are read at a time: so many, and as many again, are in memory."""
_FEWEST_BITS: Final = 4
_MOST_BITS: Final = 20
_PAUSE: Final = 0.5
"""Seconds between two notes of how far a job is."""


class Cancelled(Exception):
    """Somebody wants the job to end."""


class Downloads:
    """Downloads from an engine into a directory, where their jobs are kept too. keep: how long a job and its archive
    are kept after its end, in milliseconds; None: for ever."""

    def __init__(self, engine: Engine, folder: Path, keep: int | None = WEEK) -> None:
        self.jobs = JobFolder(folder, keep)
        self._engine = engine

    def request(self, asked: Download, by: str = "") -> Job:
        """A new job, which waits to be carried out. Raises FixDefinition with every fault."""
        return self.jobs.add(asked, by, now_ms())

    def carry_out(self, id: str, tell: Tell = lambda job: None) -> Job:
        """Carry out a job from its beginning; how it ended, with the error as its reason when a person can mend it.
        Raises FixRequest when another process is at it; a job that has ended stays as it is."""
        self.jobs.get(id)
        try:
            with self.jobs.held(id):
                job = self.jobs.get(id)
                if job.state in ("waiting", "running"):
                    job = self._ended(job, tell)
                    tell(job)
                return job
        except Taken as error:
            raise FixRequest(str(error)) from error

    def go_on(self, tell: Tell = lambda job: None) -> list[Job]:
        """Carry out what waits, also what a process that has died was at; how each job ended."""
        return [self.carry_out(job.id, tell) for job in self.jobs.recover(now_ms())]

    def cancel(self, id: str) -> Job:
        """Have a job end. Where it is carried out it ends with the part that is being read."""
        return self.jobs.cancel(id, now_ms())

    def _ended(self, job: Job, tell: Tell) -> Job:
        try:
            with self.jobs.making(job.id) as file:
                return self._made(msgspec.structs.replace(job, state="running"), file, tell)
        except Cancelled:
            return self.jobs.end(job, "cancelled", now_ms())
        except KeyboardInterrupt:
            self.jobs.end(job, "cancelled", now_ms())
            raise
        except RaudienceError as error:
            return self.jobs.end(job, "failed", now_ms(), str(error))
        except Exception as error:
            self.jobs.end(job, "failed", now_ms(), f"{type(error).__name__}: {error}")
            raise

    def _made(self, job: Job, file: IO[bytes], tell: Tell) -> Job:
        steps = Steps(self.jobs, job, tell)
        archive = Archive(file, job.asked, job.id, job.requested_at)
        try:
            with Syncing(file) as syncing:
                rows = self._fill(archive, job.asked, steps, syncing)
                syncing.end()
        except BaseException:
            archive.abandon()
            raise
        return self.jobs.finish(steps.job, file, rows, now_ms())

    def _fill(self, archive: Archive, asked: Download, steps: Steps, syncing: Syncing) -> int:
        """Write all files; how many rows there are."""
        picks = [pick_of for selection in asked.selections for pick_of in _picks(selection)]
        sizes = self._engine.counts()
        bits = [_bits(sizes.get(each.audience, 0)) for each in picks]
        steps.whole = sum(1 << each for each in bits)
        for each, parts in zip(picks, bits, strict=True):
            with archive.next_file() as csv:
                _write(csv, self._pages(each, parts, archive.names, asked.sample), steps, syncing)
        return archive.close(now_ms()).total_rows

    def _pages(self, picked: Pick, bits: int, names: tuple[str, ...], sample: int | None) -> Iterator[Listing]:
        if sample is not None:
            picked = sampled(self._engine, picked, sample)
        for part in range(1 << bits):
            yield listed(self._engine, picked, part, bits, names)


class Steps:
    """How far a job is: parts that were read, of the whole."""

    def __init__(self, jobs: JobFolder, job: Job, tell: Tell) -> None:
        self.job, self.whole = job, 0
        self._jobs, self._tell = jobs, tell
        self._done = 0
        self._began = self._noted = monotonic()
        self._note(lasting=True)

    def step(self) -> None:
        """One more part. Raises Cancelled when the job should end."""
        if self._jobs.cancelled(self.job.id):
            raise Cancelled(self.job.id)
        self._done += 1
        now = monotonic()
        left = (now - self._began) * (self.whole - self._done) / self._done
        self.job = msgspec.structs.replace(self.job, percent=100.0 * self._done / self.whole, seconds_left=left)
        if now - self._noted >= _PAUSE:
            self._noted = now
            self._note()

    def _note(self, lasting: bool = False) -> None:
        self._jobs.write(self.job, lasting)
        self._tell(self.job)


class Syncing:
    """Has a file go to the disk while it grows: the disk works as long as there is something to write."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._hand = ThreadPoolExecutor(1)
        self._under_way: Future[None] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._hand.shutdown()

    def go_on(self) -> None:
        """Begin with what was written by now, when what was begun before is done. Raises OSError of the disk."""
        if self._under_way is None or self._under_way.done():
            self.end()
            self._under_way = self._hand.submit(os.fsync, self._file.fileno())

    def end(self) -> None:
        """Wait for what was begun. Raises OSError of the disk, which tells it once."""
        if self._under_way is not None:
            self._under_way.result()


def _write(csv: CsvFile, pages: Iterator[Listing], steps: Steps, syncing: Syncing) -> None:
    """Write pages into a file, each while the next one is read."""
    with ThreadPoolExecutor(1) as hand:
        written: Future[None] | None = None
        for page in pages:
            if written is not None:
                written.result()
            written = hand.submit(csv.add, page)
            syncing.go_on()
            steps.step()
        if written is not None:
            written.result()


def _picks(selection: Selection) -> Iterator[Pick]:
    for variation in selection.variations or (None,):
        yield pick(selection.key, selection.experiment, variation)


def _bits(size: int) -> int:
    """Into how many parts, as a power of two, members are divided."""
    return min(max((size // _PAGE).bit_length(), _FEWEST_BITS), _MOST_BITS)
