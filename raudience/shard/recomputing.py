"""The answers of leaves for one user, worked out anew from what is kept: slow, and with nothing in common with how the
shard evaluates but the meaning of a test on one value."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import assert_never

import numpy as np

from raudience.criteria.dates import read_moment
from raudience.criteria.leaves import (
    LATITUDE,
    LONGITUDE,
    PRODUCT_ID,
    AgeTest,
    Alive,
    AndOf,
    Cart,
    Count,
    Distinct,
    FieldTest,
    FirstSeenTest,
    Formula,
    Leaf,
    Matcher,
    NotOf,
    OrOf,
    Place,
    SequenceOf,
    SpanTest,
    Sum,
    ValueTest,
    Window,
)  # fmt: skip
from raudience.criteria.places import distance
from raudience.criteria.text import fold
from raudience.criteria.values import (
    holds_absent,
    holds_list,
    holds_numbers,
    holds_set,
    holds_word,
    number_text,
    read_number,
)
from raudience.records import Field
from raudience.shard.plain_users import Gathered, Happened, PlainUser, Single

__all__ = ["Recomputed", "combined"]

_MILLION = 1_000_000


class Recomputed:
    """Answers for a user at a moment. sources: workspace of each input; retention: of profiles, None for ever."""

    def __init__(self, user: PlainUser, now: int, sources: dict[str, str], retention: int | None) -> None:
        self._user, self._now, self._sources, self._retention = user, now, sources, retention
        self._found: dict[Matcher, list[Happened]] = {}

    def holds(self, leaf: Leaf) -> bool:
        match leaf:
            case Count():
                return _between(self.count(leaf.matcher, leaf.window), leaf.least, leaf.most)
            case Sum():
                return self._sum(leaf)
            case Distinct():
                texts = {text for event in self._in(leaf.matcher, leaf.window) for text in self._texts(event, leaf)}
                return _between(len(texts), leaf.least, leaf.most)
            case SequenceOf():
                return self._sequence(leaf)
            case Cart():
                return self._cart(leaf)
            case FieldTest():
                return self._field(leaf)
            case FirstSeenTest():
                first = self._user.workspaces.get(leaf.workspace)
                return first is not None and self._moment(leaf.test, first)
            case Place():
                return self._near(leaf)
            case Alive():
                return self._alive(leaf)
            case _:
                assert_never(leaf)

    def count(self, matcher: Matcher, window: Window) -> int:
        """How many events of a matcher are in the window."""
        return len(self._in(matcher, window))

    def _in(self, matcher: Matcher, window: Window) -> list[Happened]:
        return [event for event in self._of(matcher) if window.low <= self._now - event.time <= window.high]

    def _of(self, matcher: Matcher) -> list[Happened]:
        """Events up to now that satisfy a matcher, by time."""
        found = self._found.get(matcher)
        if found is None:
            past = (event for event in self._user.events if event.time <= self._now)
            found = self._found[matcher] = [event for event in past if self._matches(matcher, event)]
        return found

    def _matches(self, matcher: Matcher, event: Happened) -> bool:
        key, home = event.key, self._sources.get(event.input, "default")
        return (
            key.kind == matcher.kind
            and matcher.category in (None, key.category)
            and (matcher.names is None or key.name in matcher.names)
            and not any(name == key.name and of in ("", key.category) for of, name in matcher.without)
            and (not matcher.workspaces or home in matcher.workspaces)
            and (not matcher.inputs or event.input in matcher.inputs)
            and matcher.start <= event.time < matcher.end
            and all(_said(c.test, event.attributes, c.field) for c in matcher.checks if c.field.namespace != "product")
            and (not _has_product_checks(matcher) or bool(_products(matcher, event)))
        )

    def _sum(self, leaf: Sum) -> bool:
        found = []
        for event in self._in(leaf.matcher, leaf.window):
            tables = _products(leaf.matcher, event) if leaf.field.namespace == "product" else [event.attributes]
            numbers = [number for table in tables if (number := _number(table, leaf.field)) is not None]
            if numbers:
                found.append(sum(round(Fraction(number) * _MILLION) for number in numbers))
        if leaf.average and not found:
            return holds_absent(leaf.test)
        value = _ratio(sum(found), _MILLION * len(found) if leaf.average else _MILLION)
        return bool(holds_numbers(leaf.test, np.array([value]))[0])

    def _texts(self, event: Happened, leaf: Distinct) -> list[str]:
        tables = _products(leaf.matcher, event) if leaf.field.namespace == "product" else [event.attributes]
        return [text for table in tables if (text := _text(table, leaf.field)) is not None]

    def _sequence(self, leaf: SequenceOf) -> bool:
        """Whether the last step can be reached, step by step, by events with one text in common."""
        same = leaf.same
        steps = [
            [(e.time, "" if same is None else _text(e.attributes, same)) for e in self._in(step.matcher, leaf.window)]
            for step in leaf.steps
        ]
        reached = {(time, text) for time, text in steps[0] if text is not None}
        for step, events in zip(leaf.steps[1:], steps[1:], strict=True):
            within = step.within
            reached = {
                (time, text)
                for time, text in events
                if text is not None
                and any(
                    before < time and text == common and (within is None or time - before <= within)
                    for before, common in reached
                )
            }
        return bool(reached)

    def _cart(self, leaf: Cart) -> bool:
        added, done = self._of(leaf.added), [event.time for event in self._of(leaf.done)]
        if not added:
            return False
        last, now = added[-1].time, self._now
        if not now - leaf.lookback <= last <= now - leaf.wait or any(time >= last for time in done):
            return False
        if leaf.other is not None and any(event.time > now - leaf.wait for event in self._of(leaf.other)):
            return False
        return leaf.removed is None or self._left(leaf, leaf.removed, added, done)

    def _left(self, leaf: Cart, removed: Matcher, added: list[Happened], done: list[int]) -> bool:
        """Whether something that was added since the last completion was not taken out since."""
        taken = [(event.time, _ids(removed, event)) for event in self._of(removed)]
        return any(
            self._now - event.time <= leaf.lookback
            and all(time < event.time for time in done)
            and not any(time >= event.time and product in products for time, products in taken)
            for event in added
            for product in _ids(leaf.added, event)
        )

    def _field(self, leaf: FieldTest) -> bool:
        value = self._user.values.get((leaf.workspace, leaf.field), ...)
        if isinstance(leaf.test, AgeTest):
            moment = read_moment(value) if isinstance(value, str) else None
            return moment is not None and self._moment(leaf.test, moment)
        if value is ...:
            return holds_absent(leaf.test)
        if isinstance(value, Gathered):
            return holds_set(leaf.test, value)
        return holds_list(leaf.test, value) if isinstance(value, tuple) else _holds(leaf.test, value)

    def _moment(self, test: SpanTest | AgeTest, moment: int) -> bool:
        if isinstance(test, SpanTest):
            return test.start <= moment < test.end
        return test.low <= self._now - moment <= test.high

    def _near(self, leaf: Place) -> bool:
        latitude, longitude = (self._user.values.get((leaf.workspace, field)) for field in (LATITUDE, LONGITUDE))
        if not isinstance(latitude, float) or not isinstance(longitude, float):
            return False
        return bool(distance([latitude], [longitude], leaf.latitude, leaf.longitude)[0] <= leaf.meters)

    def _alive(self, leaf: Alive) -> bool:
        kept = self._retention is None or self._user.last + self._retention >= self._now
        return kept and any(not leaf.workspaces or name in leaf.workspaces for name in self._user.workspaces)


def combined(formula: Formula, truth: Callable[[int], bool]) -> bool:
    """A formula, given the truth of its leaves."""
    match formula:
        case int():
            return truth(formula)
        case NotOf():
            return not combined(formula.of, truth)
        case AndOf():
            return all(combined(part, truth) for part in formula.of)
        case OrOf():
            return any(combined(part, truth) for part in formula.of)
        case _:
            assert_never(formula)


def _ratio(total: int, parts: int) -> float:
    try:
        return total / parts
    except OverflowError:
        return math.inf if total > 0 else -math.inf


def _between(count: int, least: int, most: int | None) -> bool:
    return least <= count and (most is None or count <= most)


def _holds(test: ValueTest, value: Single) -> bool:
    if isinstance(value, float):
        return bool(holds_numbers(test, np.array([value]))[0])
    return holds_word(test, value)


def _said(test: ValueTest, table: dict[Field, Single], field: Field) -> bool:
    return _holds(test, table[field]) if field in table else holds_absent(test)


def _has_product_checks(matcher: Matcher) -> bool:
    return any(check.field.namespace == "product" for check in matcher.checks)


def _products(matcher: Matcher, event: Happened) -> list[dict[Field, Single]]:
    """Products that pass all checks on products."""
    checks = [check for check in matcher.checks if check.field.namespace == "product"]
    return [product for product in event.products if all(_said(c.test, product, c.field) for c in checks)]


def _ids(matcher: Matcher, event: Happened) -> set[str]:
    """An event without products counts as one product without id."""
    found = {_word(product.get(PRODUCT_ID)) for product in _products(matcher, event)}
    return found or {""}


def _word(value: Single) -> str:
    return number_text(value) if isinstance(value, float) else value or ""


def _number(table: dict[Field, Single], field: Field) -> float | None:
    value = table.get(field)
    return read_number(value) if isinstance(value, str) else value


def _text(table: dict[Field, Single], field: Field) -> str | None:
    value = table.get(field)
    return None if value is None else number_text(value) if isinstance(value, float) else fold(value)
