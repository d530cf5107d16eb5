"""What normalising works with: the sources of an audience, and the leaves and faults found so far."""

from __future__ import annotations

import msgspec

from raudience.criteria.leaves import AndOf, Formula, Leaf, NotOf, OrOf
from raudience.errors import Fault

__all__ = ["Draft", "Scope", "both", "either", "negation"]


class Scope(msgspec.Struct, frozen=True):
    """Sources of one audience, sorted (inputs empty: all of the workspaces); lookback in milliseconds, FOREVER when
    unlimited; muted: kind, category ("" for any) and name of events that do not count, sorted."""

    workspaces: tuple[str, ...]
    inputs: tuple[str, ...]
    lookback: int
    muted: tuple[tuple[str, str, str], ...] = ()


class Draft:
    """Leaves, numbered as they are first met, and faults, in the order in which they are found."""

    def __init__(self) -> None:
        self.leaves: dict[Leaf, int] = {}
        self.faults: list[Fault] = []

    def leaf(self, leaf: Leaf) -> int:
        """The number of a leaf; equal leaves have one number."""
        return self.leaves.setdefault(leaf, len(self.leaves))

    def fault(self, path: str, expected: str, got: str, hint: str = "") -> None:
        """Note that something is wrong, in words."""
        self.faults.append(Fault(path, expected, got, hint))

    def wrong(self, path: str, expected: str, value: object, hint: str = "") -> None:
        """Note that a value is wrong, and quote it."""
        self.fault(path, expected, f"`{value}`" if value != "" else "nothing", hint)


def both(parts: list[Formula]) -> Formula:
    """All of some formulas, nested ones taken in, without repetition."""
    flat = [inner for part in parts for inner in (part.of if isinstance(part, AndOf) else (part,))]
    return _single(flat) if len(set(flat)) == 1 else AndOf(tuple(dict.fromkeys(flat)))


def either(parts: list[Formula]) -> Formula:
    """At least one of some formulas, nested ones taken in, without repetition."""
    flat = [inner for part in parts for inner in (part.of if isinstance(part, OrOf) else (part,))]
    return _single(flat) if len(set(flat)) == 1 else OrOf(tuple(dict.fromkeys(flat)))


def negation(part: Formula) -> Formula:
    """The complement of a formula."""
    return part.of if isinstance(part, NotOf) else NotOf(part)


def _single(parts: list[Formula]) -> Formula:
    return parts[0]
