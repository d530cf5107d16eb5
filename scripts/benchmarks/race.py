"""The interleaved run: every engine in a process of its own, the same batches in turn, all answers compared."""

from __future__ import annotations

import gc
import hashlib
import importlib
import multiprocessing
import os
import statistics
import time
from collections.abc import Sequence
from multiprocessing.connection import Connection
from typing import Any

import msgspec
import numpy as np

from scripts.benchmarks.questions import Question, audiences
from scripts.benchmarks.sections import Sections
from scripts.benchmarks.workload import load

ENGINES: dict[str, tuple[str, str, tuple[object, ...]]] = {
    "raudience": ("shard_engine", "ShardEngine", ()),
    "raudience replay": ("shard_engine", "ShardEngine", ("replay",)),
    "raudience backfilled": ("shard_engine", "ShardEngine", ("live", True)),
    "raudience two shards": ("two_shards", "TwoShards", ()),
    "python": ("peer_python", "PythonEngine", ()),
    "polars": ("peers_polars", "PolarsEngine", ()),
    "polars with numpy": ("peers_polars", "PolarsWithNumpy", ()),
    "polars as first written": ("peer_polars_direct", "PolarsAsWritten", ()),
    "duckdb": ("peers_duckdb", "DuckEngine", ("time",)),
    "duckdb cold": ("peers_duckdb", "DuckEngine", ("name, time",)),
    "duckdb one pass": ("peers_duckdb", "DuckEngine", ("name, time", True)),
}
"""Module, class and its arguments: a process imports nothing but its own engine."""


def make_engine(name: str) -> Any:
    module, kind, arguments = ENGINES[name]
    return getattr(importlib.import_module(f"scripts.benchmarks.{module}"), kind)(*arguments)


class Step(msgspec.Struct, frozen=True):
    """One batch in one engine. cpu, wall: seconds; parts: CPU seconds of each part; digest: of its adds and drops."""

    cpu: float
    wall: float
    parts: dict[str, float]
    adds: int
    drops: int
    digest: str


class Spread(msgspec.Struct, frozen=True):
    """Median, least and greatest of one figure over the rounds of a run."""

    median: float
    least: float
    most: float

    def __str__(self) -> str:
        return f"{self.median:.3g} [{self.least:.3g}-{self.most:.3g}]"


def spread(values: Sequence[float]) -> Spread:
    return Spread(statistics.median(values), min(values), max(values))


class Lane:
    """An engine in its own process."""

    def __init__(self, engine: str, size: str, questions: tuple[Question, ...]) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, engine, size, questions), daemon=True)
        self._process.start()
        theirs.close()
        self.name = engine

    def ask(self, *request: object) -> Any:
        self.send(*request)
        return self.receive()

    def send(self, *request: object) -> None:
        self._pipe.send(request)

    def receive(self) -> Any:
        return self._pipe.recv()

    def close(self) -> None:
        self._pipe.send(("stop",))
        self._process.join()


def _serve(pipe: Connection, engine: str, size: str, questions: tuple[Question, ...]) -> None:
    lane = _Served(make_engine(engine), size, questions)
    while True:
        match pipe.recv():
            case ("stop",):
                os._exit(0)  # DuckDB's binding would report every function of its own as leaked
            case (request, *arguments):
                pipe.send(getattr(lane, request)(*arguments))


class _Served:
    def __init__(self, engine: Any, size: str, questions: tuple[Question, ...]) -> None:
        self._engine, self._workload, self._questions = engine, load(size), questions

    def load(self) -> dict[str, float]:
        """Seconds of CPU that loading took, as `load`, beside the engine's own parts."""
        began = time.process_time()
        self._engine.load(self._workload, self._questions)
        ended = time.process_time()
        gc.collect()
        gc.freeze()
        return {"load": ended - began, **self._engine.parts}

    def step(self, start: int, stop: int) -> Step:
        prepared = self._engine.prepare(start, stop)
        before = dict(self._engine.parts)
        wall, cpu = time.perf_counter(), self._cpu()
        result = self._engine.step(prepared)
        cpu, wall = self._cpu() - cpu, time.perf_counter() - wall
        delta = self._engine.delta(result)
        parts = {part: spent - before[part] for part, spent in self._engine.parts.items() if spent > before[part]}
        return Step(cpu, wall, parts, len(delta.adds), len(delta.drops), _digest([delta.adds, delta.drops]))

    def _cpu(self) -> float:
        """Seconds of this process and of those that the engine has started."""
        return time.process_time() + float(self._engine.parts.get("elsewhere", 0))

    def steps(self, start: int, batch: int, count: int) -> list[Step]:
        return [self.step(at, at + batch) for at in range(start, start + batch * count, batch)]

    def members(self) -> str:
        return _digest(self._engine.members())

    def cold(self, questions: tuple[Question, ...]) -> tuple[float, float, str]:
        """(CPU seconds, wall seconds, digest of the members) of answering new questions."""
        self._engine.ask(questions)
        wall, cpu = time.perf_counter(), self._cpu()
        self._engine.answer()
        cpu, wall = self._cpu() - cpu, time.perf_counter() - wall
        return cpu, wall, self.members()

    def profiled_cold(self, questions: tuple[Question, ...], repeats: int, lines: int) -> str:
        """Where the time of cold answers went, as text."""
        sections = Sections()
        for _ in range(repeats):
            self._engine.ask(questions)
            sections.start()
            self._engine.answer()
            sections.stop()
        return sections.table(repeats, lines)

    def call(self, method: str) -> Any:
        """What a method of the engine answers that others do not have."""
        return getattr(self._engine, method)()

    def profiled(self, start: int, batch: int, count: int, lines: int) -> str:
        """Where the time of some batches went, as text."""
        sections = Sections()
        for at in range(start, start + batch * count, batch):
            prepared = self._engine.prepare(at, at + batch)
            sections.start()
            self._engine.step(prepared)
            sections.stop()
        return sections.table(count, lines)


