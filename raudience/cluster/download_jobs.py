"""Downloads as jobs in a directory: what was asked for, how far it is, and the archive when it is ready.

A job is a JSON file beside its archive in the making, both in `.downloads`; the archive comes into the directory
itself, in one step, when it is whole. So whatever is there under the name of an archive is ready.
"""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import IO, Final, Literal, TypeAlias

import msgspec

from raudience.catalog.downloads import Download, archive_name, check_download
from raudience.clock import WEEK
from raudience.criteria.durations import Duration
from raudience.durability.disk import explained, make_directory, sync_directory
from raudience.errors import FixDefinition, FixRequest, StateDamaged
from raudience.hashing import text_id

__all__ = ["Job", "JobFolder", "State", "Taken"]

State: TypeAlias = Literal["waiting", "running", "ready", "failed", "cancelled"]

_ID: Final = re.compile(r"[0-9a-f-]{36}")
_HIDDEN: Final = ".downloads"
_ENDED: Final = frozenset({"ready", "failed", "cancelled"})


class Job(msgspec.Struct, frozen=True):
    """A download on its way. Instants: milliseconds since 1970. percent: of the members that were read, 0 to 100;
    seconds_left: from the rate so far, None before there is one; reason: why it failed; archive: name of its file in
    the directory; rows, bytes: of the archive, when it is ready."""

    id: str
    state: State
    asked: Download
    by: str
    requested_at: int
    archive: str
    percent: float = 0.0
    seconds_left: float | None = None
    ended_at: int | None = None
    reason: str = ""
    rows: int = 0
    bytes: int = 0


class Taken(Exception):
    """Somebody else carries out this job at this moment."""


