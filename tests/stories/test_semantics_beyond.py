"""Sums, averages, extremes, distinct values and sequences: what goes past the seed, in the same language."""

import pytest

from tests.stories.stage import DAY, HOUR, MINUTE, audience, batch, book, commerce, custom, utc

T = utc("2026-03-01T00:00:00Z")


def aggregate(function, op, where=(), level="custom", attribute="n", kind="custom", **operands):
    return {
        "type": "aggregate", "kind": kind, "function": function, "attribute": attribute, "level": level,
        "compare": {"op": op, **operands}, "where": list(where),
    }  # fmt: skip


def spent(*amounts):
    return [custom("A", T - number, n=amount) for number, amount in enumerate(amounts)]


ORDER = commerce("purchase", T, {"id": "p", "price": 10, "category": "a"}, {"id": "q", "price": 30, "category": "b"})
ONLY_B = {"attribute": "category", "level": "product", "test": {"op": "exact_match", "value": "b"}}

AGGREGATES = [
    (aggregate("sum", "equals", value=6), spent(1, 2, 3), True),
    (aggregate("sum", "greater", value=6), spent(1, 2, 3), False),
    (aggregate("sum", "equals", value=0.3), spent(0.1, 0.2), True),
    (aggregate("sum", "equals", value=0), [], True),
    (aggregate("sum", "less", value=1), [], True),
    (aggregate("sum", "equals", value=3), spent(1, "2", "few", None, True), True),
    (aggregate("sum", "between", low=-1, high=1), spent(5, -5), True),
    (aggregate("average", "equals", value=2), spent(1, 2, 3), True),
    (aggregate("average", "equals", value=1.5), spent(1, 2, "few"), True),
    (aggregate("average", "less", value=100), [], False),
    (aggregate("average", "not_equals", value=2), [], True),
    (aggregate("average", "not_equals", value=2), spent(1, 2, 3), False),
    (aggregate("min", "equals", value=1), spent(3, 1, 2), True),
    (aggregate("min", "greater", value=1), spent(3, 1, 2), False),
    (aggregate("min", "greater_or_equal", value=1), spent(3, 1, 2), True),
    (aggregate("min", "between", low=1, high=2), spent(3, 1, 2), True),
    (aggregate("min", "less", value=100), [], False),
    (aggregate("min", "not_equals", value=1), [], True),
    (aggregate("min", "not_equals", value=1), spent(1, 2), False),
    (aggregate("max", "equals", value=3), spent(3, 1, 2), True),
    (aggregate("max", "less", value=3), spent(3, 1, 2), False),
    (aggregate("max", "less_or_equal", value=3), spent(3, 1, 2), True),
    (aggregate("max", "between", low=1, high=2), spent(3, 1, 2), False),
    (aggregate("max", "not_equals", value=3), spent(3, 1), False),
    (aggregate("max", "less", value=100), spent("few"), False),
    (aggregate("distinct", "equals", value=2), spent("a", "A", "b"), True),
    (aggregate("distinct", "equals", value=0), [], True),
    (aggregate("distinct", "greater", value=2), spent("a", "b", 1), True),
    (aggregate("distinct", "equals", value=1), spent(1, "1", None), True),
    (aggregate("distinct", "not_equals", value=1), spent("a"), False),
    (aggregate("sum", "equals", level="product", kind="commerce", attribute="price", value=40), [ORDER], True),
    (aggregate("sum", "equals", [ONLY_B], "product", "price", "commerce", value=30), [ORDER], True),
    (aggregate("max", "equals", [ONLY_B], "product", "price", "commerce", value=10), [ORDER], False),
    (aggregate("distinct", "equals", level="product", kind="commerce", attribute="id", value=2), [ORDER], True),
]


@pytest.mark.parametrize(("criterion", "events", "expected"), AGGREGATES, ids=range(len(AGGREGATES)))
def test_an_aggregate_over_the_events_of_a_window(engine, criterion, events, expected):
    engine.define(book(audience(criterion)), T - 1)
    engine.ingest([batch(custom("other", T), *events)], T)

    assert list(engine.members("a")) == ([1] if expected else [])


