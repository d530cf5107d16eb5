"""Import of mParticle's published audience schema: what maps is taken over, all else is named."""

import json
from typing import Any

import pytest

from raudience.catalog import Audience, Book
from raudience.catalog.mparticle import EventModel, import_audience
from raudience.catalog.planning import plan
from raudience.clock import DAY
from raudience.criteria.definition import (
    Aggregate,
    And,
    AudienceMembership,
    Condition,
    Criterion,
    Event,
    Exclude,
    Frequency,
    LocationWithin,
    Or,
    Sequence,
    Step,
    UserAttribute,
)
from raudience.criteria.durations import UNLIMITED, Duration
from raudience.criteria.operators import (
    After,
    Before,
    BetweenAgo,
    BetweenDates,
    Contains,
    Equals,
    ExactMatch,
    Exists,
    Greater,
    GreaterOrEqual,
    IsFalse,
    IsTrue,
    Less,
    LessOrEqual,
    NoneOf,
    NotContains,
    NotEquals,
    NotExists,
    NotMatch,
    NotPattern,
    OneOf,
    Pattern,
    Test,
    Within,
)
from raudience.errors import FixDefinition

MODELS = {"order": EventModel("commerce", "purchase", level="event"), "login": EventModel("custom", "Login", "other")}
AGE = {"model": "user", "path": "age"}
TIME = {"model": "order", "path": "timestamp_unixtime_ms"}
TOTAL = {"model": "order", "path": "total"}


def imported(audience: Any) -> Criterion:
    document = {"schema_version": "1.6.0", "audience": audience}
    return import_audience(json.dumps(document).encode(), "audience.json", MODELS)


def faults(audience: Any) -> list[str]:
    with pytest.raises(FixDefinition) as refused:
        imported(audience)
    return [str(fault) for fault in refused.value.faults]


def compare(operator: str, right: Any, left: Any = AGE) -> dict[str, Any]:
    return {"operator": operator, "left": left, "right": right}


def both(*expressions: Any, operator: str = "and") -> dict[str, Any]:
    return {"operator": operator, "expressions": list(expressions)}


def days(offset: int, **rest: Any) -> dict[str, Any]:
    return {"date": {"relative": {"offset": offset, "unit": "day"} | rest}}


def date(text: str) -> dict[str, Any]:
    return {"date": {"absolute": text}}


def counted(how: str = "greater_than", right: Any = 0, condition: Any = None, **rest: Any) -> dict[str, Any]:
    left = {"operator": "count", "group_by_model": "user", "operand": {"model": "order"}, "condition": condition}
    return compare(how, right, left | rest)


@pytest.mark.parametrize(
    ("operator", "right", "test"),
    [
        ("equals", "pro", ExactMatch("pro")),
        ("not_equals", "pro", NotMatch("pro")),
        ("contains", "p", Contains("p")),
        ("not_contains", "p", NotContains("p")),
        ("starts_with", "50%?", Pattern("50%\\?*")),
        ("not_starts_with", "a", NotPattern("a*")),
        ("ends_with", ".edu", Pattern("*.edu")),
        ("not_ends_with", "*", NotPattern("*\\*")),
        ("equals", 5, Equals(5.0)),
        ("not_equals", 5, NotEquals(5.0)),
        ("less_than", 5, Less(5.0)),
        ("less_than_equal", 5, LessOrEqual(5.0)),
        ("greater_than", 5, Greater(5.0)),
        ("greater_than_equal", 5, GreaterOrEqual(5.0)),
        ("equals", True, IsTrue()),
        ("equals", False, IsFalse()),
        ("not_equals", True, NotMatch("true")),
        ("in", ["a", "b"], OneOf(("a", "b"))),
        ("not_in", ["a", "b"], NoneOf(("a", "b"))),
        ("less_than", date("2024-01-15"), Before("2024-01-15")),
        ("greater_than_equal", date("2024-01-15T02:00:00+02:00"), After("2024-01-15")),
    ],
)
def test_comparisons_of_user_attributes(operator: str, right: Any, test: Test) -> None:
    assert imported(compare(operator, right)) == UserAttribute("age", test)


