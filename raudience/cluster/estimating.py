"""What an engine answers about audiences before and beside their members: estimates, sizes over time, suggestions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from raudience.catalog import Book
from raudience.catalog.entries import CatalogState
from raudience.catalog.estimating import drafted, estimate_plan, overlap_plan, unknown_sources, with_drafts
from raudience.cluster.carrier import COORDINATOR
from raudience.cluster.writing import Writer
from raudience.coordinator import SizeBucket, Step
from raudience.coordinator.completing import merge_suggestions
from raudience.coordinator.estimating import combined, estimated, level_of
from raudience.criteria.leaves import Plan
from raudience.errors import Fault
from raudience.records import Estimates, SampleCount
from raudience.records.suggestions import Suggestion, Topic

__all__ = ["Estimating"]


class Estimating:
    """Part of an engine. Nothing of it changes anything."""

    _writer: Writer
    _book: Book
    catalog: Callable[[], CatalogState]
    _known: Callable[[str], None]
    _refresh: Callable[[], None]
    _ask_all: Callable[..., list[Any]]

    def estimate(self, draft: Book, audience: str) -> Estimates:
        """How many users an audience of a draft would have, and each of its criteria; of a draft of the catalog when
        `draft` does not have it. Raises FixDefinition when it is wrong in itself; sources that are not known here are a
        warning."""
        return _estimate(self._ask_all, self._seen(draft), audience, self._writer.now or 0)

    def overlap(self, draft: Book, left: str, right: str) -> Estimates:
        """How many users two audiences, of the draft or in force, have in common, and each alone: figures LEFT, RIGHT,
        BOTH, ONLY_LEFT and ONLY_RIGHT of catalog.estimating."""
        return _overlap(self._ask_all, self._seen(draft), (left, right), self._writer.now or 0)

    def history(self, audience: str, step: Step) -> tuple[SizeBucket, ...]:
        """The size of an audience by minute, hour or day, the oldest first; the last is its size."""
        self._known(audience)
        found: tuple[SizeBucket, ...] = self._writer.ask(COORDINATOR, "history", audience, step)
        return found

    def complete(self, topic: Topic, typed: str, most: int = 10) -> tuple[Suggestion, ...]:
        """Texts that were seen: those that begin with what was typed, then those that contain it, the most frequent
        first. Each shard tells its own first few times as many."""
        return merge_suggestions(self._ask_all("complete", topic, typed, 4 * most), typed, most)

    def _seen(self, draft: Book) -> Book:
        """A draft in the book in force, and with what else the catalog has."""
        self._refresh()
        return with_drafts(drafted(self._book, draft), self.catalog())


def _estimate(ask_all: Callable[..., list[Any]], book: Book, key: str, now: int) -> Estimates:
    """An audience of a book and each of its criteria; ask_all: calls a reading method of every shard."""
    if faults := unknown_sources(book, key):
        return _cannot(key, now, faults)
    plan, inputs = estimate_plan(book, key), next(each.inputs for each in book.audiences if each.key == key)
    return estimated(key, now, plan, _count(ask_all, plan), inputs)


def _overlap(ask_all: Callable[..., list[Any]], book: Book, keys: tuple[str, str], now: int) -> Estimates:
    """Two audiences of a book, and what they have in common."""
    name = " and ".join(keys)
    if faults := tuple(fault for key in keys for fault in unknown_sources(book, key)):
        return _cannot(name, now, faults)
    plan = overlap_plan(book, *keys)
    return estimated(name, now, plan, _count(ask_all, plan))


def _count(ask_all: Callable[..., list[Any]], plan: Plan) -> SampleCount:
    level = level_of(sum(ask_all("population")), plan)
    return combined(ask_all("estimate", plan, level))


def _cannot(name: str, now: int, faults: tuple[Fault, ...]) -> Estimates:
    return Estimates(name, now, 0, 0, (), "; ".join(map(str, faults)))
