"""Rules of a book that are not about criteria: keys, names, sources, settings."""

from __future__ import annotations

import re
from typing import Final

from raudience.catalog.audiences import Audience, Book
from raudience.criteria.draft import Draft, Scope
from raudience.criteria.leaves import FOREVER

__all__ = ["DEFAULT_WORKSPACE", "check_book", "source_scope"]

DEFAULT_WORKSPACE: Final = "default"
"""Workspace of inputs that a book does not list."""

_LONGEST: Final = 100
_KEY: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


def check_book(draft: Draft, book: Book) -> None:
    """Note what is wrong with the settings, the inputs, and the keys and names of audiences."""
    if book.settings.lookback <= 0:
        draft.wrong("settings.lookback", "a length of time above 0", str(book.settings.lookback))
    if book.settings.retention is not None and book.settings.retention <= 0:
        draft.wrong("settings.retention", "a length of time above 0", str(book.settings.retention))
    _check_distinct(draft, [source.key for source in book.inputs], "inputs")
    for place, source in enumerate(book.inputs):
        for name in ("key", "workspace"):
            if not getattr(source, name):
                draft.fault(f"inputs[{place}].{name}", "a name", "an empty one")
    _check_distinct(draft, [audience.key for audience in book.audiences], "audiences")
    for place, audience in enumerate(book.audiences):
        _check_names(draft, audience, f"audiences[{place}]")


def source_scope(draft: Draft, book: Book, audience: Audience, path: str) -> Scope:
    """The workspaces and inputs of an audience: without workspaces, all of the book."""
    known = sorted({source.workspace for source in book.inputs} | {DEFAULT_WORKSPACE})
    for place, name in enumerate(audience.workspaces):
        if name not in known:
            draft.wrong(f"{path}.workspaces[{place}]", f"a workspace of this book ({', '.join(known)})", name)
    workspaces = tuple(sorted(set(audience.workspaces))) or tuple(_implied(book))
    homes = {source.key: source.workspace for source in book.inputs}
    for place, key in enumerate(audience.inputs):
        if key not in homes:
            draft.wrong(f"{path}.inputs[{place}]", f"an input of this book ({', '.join(sorted(homes))})", key)
        elif homes[key] not in workspaces:
            expected = f"an input of the audience's workspaces ({', '.join(workspaces)})"
            draft.wrong(f"{path}.inputs[{place}]", expected, key, f"it belongs to `{homes[key]}`")
    lookback = min(int(book.settings.lookback), FOREVER)
    return Scope(workspaces, tuple(sorted(set(audience.inputs))), lookback)


def _implied(book: Book) -> list[str]:
    """Workspaces of an audience that names none."""
    return sorted({source.workspace for source in book.inputs}) or [DEFAULT_WORKSPACE]


def _check_distinct(draft: Draft, keys: list[str], path: str) -> None:
    first = {key: place for place, key in reversed(list(enumerate(keys)))}
    for place, key in enumerate(keys):
        if first[key] != place:
            draft.wrong(f"{path}[{place}].key", "a key of its own", key, f"{path}[{first[key]}] has the same")


def _check_names(draft: Draft, audience: Audience, path: str) -> None:
    if not _KEY.fullmatch(audience.key) or len(audience.key) > _LONGEST:
        expected = f"at most {_LONGEST} letters a to z, digits, `_`, `-` and `.`, a letter or digit first"
        draft.wrong(f"{path}.key", expected, audience.key)
    for name in ("name", "external_name"):
        text = getattr(audience, name)
        if text is not None and not 0 < len(text) <= _LONGEST:
            got = f"{len(text)} characters" if text else "an empty one"
            draft.fault(f"{path}.{name}", f"a text of 1 to {_LONGEST} characters", got)
    if audience.version < 1:
        draft.wrong(f"{path}.version", "a whole number from 1 on", audience.version)