def _digest(arrays: Sequence[np.ndarray]) -> str:
    found = hashlib.blake2b(digest_size=12)
    for array in arrays:
        found.update(len(array).to_bytes(8, "little"))
        found.update(np.ascontiguousarray(array, np.int64).tobytes())
    return found.hexdigest()


class Plan(msgspec.Struct, frozen=True):
    """A race: `rounds` rounds of `count` batches of `batch` events each, after one round that does not count."""

    size: str
    audiences: int
    batch: int
    engines: tuple[str, ...]
    rounds: int
    count: int

    @property
    def ours(self) -> tuple[str, ...]:
        """The shards that every other engine is compared with: those that have one core."""
        return tuple(name for name in self.engines if name.startswith("raudience") and name != "raudience two shards")

    @property
    def peers(self) -> tuple[str, ...]:
        return tuple(name for name in self.engines if name not in self.ours)


class Result(msgspec.Struct, frozen=True):
    """steps: of each engine and round. agreed: all engines had the same adds, drops and members all the way."""

    plan: Plan
    loaded: dict[str, dict[str, float]]
    steps: dict[str, list[list[Step]]]
    agreed: bool

    def milliseconds(self, engine: str, clock: str = "cpu") -> Spread:
        """Of a batch: the mean of each round, then over the rounds."""
        return spread([1e3 * statistics.fmean(getattr(step, clock) for step in steps) for steps in self.steps[engine]])

    def part(self, engine: str, part: str) -> Spread:
        return spread(
            [1e3 * statistics.fmean(step.parts.get(part, 0) for step in steps) for steps in self.steps[engine]]
        )

    def ratio(self, peer: str, ours: str, clock: str = "cpu", part: str | None = None) -> Spread:
        """Times of the peer over ours, formed within each round; part: only that part of ours."""

        def spent(step: Step) -> float:
            return getattr(step, clock) if part is None else step.parts[part]

        return spread(
            [
                sum(getattr(step, clock) for step in theirs) / sum(map(spent, mine))
                for theirs, mine in zip(self.steps[peer], self.steps[ours], strict=True)
            ]
        )


def race(plan: Plan, profile_lines: int = 0) -> tuple[Result, dict[str, str]]:
    """The result, and a profile of each engine of ours when `profile_lines` is given."""
    questions = audiences(plan.audiences)
    start = load(plan.size).history
    lanes = [Lane(engine, plan.size, questions) for engine in plan.engines]
    loaded = {lane.name: lane.ask("load") for lane in lanes}
    agreed = len({lane.ask("members") for lane in lanes}) == 1
    steps: dict[str, list[list[Step]]] = {lane.name: [] for lane in lanes}
    span = plan.batch * plan.count
    for number in range(plan.rounds + 1):
        round_of = [lane.ask("steps", start + number * span, plan.batch, plan.count) for lane in lanes]
        agreed &= all(len({step.digest for step in same}) == 1 for same in zip(*round_of, strict=True))
        if number:
            for lane, taken in zip(lanes, round_of, strict=True):
                steps[lane.name].append(taken)
    agreed &= len({lane.ask("members") for lane in lanes}) == 1
    profiles = {}
    if profile_lines:
        after = start + (plan.rounds + 1) * span
        ours = [lane for lane in lanes if lane.name in plan.ours]
        profiles = {lane.name: lane.ask("profiled", after, plan.batch, plan.count, profile_lines) for lane in ours}
    for lane in lanes:
        lane.close()
    return Result(plan, loaded, steps, agreed), profiles
