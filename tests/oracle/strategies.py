"""Random worlds out of small pools, so that names, values and moments collide often."""

import json

from hypothesis import strategies as st

from tests.oracle.definitions import books, weighted
from tests.oracle.words import DAY, HOUR

START = 1_772_323_200_000
"""2026-03-01T00:00:00Z."""

AGES = (0, 0, 0, 1, 2, 500, 999, 1000, 1001, 2000, 2001, 5000, 10_000, HOUR, DAY, 31 * DAY)
AHEAD = (1, 500, 1000, 2000, HOUR, DAY, DAY + 1)
"""Milliseconds that events are older or younger than their arrival."""
STEPS = (1, 1, 2, 2, 499, 500, 999, 1000, 1001, 2000, 3000, 5001, 60_000, HOUR, DAY, 10 * DAY)
NAMES = ("A", "B")
MPIDS = (1, 2, -(2**62) - 1)
SCALARS = (1, 2, 0.5, "a", "A", "b", "1", "2026-03-01", True, None)
LISTS = ([], ["a"], ["A", "b"], [1, "a"])
PLACES = (
    {"latitude": 48.85, "longitude": 2.35, "city_name": "Paris", "country_code": "FR"},
    {"latitude": 0.0, "longitude": 179.99, "city_name": "a"},
    {"latitude": 51.5, "longitude": 0.0, "postal_code": 75001},
)


def rarely(strategy):
    """A value or, mostly, none."""
    return weighted((4, st.none()), (1, strategy))


def some(keys, values, most=2):
    return st.dictionaries(st.sampled_from(keys), values, max_size=most)


PRODUCTS = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "id": st.sampled_from(["x", "y"]),
            "price": st.sampled_from([1, 2, 0.5]),
            "category": st.sampled_from(["a", "b"]),
            "custom_attributes": some(["k"], st.sampled_from(["a", "b", 1]), 1),
        },
    ),
    max_size=2,
)
CUSTOM = some(["k", "n"], st.sampled_from(SCALARS))


CUSTOM_EVENTS = st.fixed_dictionaries(
    {
        "event_name": st.sampled_from(NAMES),
        "custom_event_type": st.sampled_from(["other", "search"]),
        "custom_attributes": CUSTOM,
    }
).map(lambda data: ("custom_event", data))


ACTIONS = st.fixed_dictionaries(
    {
        "action": st.sampled_from(["add_to_cart", "add_to_cart", "purchase", "remove_from_cart", "view_detail"]),
        "products": PRODUCTS,
    },
    optional={"total_amount": st.sampled_from([1, 2])},
)
COMMERCE_EVENTS = ACTIONS.map(lambda action: ("commerce_event", {"product_action": action}))


OTHER_EVENTS = st.sampled_from(
        [
            ("screen_view", {"screen_name": "A"}),
            ("session_start", {}),
            ("crash_report", {"severity": "a", "message": "b"}),
            ("application_state_transition", {"application_transition_type": "x", "is_first_run": True}),
            ("uninstall", {"custom_attributes": {"publisher": "a"}}),
            ("commerce_event", {"promotion_action": {"action": 1, "promotions": []}}),
            ("custom_event", {"event_name": "attribution", "custom_event_type": "attribution",
                              "custom_attributes": {"campaign": "b", "k": "a"}}),
            ("user_attribute_change", {"user_attribute_name": "p", "new": None, "deleted": True}),
            ("user_attribute_change", {"user_attribute_name": "p", "new": "b"}),
            ("user_attribute_change", {"user_attribute_name": "p", "new": ["a"], "deleted": False}),
        ]
    )  # fmt: skip

OPT_OUTS = st.booleans().map(lambda is_out: ("opt_out", {"is_opted_out": is_out}))
OFFSETS = weighted((8, st.sampled_from([-age for age in AGES])), (1, st.sampled_from(AHEAD)), (1, st.none()))
"""When an event happened relative to its arrival: mostly before, sometimes in the future or untold."""


def timed_event(parts):
    (event_type, data), offset, message = parts
    if message and event_type in ("custom_event", "commerce_event"):
        data = {**data, "source_message_id": message}
    return event_type, data, offset


