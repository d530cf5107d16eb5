"""How two books differ: part by part, as patches, and what the difference does to members and to others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from difflib import unified_diff
from typing import Any, Final, Literal, TypeAlias

import msgspec

from raudience.catalog.audiences import Audience, Book
from raudience.catalog.entries import Version
from raudience.catalog.planning import plan
from raudience.catalog.writing import account_text, audience_text
from raudience.criteria.leaves import FOREVER, AndOf, Formula, Leaf, NotOf, OrOf

__all__ = ["DEFINITION", "LABELS", "Change", "Difference", "What", "compare_books", "patch", "same_definition"]

What: TypeAlias = Literal["audience", "settings", "input", "workspace", "tier", "purposes"]
Change: TypeAlias = Literal["added", "edited", "removed", "affected"]

LABELS: Final = ("name", "external_name", "tags", "access")
"""Fields of an audience that say nothing about who is in it."""
DEFINITION: Final = ("criteria", "workspaces", "inputs")
"""Fields that do: another one is another version."""
_SETS: Final = frozenset({"tags", "workspaces", "inputs"})


class Difference(msgspec.Struct, frozen=True):
    """One thing that the wanted book has otherwise.

    change: `affected` is an audience that stands as before, but asks something else, since what it uses changed.
    parts: the fields of what was edited. moves: users may enter or leave by it. patch: from the present form to the
    wanted one, as YAML. breaking: what others hold by and lose, or what cannot be undone; empty: nothing. renamed_from:
    the key of an audience with this definition that the wanted book does not have any more.
    """

    what: What
    key: str
    change: Change
    parts: tuple[str, ...] = ()
    moves: bool = False
    patch: str = ""
    breaking: str = ""
    renamed_from: str | None = None


def compare_books(present: Book, wanted: Book) -> tuple[Difference, ...]:
    """What differs from the present book to the wanted one: the account first, then audiences by key. Both are good;
    versions do not count, nor does the order of tags and sources."""
    account = [*_settings(present, wanted), *_sources(present, wanted)]
    return (*account, *_audiences(present, wanted, any(each.moves for each in account if each.what == "settings")))


def patch(before: Audience, after: Audience) -> str:
    """From one form of an audience to another, line by line as YAML; "" when they say the same, whatever their
    versions."""
    names = [f"{each.key} version {each.version}" for each in (before, after)]
    return _patch(_shown(before), _shown(after), *names)


def same_definition(before: Audience | Version, after: Audience) -> bool:
    """Whether both ask the same, whatever the order of their sources."""
    return not _edited(before, after, DEFINITION)


def _patch(before: str, after: str, name: str, other: str = "") -> str:
    names = (name, other) if other else (f"{name} (present)", f"{name} (wanted)")
    return "\n".join(unified_diff(before.splitlines(), after.splitlines(), *names, lineterm=""))


def _settings(present: Book, wanted: Book) -> Iterator[Difference]:
    parts = _edited(present.settings, wanted.settings, present.settings.__struct_fields__)
    if parts:
        kept = ("lookback", "retention")
        shorter = [name for name in kept if _kept(wanted, name) < _kept(present, name)]
        breaking = f"{' and '.join(shorter)} get shorter: what is older is forgotten for good" if shorter else ""
        patch = _patch(account_text(present.settings), account_text(wanted.settings), "settings")
        yield Difference("settings", "", "edited", parts, bool(set(parts) & set(kept)), patch, breaking)


def _kept(book: Book, name: str) -> int:
    length = getattr(book.settings, name)
    return min(int(book.settings.lookback if length is None else length), FOREVER)


def _sources(present: Book, wanted: Book) -> Iterator[Difference]:
    yield from _keyed("workspace", _by_key(present.workspaces), _by_key(wanted.workspaces))
    yield from _keyed("input", _by_key(present.inputs), _by_key(wanted.inputs))
    tiers = [
        {" ".join(filter(None, (each.kind, each.category, each.name))): each for each in book.tiers}
        for book in (present, wanted)
    ]
    yield from _keyed("tier", tiers[0], tiers[1])
    if set(present.purposes) != set(wanted.purposes):
        texts = ["\n".join(f"- {purpose}" for purpose in sorted(book.purposes)) for book in (present, wanted)]
        yield Difference("purposes", "", "edited", patch=_patch(texts[0], texts[1], "purposes"))


def _by_key(named: Iterable[Any]) -> dict[str, msgspec.Struct]:
    return {each.key: each for each in named}


def _keyed(
    what: What, present: Mapping[str, msgspec.Struct], wanted: Mapping[str, msgspec.Struct]
) -> Iterator[Difference]:
    for key in sorted(present.keys() | wanted.keys()):
        before, after = present.get(key), wanted.get(key)
        if before == after:
            continue
        texts = [account_text(each) if each is not None else "" for each in (before, after)]
        patch = _patch(texts[0], texts[1], f"{what} {key}")
        match before, after:
            case None, _:
                yield Difference(what, key, "added", patch=patch)
            case _, None:
                breaking = f"what comes through {key} belongs to no workspace of its own" if what == "input" else ""
                yield Difference(what, key, "removed", patch=patch, breaking=breaking)
            case _:
                yield Difference(what, key, "edited", _edited(before, after, before.__struct_fields__), patch=patch)


def _audiences(present: Book, wanted: Book, all_move: bool) -> Iterator[Difference]:
    before, after = ({audience.key: audience for audience in book.audiences} for book in (present, wanted))
    asked, asks = _meanings(present), _meanings(wanted)
    gone = [audience for key, audience in before.items() if key not in after]
    for key in sorted(before.keys() | after.keys()):
        moves = all_move or asked.get(key) != asks.get(key)
        if key not in before:
            yield _added(after[key], gone)
        elif key not in after:
            yield _removed(before[key])
        elif parts := _edited(before[key], after[key], (*LABELS, *DEFINITION)):
            yield _changed(before[key], after[key], parts, moves)
        elif asked[key] != asks[key]:
            yield Difference("audience", key, "affected", moves=True)


def _added(audience: Audience, gone: list[Audience]) -> Difference:
    former = next((each.key for each in gone if same_definition(each, audience)), None)
    patch = _patch("", _shown(audience), audience.key)
    return Difference("audience", audience.key, "added", moves=True, patch=patch, renamed_from=former)


def _removed(audience: Audience) -> Difference:
    breaking = "its members leave, and whoever asks for it by its key finds nothing"
    patch = _patch(_shown(audience), "", audience.key)
    return Difference("audience", audience.key, "removed", moves=True, patch=patch, breaking=breaking)


def _changed(before: Audience, after: Audience, parts: tuple[str, ...], moves: bool) -> Difference:
    patch = _patch(_shown(before), _shown(after), before.key)
    return Difference("audience", before.key, "edited", parts, moves, patch, _broken(before, after))


def _broken(before: Audience, after: Audience) -> str:
    """What others lose by an edit."""
    told, tells = (each.external_name or each.name for each in (before, after))
    renamed = [f"partners know it as `{told}` and get `{tells}`"] if told != tells else []
    order = ("private", "view_only", "usable")
    narrower = order.index(after.access) < order.index(before.access)
    closed = [f"people of other workspaces lose access (`{before.access}` to `{after.access}`)"] if narrower else []
    return "; ".join((*renamed, *closed))


def _shown(audience: Audience) -> str:
    return audience_text(msgspec.structs.replace(audience, version=1))


def _edited(before: Any, after: Any, names: Iterable[str]) -> tuple[str, ...]:
    return tuple(name for name in names if _part(before, name) != _part(after, name))


def _part(value: Any, name: str) -> Any:
    part = getattr(value, name)
    return frozenset(part) if name in _SETS else part


def _meanings(book: Book) -> dict[str, object]:
    """What each audience asks of a user, whatever way it is written."""
    planned = plan(book)
    return {audience.key: _spelled(audience.formula, planned.leaves) for audience in planned.audiences}


def _spelled(formula: Formula, leaves: tuple[Leaf, ...]) -> object:
    match formula:
        case AndOf() | OrOf():
            return type(formula).__name__, frozenset(_spelled(part, leaves) for part in formula.of)
        case NotOf():
            return "not", _spelled(formula.of, leaves)
        case int():
            return leaves[formula]