def test_a_sum_follows_its_window(engine):
    criterion = aggregate("sum", "greater_or_equal", value=3) | {"recency": {"op": "within", "last": "1 day"}}
    engine.define(book(audience(criterion)), T - 1)
    engine.ingest([batch(custom("A", T - DAY, n=1), custom("A", T - HOUR, n=2))], T)
    assert list(engine.members("a")) == [1]
    assert engine.advance(T + 10) == [(T + 1, "a", 1, False)]


def step(name, **fields):
    return {"kind": "custom", "name": name, **fields}


def sequence(*steps, **fields):
    return {"type": "sequence", "steps": list(steps), **fields}


AB = sequence(step("A"), step("B"))
AB_HOUR = sequence(step("A"), step("B", within="1 hour"))
AB_SAME = sequence(step("A"), step("B"), same="item")
ABC = sequence(step("A"), step("B", within="1 hour"), step("C", within="1 hour"))
AA = sequence(step("A"), step("A"))

SEQUENCES = [
    (AB, [custom("A", T - 2), custom("B", T - 1)], True),
    (AB, [custom("B", T - 2), custom("A", T - 1)], False),
    (AB, [custom("A", T - 1), custom("B", T - 1)], False),
    (AB_HOUR, [custom("A", T - HOUR), custom("B", T)], True),
    (AB_HOUR, [custom("A", T - HOUR - 1), custom("B", T)], False),
    (AB_HOUR, [custom("A", T - HOUR - 1), custom("A", T - 1), custom("B", T)], True),
    (AA, [custom("A", T)], False),
    (AA, [custom("A", T - 1), custom("A", T)], True),
    (AB_SAME, [custom("A", T - 2, item="x"), custom("B", T - 1, item="X")], True),
    (AB_SAME, [custom("A", T - 2, item="x"), custom("B", T - 1, item="y")], False),
    (AB_SAME, [custom("A", T - 2), custom("B", T - 1)], False),
    (AB_SAME, [custom("A", T - 2, item=1), custom("B", T - 1, item="1")], True),
    (ABC, [custom("A", T - 90 * MINUTE), custom("B", T - 50 * MINUTE), custom("C", T)], True),
    (ABC, [custom("A", T - 90 * MINUTE), custom("B", T - 61 * MINUTE), custom("C", T)], False),
    (
        ABC,
        [custom("A", T - 90 * MINUTE), custom("B", T - 80 * MINUTE), custom("B", T - 31 * MINUTE), custom("C", T)],
        True,
    ),
    (
        ABC,
        [custom("A", T - 92 * MINUTE), custom("B", T - 80 * MINUTE), custom("B", T - 31 * MINUTE), custom("C", T)],
        False,
    ),
]


@pytest.mark.parametrize(("criterion", "events", "expected"), SEQUENCES, ids=range(len(SEQUENCES)))
def test_a_sequence_is_a_chain_of_events_strictly_in_time(engine, criterion, events, expected):
    engine.define(book(audience(criterion)), T - 1)
    engine.ingest([batch(custom("other", T), *events)], T)

    assert list(engine.members("a")) == ([1] if expected else [])


def test_a_sequence_lies_in_its_window_as_a_whole(engine):
    engine.define(book(audience(AB | {"recency": {"op": "within", "last": "1 hour"}})), T - 1)
    engine.ingest([batch(custom("A", T - HOUR), custom("B", T - MINUTE))], T)
    assert list(engine.members("a")) == [1]
    assert engine.advance(T + HOUR) == [(T + 1, "a", 1, False)]


def test_a_late_first_step_completes_a_sequence(engine):
    engine.define(book(audience(AB)), T - 1)
    changes, _ = engine.ingest([batch(custom("B", T))], T)
    assert changes == []
    changes, _ = engine.ingest([batch(custom("A", T - HOUR))], T + 1)
    assert changes == [(T + 1, "a", 1, True)]
