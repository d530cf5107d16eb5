"""Polars: one frame per event name in time order, all criteria in one `collect_all`.

`PolarsEngine` says everything in Polars: windows are filters, the affected profiles a join. `PolarsWithNumpy` cuts
windows out by binary search and takes the affected profiles by a numpy mask.
A batch is answered by evaluating the affected profiles anew: those with new events, those with events that reached the
edge of a window, those with changed attributes.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from scripts.benchmarks.engine import Bits, Delta, delta_of_words, members_of_words, words_of_truths
from scripts.benchmarks.leaves import ACTIONS, ADD, LOOKBACK, PURCHASE, Abandoned, Attribute, Counted, Leaf, resolve
from scripts.benchmarks.profile_table import ProfileTable
from scripts.benchmarks.questions import Question
from scripts.benchmarks.windows import edges, needed
from scripts.benchmarks.workload import Workload

_COLUMNS = ("name", "profile", "time", "price", "category", "platform")
_MOST_CHUNKS = 16
_NOTHING = pl.LazyFrame(
    schema={"profile": pl.Int32, "time": pl.Int64, "price": pl.Float32, "category": pl.UInt8, "platform": pl.UInt8}
)
Frames = dict[int, tuple[pl.DataFrame, ...]]
"""For each name: events in time order, and those that came late in no order."""


class PolarsEngine:
    def load(self, workload: Workload, questions: Sequence[Question]) -> None:
        self.parts: dict[str, float] = {}
        self._workload = workload
        self.profiles = ProfileTable(workload)
        history = self._frame(slice(0, workload.history)).partition_by("name", as_dict=True, include_key=False)
        self._frames: Frames = {code: (frame, frame.clear()) for (code,), frame in history.items()}
        self._now = int(workload.arrival[workload.history - 1])
        self.ask(questions)
        self.answer()

    def ask(self, questions: Sequence[Question]) -> None:
        self._asked = resolve(questions)
        self._needed, self._edges = needed(self._asked.leaves), edges(self._asked.leaves)
        for name in self._needed:
            self._frames.setdefault(name, (self._frame(slice(0, 0)).drop("name"),) * 2)

    def _frame(self, part: slice) -> pl.DataFrame:
        return pl.DataFrame({name: getattr(self._workload, name)[part] for name in _COLUMNS})

    def answer(self) -> list[np.ndarray]:
        self._bits = self._evaluate(self._frames, len(self.profiles), slice(None))
        return self.members()

    def _evaluate(self, frames: Frames, rows: int, profiles: NDArray[np.int64] | slice) -> Bits:
        """frames: events whose `profile` is a position in `profiles`, which has `rows` entries."""
        found = self._events_hold(frames, rows)
        truths = [
            self._attribute_holds(leaf, profiles) if isinstance(leaf, Attribute) else found[leaf]
            for leaf in self._asked.leaves
        ]
        return words_of_truths(self._asked.formulas, truths, rows)

    def _attribute_holds(self, leaf: Attribute, profiles: NDArray[np.int64] | slice) -> NDArray[np.bool_]:
        return self.profiles.truth(leaf, profiles)

    def _events_hold(self, frames: Frames, rows: int) -> dict[Leaf, NDArray[np.bool_]]:
        leaves = self._asked.leaves
        counted = [leaf for leaf in leaves if isinstance(leaf, Counted)]
        carts = [leaf for leaf in leaves if isinstance(leaf, Abandoned)]
        open_carts = self._carts(frames) if carts else []
        acted = [self._acted(leaf, frames) for leaf in carts if leaf.any_action]
        answers = iter(pl.collect_all([*(self._counted(leaf, frames) for leaf in counted), *open_carts, *acted]))
        found: dict[Leaf, NDArray[np.bool_]] = {leaf: marked(next(answers)["profile"], rows) for leaf in counted}
        added = self._added([next(answers) for _ in open_carts], rows)
        for leaf in carts:
            holds = (added >= self._now - LOOKBACK) & (added <= self._now - leaf.wait)
            found[leaf] = holds & ~marked(next(answers)["profile"], rows) if leaf.any_action else holds
        return found

    def _carts(self, frames: Frames) -> list[pl.LazyFrame]:
        """What `_added` needs."""
        return [self._last(ADD, frames), self._last(PURCHASE, frames)]

    def _added(self, answers: list[pl.DataFrame], rows: int) -> NDArray[np.int64]:
        """For each profile with an open cart the time of the last add, -1 for others."""
        if not answers:
            return np.empty(0, np.int64)
        added, bought = (latest(answer, rows) for answer in answers)
        return np.where(bought < added, added, -1)

    def _window(self, name: int, low: int, high: int, frames: Frames) -> pl.LazyFrame:
        """Events of a name that are at least `low` and at most `high` ms old."""
        inside = pl.col("time").is_between(self._now - high, self._now - low)
        return pl.concat([part.lazy().filter(inside) for part in frames[name] if not part.is_empty()] or [_NOTHING])

    def _counted(self, leaf: Counted, frames: Frames) -> pl.LazyFrame:
        selected = self._selected(leaf, frames)
        if leaf.times == 1:
            return selected.unique()
        return selected.group_by("profile").len().filter(pl.col("len") >= leaf.times).select("profile")

    def _selected(self, leaf: Counted, frames: Frames) -> pl.LazyFrame:
        """The profile of each event that counts."""
        window = self._window(leaf.name, leaf.low, leaf.high, frames)
        tests = []
        if leaf.end - leaf.start < LOOKBACK:
            tests.append(pl.col("time").is_between(leaf.start, leaf.end, closed="left"))
        if leaf.price is not None:
            tests.append(pl.col("price") >= leaf.price)
        for column, codes in (("category", leaf.categories), ("platform", leaf.platforms)):
            if codes is not None:
                tests.append(one_of(pl.col(column), codes))
        return (window.filter(*tests) if tests else window).select("profile")

    def _last(self, name: int, frames: Frames) -> pl.LazyFrame:
        return self._window(name, 0, LOOKBACK, frames).group_by("profile").agg(pl.col("time").max())

    def _acted(self, leaf: Abandoned, frames: Frames) -> pl.LazyFrame:
        parts = [self._window(name, 0, leaf.wait - 1, frames).select("profile") for name in ACTIONS]
        return pl.concat(parts).unique()

    def prepare(self, start: int, stop: int) -> object:
        part = slice(start, stop)
        frame = self._frame(part)
        late = self._workload.time[part] < self._workload.arrival[part]
        return frame.filter(~late), frame.filter(late), start, stop, int(self._workload.arrival[stop - 1])

    def step(self, prepared: object) -> object:
        ordered, late, start, stop, now = prepared  # type: ignore[misc]
        before, self._now = self._now, now
        self._append(ordered, 0)
        self._append(late, 1)
        affected = self._affected(before, ordered, late, self.profiles.change(start, stop))
        profiles = np.flatnonzero(affected)
        after = self._evaluate(self._reduced(affected), len(profiles), profiles)
        old = self._bits[profiles]
        self._bits[profiles] = after
        return profiles, old, after

    def _append(self, frame: pl.DataFrame, place: int) -> None:
        for (code,), rows in frame.partition_by("name", as_dict=True, include_key=False).items():
            pair = list(self._frames.setdefault(code, (rows.clear(), rows.clear())))
            longer = pair[place].vstack(rows)
            pair[place] = longer.rechunk() if longer.n_chunks() > _MOST_CHUNKS else longer
            self._frames[code] = tuple(pair)

    def _affected(self, before: int, ordered: pl.DataFrame, late: pl.DataFrame, changed: np.ndarray) -> np.ndarray:
        flags = np.zeros(len(self.profiles), bool)
        flags[changed] = True
        for frame in (ordered, late):
            flags[frame.filter(pl.col("name").is_in(list(self._needed)))["profile"].to_numpy()] = True
        for edge in self._edges:
            frame, some_late = self._frames[edge.name]
            start = frame["time"].search_sorted(before - edge.age, "left")
            stop = frame["time"].search_sorted(self._now - edge.age, "right")
            flags[frame["profile"].slice(start, stop - start).to_numpy()] = True
            inside = pl.col("time").is_between(before - edge.age, self._now - edge.age)
            flags[some_late.filter(inside)["profile"].to_numpy()] = True
        return flags

    def _reduced(self, affected: NDArray[np.bool_]) -> Frames:
        """The events of affected profiles that may count, profiles numbered anew."""
        profiles = np.flatnonzero(affected).astype(np.int32)
        those = pl.LazyFrame({"profile": profiles, "number": np.arange(len(profiles), dtype=np.int32)})
        asked = [
            part.lazy()
            .filter(pl.col("time") >= self._now - age)
            .join(those, on="profile", how="inner")
            .drop("profile")
            .rename({"number": "profile"})
            for name, age in self._needed.items()
            for part in self._frames[name]
        ]
        found = iter(pl.collect_all(asked))
        return {name: (next(found), next(found)) for name in self._needed}

    def delta(self, result: object) -> Delta:
        profiles, before, after = result  # type: ignore[misc]
        return delta_of_words(profiles, before, after, len(self._asked.formulas))

    def members(self) -> list[np.ndarray]:
        return members_of_words(self._bits, len(self._asked.formulas))


class PolarsWithNumpy(PolarsEngine):
    def _window(self, name: int, low: int, high: int, frames: Frames) -> pl.LazyFrame:
        ordered, late = frames[name]
        start = ordered["time"].search_sorted(self._now - high, "left")
        stop = ordered["time"].search_sorted(self._now - low, "right")
        window = ordered.slice(start, stop - start).lazy()
        if late.is_empty():
            return window
        inside = pl.col("time").is_between(self._now - high, self._now - low)
        return pl.concat([window, late.lazy().filter(inside)])

    def _reduced(self, affected: NDArray[np.bool_]) -> Frames:
        number = np.cumsum(affected, dtype=np.int32) - np.int32(1)
        reduced: Frames = {}
        for name, age in self._needed.items():
            ordered, late = self._frames[name]
            start = ordered["time"].search_sorted(self._now - age, "left")
            parts = []
            for part in (ordered.slice(start), late):
                profile = part["profile"].to_numpy()
                kept = part.filter(pl.Series(affected[profile]))
                parts.append(kept.with_columns(profile=pl.Series(number[kept["profile"].to_numpy()])))
            reduced[name] = tuple(parts)
        return reduced


def one_of(column: pl.Expr, codes: tuple[int, ...]) -> pl.Expr:
    return column == codes[0] if len(codes) == 1 else column.is_in(list(codes))


def marked(profiles: pl.Series, rows: int) -> NDArray[np.bool_]:
    flags = np.zeros(rows, bool)
    flags[profiles.to_numpy()] = True
    return flags


def latest(frame: pl.DataFrame, rows: int) -> NDArray[np.int64]:
    latest = np.full(rows, -1, np.int64)
    latest[frame["profile"].to_numpy()] = frame["time"].to_numpy()
    return latest
