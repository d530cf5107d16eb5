"""A document is read as it is written, or refused with every fault and its place."""

import json

import pytest

from raudience.catalog import Audience, Book, Input, Settings
from raudience.catalog.documents import read_book
from raudience.clock import DAY
from raudience.criteria.definition import (
    And,
    Condition,
    Event,
    Exclude,
    Frequency,
    Identity,
    Or,
)
from raudience.criteria.durations import Duration
from raudience.criteria.operators import Equals, ExactMatch, Exists, On, Within
from raudience.errors import FixDefinition

A, B, C = (Identity(name, Exists()) for name in ("email", "google", "yahoo"))


def yaml_book(text: str) -> Book:
    return read_book(text.encode(), "book.yaml", "yaml")


def yaml_criteria(text: str) -> object:
    """What the criteria of one audience are read as; `A`, `B`, `C` stand for criteria."""
    for letter, name in (("A", "email"), ("B", "google"), ("C", "yahoo")):
        text = text.replace(letter, f"{{type: identity, name: {name}, test: {{op: exists}}}}")
    return yaml_book(f"audiences: [{{key: k, name: N, criteria: {text}}}]").audiences[0].criteria


def faults(document: object, form: str = "json") -> list[str]:
    data = document if isinstance(document, bytes) else json.dumps(document).encode()
    with pytest.raises(FixDefinition) as refused:
        read_book(data, "book", form)  # type: ignore[arg-type]
    return [str(fault) for fault in refused.value.faults]


def of_criteria(criteria: object) -> list[str]:
    """Faults of one audience with these criteria, paths from there on."""
    found = faults({"audiences": [{"key": "k", "name": "N", "criteria": criteria}]})
    return [fault.removeprefix("audiences[0].criteria").removeprefix(".") for fault in found]


def test_yaml_and_json_are_read_alike() -> None:
    text = """
    settings: {lookback: 60 days}
    inputs:
    - {key: web, workspace: shop}
    audiences:
    - key: big-spenders
      name: Big spenders
      external_name: Spenders
      workspaces: [shop]
      inputs: [web]
      criteria:
        type: event
        kind: commerce
        name: purchase
        where:
        - {attribute: total_amount, level: event, test: {op: equals, value: 50}}
        frequency: {between: [2, 5]}
        recency: {op: within, last: 7 days}
    """
    where = (Condition("total_amount", Equals(50.0), "event"),)
    criteria = Event("commerce", "purchase", None, where, Frequency(between=(2, 5)), Within(Duration(7 * DAY)))
    audience = Audience("big-spenders", "Big spenders", criteria, "Spenders", ("shop",), ("web",))
    expected = Book((audience,), Settings(Duration(60 * DAY)), (Input("web", "shop"),))
    assert yaml_book(text) == expected
    document = {
        "settings": {"lookback": "60 days"},
        "inputs": [{"key": "web", "workspace": "shop"}],
        "audiences": [
            {
                "key": "big-spenders", "name": "Big spenders", "external_name": "Spenders", "workspaces": ["shop"],
                "inputs": ["web"],
                "criteria": {
                    "type": "event", "kind": "commerce", "name": "purchase",
                    "where": [{"attribute": "total_amount", "level": "event", "test": {"op": "equals", "value": 50}}],
                    "frequency": {"between": [2, 5]}, "recency": {"op": "within", "last": "7 days"},
                },
            }
        ],
    }  # fmt: skip
    assert read_book(json.dumps(document).encode(), "book.json", "json") == expected


