"""Bytes of JSON or YAML to plain values, strictly: repeated keys are kept in sight and nothing is guessed.

YAML is read as its core schema says: only `true` and `false` are booleans, dates stay texts, `on` and `1:30` are texts.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import Any, Final, Literal, NoReturn

import yaml

from raudience.errors import Fault, FixDefinition

__all__ = ["SCALARS", "Form", "Mapping", "described", "parse"]

Form = Literal["json", "yaml"]

SCALARS: Final = tuple(
    (tag, re.compile(rf"^(?:{form})$"), first)
    for tag, form, first in (
        ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
        ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
        ("int", r"[-+]?[0-9]+", list("-+0123456789")),
        ("float", r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", list("-+.0123456789")),
        ("merge", r"<<", ["<"]),
    )
)
"""Tag, form and first characters of the plain texts of YAML that are read as something else than a text."""
_DEEPEST: Final = 200
_Loader: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Mapping(dict[str, Any]):
    """A mapping of a document; `repeated` are the keys that it has more than once."""

    def __init__(self) -> None:
        super().__init__()
        self.repeated: list[str] = []

    def put(self, key: str, value: object) -> None:
        if key in self:
            self.repeated.append(key)
        self[key] = value


def parse(data: bytes, source: str, form: Form) -> object:
    """The plain value of a document; raise FixDefinition when it is not well formed."""
    try:
        text = data.decode("utf-8-sig")
        return _parse_json(text) if form == "json" else _parse_yaml(text)
    except UnicodeDecodeError as error:
        _refuse(source, f"byte {error.start}", "UTF-8", error.reason)
    except json.JSONDecodeError as error:
        _refuse(source, f"line {error.lineno}, column {error.colno}", "JSON", error.msg)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"line {mark.line + 1}, column {mark.column + 1}" if mark else "document"
        _refuse(source, place, "YAML", error.problem)
    except (yaml.YAMLError, ValueError) as error:
        _refuse(source, "document", form.upper(), str(error).replace("\n", " "))
    except RecursionError:
        _refuse(source, "document", "a document of moderate depth", "one that is nested too deep")


def described(raw: object) -> str:
    """A plain value in words, as faults tell what came: text `x`, the number 5, a list."""
    match raw:
        case None:
            return "nothing"
        case bool():
            return f"`{str(raw).lower()}`"
        case str():
            return f"text `{raw if len(raw) <= 60 else raw[:57] + '...'}`" if raw else "an empty text"
        case int() | float():
            return f"the number {raw:g}" if isinstance(raw, float) else f"the number {_digits(raw)}"
        case Mapping() | list():
            return "a list" if isinstance(raw, list) else "a mapping"
        case _:
            return f"a value of type {type(raw).__name__}"


def _digits(number: int) -> str:
    return str(number) if abs(number) < 10**18 else f"of {math.floor(math.log10(abs(number))) + 1} digits"


def _refuse(source: str, place: str, expected: str, got: str | None) -> NoReturn:
    raise FixDefinition(source, (Fault(place, expected, got or "something else"),)) from None


def _parse_json(text: str) -> object:
    return json.loads(text, object_pairs_hook=_json_mapping, parse_constant=_no_constant)


def _json_mapping(pairs: list[tuple[str, Any]]) -> Mapping:
    mapping = Mapping()
    for key, value in pairs:
        mapping.put(key, value)
    return mapping


def _no_constant(name: str) -> NoReturn:
    message = f"{name}, which is no JSON number"
    raise ValueError(message)


def _parse_yaml(text: str) -> object:
    depth = 0
    for event in yaml.parse(text, _Document):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            # libyaml composes by recursion in C, without a guard.
            raise RecursionError
    return yaml.load(text, _Document)


class _Document(_Loader):  # type: ignore[misc]
    """A safe loader with the scalars of the core schema."""

    yaml_implicit_resolvers: Final[dict[str, Any]] = {}


def _yaml_mapping(loader: Any, node: Any) -> Iterator[Mapping]:
    """Keys are taken as they are written; a key next to a merge (`<<`) goes before the merged one."""
    mapping = Mapping()
    yield mapping
    own = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
    loader.flatten_mapping(node)
    for key_node, value_node in node.value:
        if not isinstance(key_node, yaml.ScalarNode):
            raise yaml.constructor.ConstructorError(None, None, "a key that is no text", key_node.start_mark)
        mapping[key_node.value] = loader.construct_object(value_node, deep=True)
    mapping.repeated.extend(dict.fromkeys(key for key in own if own.count(key) > 1))


_Document.add_constructor("tag:yaml.org,2002:map", _yaml_mapping)
_Document.add_constructor("tag:yaml.org,2002:int", lambda _, node: int(node.value))
_Document.add_constructor("tag:yaml.org,2002:float", lambda _, node: float(node.value))
for _tag, _form, _first in SCALARS:
    _Document.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", _form, _first)
