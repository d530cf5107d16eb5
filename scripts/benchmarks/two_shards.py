"""raudience on two cores: two shards in processes of their own, each taking its part of every block.

What Ray does between a driver and its shards, done with pipes: blocks are split, pickled and sent, the answers merged.
Run as a program it is one of the shards.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
import weakref
from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

from raudience.coordinator.merging import merge
from raudience.coordinator.owning import owners
from raudience.ingest.route import split
from raudience.records import Block, Changes
from raudience.shard import Shard
from scripts.benchmarks.shard_engine import ShardEngine

_SHARDS = 2


class TwoShards(ShardEngine):
    """`parts`: elsewhere, CPU seconds of the two processes; apply has them, too."""

    def make_shard(self) -> Any:
        self.parts["elsewhere"] = 0.0
        return _Together(self.parts)

    def step(self, prepared: object) -> object:
        before = self.parts["elsewhere"]
        result = super().step(prepared)
        self.parts["apply"] += self.parts["elsewhere"] - before
        return result


class _Together:
    """Several shards that look like one."""

    def __init__(self, parts: dict[str, float]) -> None:
        self._parts, self._owner = parts, owners(_SHARDS)
        self._apart = [_Apart() for _ in range(_SHARDS)]

    def apply(self, command: object, now: int) -> Changes:
        blocks = split(command, self._owner, _SHARDS) if isinstance(command, Block) else [command] * _SHARDS
        return merge(self._all("apply", [(block, now) for block in blocks]))

    def members(self, audience: str) -> np.ndarray:
        return np.concatenate(self._all("members", [(audience,)] * _SHARDS))

    def _all(self, method: str, values: Sequence[tuple[object, ...]]) -> list[Any]:
        for shard, mine in zip(self._apart, values, strict=True):
            shard.call(method, mine)
        answers = [shard.wait() for shard in self._apart]
        self._parts["elsewhere"] = sum(shard.cpu for shard in self._apart)
        return answers


class _Apart:
    """A shard in a process of its own, which ends when nobody can call it any more. cpu: seconds it has used."""

    def __init__(self) -> None:
        command = (sys.executable, "-m", "scripts.benchmarks.two_shards")
        theirs, calls = os.pipe()
        answers, mine = os.pipe()
        process = subprocess.Popen(command, stdin=theirs, stdout=mine, cwd=Path(__file__).parents[2])
        os.close(theirs)
        os.close(mine)
        self._calls, self._answers = Connection(calls, readable=False), Connection(answers, writable=False)
        self.cpu = 0.0
        weakref.finalize(self, _end, self._calls, process)

    def call(self, method: str, values: tuple[object, ...]) -> None:
        self._calls.send((method, values))

    def wait(self) -> Any:
        answer, self.cpu = self._answers.recv()
        return answer


def _end(calls: Connection, process: subprocess.Popen[bytes]) -> None:
    calls.close()
    process.wait()


def main() -> None:
    calls, answers, shard = Connection(0, writable=False), Connection(1, readable=False), Shard()
    while True:
        try:
            method, values = calls.recv()
        except EOFError:
            return
        answer = getattr(shard, method)(*values)
        answers.send((answer, time.process_time()))


if __name__ == "__main__":
    main()
