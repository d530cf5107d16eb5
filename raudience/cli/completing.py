"""`raudience complete`: texts that were seen, to complete what was typed."""

from __future__ import annotations

import argparse
from typing import Any

from raudience.cli import options
from raudience.cli.reaching import add_engine, reached
from raudience.cli.screen import say, tell_json

__all__ = ["add", "complete"]

_ABOUT = "user.city for values, user for names of attributes, events, events.custom, categories, kinds"


def add(commands: Any) -> None:
    """Add the command to those of `raudience`."""
    command = commands.add_parser("complete", help="values, names and events that were seen, as one types")
    command.set_defaults(run=complete)
    command.add_argument("about", metavar="ABOUT", help=_ABOUT)
    command.add_argument(
        "typed", metavar="TYPED", nargs="?", default="", help="the beginning, or a part (default: all)"
    )
    command.add_argument("--most", type=options.count, default=10, metavar="N", help="how many (default: 10)")
    command.add_argument("--json", action="store_true", help="as JSON")
    add_engine(command)


def complete(asked: argparse.Namespace) -> int:
    with reached(asked) as client:
        found = client.complete(asked.typed, asked.about, asked.most)
    if asked.json:
        tell_json(found)
        return 0
    width = max((len(f"{each.count:,}") for each in found), default=0)
    for each in found:
        say(f"{each.count:>{width},}  {each.text}")
    return 0
