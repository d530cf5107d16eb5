"""Which events a criterion speaks of, and when: matchers and windows.

Crashes, installs, uninstalls and upgrades are scoped to the workspaces of the audience, all other events to its
inputs (semantics rows 13 to 17). Every window is cut to the lookback.
"""

from __future__ import annotations

from typing import Final

import msgspec

from raudience.criteria.definition import Aggregate, Condition, Event, EventKind, Recency, Step
from raudience.criteria.draft import Draft, Scope
from raudience.criteria.durations import Duration
from raudience.criteria.leaves import FOREVER, Check, Matcher, SpanTest, Window
from raudience.criteria.normal_tests import normal_moment, normal_test, operator_name
from raudience.criteria.operators import BetweenAgo, Exists, Includes, NotIncludes, PartialMatch, Within
from raudience.records import Field

__all__ = ["Era", "attribute_field", "matcher", "normal_checks", "normal_era", "written_matcher"]

_OF_WORKSPACE: Final = frozenset({"crash", "install", "uninstall", "upgrade"})
_TWO_SPELLINGS: Final = ("remove_from_wish_list", "remove_from_wishlist")


class Era(msgspec.Struct, frozen=True):
    """When events count: in a window that moves with now, and between two moments that stand still."""

    window: Window
    start: int = -FOREVER
    end: int = FOREVER


def normal_era(draft: Draft, scope: Scope, recency: Recency | None, path: str) -> Era:
    """When events count. None: as far as the lookback goes (semantics D1)."""
    if recency is None:
        return Era(Window(0, scope.lookback))
    moment = normal_moment(draft, recency, path)
    if isinstance(moment, SpanTest):
        return Era(Window(0, scope.lookback), moment.start, moment.end)
    if moment.low > scope.lookback:
        limit = f"at most the lookback, {Duration(scope.lookback)}"
        draft.wrong(f"{path}.least", limit, str(Duration(moment.low)), "older events are not kept")
    return Era(Window(moment.low, min(moment.high, scope.lookback)))


def matcher(
    scope: Scope,
    kind: EventKind,
    *,
    names: tuple[str, ...] | None = None,
    category: str | None = None,
    checks: tuple[Check, ...] = (),
    era: Era | None = None,
) -> Matcher:
    """Events of a kind from the sources of the audience; `era` gives the moments that stand still."""
    start, end = (era.start, era.end) if era else (-FOREVER, FOREVER)
    inputs = () if kind in _OF_WORKSPACE else scope.inputs
    without = tuple(
        (of, name)
        for muted, of, name in scope.muted
        if muted == kind and (names is None or name in names) and (not of or category in (None, of))
    )
    return Matcher(kind, category, names, scope.workspaces, inputs, start, end, checks, without)


def written_matcher(
    draft: Draft, scope: Scope, written: Event | Aggregate | Step, era: Era, path: str, *, extra: tuple[Check, ...] = ()
) -> Matcher:
    """The events that a criterion or a step of a sequence writes down, with some checks more."""
    for name in ("name", "category"):
        if getattr(written, name) == "":
            draft.fault(f"{path}.{name}", "a name", "an empty one", "leave it out to take any")
    checks = (*normal_checks(draft, written.where, f"{path}.where"), *extra)
    return matcher(
        scope, written.kind, names=_names(written), category=written.category, checks=_sorted(checks), era=era
    )


def normal_checks(draft: Draft, where: tuple[Condition, ...], path: str) -> tuple[Check, ...]:
    """Conditions in normal form, in one order, without repetition."""
    return _sorted(tuple(_check(draft, condition, f"{path}[{place}]") for place, condition in enumerate(where)))


def attribute_field(draft: Draft, level: str, name: str, path: str) -> Field:
    """The field of an event's attribute."""
    if not name:
        draft.fault(path, "the name of an attribute", "an empty one")
    return Field(level, name)


def _names(written: Event | Aggregate | Step) -> tuple[str, ...] | None:
    if written.kind == "commerce" and written.name in _TWO_SPELLINGS:
        return _TWO_SPELLINGS
    return None if written.name is None else (written.name,)


def _check(draft: Draft, condition: Condition, path: str) -> Check:
    field = attribute_field(draft, condition.level, condition.attribute, f"{path}.attribute")
    match condition.test:
        case Includes() | NotIncludes() | PartialMatch():
            expected, hint = "an operator on single values", "attributes of events hold no lists"
        case Within() | BetweenAgo():
            expected, hint = "an operator that does not move with now", "the time of the event itself is `recency`"
        case test:
            return Check(field, normal_test(draft, test, f"{path}.test"))
    draft.wrong(f"{path}.test.op", expected, operator_name(condition.test), hint)
    return Check(field, Exists())


def _sorted(checks: tuple[Check, ...]) -> tuple[Check, ...]:
    return tuple(sorted(set(checks), key=msgspec.json.encode))
