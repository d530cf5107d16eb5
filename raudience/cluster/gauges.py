"""Figures of connections as metrics of Ray: names and numbers, no users."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from ray.util.metrics import Gauge

from raudience.clock import SECOND
from raudience.forward.figures import Figures

__all__ = ["GAUGES", "Gauges"]


def _filled(each: Figures) -> float:
    return 100.0 if each.backfill is None else each.backfill.percent


_TAGS: Final = ("engine", "output", "connection", "audience")

GAUGES: Final[dict[str, tuple[str, Callable[[Figures], float]]]] = {
    "backlog_users": ("Users who have to be looked at or sent", lambda each: each.backlog),
    "age_seconds": ("Since the oldest change that is not sent yet", lambda each: (each.age or 0) / SECOND),
    "backfill_percent": (
        "Of a backfill, 100 without one",
        lambda each: each.backfill.percent if each.backfill else 100,
    ),
    "items_per_second": ("Taken by the partner, over the last minute", lambda each: each.rate),
    "items": ("Taken by the partner since this forwarder began", lambda each: each.items),
    "requests": ("Made since this forwarder began", lambda each: each.requests),
    "retries": ("Since this forwarder began", lambda each: each.retries),
    "throttled_share": ("Of the time of work, waiting for the bucket of the account", lambda each: each.throttled),
    "succeeded_timestamp_seconds": ("Of the last yes of the partner", lambda each: (each.succeeded or 0) / SECOND),
    "faulted": ("1 while a fault stops the connection", lambda each: float(each.fault is not None)),
}
"""By their name behind `raudience_forward_`: what it is, and how it is read off figures. Besides `held_values`, by kind
of identity."""


class Gauges:
    """The metrics of one process. engine: its name."""

    def __init__(self, engine: str) -> None:
        self._engine = engine
        self._gauges = {name: Gauge(f"raudience_forward_{name}", text, _TAGS) for name, (text, _) in GAUGES.items()}
        self._held = Gauge("raudience_forward_held_values", "That the partner has acknowledged", (*_TAGS, "kind"))

    def show(self, figures: Iterable[Figures]) -> None:
        for each in figures:
            tags = {
                "engine": self._engine,
                "output": each.output,
                "connection": each.connection,
                "audience": each.audience,
            }
            for name, (_, read) in GAUGES.items():
                self._gauges[name].set(read(each), tags)
            for kind, count in each.held.items():
                self._held.set(count, {**tags, "kind": kind})