@pytest.mark.parametrize(
    ("audience", "criterion"),
    [
        ({"operator": "exists", "operand": AGE}, UserAttribute("age", Exists())),
        ({"operator": "not_exists", "operand": AGE}, UserAttribute("age", NotExists())),
        (both(compare("equals", 1)), And((UserAttribute("age", Equals(1.0)),))),
        (
            both(compare("equals", 1), both(compare("less_than", 0)), operator="or"),
            Or((UserAttribute("age", Equals(1.0)), And((UserAttribute("age", Less(0.0)),)))),
        ),
        (compare("in", {"audience": "a1"}, {"model": "user"}), AudienceMembership("a1")),
        (
            both(compare("equals", 1), compare("not_in", {"audience": "a1"}, {"model": "user"})),
            Exclude((And((UserAttribute("age", Equals(1.0)),)), AudienceMembership("a1"))),
        ),
        (
            compare(
                "within", {"model": "user", "path": "location"},
                {"location": {"latitude": 48.8, "longitude": 2, "distance": {"value": 500, "unit": "meters"}}},
            ),
            LocationWithin(0.5, "km", None, 48.8, 2.0),
        ),
        (
            {"operator": "then", "sequence": [
                {"alias": "a", "operand": {"model": "login"}},
                {"alias": "b", "operand": {"model": "order"}, "condition": compare("greater_than", 5, TOTAL)},
            ]},
            Sequence((
                Step("custom", "Login", "other"),
                Step("commerce", "purchase", None, (Condition("total", Greater(5.0), "event"),)),
            )),
        ),
    ],
)  # fmt: skip
def test_expressions(audience: Any, criterion: Criterion) -> None:
    assert imported(audience) == criterion


@pytest.mark.parametrize(
    ("operator", "right", "frequency"),
    [
        ("equals", 0, Frequency(exactly=0)),
        ("less_than", 3, Frequency(fewer_than=3)),
        ("less_than_equal", 3, Frequency(at_most=3)),
        ("greater_than", 2, Frequency(more_than=2)),
        ("greater_than_equal", 2.0, Frequency(at_least=2)),
    ],
)
def test_counts_are_frequencies(operator: str, right: Any, frequency: Frequency) -> None:
    assert imported(counted(operator, right)) == Event("commerce", "purchase", frequency=frequency)


@pytest.mark.parametrize(
    ("function", "ours"), [("sum", "sum"), ("avg", "average"), ("min", "min"), ("max", "max")]
)  # fmt: skip
def test_aggregates(function: str, ours: str) -> None:
    condition = compare("greater_than", 2, {"model": "order", "path": "items"})
    read = imported(counted("less_than", 100, condition, operator=function, operand=TOTAL))
    where = (Condition("items", Greater(2.0), "event"),)
    assert read == Aggregate("commerce", ours, "total", Less(100.0), "event", "purchase", where=where)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("comparisons", "recency"),
    [
        ([("greater_than_equal", days(-7))], Within(Duration(7 * DAY))),
        ([("less_than_equal", days(-7))], BetweenAgo(Duration(7 * DAY), Duration(UNLIMITED))),
        (
            [("greater_than_equal", days(-6)), ("less_than_equal", days(-4))],
            BetweenAgo(Duration(4 * DAY), Duration(6 * DAY)),
        ),
        ([("greater_than_equal", date("2018-09-09"))], After("2018-09-09")),
        ([("less_than", date("2018-09-09T00:00:00Z"))], Before("2018-09-09")),
        (
            [("greater_than_equal", date("2018-09-07")), ("less_than", date("2018-09-10"))],
            BetweenDates("2018-09-07", "2018-09-09"),
        ),
    ],
)
def test_the_time_of_events_is_recency(comparisons: list[tuple[str, Any]], recency: Any) -> None:
    condition = both(*(compare(operator, right, TIME) for operator, right in comparisons))
    read = imported(counted(condition=condition))
    assert read == Event("commerce", "purchase", frequency=Frequency(more_than=0), recency=recency)


