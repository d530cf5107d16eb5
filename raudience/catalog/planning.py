"""From the book to the plan that shards evaluate: leaves shared by all audiences, and a formula for each of them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

import msgspec

from raudience.catalog.audiences import Audience, Book
from raudience.catalog.checking import check_audience, check_book, source_scope
from raudience.criteria.definition import AudienceMembership
from raudience.criteria.draft import Draft
from raudience.criteria.durations import Duration
from raudience.criteria.leaves import (
    FOREVER,
    Alive,
    AndOf,
    Formula,
    Leaf,
    NotOf,
    OrOf,
    Plan,
    PlannedAudience,
    leaves_of,
)
from raudience.criteria.normalise import memberships, normalise
from raudience.errors import Fault, FixDefinition

__all__ = ["faults_at", "find_faults", "plan", "shadow_key"]

SOURCE: Final = "book of audiences"


def plan(
    book: Book, source: str = SOURCE, *, resting: Collection[str] = (), shadows: tuple[Audience, ...] = ()
) -> Plan:
    """The plan of a book: audiences in the order of their keys. resting: keys of audiences that others may use and
    nobody evaluates. shadows: other versions of audiences, which are evaluated and not told, each under `shadow_key`.

    Raise FixDefinition with every fault of the book; `source` names it there.
    """
    planner = _Planner(book)
    check_book(planner.draft, book)
    formulas = [(a.key, a.version, False, planner.formula(place)) for place, a in enumerate(book.audiences)]
    formulas += [
        (shadow_key(a.key, a.version), a.version, True, planner.made(a, f"shadows[{place}]"))
        for place, a in enumerate(shadows)
    ]
    if planner.draft.faults:
        raise FixDefinition(source, tuple(planner.draft.faults))
    evaluated = [each for each in formulas if each[0] not in resting]
    needed = {number for *_, formula in evaluated for number in leaves_of(formula)}
    leaves = sorted(
        (leaf for leaf, number in planner.draft.leaves.items() if number in needed), key=msgspec.json.encode
    )
    places = {planner.draft.leaves[leaf]: place for place, leaf in enumerate(leaves)}
    audiences = [
        PlannedAudience(key, version, _renumbered(formula, places), shadow)
        for key, version, shadow, formula in evaluated
    ]
    return _plan(book, tuple(leaves), tuple(sorted(audiences, key=lambda audience: audience.key)))


def shadow_key(key: str, version: int) -> str:
    """Key of a version of an audience that is evaluated beside the one in force."""
    return f"{key}@{version}"


def find_faults(book: Book) -> list[Fault]:
    """Every fault of a book whose structs could be made, in the order in which planning meets them."""
    planner = _Planner(book)
    check_book(planner.draft, book)
    for place in range(len(book.audiences)):
        planner.formula(place)
    return planner.draft.faults


def faults_at(book: Book, place: int) -> list[Fault]:
    """Every fault of one audience of a book, and what planning it meets in those that it names."""
    planner = _Planner(book)
    check_audience(planner.draft, book.audiences[place], f"audiences[{place}]")
    planner.formula(place)
    return planner.draft.faults


def _plan(book: Book, leaves: tuple[Leaf, ...], audiences: tuple[PlannedAudience, ...]) -> Plan:
    settings = book.settings
    return Plan(
        leaves=leaves,
        audiences=audiences,
        workspaces={source.key: source.workspace for source in book.inputs},
        lookback=_bounded(settings.lookback),
        retention=_bounded(settings.lookback if settings.retention is None else settings.retention),
        remember_messages=min(int(settings.remember_messages), FOREVER),
        remember_batches=min(int(settings.remember_batches), FOREVER),
    )


def _bounded(length: Duration) -> int | None:
    return None if length >= FOREVER else int(length)


def _renumbered(formula: Formula, places: dict[int, int]) -> Formula:
    match formula:
        case AndOf() | OrOf():
            return type(formula)(tuple(_renumbered(part, places) for part in formula.of))
        case NotOf():
            return NotOf(_renumbered(formula.of, places))
        case int():
            return places[formula]


class _Planner:
    """Formulas of audiences, each made once: an audience that others name is taken into theirs as a whole."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self.draft = Draft()
        self._formulas: dict[int, Formula] = {}
        self._places = {audience.key: place for place, audience in reversed(list(enumerate(book.audiences)))}

    def formula(self, place: int) -> Formula:
        if place not in self._formulas:
            self._formulas[place] = self.made(self.book.audiences[place], f"audiences[{place}]")
        return self._formulas[place]

    def made(self, audience: Audience, path: str) -> Formula:
        """The formula of an audience, which need not stand in the book."""
        scope = source_scope(self.draft, self.book, audience, path)

        def member(criterion: AudienceMembership, path: str) -> Formula:
            return self._member(audience, criterion, path)

        alive = self.draft.leaf(Alive(scope.workspaces))
        return AndOf((alive, normalise(self.draft, scope, audience.criteria, f"{path}.criteria", member)))

    def _member(self, audience: Audience, criterion: AudienceMembership, path: str) -> Formula:
        """The formula of the audience that a criterion names (semantics rows 120 to 123)."""
        place = self._places.get(criterion.audience)
        if place is None:
            self.draft.wrong(f"{path}.audience", "the key of an audience of this book", criterion.audience)
            return 0
        if criterion.audience == audience.key:
            self.draft.wrong(f"{path}.audience", "the key of another audience", criterion.audience, "it names itself")
            return 0
        inner = memberships(self.book.audiences[place].criteria)
        if inner:
            hint = f"`{criterion.audience}` uses `{inner[0].audience}`; nesting is one level deep"
            self.draft.wrong(f"{path}.audience", "an audience that uses no other audience", criterion.audience, hint)
            return 0
        return self.formula(place)
