"""`raudience simulate`: the timeline of chosen users under a virtual clock."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import msgspec

from raudience.cli import options
from raudience.cli.screen import progress
from raudience.cluster.books import read_book_file
from raudience.cluster.drawing import draw
from raudience.cluster.simulating import Tale
from raudience.cluster.simulating import simulate as carry_out
from raudience.cluster.stories import plain_story

__all__ = ["add", "simulate"]


def add(commands: Any) -> None:
    command = commands.add_parser("simulate", help="events in, the timeline of some users out: entries, exits and why")
    command.set_defaults(run=simulate)
    command.add_argument("events", nargs="+", metavar="EVENTS", help=options.EVENTS)
    command.add_argument("--audiences", type=Path, required=True, metavar="FILE", help=options.AUDIENCES)
    command.add_argument(
        "--users", type=_mpids, required=True, metavar="MPID,...",
        help="whose timelines; write --users=-20,5 when the first is negative",
    )  # fmt: skip
    command.add_argument(
        "--from", type=options.instant, dest="since", metavar="INSTANT",
        help=f"tell nothing earlier (default: the beginning). {options.INSTANT}",
    )  # fmt: skip
    command.add_argument(
        "--until", type=options.instant, metavar="INSTANT",
        help="read nothing later, and let time pass until then (default: the last batch of these users)",
    )  # fmt: skip
    command.add_argument("--json", action="store_true", help="one JSON document instead of drawings")
    options.source(command)
    command.add_argument("--quiet", action="store_true", help="no progress")


def simulate(asked: argparse.Namespace) -> int:
    tale = Tale(
        events=tuple(asked.events),
        book=read_book_file(asked.audiences),
        users=asked.users,
        since=asked.since,
        until=asked.until,
        input=asked.input,
        spill=asked.spill,
    )
    with progress(asked.quiet) as tell:
        told = carry_out(tale, tell)
    if asked.json:
        stories = [plain_story(story) for story in told.stories]
        document = {"users": stories, "refused": told.refused}
        print(msgspec.json.format(msgspec.json.encode(document), indent=2).decode())
    else:
        print("\n\n".join("\n".join(draw(story)) for story in told.stories))
        if told.refused:
            print(f"\n{told.refused:,} line(s) refused; `raudience replay` says why")
    return options.REFUSED_LINES if told.refused else 0


def _mpids(text: str) -> tuple[int, ...]:
    found = options.names(text)
    wrong = [name for name in found if not name.removeprefix("-").isdecimal() or not -(2**63) <= int(name) < 2**63]
    if wrong or not found:
        message = f"expected MPIDs with commas between, got {', '.join(wrong) or 'nothing'}"
        raise argparse.ArgumentTypeError(message)
    return tuple(dict.fromkeys(map(int, found)))
