"""Semantics, sections 7 and 8: recency, frequency and dates."""

import time

import pytest

from tests.stories.stage import DAY, HOUR, asks, attribute, audience, batch, book, custom, utc

NOON = utc("2018-09-09T13:00:00Z")
AGO_4_6 = {"op": "between_ago", "least": "4 days", "most": "6 days"}
LAST_7 = {"op": "within", "last": "7 days"}
LAST_1 = {"op": "within", "last": "1 day"}
BEFORE_9 = {"op": "before", "date": "2018-09-09"}
AFTER_9 = {"op": "after", "date": "2018-09-09"}
ON_9 = {"op": "on", "date": "2018-09-09"}
FROM_7_TO_9 = {"op": "between_dates", "first": "2018-09-07", "last": "2018-09-09"}
FROM_9_TO_9 = {"op": "between_dates", "first": "2018-09-09", "last": "2018-09-09"}
LEAP = {"op": "on", "date": "2024-02-29"}

RECENCY = [
    ("75", AGO_4_6, "2018-09-09T13:00:00Z", "2018-09-03T13:00:00.000Z", True),
    ("75", AGO_4_6, "2018-09-09T13:00:00Z", "2018-09-03T12:59:59.999Z", False),
    ("76", AGO_4_6, "2018-09-09T13:00:00Z", "2018-09-05T13:00:00.000Z", True),
    ("76", AGO_4_6, "2018-09-09T13:00:00Z", "2018-09-05T13:00:00.001Z", False),
    ("77", LAST_1, "2018-09-09T09:00:00Z", "2018-09-08T08:59:00Z", False),
    ("77", LAST_1, "2018-09-09T09:00:00Z", "2018-09-08T09:00:00Z", True),
    ("78", LAST_1, "2026-03-29T12:00:00Z", "2026-03-28T12:00:00.000Z", True),
    ("78", LAST_1, "2026-03-29T12:00:00Z", "2026-03-28T11:59:59.999Z", False),
    ("79", LAST_7, "2018-09-09T13:00:00Z", "2018-09-02T13:00:00Z", True),
    ("79", LAST_7, "2018-09-09T13:00:00Z", "2018-09-02T12:59:59.999Z", False),
    ("79", LAST_7, "2018-09-09T13:00:00Z", "2018-09-09T13:00:00Z", True),
    ("82", AGO_4_6, "2018-09-09T13:00:00Z", "2018-09-04T13:00:00Z", True),
    ("86", {"op": "within", "last": "24 hours"}, "2018-09-09T13:00:00Z", "2018-09-08T13:00:00Z", True),
    ("86", {"op": "within", "last": "24 hours"}, "2018-09-09T13:00:00Z", "2018-09-08T12:59:59.999Z", False),
    ("86", {"op": "within", "last": "1440 minutes"}, "2018-09-09T13:00:00Z", "2018-09-08T13:00:00Z", True),
    ("86", {"op": "within", "last": "86400 seconds"}, "2018-09-09T13:00:00Z", "2018-09-08T13:00:00Z", True),
    ("86", {"op": "within", "last": "1 week"}, "2018-09-09T13:00:00Z", "2018-09-02T13:00:00Z", True),
    ("86", {"op": "within", "last": "1 week"}, "2018-09-09T13:00:00Z", "2018-09-02T12:59:59.999Z", False),
    ("88", BEFORE_9, "2018-09-10T12:00:00Z", "2018-09-08T23:59:59.999Z", True),
    ("88", BEFORE_9, "2018-09-10T12:00:00Z", "2018-09-09T00:00:00.000Z", False),
    ("89", AFTER_9, "2018-09-10T12:00:00Z", "2018-09-09T00:00:00.000Z", True),
    ("89", AFTER_9, "2018-09-10T12:00:00Z", "2018-09-08T23:59:59.999Z", False),
    ("90", ON_9, "2018-09-10T12:00:00Z", "2018-09-09T00:00:00.000Z", True),
    ("90", ON_9, "2018-09-10T12:00:00Z", "2018-09-09T23:59:59.999Z", True),
    ("90", ON_9, "2018-09-10T12:00:00Z", "2018-09-10T00:00:00.000Z", False),
    ("91", ON_9, "2018-09-10T12:00:00Z", "2018-09-09T23:59:30.000Z", True),
    ("92", FROM_7_TO_9, "2018-09-10T12:00:00Z", "2018-09-07T00:00:00.000Z", True),
    ("92", FROM_7_TO_9, "2018-09-10T12:00:00Z", "2018-09-09T23:59:59.999Z", True),
    ("92", FROM_7_TO_9, "2018-09-10T12:00:00Z", "2018-09-06T23:59:59.999Z", False),
    ("92", FROM_7_TO_9, "2018-09-10T12:00:00Z", "2018-09-10T00:00:00.000Z", False),
    ("93", FROM_9_TO_9, "2018-09-10T12:00:00Z", "2018-09-09T00:00:00.000Z", True),
    ("93", FROM_9_TO_9, "2018-09-10T12:00:00Z", "2018-09-09T23:59:59.999Z", True),
    ("93", FROM_9_TO_9, "2018-09-10T12:00:00Z", "2018-09-10T00:00:00.000Z", False),
    ("96", AFTER_9, "2018-09-10T12:00:00Z", "2018-09-08T20:00:00-05:00", True),
    ("97", LEAP, "2024-03-02T00:00:00Z", "2024-02-29T23:59:59.999Z", True),
    ("97", LEAP, "2024-03-02T00:00:00Z", "2024-03-01T00:00:00.000Z", False),
    ("D1", None, "2018-09-09T13:00:00Z", "2018-08-10T13:00:00.000Z", True),
    ("D1-87", None, "2018-09-09T13:00:00Z", "2018-08-10T12:59:59.999Z", False),
]


