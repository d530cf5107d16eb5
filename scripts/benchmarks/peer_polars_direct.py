"""Polars as it is first written: all criteria count by a group, carts are a window function over adds and purchases,
attributes are expressions over a frame, and a batch reads the frames of its names from their beginning.

Of the strength of the peer that the aims of speed were set with; `peers_polars` has what was found afterwards.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from scripts.benchmarks.leaves import ADD, LOOKBACK, PURCHASE, Attribute, Counted
from scripts.benchmarks.peers_polars import Frames, PolarsEngine, latest, one_of
from scripts.benchmarks.questions import Question


class PolarsAsWritten(PolarsEngine):
    def ask(self, questions: Sequence[Question]) -> None:
        super().ask(questions)
        self._people = self._attributes(slice(None))

    def _attributes(self, profiles: NDArray[np.int64] | slice) -> pl.DataFrame:
        frame = pl.DataFrame(self.profiles.rows(profiles))
        return frame.with_columns(pl.col("tags").arr.to_list())

    def _evaluate(self, frames: Frames, rows: int, profiles: NDArray[np.int64] | slice) -> NDArray[np.uint64]:
        self._asked_of = self._people if isinstance(profiles, slice) else self._attributes(profiles)
        return super()._evaluate(frames, rows, profiles)

    def _attribute_holds(self, leaf: Attribute, profiles: NDArray[np.int64] | slice) -> NDArray[np.bool_]:
        return self._asked_of.select(_holds(leaf)).to_series().to_numpy()

    def _counted(self, leaf: Counted, frames: Frames) -> pl.LazyFrame:
        counts = self._selected(leaf, frames).group_by("profile").len()
        return counts.filter(pl.col("len") >= leaf.times).select("profile")

    def _carts(self, frames: Frames) -> list[pl.LazyFrame]:
        """Adds that no other add or purchase of their profile follows."""
        steps = [
            self._window(name, 0, LOOKBACK, frames).select("profile", "time", bought=pl.lit(name == PURCHASE))
            for name in (ADD, PURCHASE)
        ]
        ordered = pl.concat(steps).sort("profile", "time", "bought").with_columns(next=pl.col("profile").shift(-1))
        return [ordered.filter(pl.col("next").ne_missing(pl.col("profile")) & ~pl.col("bought"))]

    def _added(self, answers: list[pl.DataFrame], rows: int) -> NDArray[np.int64]:
        return latest(answers[0], rows) if answers else np.empty(0, np.int64)

    def _reduced(self, affected: NDArray[np.bool_]) -> Frames:
        """All events of affected profiles under the names that some criterion reads, profiles numbered anew."""
        profiles = np.flatnonzero(affected).astype(np.int32)
        those = pl.LazyFrame({"profile": profiles, "number": np.arange(len(profiles), dtype=np.int32)})
        asked = [
            part.lazy().join(those, on="profile", how="inner").drop("profile").rename({"number": "profile"})
            for name in self._needed
            for part in self._frames[name]
        ]
        found = iter(pl.collect_all(asked))
        return {name: (next(found), next(found)) for name in self._needed}


def _holds(leaf: Attribute) -> pl.Expr:
    column = pl.col(leaf.field)
    if leaf.codes is not None:
        is_list = leaf.field == "tags"
        return column.list.eval(one_of(pl.element(), leaf.codes)).list.any() if is_list else one_of(column, leaf.codes)
    if leaf.low is None:
        return column
    return column >= leaf.low if leaf.high is None else column.is_between(leaf.low, leaf.high)
