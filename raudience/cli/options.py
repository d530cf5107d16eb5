"""What several commands can be told in the same words."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

from raudience.cluster.given import read_identities, read_mpid
from raudience.cluster.instants import read_instant
from raudience.errors import FixRequest

__all__ = [
    "ADDRESS",
    "AUDIENCES",
    "EVENTS",
    "INSTANT",
    "REFUSED_LINES",
    "SNAPSHOTS",
    "STATE",
    "count",
    "identities",
    "instant",
    "instead",
    "mpid",
    "names",
    "settings",
    "source",
]

Given = TypeVar("Given")
Found = TypeVar("Found")

EVENTS: Final = "files, folders or patterns of events: .ndjson, .json, .jsonl (also .gz), .parquet, .arrow"
AUDIENCES: Final = "the book of audiences: a YAML or JSON file, or a folder of them"
ADDRESS: Final = "Ray to use: auto, host:port or ray://...; default: RAY_ADDRESS, else a new one on this machine"
STATE: Final = "a directory, or nats://host:port/name"
SNAPSHOTS: Final = "where snapshots are when the state is no directory: a directory or s3://bucket/folder, gs://, az://"
REFUSED_LINES: Final = 3
"""How a command ends that refused some lines of its input."""
INSTANT: Final = "2026-01-31, 2026-01-31T12:00:00Z or milliseconds since 1970"


def source(command: argparse.ArgumentParser) -> None:
    """Options of commands that read events."""
    command.add_argument("--input", default="default", metavar="NAME", help="input of batches without an api_key")
    command.add_argument("--spill", type=Path, metavar="DIR", help="folder for sorted runs (default: a temporary one)")


def settings(command: argparse.ArgumentParser) -> None:
    """Settings of a partner as words, by name in `set`."""
    command.add_argument(
        "--set", action=_Named, default={}, metavar="NAME=VALUE",
        help="a setting of the partner; may be given again",
    )  # fmt: skip


def instead(command: argparse.ArgumentParser) -> None:
    """Other addresses for those of partners, by theirs in `instead`."""
    command.add_argument(
        "--instead", action=_Named, default={}, metavar="HOST=ADDRESS",
        help="another address for that of a partner, for tests and proxies: https://ads-api.x.com=http://127.0.0.1:8099",
    )  # fmt: skip


class _Named(argparse.Action):
    """NAME=VALUE, given again for every name."""

    def __call__(self, parser: object, asked: argparse.Namespace, values: object, option: str | None = None) -> None:
        name, equals, value = str(values).partition("=")
        if not (name and equals):
            raise argparse.ArgumentError(self, f"expected NAME=VALUE, got {values}")
        setattr(asked, self.dest, {**getattr(asked, self.dest), name: value})


def instant(text: str) -> int:
    """An instant in milliseconds."""
    try:
        return read_instant(text)
    except FixRequest as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def names(text: str) -> tuple[str, ...]:
    """What stands between commas."""
    return tuple(name.strip() for name in text.split(",") if name.strip())


def identities(text: str) -> tuple[str, ...]:
    """Identities by their names of the Events API, whichever spelling was given."""
    return _read(read_identities, names(text))


def mpid(text: str) -> int:
    """The number of a user."""
    return _read(read_mpid, text)


def _read(read: Callable[[Given], Found], given: Given) -> Found:
    """What is read of what was given; the parser of arguments tells what is wrong with it."""
    try:
        return read(given)
    except FixRequest as error:
        raise argparse.ArgumentTypeError(str(error).partition(": ")[2]) from error


def count(text: str) -> int:
    """A whole number from 1 on."""
    if not text.isascii() or not text.isdecimal() or int(text) < 1:
        message = f"expected a whole number from 1 on, got {text}"
        raise argparse.ArgumentTypeError(message)
    return int(text)
