"""raudience: the real Shard, told the same as every shard of a cluster is told."""

from __future__ import annotations

import resource
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from raudience.catalog.planning import plan
from raudience.records import Block, Changes
from raudience.records.packing import pack
from raudience.shard import Shard
from scripts.benchmarks.blocks import Form, event_block, mpids, profile_blocks
from scripts.benchmarks.definitions import audience_key, book
from scripts.benchmarks.engine import Delta
from scripts.benchmarks.questions import Question
from scripts.benchmarks.vocabulary import DAY, START
from scripts.benchmarks.workload import Workload

_HISTORY_BLOCK = 50_000


class ShardEngine:
    """`parts`: CPU seconds so far. command: encoding the block as a record of the log; apply: the shard; changes:
    encoding what it answered. profiles, history, cold: what loading took."""

    def __init__(self, form: Form = "live", backfilled: bool = False) -> None:
        """backfilled: the audiences are defined after the history has come and not before it."""
        self._form, self._backfilled = form, backfilled
        self.parts = dict.fromkeys(("command", "apply", "changes", "profiles", "history", "cold"), 0.0)

    def load(self, workload: Workload, questions: Sequence[Question]) -> None:
        self._workload = workload
        self._ids = mpids(workload)
        self._by_id = np.argsort(self._ids)
        self._now = int(workload.arrival[workload.history - 1])
        self.shard = self.make_shard()
        self._load_history(() if self._backfilled else tuple(questions))
        if self._backfilled:
            self.ask(questions)
            began = time.process_time()
            self.answer()
            self.parts["cold"] = time.process_time() - began

    def make_shard(self) -> Shard:
        return Shard()

    def ask(self, questions: Sequence[Question]) -> None:
        self._audiences, self._plan = len(questions), plan(book(tuple(questions)))
        self.shard.apply(plan(book(())), self._now)

    def answer(self) -> Changes:
        return self.shard.apply(self._plan, self._now)

    def _load_history(self, questions: tuple[Question, ...]) -> None:
        self._audiences = len(questions)
        self.shard.apply(plan(book(questions)), START - DAY)
        for block, now in profile_blocks(self._workload, self._ids):
            self._timed("profiles", block, now)
        for start in range(0, self._workload.history, _HISTORY_BLOCK):
            stop = min(start + _HISTORY_BLOCK, self._workload.history)
            block = event_block(self._workload, self._ids, start, stop, "live")
            self._timed("history", block, int(self._workload.arrival[stop - 1]))

    def _timed(self, part: str, block: Block, now: int) -> None:
        began = time.process_time()
        self.shard.apply(block, now)
        self.parts[part] += time.process_time() - began

    def prepare(self, start: int, stop: int) -> object:
        block = event_block(self._workload, self._ids, start, stop, self._form, repeated=stop - start)
        return block, int(self._workload.arrival[stop - 1])

    def step(self, prepared: object) -> object:
        block, now = prepared  # type: ignore[misc]
        begun = time.process_time()
        command = pack((now, block))
        encoded = time.process_time()
        changes = self.shard.apply(block, now)
        applied = time.process_time()
        record = pack(changes)
        ended = time.process_time()
        self.parts["command"] += encoded - begun
        self.parts["apply"] += applied - encoded
        self.parts["changes"] += ended - applied
        return changes, len(command), len(record)

    def delta(self, result: object) -> Delta:
        """The net of a batch: a user who came and went again between two arrivals is nobody to the peers."""
        changes: Changes = result[0]  # type: ignore[index]
        places = np.array([int(key.rsplit("-", 1)[1]) for key in changes.audiences], np.int64)
        pairs = places[changes.audience] * 2**32 + self._profiles(changes.mpid)
        order = np.argsort(pairs, kind="stable")
        pairs, entered = pairs[order], changes.entered[order]
        found, first, count = np.unique(pairs, return_index=True, return_counts=True)
        entered = entered[first]
        moved = count % 2 == 1
        return Delta(found[moved & entered], found[moved & ~entered])

    def members(self) -> list[np.ndarray]:
        keys = (audience_key(place) for place in range(self._audiences))
        return [np.sort(self._profiles(self.shard.members(key))) for key in keys]

    def memory(self) -> dict[str, int]:
        """Bytes by part, and the resident memory of the process as `process`."""
        return {**self.shard.memory(), "process": _resident()}

    def _profiles(self, ids: np.ndarray) -> np.ndarray:
        return self._by_id[np.searchsorted(self._ids, ids, sorter=self._by_id)]


def _resident() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()