def recent(recency):
    return {} if recency is None else {"recency": recency}


@pytest.mark.parametrize(
    ("row", "recency", "now", "happened", "expected"),
    RECENCY,
    ids=[f"{row[0]}-{number}" for number, row in enumerate(RECENCY)],
)
def test_an_event_counts_when_it_lies_in_the_window(engine, row, recency, now, happened, expected):
    engine.define(book(audience(asks(**recent(recency)))), utc(now) - 1)
    engine.ingest([batch(custom("A", utc(happened)))], utc(now))

    assert list(engine.members("a")) == ([1] if expected else [])


@pytest.fixture(params=["Europe/Berlin", "America/New_York", "Pacific/Kiritimati"])
def zone(request, monkeypatch):
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield request.param
    monkeypatch.undo()
    time.tzset()


def test_78_and_96_the_zone_of_the_machine_changes_nothing(zone, engine):
    now = utc("2026-03-29T12:00:00Z")
    on_28 = asks("B", recency={"op": "on", "date": "2026-03-28"})
    engine.define(book(audience(asks(recency=LAST_1)), audience(on_28, "b")), now - 1)
    engine.ingest(
        [
            batch(custom("A", utc("2026-03-28T12:00:00.000Z")), custom("B", utc("2026-03-28T00:00:00Z")), mpid=1),
            batch(custom("A", utc("2026-03-28T11:59:59.999Z")), custom("B", utc("2026-03-29T00:00:00Z")), mpid=2),
        ],
        now,
    )

    assert list(engine.members("a")) == [1]
    assert list(engine.members("b")) == [1]


def test_80_membership_moves_with_now_although_nothing_arrives(engine):
    engine.define(book(audience(asks(recency=AGO_4_6))), NOON - 1)
    changes, _ = engine.ingest([batch(custom("A", NOON))], NOON)
    assert changes == []

    assert engine.advance(NOON + 4 * DAY - 1) == []
    assert engine.advance(NOON + 4 * DAY) == [(NOON + 4 * DAY, "a", 1, True)]
    assert engine.advance(NOON + 6 * DAY) == []
    assert engine.advance(NOON + 6 * DAY + 1) == [(NOON + 6 * DAY + 1, "a", 1, False)]


def test_81_an_event_after_now_counts_when_its_time_has_come(engine):
    engine.define(book(audience(asks(recency=LAST_1))), NOON - 1)
    changes, _ = engine.ingest([batch(custom("A", NOON + HOUR))], NOON)
    assert changes == []

    assert engine.advance(NOON + 2 * DAY) == [
        (NOON + HOUR, "a", 1, True),
        (NOON + HOUR + DAY + 1, "a", 1, False),
    ]


