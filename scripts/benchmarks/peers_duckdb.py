"""DuckDB: one table of events; cold, a query for each criterion; a batch, one pass over the affected profiles."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb
import numpy as np
import pyarrow as pa

from scripts.benchmarks.engine import Delta, delta_of_words, members_of_words, words_of_truths
from scripts.benchmarks.leaves import ACTIONS, ADD, LOOKBACK, PURCHASE, Abandoned, Attribute, Counted, Leaf, resolve
from scripts.benchmarks.profile_table import ProfileTable
from scripts.benchmarks.questions import Question
from scripts.benchmarks.windows import edges, needed
from scripts.benchmarks.workload import Workload

_COLUMNS = ("name", "profile", "time", "price", "category", "platform")
_PASS = 96
"""Conditional counts in one query: more of them make DuckDB's plans disproportionately slow."""


class DuckEngine:
    def __init__(self, order: str = "time", one_pass: bool = False) -> None:
        """order: how the table of the history is sorted; `name, time` is best for cold queries, `time` for a stream.
        one_pass: answer cold questions by conditional counts in one scan, not by a query for each criterion."""
        self._order, self._one_query = order, one_pass

    def load(self, workload: Workload, questions: Sequence[Question]) -> None:
        self.parts: dict[str, float] = {}
        self._workload = workload
        self._db = duckdb.connect(":memory:")
        self.profiles = ProfileTable(workload)
        self._db.register("arriving", self._table(slice(0, workload.history)))
        self._db.execute(f"CREATE TABLE events AS SELECT * FROM arriving ORDER BY {self._order}")
        self._now = int(workload.arrival[workload.history - 1])
        self.ask(questions)
        self.answer()

    def ask(self, questions: Sequence[Question]) -> None:
        self._asked = resolve(questions)
        self._needed, self._edges = needed(self._asked.leaves), edges(self._asked.leaves)

    def _table(self, part: slice) -> pa.Table:
        return pa.table({name: getattr(self._workload, name)[part] for name in _COLUMNS})

    def answer(self) -> list[np.ndarray]:
        rows = len(self.profiles)
        if self._one_query:
            truths = self._one_pass(np.arange(rows), "")
        else:
            truths = [self._truth(leaf, rows) for leaf in self._asked.leaves]
        self._bits = words_of_truths(self._asked.formulas, truths, rows)
        return self.members()

    def _truth(self, leaf: Leaf, rows: int) -> np.ndarray:
        match leaf:
            case Attribute():
                return self.profiles.truth(leaf)
            case Counted():
                having = f"HAVING count(*) >= {leaf.times}" if leaf.times > 1 else ""
                query = f"SELECT profile FROM events WHERE {self._where(leaf)} GROUP BY profile {having}"
            case Abandoned():
                query = self._abandoned(leaf)
        flags = np.zeros(rows, bool)
        flags[self._db.execute(query).fetchnumpy()["profile"]] = True
        return flags

    def _where(self, leaf: Counted) -> str:
        start, end = max(self._now - leaf.high, leaf.start), min(self._now - leaf.low, leaf.end - 1)
        tests = [f"name = {leaf.name}", f"time BETWEEN {start} AND {end}"]
        if leaf.price is not None:
            tests.append(f"price >= {leaf.price}")
        tests += [
            _one_of(column, codes)
            for column, codes in (("category", leaf.categories), ("platform", leaf.platforms))
            if codes is not None
        ]
        return " AND ".join(tests)

    def _last(self, name: int) -> str:
        return f"max(time) FILTER (name = {name} AND time BETWEEN {self._now - LOOKBACK} AND {self._now})"

    def _abandoned(self, leaf: Abandoned) -> str:
        waited = self._now - leaf.wait
        acted = (
            f" AND profile NOT IN (SELECT profile FROM events WHERE {self._acts(waited)})" if leaf.any_action else ""
        )
        return (
            f"SELECT profile FROM (SELECT profile, {self._last(ADD)} AS added, {self._last(PURCHASE)} AS bought "
            f"FROM events WHERE name IN ({ADD}, {PURCHASE}) AND time >= {self._now - LOOKBACK} GROUP BY profile) "
            f"WHERE added <= {waited} AND (bought IS NULL OR bought < added){acted}"
        )

    def _acts(self, after: int) -> str:
        return f"{_one_of('name', ACTIONS)} AND time > {after}"

    def _one_pass(self, profiles: np.ndarray, among: str) -> list[np.ndarray]:
        """Truth of each leaf for some profiles, from conditional counts over their events."""
        leaves = self._asked.leaves
        columns = {place: self._column(leaf) for place, leaf in enumerate(leaves) if not isinstance(leaf, Attribute)}
        found: dict[int, np.ndarray] = {}
        oldest = self._now - max(self._needed.values(), default=0)
        places = list(columns)
        for first in range(0, len(places), _PASS):
            part = places[first : first + _PASS]
            names = sorted(needed([leaves[place] for place in part]))
            answer = self._db.execute(
                f"SELECT profile, {', '.join(f'{columns[place]} AS c{place}' for place in part)} FROM events "
                f"WHERE {_one_of('name', tuple(names))} AND time >= {oldest} {among} GROUP BY profile"
            ).fetchnumpy()
            rows = np.searchsorted(profiles, answer["profile"])
            for place in part:
                flags = np.zeros(len(profiles), bool)
                flags[rows] = np.ma.filled(answer[f"c{place}"], False)
                found[place] = flags
        for place, leaf in enumerate(leaves):
            if isinstance(leaf, Attribute):
                found[place] = self.profiles.truth(leaf, profiles)
        return [found[place] for place in range(len(leaves))]

    def _column(self, leaf: Counted | Abandoned) -> str:
        if isinstance(leaf, Counted):
            return f"count(*) FILTER ({self._where(leaf)}) >= {leaf.times}"
        waited = self._now - leaf.wait
        test = f"{self._last(ADD)} <= {waited} AND coalesce({self._last(PURCHASE)} < {self._last(ADD)}, true)"
        acted = f" AND count(*) FILTER ({self._acts(waited)}) = 0" if leaf.any_action else ""
        return f"coalesce({test}{acted}, false)"

    def prepare(self, start: int, stop: int) -> object:
        return self._table(slice(start, stop)), start, stop, int(self._workload.arrival[stop - 1])

    def step(self, prepared: object) -> object:
        table, start, stop, now = prepared  # type: ignore[misc]
        before, self._now = self._now, now
        self._db.register("arriving", table)
        self._db.execute("INSERT INTO events SELECT * FROM arriving")
        changed = self.profiles.change(start, stop)
        profiles = self._affected(before, changed)
        truths = self._one_pass(profiles, "AND profile IN (SELECT profile FROM affected)")
        after = words_of_truths(self._asked.formulas, truths, len(profiles))
        old = self._bits[profiles]
        self._bits[profiles] = after
        return profiles, old, after

    def _affected(self, before: int, changed: np.ndarray) -> np.ndarray:
        queries = [f"SELECT profile FROM arriving WHERE {_one_of('name', tuple(self._needed))}"]
        queries += [
            f"SELECT profile FROM events WHERE name = {edge.name} "
            f"AND time BETWEEN {before - edge.age} AND {self._now - edge.age}"
            for edge in self._edges
        ]
        found = self._db.execute(" UNION ALL ".join(queries)).fetchnumpy()["profile"]
        profiles = np.unique(np.concatenate([found, changed]).astype(np.int64))
        self._db.register("those", pa.table({"profile": profiles}))
        self._db.execute("CREATE OR REPLACE TEMP TABLE affected AS SELECT profile FROM those")
        return profiles

    def delta(self, result: object) -> Delta:
        profiles, before, after = result  # type: ignore[misc]
        return delta_of_words(profiles, before, after, len(self._asked.formulas))

    def members(self) -> list[np.ndarray]:
        return members_of_words(self._bits, len(self._asked.formulas))


def _one_of(column: str, codes: tuple[int, ...]) -> str:
    if not codes:
        return "false"
    return f"{column} = {codes[0]}" if len(codes) == 1 else f"{column} IN ({', '.join(map(str, codes))})"
