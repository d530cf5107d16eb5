"""Books as YAML, always in the same form: `documents.read_book` reads exactly what was written."""

from __future__ import annotations

from typing import Any, Final

import msgspec
import yaml

from raudience.catalog.audiences import Audience, Book, Settings
from raudience.catalog.parsing import SCALARS

__all__ = ["BOOK_FILE", "account_text", "audience_text", "book_text", "folder_texts"]

_EXACT: Final = 2.0**53
_WIDTH: Final = 110
BOOK_FILE: Final = "book.yaml"


def book_text(book: Book) -> str:
    """A whole book."""
    return _text(_plain(book))


def audience_text(audience: Audience) -> str:
    """One audience as it stands in a list of a book."""
    return _text(_plain(audience))


def account_text(part: msgspec.Struct) -> str:
    """Settings, an input, a workspace or a tier: one field a line."""
    return _text(_plain(part), False)


def folder_texts(book: Book) -> dict[str, str]:
    """Files of a folder, by name: one for each audience, and `book.yaml` for the rest. Versions are left out: who keeps
    audiences counts them."""
    rest = {name: value for name, value in _plain(book).items() if name != "audiences"}
    texts = {BOOK_FILE: _text(rest)} if rest else {}
    taken: set[str] = set()
    for audience in sorted(book.audiences, key=lambda each: each.key):
        alone = msgspec.structs.replace(audience, version=1)
        name = _file_name(audience.key, taken)
        taken.add(name.lower())
        texts[f"audiences/{name}"] = _text({"audiences": [_plain(alone)]})
    return texts


def _file_name(key: str, taken: set[str]) -> str:
    """A name that no other key has, also where capitals do not count."""
    name, number = f"{key}.yaml", 2
    while name.lower() in taken:
        name, number = f"{key}~{number}.yaml", number + 1
    return name


def _plain(value: msgspec.Struct) -> dict[str, Any]:
    plain: dict[str, Any] = _simple(msgspec.to_builtins(value, enc_hook=str))
    if isinstance(value, Book):
        plain["settings"] = _settings(value.settings)
    return {name: [_ordered(each) for each in part] if name == "audiences" else part
            for name, part in _ordered(plain).items()}  # fmt: skip


def _ordered(plain: dict[str, Any]) -> dict[str, Any]:
    """The short parts of an audience before the long one."""
    last = {name: plain[name] for name in ("criteria", "audiences") if name in plain}
    return {name: value for name, value in plain.items() if name not in last and value != {}} | last


def _settings(settings: Settings) -> dict[str, Any]:
    """What is not as it would be without a word."""
    default, own = (msgspec.to_builtins(each, enc_hook=str) for each in (Settings(), settings))
    return {name: value for name, value in own.items() if value != default.get(name)}


def _simple(value: Any) -> Any:
    """Whole numbers without a point, tuples as lists."""
    match value:
        case dict():
            return {name: _simple(part) for name, part in value.items()}
        case list() | tuple():
            return [_simple(part) for part in value]
        case float() if value.is_integer() and abs(value) < _EXACT and str(value) != "-0.0":
            return int(value)
        case _:
            return value


def _text(plain: object, flow: bool | None = None) -> str:
    """flow: None lets innermost lists and mappings stand on one line."""
    return yaml.dump(plain, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_WIDTH, default_flow_style=flow)


class _Dumper(yaml.SafeDumper):
    """Quotes every text that one who reads YAML, here or elsewhere, could take for something else."""

    def ignore_aliases(self, data: object) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def _quoted(dumper: _Dumper, text: str) -> Any:
    # Single quotes and plain texts fold what separates lines in Unicode.
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=None if text.isprintable() else '"')


_Dumper.add_representer(str, _quoted)


for _tag, _form, _first in SCALARS:
    _Dumper.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", _form, _first)
