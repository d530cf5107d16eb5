"""Audiences and books in Python, for driver scripts, next to `raudience.criteria.build`."""

from __future__ import annotations

from raudience.catalog.audiences import Audience, Book, Input, Settings
from raudience.criteria.build import Asked
from raudience.criteria.definition import Criterion

__all__ = ["audience", "book"]


def audience(
    key: str,
    name: str,
    criteria: Asked | Criterion,
    external_name: str | None = None,
    workspaces: tuple[str, ...] = (),
    inputs: tuple[str, ...] = (),
) -> Audience:
    """An audience; it is checked with its book, when the book is planned."""
    asked = criteria.criterion if isinstance(criteria, Asked) else criteria
    return Audience(key, name, asked, external_name, workspaces, inputs)


def book(*audiences: Audience, settings: Settings | None = None, inputs: tuple[Input, ...] = ()) -> Book:
    """A book of audiences with the default settings or others."""
    return Book(audiences, settings or Settings(), inputs)
