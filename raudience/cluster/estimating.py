"""Estimates of an engine: what is asked of the shards, and what their answers say together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from raudience.catalog import Book
from raudience.catalog.estimating import estimate_plan, overlap_plan, unknown_sources
from raudience.coordinator.estimating import combined, estimated, level_of
from raudience.criteria.leaves import Plan
from raudience.errors import Fault
from raudience.records import Estimates, SampleCount

__all__ = ["estimate", "overlap"]


def estimate(ask_all: Callable[..., list[Any]], book: Book, key: str, now: int) -> Estimates:
    """An audience of a book and each of its criteria; ask_all: calls a reading method of every shard."""
    if faults := unknown_sources(book, key):
        return _cannot(key, now, faults)
    plan, inputs = estimate_plan(book, key), next(each.inputs for each in book.audiences if each.key == key)
    return estimated(key, now, plan, _count(ask_all, plan), inputs)


def overlap(ask_all: Callable[..., list[Any]], book: Book, keys: tuple[str, str], now: int) -> Estimates:
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