@pytest.mark.parametrize(
    ("audience", "fault"),
    [
        (compare("matches", ".*@a.com"), "audience.operator: expected an operator that means the same"),
        (compare("between", [18, 65]), "audience.operator: expected an operator that means the same"),
        (compare("match_any", ["a"]), "audience.operator: expected in or not_in with a list"),
        (compare("in", [1, 2]), "audience.right: expected a list of texts"),
        (compare("in", []), "audience.right: expected a list of texts, got an empty one"),
        (compare("less_than", "b"), "audience.operator: expected an operator on texts"),
        (compare("contains", 4), "audience.operator: expected an operator on numbers"),
        (compare("less_than", True), "audience.operator: expected equals or not_equals"),
        (compare("equals", AGE), "audience.right: expected a text, a number"),
        (compare("equals", date("2024-01-15")), "audience.operator: expected an operator on dates"),
        (compare("less_than", date("2024-01-15T10:00:00Z")), "audience.right.date.absolute: expected a date, or"),
        (compare("less_than", days(-30)), "audience.right.date: expected an absolute date for an attribute"),
        (compare("equals", 1, {"operator": "plus", "left": AGE, "right": 1}), "audience.left: expected a path or an"),
        (compare("equals", 1, TOTAL), "audience.left.model: expected `user`, got text `order`"),
        (compare("not_in", {"audience": "a"}), "audience.operator: expected `in` with an audience"),
        ({"operator": "null", "operand": AGE}, "audience.operator: expected an operator that means the same"),
        (both(), "audience.expressions: expected a list of at least one expression"),
        (both(compare("not_in", {"audience": "a"})), "audience: expected something to exclude members from"),
        (counted(operand={"model": "visit"}), "audience.left.operand.model: expected a model that is mapped to events"),
        (
            counted(condition=both(*[compare("greater_than_equal", days(-1), TIME)] * 2)),
            "audience.left.condition.expressions[1]: expected each edge of the time once",
        ),
        (counted("equals", 1, operator="list", operand=TOTAL), "audience.left.operator: expected count, or"),
        (counted("not_equals", 1), "audience.operator: expected an operator on counts"),
        (counted("equals", 1.5), "audience.right: expected a whole number"),
        (counted(group_by_model="household"), "audience.left.group_by_model: expected `user`"),
        (counted(condition=both(operator="or")), "audience.left.condition: expected conditions joined with `and`"),
        (counted(condition=compare("equals", 1)), "audience.left.condition: expected a comparison of a path"),
        (
            counted(condition=compare("greater_than", days(-7), TIME)),
            "audience.left.condition: expected greater_than_equal or less_than_equal",
        ),
        (
            counted(condition=compare("greater_than_equal", days(-1, boundary="start"), TIME)),
            "audience.left.condition.right.date.relative: expected an offset and a unit, nothing else",
        ),
        (
            counted(condition=compare("greater_than_equal", days(-1, unit="month"), TIME)),
            "audience.left.condition.right.date.relative.unit: expected a fixed length",
        ),
        (
            counted(condition=compare("greater_than_equal", days(1), TIME)),
            "audience.left.condition.right.date.relative.offset: expected whole units in the past",
        ),
        ({"operator": "then", "sequence": []}, "audience.sequence: expected a list of at least two steps"),
        (compare("within", AGE, AGE), "audience.left: expected a location"),
        (5, "audience: expected an expression, got the number 5"),
        ({}, "audience.left: expected a path of the model `user`, got nothing"),
    ],
)  # fmt: skip
def test_what_does_not_map_is_named(audience: Any, fault: str) -> None:
    (found,) = faults(audience)
    assert found.startswith(fault)


def test_all_that_does_not_map_is_named_at_once() -> None:
    audience = both(compare("matches", "a"), both(compare("equals", 1), compare("between", [1, 2]), operator="or"))
    assert [fault.partition(":")[0] for fault in faults(audience)] == [
        "audience.expressions[0].operator",
        "audience.expressions[1].expressions[1].operator",
    ]


def test_another_version_of_the_schema_is_refused() -> None:
    document = {"schema_version": "2.0.0", "audience": compare("equals", 1)}
    with pytest.raises(FixDefinition, match="schema_version: expected a version 1"):
        import_audience(json.dumps(document).encode(), "audience.json")


def test_what_is_imported_can_be_planned() -> None:
    criteria = imported(both(compare("equals", "pro"), counted("equals", 0, compare("greater_than", 5, TOTAL))))
    assert len(plan(Book((Audience("a", "A", criteria),))).leaves) == 3