@pytest.mark.parametrize(
    ("text", "criteria"),
    [
        ("{type: first_seen, test: {op: on, date: 2018-09-09}}", On("2018-09-09")),
        ("{type: user_attribute, name: a, test: {op: exact_match, value: on}}", ExactMatch("on")),
        ("{type: user_attribute, name: a, test: {op: exact_match, value: no}}", ExactMatch("no")),
        ("{type: user_attribute, name: a, test: {op: exact_match, value: 12:30}}", ExactMatch("12:30")),
        ("{type: user_attribute, name: a, test: {op: exact_match, value: 2018-09-09}}", ExactMatch("2018-09-09")),
        ("{type: user_attribute, name: a, test: {op: equals, value: 010}}", Equals(10.0)),
        ("{type: user_attribute, name: a, test: {op: equals, value: 1e3}}", Equals(1000.0)),
    ],
)
def test_yaml_guesses_nothing(text: str, criteria: object) -> None:
    read = yaml_criteria(text)
    assert read.test == criteria  # type: ignore[attr-defined]


def test_yaml_parts_may_be_named_and_merged() -> None:
    text = """
    audiences:
    - &first {key: a, name: A, criteria: {type: identity, name: email, test: {op: exists}}}
    - {<<: *first, key: b}
    """
    assert [(audience.key, audience.name) for audience in yaml_book(text).audiences] == [("a", "A"), ("b", "A")]


@pytest.mark.parametrize(
    ("text", "criteria"),
    [
        pytest.param("[A, and, B]", And((A, B)), id="30-and"),
        pytest.param("[A, or, B, or, C]", Or((A, B, C)), id="30-or"),
        pytest.param("[A, exclude, B]", Exclude((A, B)), id="30-exclude"),
        pytest.param("[[A, or, B], and, C]", And((Or((A, B)), C)), id="31-lists-in-the-list"),
        pytest.param("{type: or, of: [A, [B, and, C]]}", Or((A, And((B, C)))), id="31-list-in-a-tree"),
        pytest.param("[A]", And((A,)), id="one-criterion"),
    ],
)
def test_criteria_as_a_list(text: str, criteria: object) -> None:
    assert yaml_criteria(text) == criteria


def test_31_mixed_operators_are_refused_with_the_two_readings() -> None:
    criterion = {"type": "identity", "name": "email", "test": {"op": "exists"}}
    (fault,) = of_criteria([criterion, "or", criterion, "and", criterion])
    assert fault == (
        ": expected one operator in a list, or lists in the list, got c1 or c2 and c3; "
        "write [[c1, or, c2], and, c3] or [c1, or, [c2, and, c3]]"
    )


EVENT = {"type": "event", "kind": "custom"}
CART = {"type": "cart_abandonment"}
NEAR = {"type": "location_within", "distance": 5}
EXISTS = {"op": "exists"}


def attribute(**test: object) -> dict[str, object]:
    return {"type": "user_attribute", "name": "a", "test": test}


def event(**rest: object) -> dict[str, object]:
    return EVENT | rest


def aggregate(**rest: object) -> dict[str, object]:
    return {"type": "aggregate", "kind": "custom", "function": "sum", "attribute": "a"} | rest


