"""Outlines of the audiences of a book, for explanations."""

from __future__ import annotations

from raudience.catalog.audiences import Audience, Book
from raudience.catalog.checking import source_scope
from raudience.criteria.definition import And, AudienceMembership, Criterion, Exclude, Or
from raudience.criteria.draft import Draft, Scope
from raudience.criteria.leaves import Alive
from raudience.criteria.normalise import normalise
from raudience.criteria.outlines import All, Any, Ask, Except, Member, Outline, outline_of

__all__ = ["outlined"]


def outlined(book: Book, key: str) -> Outline | None:
    """The audience as it is written, with who is alive before it; None when the book has no such audience."""
    found = {audience.key: audience for audience in book.audiences}
    return _Outliner(book, found).audience(found[key]) if key in found else None


class _Outliner:
    """Takes a book that can be planned."""

    def __init__(self, book: Book, audiences: dict[str, Audience]) -> None:
        self._book, self._audiences = book, audiences
        self._draft = Draft()

    def audience(self, audience: Audience) -> Outline:
        scope = source_scope(self._draft, self._book, audience, audience.key)
        return All((Ask(Alive(scope.workspaces)), self._criterion(scope, audience.criteria)))

    def _criterion(self, scope: Scope, criterion: Criterion) -> Outline:
        match criterion:
            case And():
                return All(self._parts(scope, criterion))
            case Or():
                return Any(self._parts(scope, criterion))
            case Exclude():
                return Except(self._parts(scope, criterion))
            case AudienceMembership():
                return Member(criterion.audience, self.audience(self._audiences[criterion.audience]))
            case _:
                formula = normalise(self._draft, scope, criterion, "", lambda _, path: 0)
                return outline_of(formula, tuple(self._draft.leaves))

    def _parts(self, scope: Scope, group: And | Or | Exclude) -> tuple[Outline, ...]:
        return tuple(self._criterion(scope, part) for part in group.of)
