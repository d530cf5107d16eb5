"""What lies in the carts: for each product the last time it was added and taken out."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from raudience.criteria.leaves import PRODUCT_ID, Matcher
from raudience.criteria.values import number_text
from raudience.records import Field
from raudience.shard.features import ProductFeature
from raudience.shard.index import NOBODY
from raudience.shard.registers import NEVER
from raudience.shard.rows import EventRows
from raudience.shard.words import FIRST_WORD, NUMBER_CODE, Dictionary

__all__ = ["CartContents", "product_ids"]


class CartContents:
    """Per row and product: [last added, last taken out]. Order of arrival does not matter: only the latest count."""

    def __init__(self) -> None:
        self._products: dict[int, dict[str, list[int]]] = {}
        self._pending: dict[int, list[tuple[int, bool, tuple[str, ...]]]] = {}

    def take(self, row: int, time: int, added: bool, products: Iterable[str]) -> int:
        """Products are added or taken out; the time of the latest add of which something is left, NEVER for nothing."""
        if row == NOBODY:
            return NEVER
        held = self._products.setdefault(row, {})
        for product in products:
            moments = held.setdefault(product, [NEVER, NEVER])
            place = 0 if added else 1
            moments[place] = max(moments[place], time)
        return max((added for added, removed in held.values() if added > removed), default=NEVER)

    def defer(self, row: int, time: int, added: bool, products: tuple[str, ...]) -> None:
        """Remember an event of the future until its time comes."""
        self._pending.setdefault(row, []).append((time, added, products))

    def due(self, row: int, time: int) -> int | None:
        """Carry out what was deferred to this time; what is left then, None when there was nothing."""
        pending = self._pending.get(row, [])
        now = [entry for entry in pending if entry[0] <= time]
        if not now:
            return None
        self._pending[row] = [entry for entry in pending if entry[0] > time]
        if not self._pending[row]:
            del self._pending[row]
        return [self.take(row, at, added, products) for at, added, products in now][-1]

    def expire(self, row: int, before: int) -> None:
        """Forget products last touched before a moment."""
        held = self._products.get(row)
        if held is None:
            return
        for product in [product for product, moments in held.items() if max(moments) < before]:
            del held[product]
        if not held:
            del self._products[row]

    def clear(self, rows: NDArray[np.int32]) -> None:
        for row in rows.tolist():
            self._products.pop(row, None)
            self._pending.pop(row, None)

    def take_over(self, other: CartContents) -> None:
        """Hold what another holds, which must not be used any more."""
        self._products, self._pending = other._products, other._pending

    def graft(self, other: CartContents, to: NDArray[np.int32]) -> None:
        """Take the rows of another, of which nothing is left there; to: int32[n], own row of each of them."""
        self._products.update((int(to[row]), held) for row, held in other._products.items())
        self._pending.update((int(to[row]), held) for row, held in other._pending.items())

    def nbytes(self) -> int:
        return sum(250 + 200 * len(held) for held in self._products.values())


def product_ids(
    rows: EventRows, where: NDArray[np.int64], matcher: Matcher, dictionaries: dict[Field, Dictionary]
) -> list[tuple[str, ...]]:
    """Ids of the products of events that pass the product checks of a matcher; one without id where there are none."""
    owners = rows.product_event
    checks = tuple(check for check in matcher.checks if check.field.namespace == "product")
    passing = np.ones(len(owners), bool)
    if checks:
        passing = ProductFeature((checks,), dictionaries).passing(rows, checks)
    ids = _ids(rows, len(owners), dictionaries)
    by_event: dict[int, list[str]] = {event: [] for event in where.tolist()}
    for product in (passing & np.isin(owners, where)).nonzero()[0].tolist():
        by_event[int(owners[product])].append(ids[product])
    return [tuple(by_event[event]) or ("",) for event in where.tolist()]


def _ids(rows: EventRows, count: int, dictionaries: dict[Field, Dictionary]) -> list[str]:
    cells = rows.cells(PRODUCT_ID)
    ids = [""] * count
    if cells is None:
        return ids
    index = np.arange(count) if cells.index is None else cells.index
    for place, (at, code) in enumerate(zip(index.tolist(), cells.codes.tolist(), strict=True)):
        if code == NUMBER_CODE and cells.numbers is not None:
            ids[at] = number_text(float(cells.numbers[place]))
        elif code >= FIRST_WORD:
            ids[at] = dictionaries[PRODUCT_ID].word(code)
    return ids
