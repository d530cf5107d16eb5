"""`raudience replay`: the main job."""

from __future__ import annotations

import argparse
from contextlib import closing
from pathlib import Path
from typing import Any

from raudience.cli import options
from raudience.cli.reaching import add_take_over
from raudience.cli.screen import progress, tell_outcome, waiting
from raudience.cluster.books import read_book_file
from raudience.cluster.engines import start_engine
from raudience.cluster.keepsakes import place_named
from raudience.cluster.replay import Replay
from raudience.cluster.replay import replay as carry_out

__all__ = ["add", "replay"]


def add(commands: Any) -> None:
    """Add the command to those of `raudience`."""
    command = commands.add_parser("replay", help="events in, members and changes of every audience out")
    command.set_defaults(run=replay)
    command.add_argument("events", nargs="+", metavar="EVENTS", help=options.EVENTS)
    command.add_argument("--audiences", type=Path, required=True, metavar="FILE", help=options.AUDIENCES)
    command.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for the results")
    command.add_argument(
        "--at", type=options.instant, action="append", default=[], metavar="INSTANT",
        help=f"write the members as of this instant; may be given again (default: the end). {options.INSTANT}",
    )  # fmt: skip
    command.add_argument(
        "--until", type=options.instant, metavar="INSTANT",
        help="let time pass until then and read nothing later (default: the last event or --at)",
    )  # fmt: skip
    command.add_argument(
        "--identities",
        type=options.identities,
        default=(),
        metavar="NAMES",
        help="identities beside each member: email,customer_id",
    )
    options.source(command)
    command.add_argument("--engine", choices=["ray", "inline"], default="ray", help="inline: one process without Ray")
    command.add_argument(
        "--state", metavar="STATE", help=f"keep the state there, and go on with what is there: {options.STATE}"
    )
    command.add_argument("--snapshots", metavar="URL", help=options.SNAPSHOTS)
    add_take_over(command)
    command.add_argument(
        "--shards", type=options.count, metavar="N", help="how many shards (default: by the CPUs there are)"
    )
    command.add_argument("--cpus-per-shard", type=float, metavar="X", help="CPUs that each shard asks Ray for")
    command.add_argument(
        "--address", metavar="ADDRESS", help=options.ADDRESS,
    )  # fmt: skip
    command.add_argument("--quiet", action="store_true", help="no progress, no table")


def replay(asked: argparse.Namespace) -> int:
    job = Replay(
        events=tuple(asked.events),
        book=read_book_file(asked.audiences),
        out=asked.out,
        at=tuple(sorted(set(asked.at))),
        until=asked.until,
        identities=asked.identities,
        input=asked.input,
        spill=asked.spill,
    )
    with waiting(asked.quiet, f"Starting the engine on {asked.engine} ..."):
        engine = start_engine(
            asked.engine,
            shards=asked.shards,
            address=asked.address,
            shard_cpus=asked.cpus_per_shard,
            place=place_named(asked.state, asked.snapshots),
            take_over=asked.take_over,
        )
    with closing(engine), progress(asked.quiet) as tell:
        replayed = carry_out(engine, job, tell)
    if not asked.quiet:
        tell_outcome(replayed, str(asked.out))
    return options.REFUSED_LINES if replayed.summary.refused else 0
