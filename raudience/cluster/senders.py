"""What runs inside the actor of an output: its connections at work in a thread, and what it tells of them.

It is born empty and never fails at birth, because an actor that does is not begun again. Everything that lasts is in
the logs of the connections, so one that dies comes back where it was.
"""

from __future__ import annotations

import logging
import os
import threading
from contextlib import closing
from typing import Final

import msgspec

from raudience.clock import monotonic
from raudience.cluster.engines import find_engine
from raudience.cluster.gauges import Gauges
from raudience.cluster.hands import ManyHands
from raudience.cluster.outgoing import Outgoing, outgoing_of
from raudience.cluster.secrets import KEY, Secrets
from raudience.cluster.sending import Report, Setup
from raudience.cluster.watching import FigureLines
from raudience.errors import RaudienceError, Superseded

__all__ = ["SenderShell"]

_LOG: Final = logging.getLogger(__name__)
_SHORTEST: Final = 0.5
_LONGEST: Final = 30.0
"""Seconds before it is tried again to be at work; each time twice as long."""
_TOLD: Final = 1.0
"""Seconds between two looks at the figures while there is work."""
_PATIENCE: Final = 2.0
_LEAVING: Final = 5.0
"""Seconds in which most answers come."""


class SenderShell:
    """Sends to one output."""

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self._report, self._hurries = Report(), 0
        self._told = threading.Condition()
        self._ended, self._pause = threading.Event(), _SHORTEST
        self._gauges, self._lines, self._shown = Gauges(setup.engine), FigureLines(), 0.0
        self._at_work = threading.Thread(target=self._live, name="sender", daemon=True)
        self._at_work.start()

    def suits(self, setup: Setup) -> bool:
        """Whether it was told at birth what somebody says now."""
        return self._setup.suits(setup)

    def report(self, fresh: bool = False, hurry: bool = False) -> Report:
        """How the connections stand. fresh: after a look that began later than this was asked, if that ends soon.
        hurry: what is gathered for later goes with that look."""
        with self._told:
            if not fresh:
                return self._report
            looks = self._report.looks + 2
            self._hurries = looks if hurry else self._hurries
            seen = self._told.wait_for(lambda: self._report.looks >= looks or bool(self._report.trouble), _PATIENCE)
            return self._report if seen else msgspec.structs.replace(self._report, working=True)

    def end(self) -> None:
        """Begin nothing more, and wait a little for the answers that are still to come."""
        self._ended.set()
        self._at_work.join(_LEAVING)

    def _live(self) -> None:
        while not self._ended.is_set():
            try:
                self._work()
            except Superseded:
                self._fail("somebody else sends to this output", superseded=True)
                return
            except RaudienceError as error:
                self._fail(str(error))
            except Exception as error:
                # Whatever it was: another life begins with what the logs say.
                _LOG.exception("output %s: what sends to it has failed", self._setup.output)
                self._fail(f"{type(error).__name__}; the log of its process says more")
            self._ended.wait(self._pause)
            self._pause = min(2 * self._pause, _LONGEST)

    def _work(self) -> None:
        secrets = Secrets({KEY: self._setup.key} if self._setup.key else os.environ)
        with (
            closing(find_engine(self._setup.engine)) as engine,
            closing(
                outgoing_of(engine, dict(self._setup.instead), ManyHands(), (self._setup.output,), secrets)
            ) as outgoing,
        ):
            while not self._ended.is_set():
                following = outgoing.work(self._report.looks < self._hurries)
                waits = following is None or not outgoing.due(following)
                self._tell(outgoing, following, outgoing.busy or not waits)
                if waits:
                    outgoing.rest()

    def _tell(self, outgoing: Outgoing, following: int | None, working: bool) -> None:
        """What is to be seen is looked at when there is time, or now and then."""
        figures, due = self._report.figures, monotonic() - self._shown >= _TOLD
        if due or following is None:
            figures = outgoing.figures()
        if due:
            self._shown = monotonic()
            self._gauges.show(figures)
            self._lines.tell(figures)
        self._pause = _SHORTEST
        looks = self._report.looks + 1
        self._become(Report(figures, following, working, looks=looks, setbacks=outgoing.troubles()))

    def _fail(self, trouble: str, superseded: bool = False) -> None:
        _LOG.warning("output %s: %s", self._setup.output, trouble)
        before = self._report
        self._become(Report(before.figures, None, False, trouble, superseded, before.looks + 1))

    def _become(self, report: Report) -> None:
        with self._told:
            self._report = report
            self._told.notify_all()