FREQUENCY = [
    ("83", {"more_than": 2}, 2, False),
    ("83", {"more_than": 2}, 3, True),
    ("85", {"fewer_than": 1}, 0, True),
    ("85", {"exactly": 0}, 0, True),
    ("85", {"exactly": 0}, 1, False),
    ("85", {"fewer_than": 1}, 1, False),
    ("D2", {"at_least": 2}, 1, False),
    ("D2", {"at_least": 2}, 2, True),
    ("D2", {"exactly": 2}, 2, True),
    ("D2", {"exactly": 2}, 3, False),
    ("D2", {"at_most": 2}, 2, True),
    ("D2", {"at_most": 2}, 3, False),
    ("D2", {"fewer_than": 2}, 2, False),
    ("D2", {"fewer_than": 2}, 1, True),
    ("D2", {"between": [1, 2]}, 0, False),
    ("D2", {"between": [1, 2]}, 1, True),
    ("D2", {"between": [1, 2]}, 2, True),
    ("D2", {"between": [1, 2]}, 3, False),
    ("D2", {"between": [0, 0]}, 0, True),
]


@pytest.mark.parametrize(
    ("row", "frequency", "count", "expected"),
    FREQUENCY,
    ids=[f"{row[0]}-{number}" for number, row in enumerate(FREQUENCY)],
)
def test_frequency_bounds_the_number_of_events(engine, row, frequency, count, expected):
    engine.define(book(audience(asks(frequency=frequency, recency=LAST_7))), NOON - 1)
    engine.ingest([batch(custom("B", NOON), *[custom("A", NOON - day * DAY) for day in range(count)])], NOON)

    assert list(engine.members("a")) == ([1] if expected else [])


def test_84_the_same_event_delivered_twice_counts_once(engine):
    engine.define(book(audience(asks(frequency={"more_than": 1}))), NOON - 1)
    one = custom("A", NOON)
    one["data"]["source_message_id"] = "m1"
    engine.ingest([batch(one)], NOON)
    engine.ingest([batch(one, custom("B", NOON + 1))], NOON + 1)
    assert list(engine.members("a")) == []


def test_84_the_same_batch_delivered_twice_counts_once(engine):
    engine.define(book(audience(asks(frequency={"more_than": 1}))), NOON - 1)
    engine.ingest([batch(custom("A", NOON), source_request_id="r1")], NOON)
    engine.ingest([batch(custom("A", NOON), source_request_id="r1")], NOON + 1)
    assert list(engine.members("a")) == []
    engine.ingest([batch(custom("A", NOON), source_request_id="r2")], NOON + 2)
    assert list(engine.members("a")) == [1]


def test_84_a_repeated_batch_without_an_id_counts_once(engine):
    engine.define(book(audience(asks(frequency={"more_than": 1}))), NOON - 1)
    engine.ingest([batch(custom("A", NOON))], NOON)
    engine.ingest([batch(custom("A", NOON))], NOON + 1)
    assert list(engine.members("a")) == []
    engine.ingest([batch(custom("A", NOON), custom("B", NOON))], NOON + 2)
    assert list(engine.members("a")) == [1]


def test_D12_the_same_event_id_of_two_users_is_two_events(engine):
    engine.define(book(audience(asks())), NOON - 1)
    one = custom("A", NOON)
    one["data"]["source_message_id"] = "m1"
    engine.ingest([batch(one, mpid=1), batch(one, mpid=2)], NOON)
    assert list(engine.members("a")) == [1, 2]


def test_D12_the_same_request_id_of_two_inputs_is_two_batches(engine):
    engine.define(book(audience(asks(frequency={"more_than": 1}))), NOON - 1)
    engine.ingest([batch(custom("A", NOON), source_request_id="r1", api_key="x")], NOON)
    engine.ingest([batch(custom("A", NOON), source_request_id="r1", api_key="y")], NOON + 1)
    assert list(engine.members("a")) == [1]


