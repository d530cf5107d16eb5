"""`raudience state` and `raudience scale`: what lasts, and how many share it."""

from __future__ import annotations

import argparse
import threading
from contextlib import closing
from typing import Any, Final

from raudience.cli import options
from raudience.cli.reaching import add_engine, engine_of
from raudience.cli.screen import tell_state, told_steps
from raudience.cluster.engine import Engine
from raudience.cluster.keepsakes import place_of
from raudience.cluster.states import check_state, copy_state, show_state
from raudience.criteria.dates import write_moment
from raudience.durability.places import without_secrets
from raudience.errors import FixRequest

__all__ = ["add", "scale", "state"]

_PATIENCE: Final = 60
"""Seconds without a move after which it is said that nobody writes to the engine."""


def add(commands: Any) -> None:
    """Add the commands to those of `raudience`."""
    _state(commands.add_parser("state", help="what lasts of an engine: show, check, copy it"))
    _scale(commands.add_parser("scale", help="have more or fewer shards"))


def state(asked: argparse.Namespace) -> int:
    place = place_of(asked.state, asked.snapshots)
    with told_steps(asked.quiet) as tell:
        match asked.action:
            case "show":
                figures = show_state(place, tell)
            case "check":
                figures = check_state(place, tell)
            case _:
                copied = copy_state(place, place_of(asked.to, asked.to_snapshots), asked.shards, tell)
                at = "its beginning" if copied.now is None else write_moment(copied.now)
                shards = f"{copied.shards} shard(s)"
                print(f"{without_secrets(asked.to)}: the state as of {at}, round {copied.number}, {shards}")
                return 0
    tell_state(figures, without_secrets(asked.state))
    if asked.action == "check":
        print(f"{without_secrets(asked.state)}: good")
    return 0


def scale(asked: argparse.Namespace) -> int:
    with closing(engine_of(asked)) as engine:
        if asked.name is not None and not asked.take_over:
            _ask_for(engine, asked.name, asked.shards)
        else:
            engine.scale(asked.shards)
        if asked.state is not None:
            engine.snapshot()
        print(f"{asked.name or without_secrets(asked.state)}: {engine.shards} shard(s)")
    return 0


def _ask_for(engine: Engine, name: str, shards: int) -> None:
    """Leave the work to whoever writes to the engine, and wait for it."""
    engine.wish(shards)
    pause = threading.Event()
    left, moved = _PATIENCE, engine.position
    while engine.wished() is not None:
        pause.wait(1)
        engine.look()
        left = _PATIENCE if engine.position != moved else left - 1
        moved = engine.position
        if not left:
            message = f"engine {name}: nobody has written to it for {_PATIENCE} s, so nothing moves; with --take-over "
            raise FixRequest(message + "this command writes itself, and the program that wrote before is refused")


def _state(command: argparse.ArgumentParser) -> None:
    command.set_defaults(run=state)
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
    command.set_defaults(run=scale)
    command.add_argument("--shards", type=options.count, required=True, metavar="N")
    add_engine(command, writes=True)
