"""Commands that answer a question: why, schema, import-mparticle."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import Any, Final, cast, get_args

import msgspec

from raudience.catalog import Audience, Book
from raudience.catalog.mparticle import EventModel, import_audience
from raudience.catalog.schema import schema_text
from raudience.cli import options
from raudience.cli.explaining import as_json, explain
from raudience.cli.reaching import add_engine, reached
from raudience.cluster.books import read_book_file, read_bytes
from raudience.cluster.replay import Question, answer
from raudience.criteria.definition import EventKind
from raudience.errors import FixRequest
from raudience.records import Explanation

__all__ = ["add", "import_mparticle", "schema", "why"]

_NO_KEY: Final = re.compile(r"[^A-Za-z0-9_.-]+", re.ASCII)


def add(commands: Any) -> None:
    """Add the commands to those of `raudience`."""
    _why(commands.add_parser("why", help="why a user is in an audience or not: by files of events, or in an engine"))
    commands.add_parser("schema", help="print the JSON Schema of a book of audiences").set_defaults(run=schema)
    imported = commands.add_parser("import-mparticle", help="print a book made from an audience exported by mParticle")
    imported.set_defaults(run=import_mparticle)
    imported.add_argument("file", type=Path, metavar="FILE", help="JSON in mParticle's published audience schema")
    imported.add_argument(
        "--model", type=_model, action="append", default=[], metavar="MODEL=KIND[:NAME]",
        help="which events a model of the file stands for, such as orders=commerce:purchase; may be given again",
    )  # fmt: skip


def why(asked: argparse.Namespace) -> int:
    explanation = _explanation(asked)
    if asked.json:
        print(as_json(explanation))
    else:
        explain(explanation)
    return 0


def _explanation(asked: argparse.Namespace) -> Explanation:
    """Of an engine, or of one that is made for this of files of events."""
    of_files = [given is not None for given in (asked.events, asked.audiences)]
    of_engine = [given is not None for given in (asked.state, asked.name)]
    if all(of_files) == any(of_engine) or any(of_files) != all(of_files) or (any(of_engine) and asked.at is not None):
        message = (
            "why: expected --events and --audiences, with --at if you like, or an engine as it is: --state or --name"
        )
        raise FixRequest(message)
    if any(of_engine):
        with reached(asked) as client:
            return client.why(asked.mpid, asked.audience)
    return answer(
        Question(
            mpid=asked.mpid,
            audience=asked.audience,
            events=tuple(asked.events),
            book=read_book_file(asked.audiences),
            at=asked.at,
            input=asked.input,
            spill=asked.spill,
        )
    )


def schema(asked: argparse.Namespace) -> int:
    print(schema_text(), end="")
    return 0


def import_mparticle(asked: argparse.Namespace) -> int:
    criteria = import_audience(read_bytes(asked.file), str(asked.file), dict(asked.model))
    key = _NO_KEY.sub("-", asked.file.stem).strip("-.") or "imported"
    book = Book((Audience(key, asked.file.stem, criteria),))
    print(msgspec.yaml.encode(book, enc_hook=str).decode(), end="")
    return 0


def _why(command: argparse.ArgumentParser) -> None:
    command.set_defaults(run=why)
    command.add_argument("mpid", type=options.mpid, metavar="MPID")
    command.add_argument("audience", metavar="AUDIENCE", help="key of the audience")
    command.add_argument("--events", nargs="+", metavar="EVENTS", help=options.EVENTS)
    command.add_argument("--audiences", type=Path, metavar="FILE", help=options.AUDIENCES)
    command.add_argument(
        "--at", type=options.instant, metavar="INSTANT", help=f"default: the last event. {options.INSTANT}"
    )
    command.add_argument("--json", action="store_true", help="one JSON object")
    add_engine(command)
    options.source(command)


def _model(text: str) -> tuple[str, EventModel]:
    model, _, events = text.partition("=")
    kind, _, name = events.partition(":")
    if not model or kind not in get_args(EventKind):
        message = f"expected MODEL=KIND[:NAME] with a kind of {', '.join(get_args(EventKind))}; got {text}"
        raise argparse.ArgumentTypeError(message)
    return model, EventModel(cast("EventKind", kind), name or None)
