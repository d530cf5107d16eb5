"""Attributes of profiles for the peers that are no row stores: numpy columns, changed in place.

It is faster than a table of theirs would be, for reading as for changing; this favours the peers.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scripts.benchmarks.leaves import Attribute
from scripts.benchmarks.workload import FIELDS, Workload

_COLUMNS = ("country", "plan", "age", "ltv", "tags", "signup", "email", "idfa")


class ProfileTable:
    def __init__(self, workload: Workload) -> None:
        self._columns = {name: getattr(workload, name).copy() for name in _COLUMNS}
        self._workload = workload

    def __len__(self) -> int:
        return len(self._columns["country"])

    def rows(self, profiles: NDArray[np.int64] | slice) -> dict[str, NDArray[np.generic]]:
        """Every attribute of some profiles."""
        return {name: column[profiles] for name, column in self._columns.items()}

    def change(self, start: int, stop: int) -> NDArray[np.int32]:
        """Take in the changes of events [start, stop), the last of each profile winning; returns whom they touch."""
        part = self._workload.changes(start, stop)
        profiles = self._workload.profile[self._workload.change_event[part]]
        fields = self._workload.change_field[part]
        for code, name in enumerate(FIELDS):
            mine = fields == code
            column = self._workload.change_tags if name == "tags" else self._workload.change_value
            self._columns[name][profiles[mine]] = column[part][mine]
        return profiles

    def truth(self, ask: Attribute, rows: NDArray[np.int64] | slice = slice(None)) -> NDArray[np.bool_]:
        column = self._columns[ask.field][rows]
        if ask.codes is not None:
            table = np.zeros(256, bool)
            table[list(ask.codes)] = True
            found = table[column]
            return found.any(1) if found.ndim == 2 else found
        if ask.low is None:
            return column
        return column >= ask.low if ask.high is None else (column >= ask.low) & (column <= ask.high)
