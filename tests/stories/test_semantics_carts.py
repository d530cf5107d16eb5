"""Semantics, sections 10 and 11: cart abandonment, audiences within audiences."""

import pytest

from tests.stories.stage import DAY, HOUR, asks, audience, batch, book, commerce, event, utc

T = utc("2026-03-01T00:00:00Z")
X = {"id": "x", "category": "shoes"}
Y = {"id": "y", "category": "hats"}
FOUR_DAYS = {"wait": "4 days"}
ONE_DAY = {"wait": "1 day"}
ANY = {"wait": "1 day", "until": "any_product_action"}
SHOES = {"where": [{"attribute": "category", "test": {"op": "exact_match", "value": "shoes"}, "level": "product"}]}
KEEP = {"emptied_by_removal": False}


def add(time, *products):
    return commerce("add_to_cart", time, *(products or [X]))


def buy(time):
    return commerce("purchase", time, X)


def remove(time, *products):
    return commerce("remove_from_cart", time, *products)


CARTS = [
    ("110", FOUR_DAYS, [add(T)], T + 4 * DAY, True),
    ("111", FOUR_DAYS, [add(T)], T + 4 * DAY - 1, False),
    ("112", FOUR_DAYS, [add(T), buy(T + DAY)], T + 4 * DAY, False),
    ("112", FOUR_DAYS, [add(T), buy(T + DAY)], T + 9 * DAY, False),
    ("112", FOUR_DAYS, [add(T), buy(T)], T + 4 * DAY, False),
    ("113", FOUR_DAYS, [buy(T - HOUR), add(T)], T + 4 * DAY, True),
    ("114", FOUR_DAYS, [add(T), add(T + 2 * DAY)], T + 5 * DAY, False),
    ("114", FOUR_DAYS, [add(T), add(T + 2 * DAY)], T + 6 * DAY, True),
    ("115", ONE_DAY, [add(T), commerce("view_detail", T + 20 * HOUR, X)], T + 25 * HOUR, True),
    ("115", ANY, [add(T), commerce("view_detail", T + 20 * HOUR, X)], T + 25 * HOUR, False),
    ("115", ANY, [add(T), commerce("view_detail", T + 20 * HOUR, X)], T + 44 * HOUR, True),
    ("115", ANY, [add(T), event("session_start", T + 20 * HOUR)], T + 25 * HOUR, True),
    ("116", ONE_DAY, [add(T), buy(T + 3 * DAY)], T + 2 * DAY, True),
    ("116", ONE_DAY, [add(T), buy(T + 3 * DAY)], T + 4 * DAY, False),
    ("117", ONE_DAY, [add(T), remove(T + HOUR, X)], T + DAY, False),
    ("117", ONE_DAY | KEEP, [add(T), remove(T + HOUR, X)], T + DAY, True),
    ("117", ONE_DAY, [add(T, X, Y), remove(T + HOUR, X)], T + DAY, True),
    ("117", ONE_DAY, [add(T, X, Y), remove(T + HOUR, X), remove(T + HOUR, Y)], T + DAY, False),
    ("117", ONE_DAY, [add(T), add(T + 1, Y), remove(T + HOUR, X)], T + DAY + 1, True),
    ("117", ONE_DAY, [add(T), remove(T + 1, X), add(T + 2)], T + DAY + 2, True),
    ("117", ONE_DAY, [add(T, Y), buy(T + 1), add(T + 2), remove(T + 3, X)], T + DAY + 2, False),
    ("119", ONE_DAY | SHOES, [add(T, X)], T + DAY, True),
    ("119", ONE_DAY | SHOES, [add(T, Y)], T + DAY, False),
    ("119", ONE_DAY | SHOES, [add(T, X), add(T + HOUR, Y)], T + DAY, True),
    ("119", ONE_DAY, [add(T, X), add(T + HOUR, Y)], T + DAY, False),
]


@pytest.mark.parametrize(
    ("row", "settings", "events", "now", "expected"),
    CARTS,
    ids=[f"{row[0]}-{number}" for number, row in enumerate(CARTS)],
)
def test_a_cart_is_abandoned(engine, row, settings, events, now, expected):
    engine.define(book(audience({"type": "cart_abandonment", **settings})), T - 2 * HOUR)
    for one in sorted(events, key=lambda one: one["data"]["timestamp_unixtime_ms"]):
        if one["data"]["timestamp_unixtime_ms"] < now:
            engine.ingest([batch(one)], one["data"]["timestamp_unixtime_ms"])
    engine.advance(now)

    assert list(engine.members("a")) == ([1] if expected else [])


def test_118_the_entry_happens_by_time_alone_and_ends_with_the_lookback(engine):
    engine.define(book(audience({"type": "cart_abandonment", "wait": "4 days"})), T - 1)
    engine.ingest([batch(add(T))], T)
    assert engine.advance(T + 29 * DAY) == [(T + 4 * DAY, "a", 1, True)]
    assert engine.advance(T + 40 * DAY) == [(T + 30 * DAY + 1, "a", 1, False)]


def test_120_and_124_membership_of_another_audience_follows_it_at_the_same_instant(engine):
    inner = asks(recency={"op": "within", "last": "1 day"})
    outer = {"type": "audience", "audience": "inner"}
    engine.define(book(audience(inner, "inner"), audience(outer, "outer")), T - 1)
    changes, _ = engine.ingest([batch(event("custom_event", T, event_name="A", custom_event_type="other"))], T)
    assert changes == [(T, "inner", 1, True), (T, "outer", 1, True)]
    assert engine.advance(T + 2 * DAY) == [
        (T + DAY + 1, "inner", 1, False),
        (T + DAY + 1, "outer", 1, False),
    ]


def test_120_a_nested_audience_keeps_its_own_workspaces(engine):
    inputs = [{"key": "A", "workspace": "w1"}, {"key": "B", "workspace": "w2"}]
    inner = audience(asks(), "inner", workspaces=["w1"])
    outer = audience({"type": "audience", "audience": "inner"}, "outer", workspaces=["w2"])
    engine.define(book(inner, outer, inputs=inputs), T - 1)
    one = event("custom_event", T, event_name="A", custom_event_type="other")
    engine.ingest([batch(one, api_key="A"), batch(one, api_key="A", mpid=2), batch(mpid=2, api_key="B")], T)
    assert list(engine.members("inner")) == [1, 2]
    assert list(engine.members("outer")) == [2]
