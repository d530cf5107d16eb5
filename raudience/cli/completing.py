"""`raudience complete`: texts that were seen, to complete what was typed."""

from __future__ import annotations

import argparse
from typing import Any, Final

from raudience.catalog.nearest import unknown
from raudience.catalog.topics import NAMESPACES
from raudience.cli import options
from raudience.cli.reaching import add_engine, reached
from raudience.cli.screen import remark, say, tell_json
from raudience.cluster.client import Client

__all__ = ["add", "complete"]

_NAMES: Final = 1_000
"""Names among which one that looks like another is sought."""
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
        if not found:
            remark(_nothing(client, asked.about, asked.typed))
    if asked.json:
        tell_json(found)
        return 0
    width = max((len(f"{each.count:,}") for each in found), default=0)
    for each in found:
        say(f"{each.count:>{width},}  {each.text}")
    return 0


def _nothing(client: Client, about: str, typed: str) -> str:
    """Why nothing is suggested: nothing of what was typed, or nothing at all, and what was seen instead."""
    if typed and client.complete("", about, 1):
        return f"nothing that was seen of {about} has `{typed}` in it"
    space, dot, _ = about.partition(".")
    names = [each.text for each in client.complete("", space, _NAMES)] if dot else []
    if names and space in NAMESPACES:
        return str(unknown("about", "what was seen", about, (f"{space}.{name}" for name in names)))
    return f"nothing was seen of {space} yet"
