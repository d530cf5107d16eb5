"""Rules of a book that are not about criteria: keys, names, sources, settings."""

from __future__ import annotations

import re
import unicodedata
from typing import Final, Protocol

from raudience.catalog.audiences import Audience, Book, Input, Workspace
from raudience.criteria.draft import Draft, Scope
from raudience.criteria.leaves import FOREVER

__all__ = [
    "DEFAULT_WORKSPACE", "check_audience", "check_book", "check_key", "check_name", "check_tags", "known_workspaces",
    "source_scope", "workspaces_of",
]  # fmt: skip

DEFAULT_WORKSPACE: Final = "default"
"""Workspace of inputs that a book does not list."""

_LONGEST: Final = 100
_LONGEST_TAG: Final = 18
_KEY: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


class Sources(Protocol):
    """What has workspaces and inputs."""

    @property
    def workspaces(self) -> tuple[Workspace, ...]: ...

    @property
    def inputs(self) -> tuple[Input, ...]: ...


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
    _check_distinct(draft, [workspace.key for workspace in book.workspaces], "workspaces")
    _check_filled(draft, [workspace.key for workspace in book.workspaces], "workspaces[{}].key")
    _check_filled(draft, list(book.purposes), "purposes[{}]")
    _check_tiers(draft, book)
    _check_distinct(draft, [audience.key for audience in book.audiences], "audiences")
    for place, audience in enumerate(book.audiences):
        check_audience(draft, audience, f"audiences[{place}]")


def check_audience(draft: Draft, audience: Audience, path: str) -> None:
    """Note what is wrong with the key, the names, the tags and the version of an audience."""
    check_key(draft, audience.key, f"{path}.key")
    check_name(draft, audience.name, f"{path}.name")
    if audience.external_name is not None:
        check_name(draft, audience.external_name, f"{path}.external_name")
    check_tags(draft, audience.tags, f"{path}.tags")
    if audience.version < 1:
        draft.wrong(f"{path}.version", "a whole number from 1 on", audience.version)


def check_key(draft: Draft, key: str, path: str) -> None:
    """Note a key that is empty, too long or has other signs than it may."""
    if not _KEY.fullmatch(key) or len(key) > _LONGEST:
        expected = f"at most {_LONGEST} letters a to z, digits, `_`, `-` and `.`, a letter or digit first"
        draft.wrong(path, expected, key)


def check_name(draft: Draft, name: str, path: str) -> None:
    """Note a name that is empty or too long."""
    if not 0 < len(name) <= _LONGEST:
        got = f"{len(name)} characters" if name else "an empty one"
        draft.fault(path, f"a text of 1 to {_LONGEST} characters", got)


def check_tags(draft: Draft, tags: tuple[str, ...], path: str) -> None:
    """Note tags that are empty, too long (seed, "Audience tags": 18 characters, not bytes) or repeated."""
    for place, tag in enumerate(tags):
        length = len(unicodedata.normalize("NFC", tag))
        if not tag.strip() or length > _LONGEST_TAG:
            got = f"`{tag}`, {length} characters" if tag.strip() else "an empty one"
            draft.fault(f"{path}[{place}]", f"a tag of 1 to {_LONGEST_TAG} characters", got)
        elif tag in tags[:place]:
            draft.wrong(f"{path}[{place}]", "each tag once", tag)


def workspaces_of(account: Sources) -> tuple[str, ...]:
    """Keys of all workspaces of a book or a catalog, ascending: those it lists and those of its inputs."""
    found = {workspace.key for workspace in account.workspaces} | {source.workspace for source in account.inputs}
    return tuple(sorted(found)) or (DEFAULT_WORKSPACE,)


def known_workspaces(account: Sources) -> list[str]:
    """Keys of the workspaces that may be named, ascending: those there are, and that of inputs that nobody lists."""
    return sorted({*workspaces_of(account), DEFAULT_WORKSPACE})


def source_scope(draft: Draft, book: Book, audience: Audience, path: str) -> Scope:
    """The workspaces and inputs of an audience: without workspaces, all of the book."""
    known = known_workspaces(book)
    for place, name in enumerate(audience.workspaces):
        if name not in known:
            draft.wrong(f"{path}.workspaces[{place}]", f"a workspace of this book ({', '.join(known)})", name)
    workspaces = tuple(sorted(set(audience.workspaces))) or workspaces_of(book)
    homes = {source.key: source.workspace for source in book.inputs}
    for place, key in enumerate(audience.inputs):
        if key not in homes:
            there = (
                f"an input of this book ({', '.join(sorted(homes))})"
                if homes
                else "an input of this book, which has none"
            )
            draft.wrong(f"{path}.inputs[{place}]", there, key)
        elif homes[key] not in workspaces:
            expected = f"an input of the audience's workspaces ({', '.join(workspaces)})"
            draft.wrong(f"{path}.inputs[{place}]", expected, key, f"it belongs to `{homes[key]}`")
    lookback = min(int(book.settings.lookback), FOREVER)
    muted = sorted((each.kind, each.category or "", each.name) for each in book.tiers if each.tier != "personalize")
    return Scope(workspaces, tuple(sorted(set(audience.inputs))), lookback, tuple(muted))


def _check_distinct(draft: Draft, keys: list[str], path: str) -> None:
    first = {key: place for place, key in reversed(list(enumerate(keys)))}
    for place, key in enumerate(keys):
        if first[key] != place:
            draft.wrong(f"{path}[{place}].key", "a key of its own", key, f"{path}[{first[key]}] has the same")


def _check_filled(draft: Draft, texts: list[str], path: str) -> None:
    for place, text in enumerate(texts):
        if not text:
            draft.fault(path.format(place), "a name", "an empty one")


def _check_tiers(draft: Draft, book: Book) -> None:
    named = [(each.kind, each.category, each.name) for each in book.tiers]
    for place, name in enumerate(named):
        if name in named[:place]:
            draft.wrong(f"tiers[{place}]", "each event once", name[2], f"tiers[{named.index(name)}] has it too")
    _check_filled(draft, [each.name for each in book.tiers], "tiers[{}].name")
