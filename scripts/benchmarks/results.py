"""Results of all pieces in one file; a piece that is run again takes the place of its former result."""

from __future__ import annotations

from pathlib import Path
from typing import TypeAlias

import msgspec

from scripts.benchmarks.adopting import Adopting
from scripts.benchmarks.aggregates import Aggregated
from scripts.benchmarks.archives import Archived
from scripts.benchmarks.breadth import Breadth
from scripts.benchmarks.cold import Cold
from scripts.benchmarks.completions import Completions
from scripts.benchmarks.end_to_end import EndToEnd
from scripts.benchmarks.forwarding import Forwarded
from scripts.benchmarks.guesses import Guesses
from scripts.benchmarks.kept import Kept
from scripts.benchmarks.lasting import Lasting
from scripts.benchmarks.latency import Latency
from scripts.benchmarks.logs import LogSpeed
from scripts.benchmarks.race import Result
from scripts.benchmarks.snapshots import SnapshotSpeed
from scripts.benchmarks.tables import Tables

Outcome: TypeAlias = (
    Result
    | Cold
    | Tables
    | Breadth
    | Kept
    | EndToEnd
    | LogSpeed
    | Lasting
    | SnapshotSpeed
    | Guesses
    | Archived
    | Completions
    | Adopting
    | Forwarded
    | Latency
    | Aggregated
)


class Results(msgspec.Struct):
    """By what was asked."""

    races: dict[str, Result] = {}
    colds: dict[str, Cold] = {}
    tables: dict[str, Tables] = {}
    breadths: dict[str, Breadth] = {}
    kepts: dict[str, Kept] = {}
    ends: dict[str, EndToEnd] = {}
    logs: LogSpeed | None = None
    lastings: dict[str, Lasting] = {}
    snapshots: dict[str, SnapshotSpeed] = {}
    guesses: dict[str, Guesses] = {}
    downloads: dict[str, Archived] = {}
    completions: dict[str, Completions] = {}
    adoptings: dict[str, Adopting] = {}
    forwardeds: dict[str, Forwarded] = {}
    latencies: dict[str, Latency] = {}
    aggregateds: dict[str, Aggregated] = {}

    def add(self, result: Outcome) -> None:
        match result:
            case Result(plan):
                self.races[f"{plan.size} {plan.audiences} {plan.batch} {' '.join(plan.engines)}"] = result
            case Cold():
                self.colds[f"{result.size} {result.audiences} {result.carts}"] = result
            case Tables():
                self.tables[str(result.events)] = result
            case Breadth():
                self.breadths[f"{result.audiences} {result.batch}"] = result
            case Kept():
                self.kepts[f"{result.size} {result.audiences}"] = result
            case EndToEnd():
                self.ends[f"{result.events} {result.audiences}"] = result
            case LogSpeed():
                self.logs = result
            case Lasting():
                self.lastings[f"{result.size} {result.audiences}"] = result
            case SnapshotSpeed():
                self.snapshots[f"{result.size} {result.audiences}"] = result
            case _:
                self._add_answer(result)

    def _add_answer(
        self, result: Guesses | Completions | Archived | Adopting | Forwarded | Latency | Aggregated
    ) -> None:
        match result:
            case Guesses():
                self.guesses[result.size] = result
            case Completions():
                self.completions[result.size] = result
            case Archived():
                self.downloads[str(result.rows)] = result
            case Adopting():
                self.adoptings[f"{result.size} {result.audiences}"] = result
            case Forwarded():
                self.forwardeds[result.size] = result
            case Latency():
                self.latencies[str(result.offered)] = result
            case Aggregated():
                self.aggregateds[f"{result.size} {result.batch}"] = result


def read(path: Path) -> Results:
    return msgspec.json.decode(path.read_bytes(), type=Results) if path.exists() else Results()


def write(path: Path, results: Results) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(results), indent=1))
