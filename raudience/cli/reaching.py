"""Which engine a command is about: one that does not run, by its state, or one that runs on Ray, by its name."""

from __future__ import annotations

import argparse
import getpass
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

from raudience.cluster.client import Client
from raudience.cluster.engine import Engine
from raudience.cluster.engines import find_engine, start_engine
from raudience.cluster.keepsakes import place_of
from raudience.cluster.states import need_state
from raudience.errors import FixRequest

__all__ = ["add_action", "add_author", "add_engine", "add_take_over", "engine_of", "reached"]


def add_engine(command: argparse.ArgumentParser, writes: bool = False) -> None:
    """Let a command say which engine it means. writes: it can be the writer of one that runs."""
    command.add_argument(
        "--state", metavar="STATE", help="of an engine that does not run: a directory, or nats://host:port/name"
    )
    command.add_argument("--snapshots", metavar="URL", help="where snapshots are when the state is no directory")
    command.add_argument("--name", metavar="NAME", help="a lasting engine that runs on Ray")
    command.add_argument("--address", metavar="ADDRESS", help="Ray to use; default: RAY_ADDRESS")
    add_take_over(command, "; write to a running engine, and nobody else does" if writes else "")


def add_take_over(command: argparse.ArgumentParser, more: str = "") -> None:
    """Let a command go on with a state that is in use."""
    command.add_argument(
        "--take-over", action="store_true", help=f"go on with a state that somebody else is at work on{more}"
    )


def add_author(command: argparse.ArgumentParser) -> None:
    """Let a command say who asks."""
    command.add_argument("--by", default=None, metavar="WHO", help="who asks (default: the user of this machine)")


def add_action(actions: Any, name: str, text: str, about: tuple[str, str, str] | None = None) -> Any:
    """Add an action that says which engine it means and who asks. about: an argument, its name on the screen and its
    help."""
    action = actions.add_parser(name, help=text)
    if about is not None:
        argument, shown, told = about
        action.add_argument(argument, metavar=shown, help=told)
    add_engine(action)
    add_author(action)
    return action


@contextmanager
def reached(asked: argparse.Namespace) -> Iterator[Client]:
    """A client of the engine that is meant. Raises FixRequest as `engine_of` does."""
    with closing(engine_of(asked)) as engine:
        by = getattr(asked, "by", "")
        yield Client(engine, getpass.getuser() if by is None else by)


def engine_of(asked: argparse.Namespace) -> Engine:
    """The engine that is meant. Raises FixRequest when it is none, or two, or when there is no state."""
    if (asked.state is None) == (asked.name is None):
        message = f"{asked.command}: expected either --state (an engine that does not run) or --name (one that does)"
        raise FixRequest(message)
    if asked.name is not None:
        return find_engine(asked.name, asked.address)
    place = place_of(asked.state, asked.snapshots)
    need_state(place)
    return start_engine("inline", place=place, take_over=asked.take_over)
