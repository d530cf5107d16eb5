"""Logs and snapshots from the names of the places where they are."""

from __future__ import annotations

from pathlib import Path

from raudience.durability.file_snapshots import FileSnapshots
from raudience.durability.log import Logs
from raudience.durability.snapshots import Snapshots
from raudience.durability.sqlite_log import SqliteLogs
from raudience.errors import FixRequest

__all__ = ["open_logs", "open_snapshots"]


def open_logs(place: str) -> Logs:
    """The logs in a directory, below `log`. Raises FixRequest for a place of a kind that is not known."""
    return SqliteLogs(_directory(place) / "log")


def open_snapshots(place: str) -> Snapshots:
    """The snapshots in a directory, below `snapshots`. Raises FixRequest for a place of a kind that is not known."""
    return FileSnapshots(_directory(place) / "snapshots")


def _directory(place: str) -> Path:
    if "://" in place:
        message = f"state: expected a directory, got {place}"
        raise FixRequest(message)
    return Path(place)
