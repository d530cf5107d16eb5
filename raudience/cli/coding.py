"""`raudience validate|plan|diff|apply|export`: audiences as a folder of files."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any, Final

from raudience.catalog import Book
from raudience.catalog.planning import plan as planned_of
from raudience.cli.code_plans import plain_plan, tell_patches, tell_plan
from raudience.cli.reaching import add_author, add_engine, reached
from raudience.cli.screen import say
from raudience.cluster.books import read_book_folder
from raudience.cluster.client import Client
from raudience.cluster.coding import CodePlan
from raudience.errors import FixRequest

__all__ = ["DIFFERS", "add"]

DIFFERS: Final = 4
"""Exit status of `plan --check` and `diff --check` when something would change."""

_PATH: Final = "a folder of YAML and JSON files, or one file"
_PRUNE: Final = "delete active audiences that the folder does not have"


def add(commands: Any) -> None:
    """Add the commands to those of `raudience`."""
    checked = _command(commands, "validate", validate, "check definitions; every fault of all files at once")
    checked.add_argument("path", type=Path, metavar="PATH", help=_PATH)
    shown = _command(commands, "plan", plan, "what applying a folder would change: definitions, members, cost")
    _of_folder(shown)
    shown.add_argument("--json", action="store_true", help="one JSON object")
    shown.add_argument("--no-sizes", action="store_true", help="do not estimate who enters and leaves")
    shown.add_argument("--check", action="store_true", help=f"exit with {DIFFERS} when something would change")
    drawn = _command(commands, "diff", diff, "what applying a folder would change, as patches")
    _of_folder(drawn)
    drawn.add_argument("--check", action="store_true", help=f"exit with {DIFFERS} when something would change")
    applied = _command(commands, "apply", apply, "make an engine have what a folder says")
    _of_folder(applied)
    applied.add_argument("--yes", action="store_true", help="do not ask")
    applied.add_argument("--force", action="store_true", help="undo edits made elsewhere")
    applied.add_argument("--no-sizes", action="store_true", help="do not estimate who enters and leaves")
    add_author(applied)
    exported = _command(commands, "export", export, "what an engine has, as files")
    exported.add_argument("--out", type=Path, metavar="DIR", help="a folder for them (default: one book, printed)")
    exported.add_argument(
        "--audience", action="append", default=[], metavar="KEY", help="print this one; again for more"
    )
    add_engine(exported)


def validate(asked: argparse.Namespace) -> int:
    read = read_book_folder(asked.path)
    if read.book == Book(()):
        # Who checks in a pipeline would take an empty file for a good one, and apply it.
        got = "files" if asked.path.is_dir() else "a file"
        message = f"{asked.path}: expected audiences, or settings of the account, got {got} without any"
        raise FixRequest(message)
    planned = planned_of(read.book)
    if not planned.audiences:
        say(f"{asked.path}: good, but there are no audiences in it: settings of the account alone")
        return 0
    files = len({origin.source for origin in read.origins.values()})
    told = f" in {files} file(s)" if asked.path.is_dir() else ""
    say(f"{asked.path}: good: {len(planned.audiences)} audience(s) of {len(planned.leaves)} distinct criteria{told}")
    return 0


def plan(asked: argparse.Namespace) -> int:
    with reached(asked) as client:
        planned = client.code.plan(asked.path, asked.prune, not asked.no_sizes)
    if asked.json:
        print(plain_plan(planned))
    else:
        tell_plan(planned)
    return DIFFERS if asked.check and planned.changes else 0


def diff(asked: argparse.Namespace) -> int:
    with reached(asked) as client:
        planned = client.code.plan(asked.path, asked.prune, sizes=False)
    tell_patches(planned)
    return DIFFERS if asked.check and planned.changes else 0


def apply(asked: argparse.Namespace) -> int:
    with reached(asked) as client:
        planned = client.code.plan(asked.path, asked.prune, not asked.no_sizes)
        tell_plan(planned)
        if not planned.changes:
            return 0
        if not asked.yes and not _agreed():
            say("nothing was changed")
            return 0
        return _carry_out(client, planned, asked.force)


def export(asked: argparse.Namespace) -> int:
    if asked.out is not None and asked.audience:
        message = "export: expected either --out (everything) or --audience (some, printed)"
        raise FixRequest(message)
    with reached(asked) as client:
        if asked.out is None:
            print(client.code.text(asked.audience), end="")
            return 0
        written = client.code.export(asked.out)
    for name in written:
        say(f"  {name}")
    say(f"{asked.out}: {len(written)} file(s) are other than before")
    return 0


def _carry_out(client: Client, planned: CodePlan, force: bool) -> int:
    decided = client.code.apply(planned, force)
    say(f"{planned.path}: applied, {len(decided)} decision(s)")
    return 0


def _agreed() -> bool:
    if not sys.stdin.isatty():
        message = "apply: expected --yes, since nobody can be asked here"
        raise FixRequest(message)
    return input("Apply this? [y/N] ").strip().lower() in ("y", "yes")


def _command(commands: Any, name: str, run: Any, text: str) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = commands.add_parser(name, help=text)
    command.set_defaults(run=run)
    return command


def _of_folder(command: argparse.ArgumentParser) -> None:
    command.add_argument("path", type=Path, metavar="PATH", help=_PATH)
    command.add_argument("--prune", action="store_true", help=_PRUNE)
    add_engine(command)
