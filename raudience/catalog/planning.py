"""From the book to the plan that shards evaluate: leaves shared by all audiences, and a formula for each of them."""

from __future__ import annotations

from typing import Final

import msgspec

from raudience.catalog.audiences import Audience, Book
from raudience.catalog.checking import check_book, source_scope
from raudience.criteria.definition import AudienceMembership
from raudience.criteria.draft import Draft
from raudience.criteria.durations import Duration
from raudience.criteria.leaves import FOREVER, Alive, AndOf, Formula, Leaf, NotOf, OrOf, Plan, PlannedAudience
from raudience.criteria.normalise import memberships, normalise
from raudience.errors import Fault, FixDefinition

__all__ = ["find_faults", "plan"]

SOURCE: Final = "book of audiences"


def plan(book: Book, source: str = SOURCE) -> Plan:
    """The plan of a book: audiences in the order of their keys.

    Raise FixDefinition with every fault of the book; `source` names it there.
    """
    planner = _Planner(book)
    formulas = [planner.formula(place) for place in range(len(book.audiences))]
    if planner.draft.faults:
        raise FixDefinition(source, tuple(planner.draft.faults))
    leaves = sorted(planner.draft.leaves, key=msgspec.json.encode)
    places = {planner.draft.leaves[leaf]: place for place, leaf in enumerate(leaves)}
    audiences = [
        PlannedAudience(audience.key, audience.version, _renumbered(formula, places))
        for audience, formula in zip(book.audiences, formulas, strict=True)
    ]
    return _plan(book, tuple(leaves), tuple(sorted(audiences, key=lambda audience: audience.key)))


def find_faults(book: Book) -> list[Fault]:
    """Every fault of a book whose structs could be made, in the order in which planning meets them."""
    planner = _Planner(book)
    for place in range(len(book.audiences)):
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
        check_book(self.draft, book)

    def formula(self, place: int) -> Formula:
        if place not in self._formulas:
            self._formulas[place] = self._made(place)
        return self._formulas[place]

    def _made(self, place: int) -> Formula:
        audience, path = self.book.audiences[place], f"audiences[{place}]"
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
