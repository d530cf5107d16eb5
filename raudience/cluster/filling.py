"""What was decided in the catalog comes into force between two rounds, a few audiences at a time.

Versions that wait are filled beside those in force: each step stops the engine for about as long as the last one took,
and rounds come in between. When all are filled they come into force together, and only the difference is told.
"""

from __future__ import annotations

from typing import Final

import msgspec

from raudience.catalog.commands import Filled, Moving
from raudience.catalog.planning import shadow_key
from raudience.catalog.wanting import Ready, Wanted
from raudience.clock import monotonic, now_ms
from raudience.cluster.carrier import COORDINATOR
from raudience.cluster.entries import Defined
from raudience.cluster.writing import Writer
from raudience.coordinator import merge_comparisons, no_changes
from raudience.records import Changes

__all__ = ["Filling"]

_FIRST: Final = 8
"""Versions that are filled in the first step, before it is known how long one takes."""
_STOP: Final = 1.0
"""Seconds that a step should stop the engine: the next one fills fewer or more versions."""
_ALL: Final = 1 << 30


class Filling:
    """Brings the shards to what the catalog says."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._at_once = _FIRST
        self._rested = 0.0
        self._due = False

    def look(self, called: bool) -> bool:
        """To be asked after each round: whether there is a step to make, for which no round may be under way. called:
        something may have been decided."""
        self._due |= called
        return self._due and monotonic() >= self._rested

    def step(self) -> Changes | None:
        """Make the next step, if there is one; what it changed. As long as it took, rounds come first."""
        began, step = monotonic(), self._ask(self._at_once)
        self._due = step is not None
        changes = self._make(step) if step is not None else None
        ended = monotonic()
        if isinstance(step, Wanted) and step.added:
            took = max(ended - began, 1e-6)
            self._writer.ask(COORDINATOR, "paced", took / step.added)
            self._at_once = max(1, min(self._at_once * 2, int(self._at_once * _STOP / took)))
            self._rested = ended + took
        return changes

    def finish(self) -> list[Changes]:
        """Make every step that is left, without rounds between them."""
        told = []
        while (step := self._ask(_ALL)) is not None:
            told.append(self._make(step))
        self._due = False
        return told

    def _ask(self, most: int) -> Wanted | Ready | None:
        found: Wanted | Ready | None = self._writer.ask(COORDINATOR, "next_step", most)
        return found

    def _make(self, step: Wanted | Ready) -> Changes:
        if isinstance(step, Ready):
            moving = tuple(self._moving(*each) for each in step.waiting)
            self._writer.ask(
                COORDINATOR, "decide", Filled("", step.revision, moving), now_ms(), f"filled {step.revision}"
            )
            found: Wanted | None = self._writer.ask(COORDINATOR, "next_step", _ALL)
            if not isinstance(found, Wanted):
                return no_changes()
            step = found
        document = msgspec.json.encode(step.book, enc_hook=str)
        return self._writer.settle(Defined(document, step.plan, step.revision))

    def _moving(self, key: str, version: int, in_force: int) -> Moving:
        """Who will come and go."""
        shadow = shadow_key(key, version)
        parts = self._writer.ask_all("ask", "compare", key if in_force else shadow, shadow, 0)
        found = merge_comparisons(parts, 0)
        return Moving(key, version, found.adds if in_force else found.both, found.drops)
