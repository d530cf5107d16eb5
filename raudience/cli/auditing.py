"""`raudience audit`: some users are worked out anew, and compared with what the engine holds."""

from __future__ import annotations

import argparse
from typing import Any

import msgspec

from raudience.cli import options
from raudience.cli.reaching import add_engine, reached
from raudience.cli.screen import say, tell_json

__all__ = ["add", "audit"]

_DIFFERS = 1


def add(commands: Any) -> None:
    command = commands.add_parser("audit", help="work out some users anew and compare; ends with 1 when any differ")
    command.add_argument("--sample", type=options.count, default=1_000, metavar="N", help="default: about 1000")
    command.add_argument("--json", action="store_true", help="one JSON object")
    command.set_defaults(run=audit)
    add_engine(command)


def audit(asked: argparse.Namespace) -> int:
    with reached(asked) as client:
        found = client.audit(asked.sample)
    if asked.json:
        tell_json({**msgspec.to_builtins(found), "share": found.share})
    else:
        for difference in found.differences:
            say(str(difference), "red")
        say(f"{found.checked} users checked, {found.wrong} differ")
    return _DIFFERS if found.wrong else 0
