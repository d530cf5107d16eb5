"""`raudience estimate` and `raudience overlap`: how many users, before anything is in force."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from raudience.catalog import Book
from raudience.catalog.estimating import criteria_of
from raudience.cli.reaching import add_engine, reached
from raudience.cli.screen import say, tell_json
from raudience.cluster.books import read_draft_file
from raudience.criteria.dates import write_moment
from raudience.criteria.definition import Criterion
from raudience.errors import FixRequest
from raudience.records import Estimate, Estimates

__all__ = ["add", "estimate", "overlap"]

_DEFINITIONS: Final = "audiences, YAML or JSON, that need not be in force"
_WIDEST: Final = 60


def add(commands: Any) -> None:
    """Add both commands to those of `raudience`."""
    alone = commands.add_parser("estimate", help="how many users audiences would have, and each of their criteria")
    alone.set_defaults(run=estimate)
    alone.add_argument("file", type=Path, metavar="FILE", nargs="?", help=f"{_DEFINITIONS} (default: the catalog)")
    alone.add_argument("--audience", metavar="KEY", help="one of them (default: each of the file)")
    alone.add_argument("--json", action="store_true", help="as JSON, an object a line")
    add_engine(alone)
    together = commands.add_parser("overlap", help="how many users two audiences share")
    together.set_defaults(run=overlap)
    together.add_argument("left", metavar="A", help="key of an audience in force, or in --audiences")
    together.add_argument("right", metavar="B", help="key of another one")
    together.add_argument("--audiences", type=Path, metavar="FILE", help=_DEFINITIONS)
    together.add_argument("--json", action="store_true", help="as JSON")
    add_engine(together)


def estimate(asked: argparse.Namespace) -> int:
    if asked.file is None and asked.audience is None:
        message = "estimate: expected a FILE of audiences, or --audience for one of the catalog"
        raise FixRequest(message)
    draft = None if asked.file is None else read_draft_file(asked.file)
    keys = [each.key for each in draft.audiences] if draft and asked.audience is None else [asked.audience]
    with reached(asked) as client:
        for key in keys:
            found = client.estimate(draft, key)
            _tell(found, asked.json, _words(found, draft))
    return 0


def overlap(asked: argparse.Namespace) -> int:
    draft = Book(()) if asked.audiences is None else read_draft_file(asked.audiences)
    with reached(asked) as client:
        found = client.overlap(asked.left, asked.right, draft)
    names = (asked.left, asked.right, "both", f"only {asked.left}", f"only {asked.right}")
    _tell(found, asked.json, names)
    return 0


def _tell(found: Estimates, json: bool, names: Sequence[str]) -> None:
    if json:
        tell_json(_plain(found))
        return
    say(f"{found.audience} at {write_moment(found.at)}", "bold")
    if found.warning is not None:
        say(f"⚠ cannot be estimated: {found.warning}", "red")
        return
    rows = [(_size(figure), _span(figure), name) for figure, name in zip(found.figures, names, strict=True)]
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    for size, span, name in rows:
        say(f"  {size:>{widths[0]}}  {span:<{widths[1]}}  {name}")
    say(f"{found.sampled:,} of {found.population:,} profiles looked at: each stands for {found.stands_for:,.1f}", "dim")


def _words(found: Estimates, draft: Book | None) -> list[str]:
    """What each figure is about: the path of its criterion, and how that begins when a file has it."""
    criteria = criteria_of(draft, found.audience) if found.figures and draft else {}
    return [
        f"{figure.path or 'the whole audience'} {_short(criteria.get(figure.path) if figure.path else None)}".strip()
        for figure in found.figures
    ]


def _short(criterion: Criterion | None) -> str:
    text = "" if criterion is None else msgspec.json.encode(criterion, enc_hook=str).decode()
    return text if len(text) <= _WIDEST else text[: _WIDEST - 3] + "..."


def _size(figure: Estimate) -> str:
    return "~" if figure.size is None else f"{figure.size:,}"


def _span(figure: Estimate) -> str:
    if figure.exact:
        return "exact"
    few = f", {figure.found} of the sample are in it" if figure.size is None else ""
    return f"{figure.least:,} to {figure.most:,}{few}"


def _plain(found: Estimates) -> dict[str, Any]:
    held: dict[str, Any] = msgspec.to_builtins(found)
    return {**held, "at": write_moment(found.at), "stands_for": round(found.stands_for, 3)}
