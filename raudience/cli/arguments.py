"""What can be said on the command line."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Final, cast, get_args

from raudience import __version__
from raudience.catalog.mparticle import EventModel
from raudience.cli import (
    account,
    audiences,
    auditing,
    coding,
    completing,
    connections,
    downloading,
    estimating,
    forwarding,
    lookup,
    options,
    outputs,
    picturing,
    privacy,
    simulating,
)
from raudience.cli.reaching import add_engine
from raudience.criteria.definition import EventKind
from raudience.errors import FixDefinition, FixInput, FixRequest

__all__ = ["USER_ERRORS", "parser"]

USER_ERRORS: Final = (FixDefinition, FixInput, FixRequest)


_PARTS: Final = (
    account,
    audiences,
    auditing,
    coding,
    completing,
    connections,
    downloading,
    estimating,
    forwarding,
    lookup,
    outputs,
    picturing,
    privacy,
    simulating,
)
"""Commands in files of their own; each says with `run` who carries it out."""


def parser() -> argparse.ArgumentParser:
    """The parser of all commands; `run` carries out the one that was given, `command` names it."""
    top = argparse.ArgumentParser(prog="raudience", description="Exact audiences from customer events, on Ray.")
    top.add_argument("--version", action="version", version=f"raudience {__version__}")
    top.add_argument("--log-level", default="warning", choices=["debug", "info", "warning", "error"])
    top.add_argument("--log-format", default="text", choices=["text", "json"], help="form of log lines on stderr")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for part in _PARTS:
        part.add(commands)
    _replay(commands.add_parser("replay", help="events in, members and changes of every audience out"))
    _why(commands.add_parser("why", help="why a user is in an audience or not: by files of events, or in an engine"))
    _state(commands.add_parser("state", help="what lasts of an engine: show, check, copy it"))
    _scale(commands.add_parser("scale", help="have more or fewer shards"))
    commands.add_parser("schema", help="print the JSON Schema of a book of audiences")
    imported = commands.add_parser("import-mparticle", help="print a book made from an audience exported by mParticle")
    imported.add_argument("file", type=Path, metavar="FILE", help="JSON in mParticle's published audience schema")
    imported.add_argument(
        "--model", type=_model, action="append", default=[], metavar="MODEL=KIND[:NAME]",
        help="which events a model of the file stands for, such as orders=commerce:purchase; may be given again",
    )  # fmt: skip
    return top


def _replay(command: argparse.ArgumentParser) -> None:
    command.add_argument("events", nargs="+", metavar="EVENTS", help=options.EVENTS)
    command.add_argument("--audiences", type=Path, required=True, metavar="FILE", help=options.AUDIENCES)
    command.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for the results")
    command.add_argument(
        "--at", type=options.instant, action="append", default=[], metavar="INSTANT",
        help=f"write the members as of this instant; may be given again (default: the end). {options.INSTANT}",
    )  # fmt: skip
    command.add_argument(
        "--until", type=options.instant, metavar="INSTANT",
        help="let time pass until then and read nothing later (default: the last event or --at)",
    )  # fmt: skip
    command.add_argument(
        "--identities",
        type=options.names,
        default=(),
        metavar="NAMES",
        help="identities beside each member: email,customer_id",
    )
    options.source(command)
    command.add_argument("--engine", choices=["ray", "inline"], default="ray", help="inline: one process without Ray")
    command.add_argument(
        "--state", metavar="STATE", help=f"keep the state there, and go on with what is there: {options.STATE}"
    )
    command.add_argument("--snapshots", metavar="URL", help=options.SNAPSHOTS)
    command.add_argument(
        "--shards", type=options.count, metavar="N", help="how many shards (default: by the CPUs there are)"
    )
    command.add_argument("--cpus-per-shard", type=float, metavar="X", help="CPUs that each shard asks Ray for")
    command.add_argument(
        "--address", metavar="ADDRESS", help=options.ADDRESS,
    )  # fmt: skip
    command.add_argument("--quiet", action="store_true", help="no progress, no table")


def _why(command: argparse.ArgumentParser) -> None:
    command.add_argument("mpid", type=int, metavar="MPID")
    command.add_argument("audience", metavar="AUDIENCE", help="key of the audience")
    command.add_argument("--events", nargs="+", metavar="EVENTS", help=options.EVENTS)
    command.add_argument("--audiences", type=Path, metavar="FILE", help=options.AUDIENCES)
    command.add_argument(
        "--at", type=options.instant, metavar="INSTANT", help=f"default: the last event. {options.INSTANT}"
    )
    command.add_argument("--json", action="store_true", help="one JSON object")
    add_engine(command)
    options.source(command)


def _state(command: argparse.ArgumentParser) -> None:
    actions = command.add_subparsers(dest="action", required=True, metavar="ACTION")
    for name, text in (
        ("show", "audiences, shards and sizes, as of the last round"),
        ("check", "read everything, compare what must agree"),
        ("export", "copy it as it is now, also while an engine goes on writing it"),
        ("restore", "make a state of a copy"),
    ):
        action = actions.add_parser(name, help=text)
        action.add_argument("state", metavar="STATE", help=options.STATE)
        action.add_argument("--snapshots", metavar="URL", help=options.SNAPSHOTS)
        action.add_argument("--quiet", action="store_true", help="no progress")
        if name in ("export", "restore"):
            action.add_argument("to", metavar="TO", help="where the copy comes to lie; nothing may be there yet")
            action.add_argument("--to-snapshots", metavar="URL", help=options.SNAPSHOTS)
            action.add_argument("--shards", type=options.count, metavar="N", help="how many shards the copy has")


def _scale(command: argparse.ArgumentParser) -> None:
    command.add_argument("--shards", type=options.count, required=True, metavar="N")
    command.add_argument("--state", metavar="STATE", help=f"of an engine that does not run: {options.STATE}")
    command.add_argument("--snapshots", metavar="URL", help=options.SNAPSHOTS)
    command.add_argument("--name", metavar="NAME", help="a lasting engine that runs on Ray")
    command.add_argument("--address", metavar="ADDRESS", help=options.ADDRESS)
    command.add_argument("--take-over", action="store_true", help="write to the running engine, and nobody else does")


def _model(text: str) -> tuple[str, EventModel]:
    model, _, events = text.partition("=")
    kind, _, name = events.partition(":")
    if not model or kind not in get_args(EventKind):
        message = f"expected MODEL=KIND[:NAME] with a kind of {', '.join(get_args(EventKind))}; got {text}"
        raise argparse.ArgumentTypeError(message)
    return model, EventModel(cast("EventKind", kind), name or None)