EVENTS = st.tuples(
    weighted((20, CUSTOM_EVENTS), (12, COMMERCE_EVENTS), (8, OTHER_EVENTS), (1, OPT_OUTS)),
    OFFSETS,
    rarely(st.sampled_from(["m1", "m2"])),
).map(timed_event)
"""(type, data, milliseconds from its arrival to its time or None)."""

CONSENTS = st.tuples(
    st.sampled_from([("gdpr", "Ads"), ("ccpa", "data_sale_opt_out")]), st.booleans(), st.sampled_from([None, 0, -1])
)
PARTS = st.fixed_dictionaries(
    {
        "mpid": st.sampled_from(MPIDS),
        "events": weighted((3, st.lists(EVENTS, min_size=1, max_size=4)), (1, st.just([]))),
        "timestamp_unixtime_ms": rarely(st.sampled_from([0, -1, -1000, -DAY, 1])),
        "source_request_id": rarely(st.sampled_from(["r1", "r2"])),
        "api_key": st.sampled_from(["web", "web", "web", "app", "shop", "shop", None]),
        "user_attributes": rarely(some(["p", "q", "$age"], st.sampled_from(SCALARS + LISTS))),
        "deleted_user_attributes": rarely(st.just(["p"])),
        "calculated_attributes": rarely(some(["c"], st.sampled_from(SCALARS), 1)),
        "user_identities": rarely(some(["email", "customerid"], st.sampled_from(["a", "B", None]))),
        "device_info": rarely(
            some(["platform", "os_version", "ios_advertising_id"], st.sampled_from(["a", "b", "1.2", "1.10"]))
        ),
        "application_info": rarely(some(["application_version"], st.sampled_from(["1.2", "1.10"]), 1)),
        "consent_state": rarely(CONSENTS),
        "context": rarely(st.sampled_from(PLACES).map(lambda place: {"location": place})),
        "attribution_info": rarely(st.sampled_from([{"publisher": "a"}, {"campaign": "b"}])),
    }
)
"""A batch with all its moments relative to its arrival."""


def batch_at(at, parts, timed=False):
    """The batch that arrives at `at`; timed: its own time is told, and is `at`."""
    batch = {name: value for name, value in parts.items() if value is not None}
    batch["events"] = [event_at(at, *event) for event in parts["events"]]
    if timed or parts["timestamp_unixtime_ms"] is not None:
        batch["timestamp_unixtime_ms"] = at if timed else at + parts["timestamp_unixtime_ms"]
    if parts["consent_state"]:
        (regulation, purpose), consented, offset = parts["consent_state"]
        consent = {"consented": consented} | ({} if offset is None else {"timestamp_unixtime_ms": at + offset})
        batch["consent_state"] = {regulation: {purpose: consent}}
    return json.loads(json.dumps(batch, sort_keys=True))


def event_at(at, event_type, data, offset):
    time = {} if offset is None else {"timestamp_unixtime_ms": at + offset}
    return {"event_type": event_type, "data": {**data, **time}}


REPEATS = rarely(st.integers(0, 5))
ARRIVALS = st.lists(PARTS, min_size=1, max_size=4)
STEPS_TAKEN = st.lists(
    st.tuples(st.sampled_from(STEPS), weighted((4, ARRIVALS), (1, st.just([]))), REPEATS), min_size=3, max_size=9
)


def told(steps, timed=False):
    """(instant, batches) of each step; some repeat a batch that came before."""
    at, sent, found = START, [], []
    for step, arriving, repeat in steps:
        at += step
        arrived = [batch_at(at, parts, timed) for parts in arriving]
        if sent and not timed and repeat is not None:
            arrived.append(sent[repeat % len(sent)])
        sent += arrived
        found.append((at, arrived))
    return found


HISTORIES = st.tuples(books(), STEPS_TAKEN.map(told))
"""(book, steps), a step being (instant, batches), instants ascending."""

TIMED_HISTORIES = st.tuples(books(), STEPS_TAKEN.map(lambda steps: told(steps, timed=True)))
"""The same with batches that tell their own time, which is that of their step."""
