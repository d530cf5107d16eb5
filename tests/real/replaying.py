"""Replays on the inline engine, and what they leave, read back with the csv module."""

from __future__ import annotations

import csv
from datetime import datetime
from typing import TYPE_CHECKING

from raudience.cli.main import main

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

__all__ = ["changes", "instant", "members", "run_replay"]


def instant(text: str) -> int:
    """Milliseconds of an ISO 8601 date-time."""
    moment = datetime.fromisoformat(text)
    return int(moment.timestamp()) * 1000 + moment.microsecond // 1000


def run_replay(events: Path, audiences: Path, out: Path, instants: Iterable[str], *, shards: int = 2) -> int:
    """Exit status of `raudience replay`."""
    words = ["replay", str(events), "--audiences", str(audiences), "--out", str(out), "--quiet"]
    words += ["--engine", "inline", "--shards", str(shards)]
    return main([*words, *(word for at in instants for word in ("--at", at))])


def members(out: Path, at: str, audience: str) -> set[int]:
    """MPIDs in the file of an audience at an instant."""
    name = "members-" + at.replace("-", "").replace(":", "")
    with (out / name / f"{audience}.csv").open(newline="") as file:
        return {int(row["mpid"]) for row in csv.DictReader(file)}


def changes(out: Path, audience: str) -> list[tuple[int, int, bool]]:
    """(at, mpid, entered) of an audience, in the order of the log."""
    with (out / "changes.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["audience"] == audience]
    return [(instant(row["at"]), int(row["mpid"]), row["change"] == "in") for row in rows]