def test_85_unknown_people_are_nobody(engine):
    engine.define(book(audience(asks(frequency={"exactly": 0}))), NOON - 1)
    engine.advance(NOON + DAY)
    assert list(engine.members("a")) == []


def test_87_an_attribute_outlives_the_lookback_of_events(engine):
    either = {"type": "and", "of": [attribute("plan", "exact_match", value="pro"), asks(frequency={"exactly": 0})]}
    engine.define(book(audience(either), settings={"retention": "60 days"}), NOON - 1)
    engine.ingest([batch(custom("A", NOON), user_attributes={"plan": "pro"})], NOON)
    assert engine.advance(NOON + 31 * DAY) == [(NOON + 30 * DAY + 1, "a", 1, True)]


def test_95_dates_do_not_move_with_now_as_far_as_data_is_retained(engine):
    engine.define(book(audience(asks(recency=ON_9)), settings={"lookback": "400 days"}), NOON - 1)
    engine.ingest([batch(custom("A", NOON))], NOON)
    engine.advance(NOON + 365 * DAY)
    assert list(engine.members("a")) == [1]


def test_98_first_seen_takes_a_date(engine):
    before = {"type": "first_seen", "test": BEFORE_9}
    after = {"type": "first_seen", "test": AFTER_9}
    engine.define(book(audience(before, "before"), audience(after, "after")), NOON - 1)
    engine.ingest([batch(custom("A", utc("2018-09-09T00:00:00Z")))], NOON)
    assert list(engine.members("before")) == []
    assert list(engine.members("after")) == [1]
    engine.ingest([batch(custom("A", utc("2018-09-08T23:59:59.999Z")))], NOON + 1)
    assert list(engine.members("before")) == [1]
    assert list(engine.members("after")) == []


def test_98_first_seen_takes_a_recency_and_flips_by_itself(engine):
    engine.define(book(audience({"type": "first_seen", "test": LAST_1})), NOON - 1)
    engine.ingest([batch(custom("A", NOON))], NOON)
    assert engine.advance(NOON + 2 * DAY) == [(NOON + DAY + 1, "a", 1, False)]


DATES = [
    ("99", AFTER_9 | {"date": "2016-12-01"}, "2016-12-01", True),
    ("99", BEFORE_9 | {"date": "2016-12-01"}, "2016-12-01", False),
    ("99", BEFORE_9 | {"date": "2016-12-01"}, "2016-11-30T23:59:59.999Z", True),
    ("99", ON_9 | {"date": "2016-12-01"}, "2016-12-01T23:59:59Z", True),
    ("99", ON_9 | {"date": "2016-12-01"}, "2016-12-02T01:00:00+02:00", True),
    ("99", AFTER_9 | {"date": "2016-12-01"}, "soon", False),
    ("99", BEFORE_9 | {"date": "2016-12-01"}, "2016-13-01", False),
    ("99", LAST_1, "2018-09-08T13:00:00Z", True),
    ("99", LAST_1, "2018-09-08T12:59:59.999Z", False),
    ("99", LAST_1, "2018-09-09T13:00:00.001Z", False),
    ("99", AGO_4_6, "2018-09-05T13:00:00Z", True),
]


@pytest.mark.parametrize(
    ("row", "test", "value", "expected"), DATES, ids=[f"{row[0]}-{number}" for number, row in enumerate(DATES)]
)
def test_a_date_in_a_user_attribute(engine, row, test, value, expected):
    engine.define(book(audience({"type": "user_attribute", "name": "TrialEndDate", "test": test})), NOON - 1)
    engine.ingest([batch(user_attributes={"TrialEndDate": value})], NOON)

    assert list(engine.members("a")) == ([1] if expected else [])


def test_99_a_date_in_a_user_attribute_flips_by_itself(engine):
    criterion = {"type": "user_attribute", "name": "TrialEndDate", "test": LAST_1}
    engine.define(book(audience(criterion)), NOON - 1)
    engine.ingest([batch(user_attributes={"TrialEndDate": "2018-09-10T00:00:00Z"})], NOON)
    start = utc("2018-09-10T00:00:00Z")
    assert engine.advance(NOON + 5 * DAY) == [(start, "a", 1, True), (start + DAY + 1, "a", 1, False)]
