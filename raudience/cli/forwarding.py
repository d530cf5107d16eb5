"""`raudience forward`: connections at work."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from typing import Any, Final

from raudience.cli import options
from raudience.cli.figures import HEADINGS, cells, line
from raudience.cli.reaching import add_engine, reached
from raudience.cli.screen import redrawn, say
from raudience.clock import monotonic
from raudience.cluster.client import Client
from raudience.cluster.connections import ConnectionRow
from raudience.cluster.sending import Sending
from raudience.cluster.watching import FigureLines
from raudience.forward.figures import Figures

__all__ = ["add", "forward"]

_DRAWN: Final = 0.5
_TOLD: Final = 5.0
"""Seconds between two looks at what is left, on a screen and in a pipe."""


def add(commands: Any) -> None:
    """Add the command to those of `raudience`."""
    command = commands.add_parser("forward", help="send audiences to their outputs, until it is interrupted")
    command.set_defaults(run=forward)
    how = command.add_mutually_exclusive_group()
    how.add_argument("--once", action="store_true", help="until nothing is left to send now")
    how.add_argument("--detach", action="store_true", help="leave it to actors that stay on Ray (with --name)")
    how.add_argument("--end", action="store_true", help="end the actors that stay")
    options.instead(command)
    add_engine(command)


def forward(asked: argparse.Namespace) -> int:
    with reached(asked) as client:
        if asked.end:
            say("ended" if client.end_outgoing() else "nothing is there that stays")
            return 0
        if asked.detach:
            client.outgoing(asked.instead, stays=True).close()
            say(f"sending stays: `raudience forward --name {asked.name}` shows it, with --end it ends")
            return 0
        return _forward(client, asked.instead, asked.once)


def _forward(client: Client, instead: Mapping[str, str], once: bool) -> int:
    sending = client.outgoing(instead, alone=True)
    try:
        _run(sending, once)
        troubles = sending.troubles()
    finally:
        sending.close()
    stopped = [_stopped(row) for row in client.connections.rows() if row.fault is not None]
    stopped += [f"{output}: {trouble}" for output, trouble in troubles.items()]
    for each in stopped:
        say(each, style="red")
    return 1 if stopped else 0


def _stopped(row: ConnectionRow) -> str:
    """Which connection, why it is stopped, and how it goes on."""
    it = row.connection
    return f"{row.name} to {it.output}: {row.fault}; put it right, then `raudience connections resume {it.id}`"


def _run(sending: Sending, once: bool) -> None:
    """Work, and show how it goes: as a table where somebody watches, else a line for each connection."""
    lines, shown = FigureLines(), 0.0
    with redrawn(HEADINGS) as draw:
        while True:
            following = sending.work(hurry=once)
            if monotonic() - shown >= (_TOLD if draw is None else _DRAWN):
                shown, figures = monotonic(), sending.figures()
                lines.tell(figures)
                if draw is None:
                    _tell(figures, sending.troubles())
                else:
                    draw(_rows(figures, sending.troubles()))
            if following is None and once:
                break
            if following is None or not sending.due(following):
                sending.rest()
    _tell(sending.figures(), sending.troubles())


def _tell(figures: Sequence[Figures], troubles: Mapping[str, str]) -> None:
    """What each connection holds, and what is left."""
    for each in figures:
        say(line(each))
    for output, trouble in troubles.items():
        say(f"{output}: {trouble}", style="red")


def _rows(figures: Sequence[Figures], troubles: Mapping[str, str]) -> list[tuple[str, ...]]:
    blank = ("",) * (len(HEADINGS) - 2)
    return [*map(cells, figures), *((output, *blank, trouble) for output, trouble in troubles.items())]
