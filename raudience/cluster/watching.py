"""Figures of connections as log lines: numbers and ids, no identities, no secrets."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Final

import msgspec

from raudience.clock import monotonic
from raudience.forward.figures import Figures

__all__ = ["FigureLines"]

_LOG: Final = logging.getLogger(__name__)
_EVERY: Final = 60.0
"""Seconds between two lines of a connection."""


class FigureLines:
    """A line for each connection, now and then."""

    def __init__(self) -> None:
        self._told: float | None = None

    def tell(self, figures: Sequence[Figures]) -> None:
        """To be called as often as one likes."""
        if self._told is not None and monotonic() - self._told < _EVERY:
            return
        self._told = monotonic()
        for each in figures:
            _LOG.info("connection %s", each.connection, extra=msgspec.to_builtins(each))
