"""Semantics, section 21: the decisions where the source is silent, as far as members and changes show them."""

import pytest

from tests.stories.stage import DAY, HOUR, asks, attribute, audience, batch, book, custom, event, utc

T = utc("2026-03-01T00:00:00Z")
NEVER_B = asks("B", frequency={"exactly": 0})


def test_D3_windows_of_one_second_have_edges_of_one_millisecond(engine):
    engine.define(book(audience(asks(recency={"op": "within", "last": "1 second"}))), T - 1)
    engine.ingest([batch(custom("A", T))], T)
    assert engine.advance(T + 1000) == []
    assert engine.advance(T + 1001) == [(T + 1001, "a", 1, False)]


def test_D4_an_event_more_than_a_day_ahead_refuses_its_batch_and_only_that(engine):
    engine.define(book(audience(asks())), T - 1)
    _, refused = engine.ingest(
        [
            batch(custom("A", T + DAY + 1), mpid=1),
            batch(custom("A", T), custom("B", T + DAY + 1), mpid=2),
            batch(custom("A", T), custom("B", T + DAY), mpid=3),
        ],
        T,
    )
    assert refused == 2
    assert list(engine.members("a")) == [3]


def test_D5_an_event_older_than_the_lookback_counts_for_the_profile_only(engine):
    old = {"type": "first_seen", "test": {"op": "before", "date": "2026-01-01"}}
    engine.define(book(audience(asks(), "event"), audience(old, "seen")), T - 1)
    engine.ingest([batch(custom("A", utc("2025-12-31T00:00:00Z")))], T)
    assert list(engine.members("event")) == []
    assert list(engine.members("seen")) == [1]


def test_D5_first_seen_is_never_later_than_the_batch(engine):
    today = {"type": "first_seen", "test": {"op": "on", "date": "2026-03-01"}}
    engine.define(book(audience(today)), T - 1)
    engine.ingest([batch(custom("A", T + DAY))], T)
    assert list(engine.members("a")) == [1]


@pytest.mark.parametrize(("field", "expected"), [("source_request_id", []), ("other", [1])])
def test_D12_a_batch_is_remembered_for_thirty_days_and_then_counts_again(engine, field, expected):
    settings = {"lookback": "60 days"}
    engine.define(book(audience(asks(frequency={"at_least": 2})), settings=settings), T - 1)
    engine.ingest([batch(custom("A", T), **{field: "r1"})], T)
    engine.ingest([batch(custom("A", T + 1), **{field: "r1"})], T + 29 * DAY)
    assert list(engine.members("a")) == expected


def test_D14_an_opted_out_user_leaves_every_audience_until_opted_in_again(engine):
    engine.define(book(audience(NEVER_B, "never"), audience(attribute("plan", "exists"), "plan")), T - 1)
    engine.ingest([batch(user_attributes={"plan": 1})], T)
    changes, _ = engine.ingest([batch(event("opt_out", T + 1, is_opted_out=True))], T + 1)
    assert changes == [(T + 1, "never", 1, False), (T + 1, "plan", 1, False)]
    changes, _ = engine.ingest([batch(custom("A", T + 2))], T + 2)
    assert changes == []
    changes, _ = engine.ingest([batch(event("opt_out", T + 3, is_opted_out=False))], T + 3)
    assert changes == [(T + 3, "never", 1, True), (T + 3, "plan", 1, True)]


def test_D14_opting_out_in_one_workspace_holds_in_all(engine):
    inputs = [{"key": "A", "workspace": "w1"}, {"key": "B", "workspace": "w2"}]
    engine.define(book(audience(NEVER_B, workspaces=["w1"]), inputs=inputs), T - 1)
    engine.ingest([batch(api_key="A")], T)
    engine.ingest([batch(event("opt_out", T + 1, is_opted_out=True), api_key="B")], T + 1)
    assert list(engine.members("a")) == []


def test_D15_a_profile_without_activity_is_dropped_after_the_retention(engine):
    engine.define(book(audience(NEVER_B)), T - 1)
    engine.ingest([batch(custom("A", T - HOUR))], T)
    assert engine.advance(T + 30 * DAY) == []
    assert engine.advance(T + 30 * DAY + 1) == [(T + 30 * DAY + 1, "a", 1, False)]


def test_D15_a_dropped_profile_is_forgotten_wholly(engine):
    plan = attribute("plan", "exists")
    engine.define(book(audience(plan, "plan"), audience(NEVER_B, "never"), settings={"retention": "2 days"}), T - 1)
    engine.ingest([batch(user_attributes={"plan": 1})], T)
    changes, _ = engine.ingest([batch(custom("A", T + 3 * DAY))], T + 3 * DAY)
    assert changes == [
        (T + 2 * DAY + 1, "never", 1, False),
        (T + 2 * DAY + 1, "plan", 1, False),
        (T + 3 * DAY, "never", 1, True),
    ]


def test_D15_activity_in_any_workspace_keeps_the_profile(engine):
    inputs = [{"key": "A", "workspace": "w1"}, {"key": "B", "workspace": "w2"}]
    engine.define(book(audience(NEVER_B, workspaces=["w1"]), inputs=inputs), T - 1)
    engine.ingest([batch(api_key="A")], T)
    engine.ingest([batch(api_key="B")], T + 20 * DAY)
    assert engine.advance(T + 60 * DAY) == [(T + 50 * DAY + 1, "a", 1, False)]


def test_D15_an_unlimited_retention_keeps_profiles_for_ever(engine):
    engine.define(book(audience(NEVER_B), settings={"retention": "unlimited"}), T - 1)
    engine.ingest([batch(custom("A", T))], T)
    assert engine.advance(T + 4000 * DAY) == []
    assert list(engine.members("a")) == [1]


def test_D1_an_unlimited_lookback_counts_all_events(engine):
    engine.define(book(audience(asks()), settings={"lookback": "unlimited"}), T - 1)
    engine.ingest([batch(custom("A", T - 4000 * DAY))], T)
    assert engine.advance(T + 4000 * DAY) == []
    assert list(engine.members("a")) == [1]


def test_D22_a_profile_exists_from_its_first_batch_in_the_workspace(engine):
    inputs = [{"key": "A", "workspace": "w1"}, {"key": "B", "workspace": "w2"}]
    engine.define(book(audience(NEVER_B, workspaces=["w1"]), inputs=inputs), T - 1)
    engine.ingest([batch(api_key="B")], T)
    assert list(engine.members("a")) == []
    engine.ingest([batch(api_key="A")], T + 1)
    assert list(engine.members("a")) == [1]


def test_an_event_without_a_time_happens_when_its_batch_does(engine):
    engine.define(book(audience(asks(recency={"op": "within", "last": "1 hour"}))), T - 1)
    engine.ingest([batch(custom("A"), timestamp_unixtime_ms=T - HOUR)], T)
    assert engine.advance(T + HOUR) == [(T + 1, "a", 1, False)]
