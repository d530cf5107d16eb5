"""Telling an engine a story: what was acknowledged is written down, what was not is told again."""

import itertools
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from raudience.cluster.engine import Engine
from raudience.cluster.live import Arrivals
from raudience.cluster.rounds import Round
from tests.chaos.story import BOOKS, EDITS, GROUP, Story

MOST_AT_ONCE = 6
"""Operations of which the first was not acknowledged when the last is sent."""


def feed(engine: Engine, story: Story, first: int, last: int, acknowledged: Callable[[int], None]) -> None:
    """Tell the operations from `first` to before `last`."""
    number = first
    while number < last:
        run = tuple(_run(story, number, last))
        if run:
            told = engine.stream(_rounds(engine, story, run))
            for each, _ in zip(run, told, strict=True):
                acknowledged(each)
        else:
            _settle(engine, story, number)
            acknowledged(number)
        number += len(run) or 1


def _run(story: Story, first: int, last: int) -> Iterator[int]:
    """Operations that go out without waiting for each other: batches of one minute."""
    end = min(last, first + MOST_AT_ONCE, (first // GROUP + 1) * GROUP)
    return itertools.takewhile(lambda number: story.operation(number).kind == "ingest", range(first, end))


def _rounds(engine: Engine, story: Story, run: tuple[int, ...]) -> Iterator[Round]:
    for number in run:
        documents = [json.dumps(batch).encode() for batch in story.operation(number).batches]
        block, refusals = Arrivals(engine.resolver).take(documents, story.at(number))
        assert not refusals
        yield Round(block, story.at(number))


def _settle(engine: Engine, story: Story, number: int) -> None:
    operation = story.operation(number)
    now = max(story.at(number), engine.now or 0)
    match operation.kind:
        case "define":
            engine.define(BOOKS[operation.number], now)
        case "decide":
            engine.decide(EDITS[operation.number], now)
        case "advance":
            engine.advance(now)
        case "snapshot":
            engine.snapshot()
        case "scale":
            engine.scale(operation.number)
        case _:
            engine.apply(next(_rounds(engine, story, (number,))).block, now)


class Acknowledged:
    """The file that says which operations were acknowledged, and when (seconds of the monotonic clock)."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def times(self) -> list[float]:
        """One for each operation, from the first on. A line that was cut off does not count."""
        if not self._path.exists():
            return []
        lines = self._path.read_text().splitlines(keepends=True)
        whole = [line.split() for line in lines if line.endswith("\n")]
        assert [int(number) for number, _ in whole] == list(range(len(whole)))
        return [float(at) for _, at in whole]

    def count(self) -> int:
        """How many there are."""
        if not self._path.exists():
            return 0
        with self._path.open("rb") as file:
            file.seek(max(0, self._path.stat().st_size - 200))
            whole = file.read().rpartition(b"\n")[0].rpartition(b"\n")[2]
        return int(whole.split()[0]) + 1 if whole else 0

    @contextmanager
    def writer(self) -> Iterator[Callable[[int], None]]:
        """Writes operations down, each for good before it returns."""
        whole = self._path.read_text() if self._path.exists() else ""
        with self._path.open("a") as file:
            file.truncate(whole.rfind("\n") + 1)
            yield lambda number: _write(file, f"{number} {time.monotonic()}\n")


def _write(file: TextIO, line: str) -> None:
    file.write(line)
    file.flush()
    os.fsync(file.fileno())
