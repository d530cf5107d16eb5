"""What can be said on the command line."""

from __future__ import annotations

import argparse
from typing import Any, Final

from raudience import __version__
from raudience.cli import (
    account,
    asking,
    audiences,
    auditing,
    coding,
    completing,
    connections,
    downloading,
    estimating,
    forwarding,
    keeping,
    lookup,
    outputs,
    picturing,
    privacy,
    replaying,
    simulating,
)
from raudience.errors import FixDefinition, FixInput, FixRequest

__all__ = ["USER_ERRORS", "parser"]

USER_ERRORS: Final = (FixDefinition, FixInput, FixRequest)


_PARTS: Final = (
    replaying,
    simulating,
    asking,
    coding,
    audiences,
    estimating,
    completing,
    lookup,
    picturing,
    auditing,
    downloading,
    outputs,
    connections,
    forwarding,
    account,
    privacy,
    keeping,
)
"""In the order in which people come to need them. Each adds its commands, and each command says with `run` who carries
it out."""


class _Parser(argparse.ArgumentParser):
    """A parser whose commands say in their own help what they say in the list. Options are written out: `--add` is not
    taken for `--address`."""

    def __init__(self, *words: Any, **options: Any) -> None:
        super().__init__(*words, **{"allow_abbrev": False, **options})
        self.register("action", "parsers", _Commands)


class _Commands(argparse._SubParsersAction):  # type: ignore[type-arg]
    def add_parser(self, name: str, **options: Any) -> Any:
        said = options.get("help", "")
        return super().add_parser(name, **{"description": f"{said[:1].upper()}{said[1:]}.", **options})


def parser() -> argparse.ArgumentParser:
    """The parser of all commands; `run` carries out the one that was given, `command` names it."""
    top = _Parser(prog="raudience", description="Exact audiences from customer events, on Ray.")
    top.add_argument("--version", action="version", version=f"raudience {__version__}")
    top.add_argument("--log-level", default="warning", choices=["debug", "info", "warning", "error"])
    top.add_argument("--log-format", default="text", choices=["text", "json"], help="form of log lines on stderr")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for part in _PARTS:
        part.add(commands)
    return top