class JobFolder:
    """The jobs of a directory. keep: how long a job is kept after its end, with its archive, in milliseconds; None: for
    ever. Any number of processes may use a directory at the same time. Raises FixStore when the disk refuses."""

    def __init__(self, folder: Path, keep: int | None = WEEK) -> None:
        self.folder, self._keep = folder, keep
        self._hidden = folder / _HIDDEN
        make_directory(self._hidden)

    def add(self, asked: Download, by: str, now: int) -> Job:
        """A new job, waiting. Raises FixDefinition with every fault of what is asked."""
        faults = check_download(asked)
        if faults:
            source = "download"
            raise FixDefinition(source, tuple(faults))
        self.expire(now)
        jobs = self.all()
        taken = {job.id for job in jobs} | {job.archive for job in jobs} | {path.name for path in self.folder.iterdir()}
        ids = (_id_of(asked, by, now, number) for number in count())
        id = next(id for id in ids if taken.isdisjoint((id, archive_name(id, now))))
        job = Job(id, "waiting", asked, by, now, archive_name(id, now))
        self.write(job, lasting=True)
        return job

    def get(self, id: str) -> Job:
        """A job as it is now. Raises FixRequest when there is none."""
        job = self._read(id) if _ID.fullmatch(id) else None
        if job is None:
            message = f"download: expected the id of a job in {self.folder}, got {id}; {self._kept_for()}"
            raise FixRequest(message)
        return job

    def all(self) -> list[Job]:
        """Every job, the latest first."""
        read = [self._read(path.stem) for path in sorted(self._hidden.glob("*.json"))]
        jobs = [job for job in read if job is not None]
        return sorted(jobs, key=lambda job: (-job.requested_at, job.id))

    def write(self, job: Job, lasting: bool = False) -> None:
        """Put a job in the place of what was known of it, in one step; lasting: also after a power cut."""
        path = self._path(job.id)
        fresh = path.with_suffix(".fresh")
        with explained(path):
            with fresh.open("wb") as file:
                file.write(msgspec.json.encode(job))
                if lasting:
                    _to_disk(file)
            fresh.replace(path)
            if lasting:
                sync_directory(self._hidden)

    def cancel(self, id: str, now: int) -> Job:
        """Have a job end: one that waits at once, one that runs soon, wherever it runs. Ended jobs stay as they are."""
        job = self.get(id)
        if job.state in _ENDED:
            return job
        with explained(self._hidden):
            self._wish(id).touch()
        with suppress(Taken), self.held(id):
            job = self.end(job, "cancelled", now)
        return job

    def cancelled(self, id: str) -> bool:
        """Whether somebody wants a job to end."""
        return self._wish(id).exists()

    @contextmanager
    def held(self, id: str) -> Iterator[None]:
        """Nobody else carries out a job inside. Raises Taken when somebody does."""
        with explained(self._hidden), self._lock(id).open("ab") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                message = f"download {id}: another process is at it"
                raise Taken(message) from error
            yield

    @contextmanager
    def making(self, id: str) -> Iterator[IO[bytes]]:
        """The file of an archive in the making, empty, which its owner alone may read; for who holds the job."""
        with explained(self._hidden), self._part(id).open("w+b") as file:
            os.fchmod(file.fileno(), 0o600)
            yield file

    def end(self, job: Job, state: State, now: int, reason: str = "") -> Job:
        """Note that a job has ended without an archive."""
        with explained(self._hidden):
            self._part(job.id).unlink(missing_ok=True)
            self._wish(job.id).unlink(missing_ok=True)
        ended = msgspec.structs.replace(job, state=state, ended_at=now, reason=reason, seconds_left=None)
        self.write(ended, lasting=True)
        return ended

    def finish(self, job: Job, file: IO[bytes], rows: int, now: int) -> Job:
        """Move a whole archive to its place, and note that the job is ready."""
        archive = self.folder / job.archive
        with explained(archive):
            _to_disk(file)
            job = msgspec.structs.replace(job, rows=rows, bytes=file.tell())
            self.write(job, lasting=True)
            self._part(job.id).replace(archive)
            sync_directory(self.folder)
            self._wish(job.id).unlink(missing_ok=True)
        return self._ready(job, now)

    def recover(self, now: int) -> list[Job]:
        """Let jobs wait again whose process has ended in the middle of them; all jobs that wait, the oldest first."""
        for job in self.all():
            if job.state == "running":
                with suppress(Taken), self.held(job.id):
                    self._come_back(self.get(job.id), now)
        return [job for job in reversed(self.all()) if job.state == "waiting"]

    def expire(self, now: int) -> None:
        """Remove jobs that ended longer ago than jobs are kept, with their archives."""
        for job in self.all() if self._keep is not None else ():
            if job.ended_at is not None and now - job.ended_at > (self._keep or 0):
                with explained(self.folder):
                    for path in (self.folder / job.archive, self._lock(job.id), self._path(job.id)):
                        path.unlink(missing_ok=True)

    def _come_back(self, job: Job, now: int) -> None:
        """Note how far a job really is whose process has ended."""
        self._part(job.id).unlink(missing_ok=True)
        if (self.folder / job.archive).exists():
            # It was whole when it came here; only the note is missing.
            self._ready(job, now)
        elif job.state == "running":
            self.write(msgspec.structs.replace(job, state="waiting", percent=0.0, seconds_left=None), lasting=True)

    def _ready(self, job: Job, now: int) -> Job:
        ready = msgspec.structs.replace(job, state="ready", ended_at=now, percent=100.0, seconds_left=None)
        self.write(ready, lasting=True)
        return ready

    def _read(self, id: str) -> Job | None:
        path = self._path(id)
        try:
            return msgspec.json.decode(path.read_bytes(), type=Job)
        except FileNotFoundError:
            return None
        except msgspec.MsgspecError as error:
            message = f"{path}: expected a job of a download, got {error}; remove the file and ask again"
            raise StateDamaged(message) from None

    def _path(self, id: str) -> Path:
        return self._hidden / f"{id}.json"

    def _part(self, id: str) -> Path:
        return self._hidden / f"{id}.part"

    def _lock(self, id: str) -> Path:
        return self._hidden / f"{id}.lock"

    def _wish(self, id: str) -> Path:
        return self._hidden / f"{id}.cancel"

    def _kept_for(self) -> str:
        return "none has gone" if self._keep is None else f"they go {Duration(self._keep)} after their end"


def _id_of(asked: Download, by: str, now: int, number: int) -> str:
    """A UUID that is made of what is asked, by whom and when."""
    digits = text_id(msgspec.json.encode((asked, by, now, number)))
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def _to_disk(file: IO[bytes]) -> None:
    file.flush()
    os.fsync(file.fileno())
