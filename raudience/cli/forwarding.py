"""`raudience forward`: connections at work."""

from __future__ import annotations

import argparse
import threading
from typing import Any, Final

from raudience.cli.reaching import add_engine, reached
from raudience.cli.screen import say
from raudience.clock import monotonic
from raudience.cluster.outgoing import Outgoing

__all__ = ["add", "forward"]

_PAUSE: Final = 0.25
_TOLD: Final = 5.0
"""Seconds between two lines that say what is left."""


def add(commands: Any) -> None:
    """Add the command to those of `raudience`."""
    command = commands.add_parser("forward", help="send audiences to their outputs, until it is interrupted")
    command.set_defaults(run=forward)
    command.add_argument("--once", action="store_true", help="until nothing is left to send now")
    command.add_argument(
        "--instead", action="append", default=[], metavar="HOST=ADDRESS",
        help="another address for that of a partner, for tests and proxies: https://ads-api.x.com=http://127.0.0.1:8099",
    )  # fmt: skip
    add_engine(command)


def forward(asked: argparse.Namespace) -> int:
    instead = dict(each.split("=", 1) for each in asked.instead)
    with reached(asked) as client:
        outgoing = client.outgoing(instead)
        try:
            _run(outgoing, asked.once)
        finally:
            outgoing.close()
        stopped = [row for row in client.connections.rows() if row.fault is not None]
        for row in stopped:
            say(f"{row.name}: {row.fault}", style="red")
    return 1 if stopped else 0


def _run(outgoing: Outgoing, once: bool) -> None:
    pause, told = threading.Event(), monotonic()
    while True:
        following = outgoing.work()
        if monotonic() - told >= _TOLD:
            told = monotonic()
            _tell(outgoing)
        if following is None and once:
            break
        if following is None or not outgoing.due(following):
            pause.wait(_PAUSE)
    _tell(outgoing)


def _tell(outgoing: Outgoing) -> None:
    """What each connection holds, and what is left."""
    left = outgoing.backlog()
    for key, held in outgoing.held().items():
        kinds = ", ".join(f"{count:,} {kind}" for kind, count in held.items())
        say(f"{key[:8]}: {kinds}; {left[key]:,} user(s) left")
