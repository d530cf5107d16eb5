"""The question language in Python, for driver scripts; it makes the same structs as a document.

    big = event("commerce", "purchase").at_least(2).within("30 days").where(product("price") >= 50)
    pro = user("plan").exactly("pro")
    criteria = (big | pro) - identity("email").contains("@example.com")

`a & b`, `a | b` and `a - b` combine (and, or, exclude). Python binds `-` tighter than `&` and `&` tighter than `|`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, Literal, TypeVar

import msgspec

from raudience.criteria import operators
from raudience.criteria.definition import (
    Aggregate,
    And,
    AudienceMembership,
    CalculatedAttribute,
    CartAbandonment,
    Condition,
    Consent,
    Criterion,
    Device,
    Event,
    EventKind,
    Exclude,
    FirstSeen,
    Frequency,
    Identity,
    LocationWithin,
    Or,
    Recency,
    Sequence,
    Step,
    UserAttribute,
)
from raudience.criteria.durations import Duration
from raudience.criteria.operators import Test

__all__ = [
    "Asked", "Events", "Value", "ask", "calculated", "cart_abandoned", "consent", "custom", "device", "event", "field",
    "first_seen", "identity", "located_near", "member_of", "product", "sequence", "user",
]  # fmt: skip

T = TypeVar("T")
Level = Literal["custom", "event", "product"]


class Asked:
    """A criterion that combines with others; `criterion` is its struct."""

    def __init__(self, criterion: Criterion) -> None:
        self.criterion = criterion

    def __and__(self, other: Asked) -> Asked:
        return Asked(And((self.criterion, other.criterion)))

    def __or__(self, other: Asked) -> Asked:
        return Asked(Or((self.criterion, other.criterion)))

    def __sub__(self, other: Asked) -> Asked:
        return Asked(Exclude((self.criterion, other.criterion)))


class Value(Generic[T]):
    """A value that a test can be put on; each operator gives what `make` makes of the test."""

    def __init__(self, make: Callable[[Test], T]) -> None:
        self.test = make

    def exactly(self, text: str) -> T:
        return self.test(operators.ExactMatch(text))

    def contains(self, text: str) -> T:
        return self.test(operators.Contains(text))

    def matches(self, pattern: str) -> T:
        return self.test(operators.Pattern(pattern))

    def one_of(self, *texts: str) -> T:
        return self.test(operators.OneOf(texts))

    def none_of(self, *texts: str) -> T:
        return self.test(operators.NoneOf(texts))

    def includes(self, text: str) -> T:
        return self.test(operators.Includes(text))

    def exists(self) -> T:
        return self.test(operators.Exists())

    def is_true(self) -> T:
        return self.test(operators.IsTrue())

    def equals(self, number: float) -> T:
        return self.test(operators.Equals(number))

    def between(self, low: float, high: float) -> T:
        return self.test(operators.Between(low, high))

    def __lt__(self, number: float) -> T:
        return self.test(operators.Less(number))

    def __le__(self, number: float) -> T:
        return self.test(operators.LessOrEqual(number))

    def __gt__(self, number: float) -> T:
        return self.test(operators.Greater(number))

    def __ge__(self, number: float) -> T:
        return self.test(operators.GreaterOrEqual(number))


class Events(Asked):
    """Events that are counted; every call gives a new, narrower question."""

    criterion: Event

    def where(self, *conditions: Condition) -> Events:
        return self._with(where=self.criterion.where + conditions)

    def at_least(self, count: int) -> Events:
        return self._with(frequency=Frequency(at_least=count))

    def at_most(self, count: int) -> Events:
        return self._with(frequency=Frequency(at_most=count))

    def exactly(self, count: int) -> Events:
        return self._with(frequency=Frequency(exactly=count))

    def within(self, last: str) -> Events:
        return self.during(operators.Within(Duration.parse(last)))

    def between_ago(self, least: str, most: str) -> Events:
        return self.during(operators.BetweenAgo(Duration.parse(least), Duration.parse(most)))

    def during(self, recency: Recency) -> Events:
        return self._with(recency=recency)

    def sum(self, attribute: str, level: Level = "custom") -> Value[Asked]:
        return self._aggregate("sum", attribute, level)

    def average(self, attribute: str, level: Level = "custom") -> Value[Asked]:
        return self._aggregate("average", attribute, level)

    def minimum(self, attribute: str, level: Level = "custom") -> Value[Asked]:
        return self._aggregate("min", attribute, level)

    def maximum(self, attribute: str, level: Level = "custom") -> Value[Asked]:
        return self._aggregate("max", attribute, level)

    def distinct(self, attribute: str, level: Level = "custom") -> Value[Asked]:
        return self._aggregate("distinct", attribute, level)

    def _with(self, **changes: object) -> Events:
        return Events(msgspec.structs.replace(self.criterion, **changes))

    def _aggregate(
        self, function: Literal["sum", "average", "min", "max", "distinct"], attribute: str, level: Level
    ) -> Value[Asked]:
        kind, name, category, where, _, recency = msgspec.structs.astuple(self.criterion)

        def asked(compare: Test) -> Asked:
            return Asked(Aggregate(kind, function, attribute, compare, level, name, category, where, recency))

        return Value(asked)


def ask(criterion: Criterion) -> Asked:
    """Any criterion of the definition, ready to be combined."""
    return Asked(criterion)


def event(kind: EventKind, name: str | None = None, category: str | None = None) -> Events:
    return Events(Event(kind, name, category))


def custom(attribute: str) -> Value[Condition]:
    """A custom attribute of an event, for `where`."""
    return Value(lambda test: Condition(attribute, test))


def field(attribute: str) -> Value[Condition]:
    """A field of the event itself (`total_amount`, `screen_name`, `platform` ...), for `where`."""
    return Value(lambda test: Condition(attribute, test, "event"))


def product(attribute: str) -> Value[Condition]:
    """A field or custom attribute of a product, for `where`; all of them must hold for the same product."""
    return Value(lambda test: Condition(attribute, test, "product"))


def sequence(first: Events, *then: Events | tuple[str, Events], same: str | None = None) -> Asked:
    """Events in order; `("1 hour", event(...))` is a step at most that long after the one before it."""
    steps = [_step(first, None)]
    for step in then:
        within, happening = step if isinstance(step, tuple) else (None, step)
        steps.append(_step(happening, within))
    return Asked(Sequence(tuple(steps), same, recency=first.criterion.recency))


def _step(events: Events, within: str | None) -> Step:
    asked = events.criterion
    longest = None if within is None else Duration.parse(within)
    return Step(asked.kind, asked.name, asked.category, asked.where, longest)


def cart_abandoned(
    wait: str, *where: Condition, until: Literal["purchase", "any_product_action"] = "purchase"
) -> Asked:
    return Asked(CartAbandonment(Duration.parse(wait), until, where))


def user(attribute: str, workspace: str | None = None) -> Value[Asked]:
    return Value(lambda test: Asked(UserAttribute(attribute, test, workspace)))


def calculated(attribute: str, workspace: str | None = None) -> Value[Asked]:
    return Value(lambda test: Asked(CalculatedAttribute(attribute, test, workspace)))


def device(name: str, workspace: str | None = None) -> Value[Asked]:
    return Value(lambda test: Asked(Device(name, test, workspace)))


def identity(name: str) -> Value[Asked]:
    return Value(lambda test: Asked(Identity(name, test)))


def consent(purpose: str, workspace: str | None = None) -> Asked:
    """GDPR consent given for a purpose."""
    return Asked(Consent("gdpr", "given", purpose, workspace))


def first_seen(recency: Recency, workspace: str | None = None) -> Asked:
    return Asked(FirstSeen(recency, workspace))


def located_near(city: str, kilometers: float, workspace: str | None = None) -> Asked:
    return Asked(LocationWithin(kilometers, "km", city, workspace=workspace))


def member_of(audience: str) -> Asked:
    return Asked(AudienceMembership(audience))
