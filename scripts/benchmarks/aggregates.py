"""What sums, averages, numbers of different values and sequences cost beside counts, and beside plain Python."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from heapq import heappop, heappush
from typing import Any, Final

import msgspec
import numpy as np

from raudience.catalog.audiences import Audience, Book, Input, Settings
from raudience.catalog.planning import plan
from raudience.criteria import definition as ask_for
from raudience.criteria import operators
from raudience.criteria.durations import UNLIMITED, Duration
from raudience.shard import Shard
from scripts.benchmarks.blocks import event_block, mpids, profile_blocks
from scripts.benchmarks.race import Spread, spread
from scripts.benchmarks.vocabulary import DAY, INPUTS, KEYS, START
from scripts.benchmarks.workload import Workload, load

_ASKED: Final = (("purchase", 30, 100), ("add_to_cart", 7, 200), ("view_detail", 14, 300), ("checkout", 21, 400),
                 ("purchase", 7, 500))  # fmt: skip
"""Commerce events, days of the window, what a sum or an average has to exceed."""
_MOST_DISTINCT: Final = 3
_HISTORY_BLOCK: Final = 50_000


class Aggregated(msgspec.Struct, frozen=True):
    """Five audiences of each kind. milliseconds: CPU of a batch by kind; "nothing": without audiences; "python": the
    sums in plain Python. over: how many times as much the sums cost plain Python as the shard, with all that the shard
    does without audiences and without it. agreed: the members of the sums are the same."""

    size: str
    batch: int
    milliseconds: dict[str, Spread]
    over: Spread
    over_alone: Spread
    agreed: bool


def aggregated(size: str, batch: int, rounds: int, batches: int) -> Aggregated:
    workload = load(size)
    shards = {kind: _Shard(workload, tuple(map(make, _ASKED))) for kind, make in _KINDS.items()}
    peer = _PythonSums(workload)
    lanes = {**shards, "nothing": _Shard(workload, ()), "python": peer}
    spent: dict[str, list[float]] = {kind: [] for kind in lanes}
    for number in range(rounds + 1):
        for kind, lane in lanes.items():
            first = workload.history + number * batch * batches
            cpu = sum(lane.take(start, start + batch) for start in range(first, first + batch * batches, batch))
            if number:
                spent[kind].append(1e3 * cpu / batches)
    pairs = [*zip(spent["python"], spent["sum"], spent["nothing"], strict=True)]
    return Aggregated(
        size,
        batch,
        {kind: spread(times) for kind, times in spent.items()},
        spread([python / ours for python, ours, _ in pairs]),
        spread([python / (ours - nothing) for python, ours, nothing in pairs]),
        shards["sum"].members() == peer.members(),
    )


class _Shard:
    def __init__(self, workload: Workload, criteria: tuple[ask_for.Criterion, ...]) -> None:
        self._workload, self._ids = workload, mpids(workload)
        self._shard, self._count = Shard(), len(criteria)
        self._shard.apply(plan(_book(criteria)), START - DAY)
        for block, now in profile_blocks(workload, self._ids):
            self._shard.apply(block, now)
        for start in range(0, workload.history, _HISTORY_BLOCK):
            self.take(start, min(start + _HISTORY_BLOCK, workload.history))

    def take(self, start: int, stop: int) -> float:
        """CPU seconds for some events."""
        block = event_block(self._workload, self._ids, start, stop, "live", repeated=stop - start)
        began = time.process_time()
        self._shard.apply(block, int(self._workload.arrival[stop - 1]))
        return time.process_time() - began

    def members(self) -> list[set[int]]:
        place = {mpid: profile for profile, mpid in enumerate(self._ids.tolist())}
        return [{place[mpid] for mpid in self._shard.members(f"a{number}").tolist()} for number in range(self._count)]


class _PythonSums:
    """Totals per profile, events in order of time with those that came late in a heap, members kept up to date."""

    def __init__(self, workload: Workload) -> None:
        codes = {key.name: code for code, key in enumerate(KEYS) if key.kind == "commerce"}
        self._workload = workload
        self._asked: dict[int, list[_Sum]] = {}
        self._sums = [_Sum(days * DAY, above * 100) for _, days, above in _ASKED]
        for (name, *_), each in zip(_ASKED, self._sums, strict=True):
            self._asked.setdefault(codes[name], []).append(each)
        self._cents = np.rint(workload.price.astype(np.float64) * 100).astype(np.int64)
        self.take(0, workload.history)

    def take(self, start: int, stop: int) -> float:
        """CPU seconds for some events."""
        data, part = self._workload, slice(start, stop)
        columns = [each[part].tolist() for each in (data.name, data.profile, data.time, self._cents)]
        now, asked = int(data.arrival[stop - 1]), self._asked
        began = time.process_time()
        for name, profile, moment, cents in zip(*columns, strict=True):
            if cents and name in asked:
                for each in asked[name]:
                    each.add(profile, moment, cents, now)
        for each in self._sums:
            each.expire(now)
        return time.process_time() - began

    def members(self) -> list[set[int]]:
        return [each.members for each in self._sums]


class _Sum:
    def __init__(self, window: int, above: int) -> None:
        self._window, self._above = window, above
        self._totals: dict[int, int] = {}
        self._log: deque[tuple[int, int, int]] = deque()
        self._late: list[tuple[int, int, int]] = []
        self.members: set[int] = set()

    def add(self, profile: int, moment: int, cents: int, now: int) -> None:
        if now - moment > self._window:
            return
        if self._log and moment < self._log[-1][0]:
            heappush(self._late, (moment, profile, cents))
        else:
            self._log.append((moment, profile, cents))
        total = self._totals[profile] = self._totals.get(profile, 0) + cents
        if total > self._above:
            self.members.add(profile)

    def expire(self, now: int) -> None:
        edge = now - self._window
        while self._log and self._log[0][0] < edge:
            self._take_away(*self._log.popleft())
        while self._late and self._late[0][0] < edge:
            self._take_away(*heappop(self._late))

    def _take_away(self, _: int, profile: int, cents: int) -> None:
        total = self._totals[profile] = self._totals[profile] - cents
        if total <= self._above:
            self.members.discard(profile)


def _book(criteria: tuple[ask_for.Criterion, ...]) -> Book:
    return Book(
        audiences=tuple(Audience(f"a{place}", f"Audience {place}", each) for place, each in enumerate(criteria)),
        settings=Settings(retention=Duration(UNLIMITED)),
        inputs=tuple(Input(key) for key in INPUTS),
    )


def _count(asked: tuple[str, int, int]) -> ask_for.Criterion:
    name, days, above = asked
    frequency = ask_for.Frequency(at_least=above // 100 + 2)
    return ask_for.Event("commerce", name=name, frequency=frequency, recency=operators.Within(Duration(days * DAY)))


def _aggregate(function: Any, attribute: str, compared: Callable[[int], int]) -> Callable[[Any], ask_for.Criterion]:
    def made(asked: tuple[str, int, int]) -> ask_for.Criterion:
        name, days, above = asked
        recency, test = operators.Within(Duration(days * DAY)), operators.Greater(compared(above))
        return ask_for.Aggregate("commerce", function, attribute, test, name=name, recency=recency)

    return made


_KINDS: Final[dict[str, Callable[[Any], ask_for.Criterion]]] = {
    "count": _count,
    "sum": _aggregate("sum", "price", lambda above: above),
    "average": _aggregate("average", "price", lambda above: above),
    "distinct": _aggregate("distinct", "category", lambda _: _MOST_DISTINCT),
}
