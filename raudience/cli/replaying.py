"""`raudience replay`: the main job."""

from __future__ import annotations

import argparse
from contextlib import closing

from raudience.cli.screen import progress, tell_outcome, waiting
from raudience.cluster.books import read_book_file
from raudience.cluster.engines import start_engine
from raudience.cluster.keepsakes import place_of
from raudience.cluster.replay import Replay
from raudience.cluster.replay import replay as carry_out

__all__ = ["replay"]


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
            place=None if asked.state is None else place_of(asked.state, asked.snapshots),
        )
    with closing(engine), progress(asked.quiet) as tell:
        replayed = carry_out(engine, job, tell)
    if not asked.quiet:
        tell_outcome(replayed, str(asked.out))
    return 3 if replayed.summary.refused else 0
