"""Commands that answer a question: why, schema, import-mparticle."""

from __future__ import annotations

import argparse
import re
from typing import Final

import msgspec

from raudience.catalog import Audience, Book
from raudience.catalog.mparticle import import_audience
from raudience.catalog.schema import schema_text
from raudience.cli.explaining import as_json, explain
from raudience.cli.reaching import reached
from raudience.cluster.books import read_book_file, read_bytes
from raudience.cluster.replay import Question, answer
from raudience.errors import FixRequest
from raudience.records import Explanation

__all__ = ["import_mparticle", "schema", "why"]

_NO_KEY: Final = re.compile(r"[^A-Za-z0-9_.-]+", re.ASCII)


def why(asked: argparse.Namespace) -> int:
    explanation = _explanation(asked)
    if asked.json:
        print(as_json(explanation))
    else:
        explain(explanation)
    return 0


def _explanation(asked: argparse.Namespace) -> Explanation:
    """Of an engine, or of one that is made for this of files of events."""
    if (asked.events is None) != (asked.audiences is None) or (asked.events is None and asked.at is not None):
        message = "why: expected --events and --audiences, with --at if you like, or an engine: --state or --name"
        raise FixRequest(message)
    if asked.events is None:
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
