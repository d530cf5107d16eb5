"""The files that a replay leaves: the same input makes the same bytes, whatever the engine, shards and batch sizes."""

from __future__ import annotations

import csv
import io
import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from raudience.cluster.change_lines import HEADER, change_lines, number_lines
from raudience.criteria.dates import write_moment
from raudience.durability.disk import alone
from raudience.errors import FixRequest
from raudience.records import Changes

__all__ = ["CHANGES", "REJECTS", "SUMMARY", "Outcome", "claimed", "folder_of"]

CHANGES: Final = "changes.csv"
REJECTS: Final = "rejects.ndjson"
SUMMARY: Final = "summary.json"

_MEMBERS: Final = re.compile(r"members-[0-9]{8}T[0-9]{6}(\.[0-9]{3})?Z", re.ASCII)
_PIECE: Final = 20_000
_BUFFER: Final = 1 << 20

Identify: TypeAlias = Callable[[NDArray[np.int64], tuple[str, ...]], list[dict[str, tuple[str, ...]]]]


@contextmanager
def claimed(folder: Path) -> Iterator[None]:
    """Nobody else replays into the folder meanwhile; one that is made for this and stays empty goes again.

    Raises FixRequest when somebody does, or when the folder holds something else than the results of a replay.
    """
    _held(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with alone(folder) as mine:
        if not mine:
            message = (
                f"{folder}: expected a folder that nobody writes to, got one that another replay is writing to now; "
                "wait for it, or choose another with --out"
            )
            raise FixRequest(message)
        try:
            yield
        finally:
            if not any(folder.iterdir()):
                folder.rmdir()


def folder_of(instant: int) -> str:
    """Folder of the members at an instant: `members-20240131T120000Z`, with milliseconds when there are any."""
    text = write_moment(instant).replace("-", "").replace(":", "").replace(".000Z", "Z")
    return f"members-{text}"


class Outcome:
    """A folder with the results of one replay. The summary comes last: where it is, the rest is complete.

    Raises FixRequest when the folder holds something else than the results of an earlier replay, which are replaced.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        _make_room(folder)
        self._changes = (folder / CHANGES).open("wb", _BUFFER)
        self._changes.write(HEADER)
        self.changes = 0

    def add_changes(self, changes: Changes) -> None:
        """Append to the change log, in order."""
        self._changes.write(change_lines(changes))
        self.changes += len(changes)

    def write_members(
        self, instant: int, audience: str, mpids: NDArray[np.int64], names: tuple[str, ...], identify: Identify
    ) -> None:
        """Write the members of an audience, ascending, with their identities; several of a kind are joined by `;`."""
        folder = self._folder / folder_of(instant)
        folder.mkdir(exist_ok=True)
        with (folder / f"{audience}.csv").open("wb", _BUFFER) as file:
            file.write(",".join(("mpid", *names)).encode() + b"\n")
            for first in range(0, len(mpids), _PIECE):
                piece = mpids[first : first + _PIECE]
                file.write(_identity_lines(piece, names, identify) if names else number_lines(piece))

    def write_rejects(self, rejects: Iterable[bytes]) -> None:
        """One JSON document a line."""
        with (self._folder / REJECTS).open("wb", _BUFFER) as file:
            file.writelines(line + b"\n" for line in rejects)

    def close(self, summary: msgspec.Struct) -> None:
        """Write the summary: the replay is complete."""
        self._changes.close()
        text = msgspec.json.format(msgspec.json.encode(summary), indent=2)
        (self._folder / SUMMARY).write_bytes(text + b"\n")

    def abandon(self) -> None:
        """Leave the files as they are, without a summary."""
        self._changes.close()


def _held(folder: Path) -> list[str]:
    """What an earlier replay has left."""
    held = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
    foreign = [name for name in held if name not in (CHANGES, REJECTS, SUMMARY) and not _MEMBERS.fullmatch(name)]
    if foreign or (folder.exists() and not folder.is_dir()):
        got = f"one with `{foreign[0]}` in it" if foreign else "a file"
        message = f"{folder}: expected a new folder or one that a replay wrote, got {got}; choose another with --out"
        raise FixRequest(message)
    return held


def _make_room(folder: Path) -> None:
    held = _held(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name in held:
        path = folder / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def _identity_lines(mpids: NDArray[np.int64], names: Sequence[str], identify: Identify) -> bytes:
    text = io.StringIO()
    rows = zip(mpids.tolist(), identify(mpids, tuple(names)), strict=True)
    lines = csv.writer(text, lineterminator="\n")
    lines.writerows([mpid, *(";".join(known.get(name, ())) for name in names)] for mpid, known in rows)
    return text.getvalue().encode()
