"""Figures of connections as people read them."""

from __future__ import annotations

from typing import Final

from raudience.clock import SECOND
from raudience.criteria.dates import write_moment
from raudience.forward.figures import Backfill, Figures
from raudience.forward.members import WHOLE

__all__ = ["HEADINGS", "KEY", "cells", "line", "properties"]

HEADINGS: Final = ("connection", "held", "left", "oldest", "backfill", "items/s", "requests", "bucket", "state")
_CLOCK: Final = slice(11, 19)
"""Of an instant: hours, minutes and seconds."""
_MINUTE: Final = 60
_HOUR: Final = 3_600
KEY: Final = 8
"""Letters of the id of a connection that are shown."""


def cells(each: Figures) -> tuple[str, ...]:
    """A row below HEADINGS."""
    return (
        _called(each),
        f"{sum(each.held.values()):,}",
        f"{each.backlog:,}",
        _age(each),
        _filled(each.backfill),
        f"{each.rate:,.0f}",
        f"{each.requests:,}",
        f"{each.throttled:.0%}",
        _state(each),
    )


def line(each: Figures) -> str:
    """The same in one line, for logs and pipes."""
    parts = [f"holds {_held(each) or 'nothing'}", f"{each.backlog:,} user(s) left"]
    if each.age is not None:
        parts.append(f"oldest {_age(each)}")
    if each.backfill is not None:
        parts.append(f"backfill {_filled(each.backfill)}")
    if each.rate:
        parts.append(f"{each.rate:,.0f} items/s, {each.throttled:.0%} of the time waiting for the bucket")
    if each.waiting is not None:
        tried = f"try {each.waiting.attempt} of {each.waiting.most} at {write_moment(each.waiting.until)}"
        parts.append(f"waits for {each.output} ({each.waiting.reason}): {tried}")
    return f"{_called(each)}: {', '.join(parts)}" + ("" if each.fault is None else f", {each.fault}")


def properties(each: Figures) -> dict[str, str]:
    """By name, for a page about one connection."""
    return {
        "held there": _held(each) or "--",
        "users left": f"{each.backlog:,}",
        "oldest change left": _age(each),
        "backfill": _filled(each.backfill),
        "items a second": f"{each.rate:,.1f}",
        "requests, retries": f"{each.requests:,}, {each.retries:,}",
        "waiting for the bucket": f"{each.throttled:.0%}",
    }


def _called(each: Figures) -> str:
    name = each.audience if each.variation is None else f"{each.audience}:{each.variation}"
    return f"{name} to {each.output} ({each.connection[:KEY]})"


def _held(each: Figures) -> str:
    return ", ".join(f"{count:,} {'user(s)' if kind == WHOLE else kind}" for kind, count in each.held.items())


def _age(each: Figures) -> str:
    return "--" if each.age is None else _duration(each.age / SECOND)


def _filled(backfill: Backfill | None) -> str:
    if backfill is None:
        return "--"
    left = "" if backfill.seconds is None else f", {_duration(backfill.seconds)} left"
    return f"{backfill.done:,} of {backfill.total:,} ({backfill.percent:.0f}%{left})"


def _state(each: Figures) -> str:
    if each.fault is not None:
        return each.fault
    if each.waiting is not None:
        clock = write_moment(each.waiting.until)[_CLOCK]
        return f"{each.waiting.reason}, try {each.waiting.attempt} of {each.waiting.most} at {clock}Z"
    return "sending" if each.backlog else "in step"


def _duration(seconds: float) -> str:
    whole = int(seconds)
    if whole < _MINUTE:
        return f"{seconds:.1f} s" if whole < _MINUTE // 6 else f"{whole} s"
    if whole < _HOUR:
        return f"{whole // _MINUTE} min {whole % _MINUTE} s"
    return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE} min"