@pytest.mark.parametrize(
    ("criteria", "fault"),
    [
        pytest.param({"type": "evnt"}, "type: expected one of and, or, exclude, event", id="unknown-type"),
        pytest.param({"kind": "custom"}, "type: expected one of and, or, exclude, event", id="no-type"),
        pytest.param("everybody", ": expected a mapping with `type`, got text `everybody`", id="no-mapping"),
        pytest.param({"type": "and", "of": []}, "of: expected at least one criterion, got `0`", id="empty-group"),
        pytest.param([], ": expected criteria with an operator between each two, got a list of 0", id="empty-list"),
        pytest.param(
            {"type": "exclude", "of": [EVENT]}, "of: expected at least two criteria, got `1`", id="nothing-to-exclude"
        ),
        pytest.param(event(kind="comerce"), "kind: expected one of custom, screen_view", id="unknown-kind"),
        pytest.param(event(nam="x"), "nam: expected one of the fields kind, name,", id="unknown-field"),
        pytest.param(event(name=5), "name: expected a text, got the number 5; write it in quotes", id="wrong-type"),
        pytest.param(event(name=""), "name: expected a name, got an empty one", id="empty-name"),
        pytest.param(event(frequency={}), "frequency: expected exactly one of more_than", id="no-frequency"),
        pytest.param(
            event(frequency={"at_least": 1, "at_most": 2}),
            "frequency: expected exactly one of more_than, at_least, exactly, at_most, fewer_than, between, "
            "got at_least, at_most",
            id="two-frequencies",
        ),
        pytest.param(event(frequency={"at_least": -1}), "frequency.at_least: expected a whole number", id="negative"),
        pytest.param(event(frequency={"fewer_than": 0}), "frequency.fewer_than: expected a whole", id="less"),
        pytest.param(event(frequency={"exactly": 1.5}), "frequency.exactly: expected a whole number", id="no-whole"),
        pytest.param(event(frequency={"exactly": True}), "frequency.exactly: expected a whole number", id="no-number"),
        pytest.param(event(frequency={"between": [1]}), "frequency.between: expected a list of 2", id="no-pair"),
        pytest.param(
            event(frequency={"between": [5, 2]}), "frequency.between: expected the smaller number first", id="reversed"
        ),
        pytest.param(
            event(recency={"op": "within", "last": 7}),
            "recency.last: expected a length of time such as `6 hours`, got the number 7; write its unit too",
            id="no-unit",
        ),
        pytest.param(
            event(recency={"op": "within", "last": "0 days"}), "recency.last: expected a length", id="none"
        ),
        pytest.param(
            event(recency={"op": "between_ago", "least": "6 days", "most": "4 days"}),
            "recency: expected least not longer than most, got `6 days and 4 days`; exchange the two",
            id="ago-reversed",
        ),
        pytest.param(
            event(recency={"op": "between_ago", "least": "31 days", "most": "40 days"}),
            "recency.least: expected at most the lookback, 30 days, got `31 days`",
            id="87-older-than-the-lookback",
        ),
        pytest.param(event(recency={"op": "exists"}), "recency.op: expected one of within", id="no-recency"),
        pytest.param(
            event(recency={"op": "between_dates", "first": "2018-09-09", "last": "2018-09-07"}),
            "recency: expected first not after last, got `2018-09-09 and 2018-09-07`; exchange the two",
            id="94-swapped-dates",
        ),
        pytest.param(
            event(recency={"op": "on", "date": "2018-02-30"}), "recency.date: expected a date such as", id="no-date"
        ),
        pytest.param(
            event(where=[{"attribute": "a", "test": {"op": "includes", "value": "x"}}]),
            "where[0].test.op: expected an operator on single values, got `includes`",
            id="list-operator-on-an-event",
        ),
        pytest.param(
            event(where=[{"attribute": "a", "test": {"op": "within", "last": "1 day"}}]),
            "where[0].test.op: expected an operator that does not move with now",
            id="recency-on-an-event",
        ),
        pytest.param(
            event(where=[{"attribute": "", "test": EXISTS}]), "where[0].attribute: expected the name of", id="no-name"
        ),
        pytest.param(
            attribute(op="contain", value="x"),
            "test.op: expected one of contains,",
            id="unknown-operator",
        ),
        pytest.param(attribute(op="contains", value=""), "test.value: expected a text, got an", id="54-empty"),
        pytest.param(attribute(op="pattern", value=""), "test.value: expected a text, got an", id="D6-empty"),
        pytest.param(attribute(op="includes", value=""), "test.value: expected a text, got an", id="D6-list"),
        pytest.param(attribute(op="one_of", values=[]), "test.values: expected at least one text", id="D6-one-of"),
        pytest.param(attribute(op="equals", value="5"), "test.value: expected a number, got", id="text-number"),
        pytest.param(attribute(op="between", low=5, high=2), "test: expected low not above high", id="range-reversed"),
        pytest.param(attribute(op="version", compare="less", value="x"), "test.value: expected a", id="version"),
        pytest.param(attribute(op="exists", value="x"), "test.value: expected no field here", id="too-much"),
        pytest.param(aggregate(compare=EXISTS), "compare.op: expected an operator on numbers", id="aggregate-operator"),
        pytest.param(
            aggregate(function="distinct", compare={"op": "less", "value": 0}),
            "compare: expected a whole number from 1",
            id="distinct-less-than-0",
        ),
        pytest.param(
            aggregate(function="distinct", compare={"op": "equals", "value": 1.5}),
            "compare: expected a whole number from 0",
            id="distinct-no-whole-number",
        ),
        pytest.param(
            {"type": "sequence", "steps": [{"kind": "custom"}]}, "steps: expected at least two steps", id="one-step"
        ),
        pytest.param(
            {"type": "sequence", "steps": [{"kind": "custom", "within": "1 day"}, {"kind": "custom"}]},
            "steps[0].within: expected no time on the first step",
            id="first-step",
        ),
        pytest.param(CART | {"wait": "0 days"}, "wait: expected a length of time above 0", id="no-wait"),
        pytest.param(CART | {"wait": "31 days"}, "wait: expected a length of time above 0 and at most", id="long-wait"),
        pytest.param(NEAR, ": expected either a city, or latitude and longitude, got nothing", id="nowhere"),
        pytest.param(NEAR | {"city": "Paris", "latitude": 1}, ": expected either a city, or", id="two-places"),
        pytest.param(NEAR | {"city": "Atlantis-on-Sea"}, "city: expected a city, got `Atlantis-on-Sea`", id="no-city"),
        pytest.param(NEAR | {"city": "Springfield"}, "city: expected a city, got `Spri", id="which"),
        pytest.param(NEAR | {"latitude": 91, "longitude": 0}, "latitude: expected degrees from -90", id="latitude"),
        pytest.param(NEAR | {"latitude": 0, "longitude": 181}, "longitude: expected degrees from -180", id="longitude"),
        pytest.param(NEAR | {"distance": 0, "city": "Paris"}, "distance: expected a distance above 0", id="distance"),
        pytest.param(
            {"type": "consent", "regulation": "ccpa", "state": "given"}, "state: expected present or", id="ccpa"
        ),
        pytest.param(
            {"type": "consent", "regulation": "gdpr", "state": "given"}, "purpose: expected the purpose", id="gdpr"
        ),
        pytest.param({"type": "identity", "name": "emial", "test": EXISTS}, "name: expected the name", id="identity"),
        pytest.param(
            {"type": "identity", "name": "email", "test": {"op": "less", "value": 1}},
            "test.op: expected an operator on texts",
            id="identity-operator",
        ),
        pytest.param(
            {"type": "device", "name": "platform", "test": {"op": "includes", "value": "x"}},
            "test.op: expected an operator on single values",
            id="list-operator-on-a-device",
        ),
        pytest.param({"type": "audience", "audience": "x"}, "audience: expected the key of an", id="120-unknown"),
        pytest.param({"type": "audience", "audience": "k"}, "audience: expected the key of another", id="123-itself"),
        pytest.param(attribute(op="exists") | {"workspace": "x"}, "workspace: expected one of the workspaces", id="18"),
    ],
)  # fmt: skip
def test_a_fault_says_where_and_what_was_expected(criteria: object, fault: str) -> None:
    (found,) = of_criteria(criteria)
    assert found.startswith(fault)


@pytest.mark.parametrize(
    ("criteria", "hint"),
    [
        ({"type": "evnt"}, "did you mean `event`?"),
        (attribute(op="contain", value="x"), "did you mean `contains`?"),
        (event(kind="comerce"), "did you mean `commerce`?"),
        (event(nmae="x"), "did you mean `name`?"),
        ({"type": "identity", "name": "emial", "test": EXISTS}, "did you mean `email`?"),
        ([EVENT, "adn", EVENT], "did you mean `and`?"),
    ],
)
def test_a_slip_of_the_pen_is_recognised(criteria: object, hint: str) -> None:
    (found,) = of_criteria(criteria)
    assert found.endswith(hint)
