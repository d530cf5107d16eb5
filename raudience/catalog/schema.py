"""The form of a document as JSON Schema (draft 2020-12), for editors and for other programs."""

from __future__ import annotations

import json
from typing import Any, Final

import msgspec

from raudience.catalog.audiences import Book
from raudience.criteria.definition import Criterion, Recency
from raudience.criteria.durations import Duration
from raudience.criteria.operators import Test

__all__ = ["json_schema", "schema_text"]

_DURATION: Final = {
    "type": "string",
    "pattern": r"^\s*([0-9]+\s*(s|m|h|d|w|seconds?|minutes?|hours?|days?|weeks?)|unlimited)\s*$",
    "description": "A length of time: `6 hours`, `90 minutes`, `1 day`, `2 weeks`, `unlimited`.",
}
_LIST: Final = {
    "type": "array",
    "description": "Criteria with one operator between each two, such as [first, and, second].",
    "minItems": 1,
    "items": {"anyOf": [{"$ref": "#/$defs/Criterion"}, {"enum": ["and", "or", "exclude"]}]},
}
_UNIONS: Final = ("Criterion", "Test", "Recency")


def json_schema() -> dict[str, Any]:
    """The schema of a book. Rules between values (dates in order, keys that exist) are not in it: `read_book` has
    those."""
    (book, *unions), components = msgspec.json.schema_components(
        (Book, Criterion, Test, Recency), schema_hook=_hook, ref_template="#/$defs/{name}"
    )
    named = dict(zip(_UNIONS, unions, strict=True))
    definitions = {name: _linked(schema, named) for name, schema in components.items()}
    definitions |= {name: {"anyOf": union["anyOf"]} for name, union in named.items()}
    definitions["Criterion"]["anyOf"].append(_LIST)
    title = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Audiences of raudience"}
    return {**title, **book, "$defs": definitions}


def schema_text() -> str:
    """The schema as the file `docs/audiences.schema.json` holds it."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


def _hook(kind: type) -> dict[str, Any]:
    if kind is Duration:
        return _DURATION
    raise NotImplementedError


def _linked(schema: Any, named: dict[str, Any]) -> Any:
    """The schema with a reference wherever it spells out one of the named unions, and descriptions on one line."""
    match schema:
        case {"anyOf": members}:
            link = next((name for name, union in named.items() if union["anyOf"] == members), None)
            return {"$ref": f"#/$defs/{link}"} if link else {"anyOf": _linked(members, named)} | _rest(schema, named)
        case dict():
            return _rest(schema, named)
        case list():
            return [_linked(part, named) for part in schema]
        case _:
            return schema


def _rest(schema: dict[str, Any], named: dict[str, Any]) -> dict[str, Any]:
    return {name: _part(name, part, named) for name, part in schema.items() if name != "anyOf"}


def _part(name: str, part: Any, named: dict[str, Any]) -> Any:
    return " ".join(part.split()) if name == "description" and isinstance(part, str) else _linked(part, named)
