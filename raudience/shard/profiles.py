"""What is known of each profile besides its events: activity, workspaces, first seen, fields."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from raudience.records import Column, Field, ListColumn
from raudience.shard.growing import grown
from raudience.shard.index import RowIndex
from raudience.shard.registers import NEVER, Register
from raudience.shard.sets import SetRegister

__all__ = ["ACCOUNT_WIDE", "IDENTIFYING", "NOT_YET", "SETS", "Profiles", "select_cells"]

ACCOUNT_WIDE: Final = frozenset({"identity", "device_id", "status"})
"""Namespaces of fields that all workspaces share; their workspace is ""."""

SETS: Final = frozenset({"device_id"})

IDENTIFYING: Final = frozenset({"identity", "device_id"})
"""Namespaces of the fields by which others know a user."""

NOT_YET: Final = 1 << 61
"""First seen of a row that was not seen."""


class Profiles:
    """Columns by row. last: instant of the latest activity; present, first_seen: by workspace."""

    def __init__(self) -> None:
        self.index = RowIndex()
        self.last = np.full(self.index.rows, NEVER)
        self.present: dict[str, NDArray[np.bool_]] = {}
        self.first_seen: dict[str, NDArray[np.int64]] = {}
        self.registers: dict[tuple[str, Field], Register] = {}
        self.sets: dict[Field, SetRegister] = {}

    @property
    def rows(self) -> int:
        """Rows handed out so far; some may belong to nobody now."""
        return self.index.rows

    def count(self) -> int:
        """How many profiles there are."""
        return int(np.count_nonzero(self.last[: self.rows] != NEVER))

    def make_room(self) -> None:
        rows = self.rows
        self.last = grown(self.last, rows, NEVER)
        for workspace in self.present:
            self.present[workspace] = grown(self.present[workspace], rows)
            self.first_seen[workspace] = grown(self.first_seen[workspace], rows, NOT_YET)

    def workspace(self, name: str) -> None:
        """Know of a workspace."""
        if name not in self.present:
            self.present[name] = np.zeros(len(self.last), bool)
            self.first_seen[name] = np.full(len(self.last), NOT_YET)

    def register(self, workspace: str, field: Field) -> Register:
        register = self.registers.get((workspace, field))
        if register is None:
            register = self.registers[workspace, field] = Register()
        register.make_room(self.rows)
        return register

    def gathering(self, field: Field) -> SetRegister:
        register = self.sets.get(field)
        if register is None:
            register = self.sets[field] = SetRegister()
        register.make_room(self.rows)
        return register

    def words_of(self, workspace: str, field: Field, row: int) -> tuple[str, ...] | None:
        """Value of a field of a row as text, None when absent."""
        if field.namespace in SETS:
            gathered = self.sets.get(field)
            return gathered.words_of(row) if gathered else None
        register = self.registers.get(("" if field.namespace in ACCOUNT_WIDE else workspace, field))
        return register.words_of(row) if register else None

    def fields_of(self, row: int) -> int:
        """How many fields of a row have a value."""
        return sum(register.words_of(row) is not None for register in self._registers())

    def forget(self, rows: NDArray[np.int32]) -> None:
        """Forget all that is known of rows; their MPIDs are unknown from now on."""
        self.index.remove(rows)
        self.last[rows] = NEVER
        for present in self.present.values():
            present[rows] = False
        for first in self.first_seen.values():
            first[rows] = NOT_YET
        for register in self._registers():
            register.clear(rows)

    def _registers(self) -> list[Register | SetRegister]:
        return [*self.registers.values(), *self.sets.values()]

    def nbytes(self) -> dict[str, int]:
        arrays = (self.last, *self.present.values(), *self.first_seen.values())
        fields = sum(register.nbytes() for register in self._registers())
        return {"index": self.index.nbytes(), "activity": sum(a.nbytes for a in arrays), "fields": fields}


def select_cells(column: Column | ListColumn, where: NDArray[np.int64]) -> Column | ListColumn:
    """Cells at positions among the cells of a column, ascending."""
    match column:
        case Column():
            index = None if column.index is None else column.index[where]
            numbers = column.numbers[where] if len(column.numbers) else column.numbers
            return Column(index, column.codes[where], numbers, column.words)
        case ListColumn():
            parts = [column.codes[column.offsets[i] : column.offsets[i + 1]] for i in where.tolist()]
            offsets = np.cumsum([0, *map(len, parts)]).astype(np.int32)
            codes = np.concatenate([np.zeros(0, np.int32), *parts])
            return ListColumn(column.index[where], offsets, codes, column.words)
