"""Run the benchmark, or a piece of it, and print what came out."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from scripts.benchmarks.breadth import breadth
from scripts.benchmarks.cold import cold
from scripts.benchmarks.end_to_end import end_to_end
from scripts.benchmarks.kept import kept
from scripts.benchmarks.race import ENGINES, Plan, race
from scripts.benchmarks.report import show_breadth, show_cold, show_end_to_end, show_kept, show_race, show_tables
from scripts.benchmarks.tables import tables
from scripts.benchmarks.workload import SIZES

PIECES = ("stream", "cold", "tables", "breadth", "kept", "end")
_STREAMS = ((20, 10_000), (20, 1_000), (200, 10_000), (1_000, 10_000))


def main() -> int:
    asked = _arguments()
    agreed = True
    if "stream" in asked.only:
        agreed &= _streams(asked)
    if "cold" in asked.only:
        results = cold(asked.size, asked.audiences or 20, asked.rounds, profile_lines=asked.profile)
        show_cold(results)
        agreed &= all(result.agreed for result in results)
    if "tables" in asked.only:
        show_tables(tables(asked.size, 500_000, asked.rounds))
    if "breadth" in asked.only:
        show_breadth(breadth(asked.batch or 10_000, asked.audiences or 20, asked.rounds, asked.count or 3))
    if "kept" in asked.only:
        show_kept(kept(asked.size, asked.audiences or 200))
    if "end" in asked.only:
        show_end_to_end(end_to_end(asked.size, 300_000, asked.audiences or 20, asked.rounds))
    return 0 if agreed else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=PIECES, default=PIECES)
    parser.add_argument("--size", choices=tuple(SIZES), default="small")
    parser.add_argument("--audiences", type=int, choices=(20, 200, 1_000))
    parser.add_argument("--batch", type=int)
    parser.add_argument("--engines", nargs="+", choices=tuple(ENGINES), default=("raudience", "python"))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--count", type=int, help="batches of each engine in a round")
    parser.add_argument("--profile", type=int, default=0, metavar="LINES", help="show where the shard's time goes")
    parser.add_argument("--json", type=Path, help="keep the results in this file")
    return parser.parse_args()


def _streams(asked: argparse.Namespace) -> bool:
    agreed = True
    for audiences, batch in _STREAMS:
        if asked.audiences in (None, audiences) and asked.batch in (None, batch):
            count = asked.count or max(2, min(20, 30_000 // batch))
            plan = Plan(asked.size, audiences, batch, tuple(asked.engines), asked.rounds, count)
            result, profiles = race(plan, asked.profile)
            show_race(result)
            for engine, text in profiles.items():
                print(f"\n{engine}:\n{text}")
            agreed &= result.agreed
    return agreed


if __name__ == "__main__":
    sys.exit(main())
