"""Run the benchmark, or a piece of it, and print what came out."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from scripts.benchmarks.adopting import adopting
from scripts.benchmarks.aggregates import aggregated
from scripts.benchmarks.archives import archived
from scripts.benchmarks.breadth import breadth
from scripts.benchmarks.cold import cold
from scripts.benchmarks.completions import completions
from scripts.benchmarks.end_to_end import end_to_end
from scripts.benchmarks.forwarding import forwarded
from scripts.benchmarks.guesses import guesses
from scripts.benchmarks.kept import kept
from scripts.benchmarks.lasting import lasting
from scripts.benchmarks.latency import latency
from scripts.benchmarks.logs import log_speed
from scripts.benchmarks.race import ENGINES, Plan, Result, race
from scripts.benchmarks.report import (
    show_adopting,
    show_aggregated,
    show_archived,
    show_breadth,
    show_cold,
    show_completions,
    show_end_to_end,
    show_forwarded,
    show_guesses,
    show_kept,
    show_lasting,
    show_latency,
    show_logs,
    show_race,
    show_snapshots,
    show_tables,
)
from scripts.benchmarks.results import Results, read, write
from scripts.benchmarks.snapshots import snapshots
from scripts.benchmarks.tables import tables
from scripts.benchmarks.workload import SIZES

PIECES = (
    "stream", "cold", "tables", "breadth", "kept", "end", "log", "lasting", "snapshot", "estimate", "download", "adopt",
    "forward", "aggregate",
)  # fmt: skip
_EVENTS, _SECONDS = 10_000, 20
_STREAMS = ((20, 10_000), (20, 1_000), (200, 10_000), (1_000, 10_000))


def main() -> int:
    asked = _arguments()
    results = read(asked.json) if asked.json else Results()
    agreed = True
    for result, show in _pieces(asked):
        show(result)
        results.add(result)
        agreed &= getattr(result, "agreed", True)
        if asked.json:
            write(asked.json, results)
    return 0 if agreed else 1


def _pieces(asked: argparse.Namespace) -> Iterator[tuple[Any, Callable[[Any], None]]]:
    """Results as they come, each with how to show it."""
    for piece in asked.only:
        match piece:
            case "download":
                yield archived(asked.size, min(asked.rounds, 2)), show_archived
            case "forward":
                yield forwarded(asked.size), show_forwarded
                yield latency(_EVENTS, _SECONDS), show_latency
            case "estimate":
                yield guesses(asked.size, asked.audiences or 20, asked.rounds), show_guesses
                yield completions(asked.size, asked.rounds), show_completions
            case "adopt":
                counts = (asked.audiences,) if asked.audiences else (20, 200)
                yield from ((adopting(asked.size, count, asked.rounds), show_adopting) for count in counts)
            case _:
                yield from _speed(piece, asked)


def _speed(piece: str, asked: argparse.Namespace) -> Iterator[tuple[Any, Callable[[Any], None]]]:
    """How fast events are taken in, and what it costs to keep them."""
    match piece:
        case "stream":
            yield from ((result, show_race) for result in _streams(asked))
        case "cold":
            found = cold(asked.size, asked.audiences or 20, asked.rounds, profile_lines=asked.profile)
            yield from ((result, show_cold) for result in found)
        case "tables":
            yield tables(asked.size, asked.events or 500_000, asked.rounds), show_tables
        case "breadth":
            batch, count = asked.batch or 10_000, asked.count or 3
            yield breadth(batch, asked.audiences or 20, asked.rounds, count), show_breadth
        case "aggregate":
            yield aggregated(asked.size, asked.batch or 10_000, asked.rounds, asked.count or 3), show_aggregated
        case "kept":
            yield kept(asked.size, asked.audiences or 200), show_kept
        case "end":
            found = end_to_end(asked.size, asked.events or 300_000, asked.audiences or 20, asked.rounds)
            yield found, show_end_to_end
        case "log":
            yield log_speed(min(asked.rounds, 3)), show_logs
        case "lasting":
            yield lasting(asked.size, asked.events or 300_000, asked.audiences or 20), show_lasting
        case "snapshot":
            yield snapshots(asked.size, asked.audiences or 20, asked.rounds), show_snapshots


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=PIECES, default=PIECES)
    parser.add_argument("--size", choices=tuple(SIZES), default="small")
    parser.add_argument("--audiences", type=int, choices=(20, 200, 1_000))
    parser.add_argument("--batch", type=int)
    parser.add_argument("--engines", nargs="+", choices=tuple(ENGINES), default=("raudience", "python"))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--count", type=int, help="batches of each engine in a round")
    parser.add_argument("--events", type=int, help="in the files of `tables` and `end`")
    parser.add_argument("--profile", type=int, default=0, metavar="LINES", help="show where the shard's time goes")
    parser.add_argument("--json", type=Path, help="add the results to this file")
    return parser.parse_args()


def _streams(asked: argparse.Namespace) -> Iterator[Result]:
    for audiences, batch in _STREAMS:
        if asked.audiences in (None, audiences) and asked.batch in (None, batch):
            count = asked.count or max(2, min(20, 30_000 // batch))
            plan = Plan(asked.size, audiences, batch, tuple(asked.engines), asked.rounds, count)
            result, profiles = race(plan, asked.profile)
            for engine, text in profiles.items():
                print(f"\n{engine}:\n{text}")
            yield result


if __name__ == "__main__":
    sys.exit(main())
