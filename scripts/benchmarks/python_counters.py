"""Windowed counts per profile in dictionaries, for the peer in plain Python."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from heapq import heappop, heappush

import numpy as np

from scripts.benchmarks.leaves import LOOKBACK, Counted
from scripts.benchmarks.workload import Workload

Row = tuple[int, int]
"""(time, profile) in logs and heaps, (profile, leaf) among what crossed."""


class Counter:
    """Count per profile of the events in one window, and the log that tells when they enter and leave it."""

    def __init__(self, ask: Counted) -> None:
        self.ask = ask
        self.low, self.high = ask.low, ask.high
        self.days = None if ask.end - ask.start > LOOKBACK else (ask.start, ask.end)
        self.categories = None if ask.categories is None else frozenset(ask.categories)
        self.platforms = None if ask.platforms is None else frozenset(ask.platforms)
        self.counts: dict[int, int] = {}
        self.log: list[Row] = []
        self.entered = self.left = 0
        self.late_in: list[Row] = []
        self.late_out: list[Row] = []
        self.crossings: dict[int, tuple[int, ...]] = {}
        """Leaves that begin to hold when a count reaches the key."""

    def conditional(self) -> bool:
        return (
            self.ask.price is not None or self.categories is not None or self.platforms is not None or bool(self.days)
        )

    def passes(self, time: int, price: float, category: int, platform: int) -> bool:
        return (
            (self.ask.price is None or price >= self.ask.price)
            and (self.categories is None or category in self.categories)
            and (self.platforms is None or platform in self.platforms)
            and (self.days is None or self.days[0] <= time < self.days[1])
        )

    def fill(self, workload: Workload, now: int) -> None:
        """Take in the history at once; numpy only builds here what the loop would have built."""
        part = slice(0, workload.history)
        time = workload.time[part]
        mine = (workload.name[part] == self.ask.name) & (time >= now - self.high)
        mine &= (time >= self.ask.start) & (time < self.ask.end)
        if self.ask.price is not None:
            mine &= workload.price[part] >= self.ask.price
        for column, codes in ((workload.category, self.ask.categories), (workload.platform, self.ask.platforms)):
            if codes is not None:
                mine &= np.isin(column[part], codes)
        profile = workload.profile[part][mine]
        self.log = list(zip(time[mine].tolist(), profile.tolist(), strict=True))
        self.entered = bisect_right(self.log, (now - self.low, 1 << 31))
        found, counts = np.unique(profile[: self.entered], return_counts=True)
        self.counts = dict(zip(found.tolist(), counts.tolist(), strict=True))

    def add(self, profile: int, crossed: set[Row]) -> None:
        self.counts[profile] = count = self.counts.get(profile, 0) + 1
        for leaf in self.crossings.get(count, ()):
            crossed.add((profile, leaf))

    def take_late(self, time: int, profile: int, crossed: set[Row]) -> None:
        if self.low:
            heappush(self.late_in, (time, profile))
        else:
            heappush(self.late_out, (time, profile))
            self.add(profile, crossed)

    def pass_time(self, now: int, crossed: set[Row]) -> None:
        """Count in what reached the near edge of the window, count out what left it by the far one."""
        log, counts, crossings = self.log, self.counts, self.crossings
        if self.low:
            inside = bisect_right(log, (now - self.low, 1 << 31), self.entered)
            for _, profile in log[self.entered : inside]:
                self.add(profile, crossed)
            self.entered = inside
            while self.late_in and self.late_in[0][0] <= now - self.low:
                row = heappop(self.late_in)
                self.add(row[1], crossed)
                heappush(self.late_out, row)
        outside = bisect_left(log, (now - self.high,), self.left)
        gone = log[self.left : outside]
        self.left = outside
        while self.late_out and self.late_out[0][0] < now - self.high:
            gone.append(heappop(self.late_out))
        for _, profile in gone:
            count = counts[profile]
            if count == 1:
                del counts[profile]
            else:
                counts[profile] = count - 1
            if count in crossings:
                for leaf in crossings[count]:
                    crossed.add((profile, leaf))
