"""What definitions cost: the formula of the page, against what an engine measures."""

import json

import pytest

from raudience.catalog.build import audience, book
from raudience.catalog.costing import cost_of, footprint
from raudience.catalog.planning import plan
from raudience.cluster.inline import InlineEngine
from raudience.criteria import operators
from raudience.criteria.build import cart_abandoned, event, first_seen, sequence, user
from raudience.criteria.durations import Duration

PEOPLE = 4_000
START = 1_000_000
PARTS = ("counters", "leaves", "members", "states", "timers", "entered")
ADDS = event("commerce", "add_to_cart")


def people():
    """Each adds one product to a cart, once."""
    for mpid in range(1, PEOPLE + 1):
        action = {"action": "add_to_cart", "total_amount": 5, "products": [{"id": "mug"}]}
        data = {"timestamp_unixtime_ms": START, "product_action": action}
        yield json.dumps({"mpid": mpid, "events": [{"event_type": "commerce_event", "data": data}]}).encode()


def measured(planned):
    engine = InlineEngine()
    engine.define(planned, 0)
    engine.ingest(list(people()), START)
    memory, members = engine.memory(), sum(engine.counts().values())
    engine.close()
    return sum(memory.get(part, 0) for part in PARTS), members


def seen(last):
    return first_seen(operators.Within(Duration.parse(last)))


BOOKS = {
    "many counters": book(*(audience(f"a{n}", "a", ADDS.within(f"{n} days")) for n in range(1, 21))),
    "one counter, many thresholds": book(*(audience(f"a{n}", "a", ADDS.at_least(n)) for n in range(1, 21))),
    "aggregates": book(
        audience("sum", "a", ADDS.sum("total_amount", "event") > 2),
        audience("average", "a", ADDS.average("total_amount", "event") > 2),
    ),
    "different values": book(
        audience("a", "a", ADDS.distinct("total_amount", "event") >= 1),
        audience("b", "b", ADDS.within("7 days").distinct("total_amount", "event") >= 1),
    ),
    "sequences": book(
        audience("a", "a", sequence(ADDS, event("commerce", "purchase"))),
        audience("b", "b", sequence(ADDS, event("commerce", "refund"))),
    ),
    "carts": book(audience("a", "a", cart_abandoned("6 hours")), audience("b", "b", cart_abandoned("8 hours"))),
    "moments": book(audience("a", "a", seen("3 days")), audience("b", "b", seen("5 days"))),
    "attributes": book(*(audience(f"a{n}", "a", user(f"plan{n}").exists()) for n in range(64))),
}


@pytest.mark.parametrize("name", BOOKS)
def test_the_formula_is_within_a_factor_of_one_and_a_half_of_what_is_measured(name):
    empty, _ = measured(book())
    held, members = measured(BOOKS[name])
    before, after = footprint(plan(book())), footprint(plan(BOOKS[name]))
    more = after.expected(PEOPLE, PEOPLE, PEOPLE, members) - before.expected(PEOPLE, PEOPLE, PEOPLE, 0)
    assert more / 1.5 <= held - empty <= more * 1.5


def test_what_is_asked_already_costs_nothing_more():
    once = plan(book(audience("a", "A", ADDS.within("7 days"))))
    twice = plan(book(audience("a", "A", ADDS.within("7 days")), audience("b", "B", ADDS.within("7 days"))))
    found = cost_of(once, twice)
    assert (found.new, found.gone, found.reads, found.per_profile) == (0, 0, (), 1 / 8)


def test_a_new_criterion_is_told_with_the_events_it_reads():
    present = plan(book(audience("a", "A", ADDS.within("7 days"))))
    wanted = plan(book(audience("a", "A", event("commerce", "purchase").within("2 weeks") & user("plan").exists())))
    found = cost_of(present, wanted)
    assert (found.new, found.gone, found.reads) == (2, 1, ("commerce purchase, 2 weeks back",))


def test_carts_and_sequences_read_all_they_look_at():
    carts = cost_of(plan(book()), plan(book(audience("a", "A", cart_abandoned("6 hours")))))
    assert carts.reads == (
        "commerce add_to_cart, 30 days back",
        "commerce purchase, 30 days back",
        "commerce remove_from_cart, 30 days back",
    )
