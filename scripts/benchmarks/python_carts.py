"""Abandoned carts in dictionaries, for the peer in plain Python."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from heapq import heappop, heappush

import numpy as np

from scripts.benchmarks.leaves import ACTIONS, ADD, LOOKBACK, PURCHASE, Abandoned
from scripts.benchmarks.python_counters import Row
from scripts.benchmarks.workload import Workload

_LAST = 1 << 31


class Carts:
    """Last add, purchase and product action of each profile, and when the answer about a cart may change by time."""

    def __init__(self, leaves: Iterable[tuple[int, Abandoned]]) -> None:
        self.leaves = dict(leaves)
        self.anys = [leaf for leaf, ask in self.leaves.items() if ask.any_action]
        self.holds: dict[int, set[int]] = {}
        self.added: dict[int, int] = {}
        self.bought: dict[int, int] = {}
        self.acted: dict[int, int] = {}
        self.adds: list[Row] = []
        self.acts: list[Row] = []
        self.waited: dict[int, int] = {}
        self.forgotten = 0
        self.alarms: list[Row] = []
        self.doubtful: set[Row] = set()

    def fill(self, workload: Workload, now: int) -> None:
        part = slice(0, workload.history)
        name, time, profile = workload.name[part], workload.time[part], workload.profile[part]

        def rows(codes: tuple[int, ...], age: int) -> list[Row]:
            found = np.flatnonzero(np.isin(name, codes) & (time >= now - age))
            return list(zip(time[found].tolist(), profile[found].tolist(), strict=True))

        for latest, codes in ((self.added, (ADD,)), (self.bought, (PURCHASE,)), (self.acted, ACTIONS)):
            latest.update((whose, when) for when, whose in rows(codes, LOOKBACK))
        self.adds = rows((ADD,), LOOKBACK)
        self.acts = rows(ACTIONS, max((ask.wait for ask in self.leaves.values()), default=0))
        for leaf, ask in self.leaves.items():
            self.holds[leaf] = {whose for whose in self.added if self.abandoned(ask, whose, now)}
            self.waited[leaf] = bisect_right(self._log(ask), (now - ask.wait, _LAST))

    def _log(self, ask: Abandoned) -> list[Row]:
        return self.acts if ask.any_action else self.adds

    def abandoned(self, ask: Abandoned, profile: int, now: int) -> bool:
        added = self.added.get(profile, -1)
        return (
            now - LOOKBACK <= added <= now - ask.wait
            and self.bought.get(profile, -1) < added
            and (not ask.any_action or self.acted[profile] <= now - ask.wait)
        )

    def take(self, name: int, time: int, profile: int) -> None:
        """A product action in time: it can only end what holds; what it begins comes by time."""
        self.acted[profile] = time
        if name == ADD:
            self.added[profile] = time
            self.adds.append((time, profile))
        elif name == PURCHASE:
            self.bought[profile] = time
        if profile in self.added:
            if self.anys:
                self.acts.append((time, profile))
            for leaf in self.leaves if name in (ADD, PURCHASE) else self.anys:
                if profile in self.holds[leaf]:
                    self.doubtful.add((profile, leaf))

    def take_late(self, name: int, time: int, profile: int) -> None:
        """A product action that came late: look now, and whenever it or a later action has waited long enough."""
        for latest, mine in ((self.acted, True), (self.added, name == ADD), (self.bought, name == PURCHASE)):
            if mine:
                latest[profile] = max(latest.get(profile, -1), time)
        for leaf, ask in self.leaves.items():
            self.doubtful.add((profile, leaf))
            heappush(self.alarms, (time + ask.wait, profile))
            heappush(self.alarms, (self.acted[profile] + ask.wait, profile))
        heappush(self.alarms, (time + LOOKBACK + 1, profile))

    def pass_time(self, now: int, crossed: set[Row]) -> None:
        doubtful = self.doubtful
        for leaf, ask in self.leaves.items():
            log, begin = self._log(ask), self.waited[leaf]
            self.waited[leaf] = end = bisect_right(log, (now - ask.wait, _LAST), begin)
            doubtful.update((profile, leaf) for _, profile in log[begin:end])
        end = bisect_left(self.adds, (now - LOOKBACK,), self.forgotten)
        gone = [profile for _, profile in self.adds[self.forgotten : end]]
        self.forgotten = end
        while self.alarms and self.alarms[0][0] <= now:
            gone.append(heappop(self.alarms)[1])
        doubtful.update((profile, leaf) for profile in gone for leaf in self.leaves)
        for profile, leaf in doubtful:
            holds = self.holds[leaf]
            if self.abandoned(self.leaves[leaf], profile, now) != (profile in holds):
                (holds.discard if profile in holds else holds.add)(profile)
                crossed.add((profile, leaf))
        doubtful.clear()
