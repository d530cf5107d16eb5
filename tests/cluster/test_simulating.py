"""Simulations: a virtual clock, the same answers in whatever order they are given, and the story of a user."""

import json
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raudience.catalog.build import audience, book
from raudience.catalog.documents import read_book
from raudience.clock import DAY, HOUR
from raudience.cluster.drawing import draw
from raudience.cluster.inline import InlineEngine
from raudience.cluster.simulating import START, Simulation, Tale, simulate
from raudience.cluster.stories import Crossing, Happening, Learned, plain_story
from raudience.criteria.build import cart_abandoned, event, user
from raudience.errors import FixDefinition, FixRequest
from raudience.ingest.batches import decode
from tests.cluster.world import BOOK, lines, write_book, write_lines
from tests.oracle.strategies import TIMED_HISTORIES
from tests.stories.stage import batch, commerce, custom

SHOP = book(
    audience("buyers", "Bought in 30 days", event("commerce", "purchase").within("30 days")),
    audience("carts", "Left a cart for 6 hours", cart_abandoned("6 hours")),
    audience("pro", "On the pro plan", user("plan").exactly("pro")),
)
ADD = batch(commerce("add_to_cart", None, {"id": "mug", "price": 12}))
BUY = batch(commerce("purchase", None, {"id": "mug"}))


def shop():
    return Simulation(SHOP, start="2026-01-01")


def test_what_has_no_time_happens_now():
    world = shop().given(BUY)
    assert (world.now, world.members("buyers")) == (START, [1])


def test_a_user_leaves_a_window_at_its_millisecond():
    world = shop().given(BUY).later("30 days")
    assert world.members("buyers") == [1]
    assert world.later(1).members("buyers") == []


@pytest.mark.parametrize("length", ["31 days", 31 * DAY, timedelta(days=31)])
def test_a_length_of_time_has_three_forms(length):
    assert shop().later(length).now == START + 31 * DAY


@pytest.mark.parametrize("length", ["soon", "unlimited", -1, timedelta(seconds=-1)])
def test_what_is_no_length_of_time_is_refused(length):
    with pytest.raises(FixRequest, match="a length of time"):
        shop().later(length)


def test_time_does_not_go_back():
    world = shop().later("1 day")
    with pytest.raises(FixRequest, match="expected 2026-01-02"):
        world.until("2026-01-01")


def test_the_clock_goes_on_to_the_latest_batch():
    assert shop().given(batch(custom("A", START + HOUR))).now == START + HOUR


def test_without_a_start_time_begins_with_the_first_batch():
    world = Simulation(SHOP).given(batch(custom("A", DAY)))
    assert (world.now, world.timeline(1).first) == (DAY, DAY)


def test_many_things_of_one_instant_are_one_instant_also_when_somebody_asked_between_them():
    world = shop().given(ADD).later("6 hours")
    assert world.members("carts") == [1]
    assert world.given(BUY).members("carts") == []
    assert [(each.at, each.audience, each.entered) for each in world.changes()] == [(START + 6 * HOUR, "buyers", True)]


def test_what_is_given_late_counts_as_if_it_had_been_there():
    world = shop().later("1 day")
    assert world.members("carts") == []
    assert world.given(batch(commerce("add_to_cart", START, {"id": "mug"}))).members("carts") == [1]
    assert world.now == START + DAY


def test_refused_batches_are_all_named():
    with pytest.raises(FixRequest, match=r"2 fault\(s\)\n  batch 0.*\n  batch 2"):
        shop().given({"mpid": "one"}, BUY, {"mpid": 1, "events": [{}]})


def test_faults_of_the_book_show_at_once():
    with pytest.raises(FixDefinition):
        Simulation(book(audience("a", "", event("custom", "A").within("0 days"))))


def test_why_is_as_of_now():
    world = shop().given(ADD).later("6 hours")
    assert world.why(1, "carts").member


def test_a_story_tells_what_happened_with_reasons():
    world = shop().given(ADD).later("6 hours").given(batch(user_attributes={"plan": "pro"})).later("1 day")
    story = world.timeline(1)
    assert [type(entry) for entry in story.entries] == [Happening, Learned, Crossing, Crossing]
    happening, learned, pro, carts = sorted(story.entries, key=lambda entry: type(entry) is Crossing)
    assert (happening.what, happening.products) == ("commerce add_to_cart", ({"id": "mug"},))
    assert (learned.name, learned.value, learned.before) == ("user plan", "pro", None)
    crossings = {each.audience: each for each in (pro, carts)}
    assert [truth.criterion for truth in crossings["carts"].reasons] == [
        "commerce add_to_cart without purchase for 6 hours"
    ]
    assert [truth.criterion for truth in crossings["pro"].reasons] == ['user attribute plan is "pro"']
    assert crossings["pro"].cause == "event"


def test_a_change_that_time_alone_brings_says_so():
    story = shop().given(ADD).later("7 hours").timeline(1)
    assert [entry.cause for entry in story.entries if isinstance(entry, Crossing)] == ["time"]


def test_a_story_tells_the_next_flip_of_each_audience():
    standings = {each.audience: each for each in shop().given(BUY).later("1 day").timeline(1).standings}
    assert standings["buyers"].since == START
    assert standings["buyers"].flips_at == START + 30 * DAY + 1
    assert (standings["carts"].member, standings["carts"].flips_at) == (False, None)


def test_a_forgotten_profile_leaves_without_reasons():
    story = shop().given(batch(user_attributes={"plan": "pro"})).later("31 days").timeline(1)
    entered, left = [entry for entry in story.entries if isinstance(entry, Crossing)]
    assert (entered.entered, left.entered, left.reasons) == (True, False, ())
    assert "the profile was forgotten" in "\n".join(draw(story))


def test_a_story_from_later_on_knows_who_was_in_before():
    story = shop().given(BUY).later("2 days").timeline(1, since="2026-01-02")
    assert (story.before, story.entries) == (("buyers",), ())
    assert any(line.startswith("┃  2026-01-03 00:00:00") for line in draw(story))


def test_a_story_cannot_begin_after_now():
    with pytest.raises(FixRequest, match="from: expected an instant up to 2026-01-01"):
        shop().given(BUY).timeline(1, since="2026-02-01")


def test_what_came_before_is_shown_and_does_not_count():
    once = BUY | {"source_request_id": "r"}
    story = shop().given(once).later("1 hour").given(once).timeline(1)
    assert [entry.counted for entry in story.entries if isinstance(entry, Happening)] == [True, False]


def test_an_attribute_that_comes_late_changes_nothing():
    world = shop().given(batch(user_attributes={"plan": "pro"}))
    world.given(batch(custom("A"), user_attributes={"plan": "pro"})).later("1 hour")
    world.given(batch(deleted_user_attributes=["plan"]))
    learned = [(each.value, each.before) for each in world.timeline(1).entries if isinstance(each, Learned)]
    assert learned == [("pro", None), (None, "pro")]


def test_a_drawing_has_a_lane_for_each_audience_the_user_was_in():
    world = shop().given(ADD).later("6 hours").given(BUY | {"user_attributes": {"plan": "pro"}}).later("1 hour")
    assert draw(world.timeline(1), "ana") == [
        "user ana, 2026-01-01 00:00:00 to 2026-01-01 07:00:00 UTC",
        "  a  buyers",
        "  b  pro",
        "",
        "a b",
        "· ·  2026-01-01 00:00:00      commerce add_to_cart [id=mug]",
        "· ·  2026-01-01 06:00:00      user plan = pro",
        "· ·                           commerce purchase [id=mug]",
        "┏ ·                           into buyers",
        "┃ ·                             yes  commerce purchase at least 1 time in the last 30 days (found: 1 event)",
        "┃ ┏                           into pro",
        '┃ ┃                             yes  user attribute plan is "pro" (found: pro)',
        "┃ ┃  2026-01-01 07:00:00      now",
        "",
        "if nothing happens:",
        "┗ ┃  2026-01-31 06:00:00.001  out of buyers",
        "┃ ┗  2026-01-31 06:00:00.001  out of pro",
    ]


def test_a_story_in_json_has_instants_people_can_read():
    plain = plain_story(shop().given(BUY).timeline(1))
    assert (plain["mpid"], plain["first"]) == ("1", "2026-01-01T00:00:00.000Z")
    assert plain["standings"][0]["flips_at"] == "2026-01-31T00:00:00.001Z"
    assert json.loads(json.dumps(plain)) == plain


def test_files_are_read_for_the_chosen_users_only(tmp_path):
    write_lines(tmp_path / "events.ndjson", [*lines(), "{broken"])
    told = simulate(Tale((str(tmp_path / "events.ndjson"),), read_book(BOOK.encode(), "book", "yaml"), (5, -20)))
    assert (told.refused, [story.mpid for story in told.stories]) == (1, [5, -20])
    engine = InlineEngine()
    engine.define(read_book(BOOK.encode(), "book", "yaml"), 0)
    changes = engine.apply(decode([line.encode() for line in lines()]).block, START + 3 * DAY)
    expected = [
        (at, changes.audiences[key], entered)
        for at, key, mpid, entered in zip(
            *map(list, (changes.at, changes.audience, changes.mpid, changes.entered)), strict=True
        )
        if mpid == 5 and at <= told.stories[0].last
    ]
    crossings = [entry for entry in told.stories[0].entries if isinstance(entry, Crossing)]
    assert [(each.at, each.audience, each.entered) for each in crossings] == expected
    assert expected


def test_only_chosen_users_are_kept():
    world = Simulation(SHOP, start="2026-01-01", users=[2]).given(BUY, BUY | {"mpid": 2})
    assert world.members("buyers") == [2]


def test_files_and_batches_are_given_together(tmp_path):
    write_lines(tmp_path / "events.ndjson", lines())
    world = Simulation(write_book(tmp_path)).given(tmp_path / "events.ndjson").later("2 days")
    assert world.members("buyers") == []
    assert world.given(BUY).members("buyers") == [1]


@settings(max_examples=30, deadline=None)
@given(TIMED_HISTORIES, st.randoms(use_true_random=False))
def test_members_depend_on_what_is_given_and_not_on_the_order_or_the_questions(history, chance):
    document, steps = history
    definitions = read_book(json.dumps(document).encode(), "book", "json")
    batches = [one for _, arrived in steps for one in arrived if not decode([json.dumps(one).encode()]).faults]
    keys = [each.key for each in definitions.audiences]
    whole = Simulation(definitions).given(*batches).until(steps[-1][0])
    chance.shuffle(batches)
    piecewise = Simulation(definitions)
    for one in batches:
        piecewise.given(one).members(keys[0])
    piecewise.until(steps[-1][0])
    assert [piecewise.members(key) for key in keys] == [whole.members(key) for key in keys]
    assert piecewise.changes() == whole.changes()
    for mpid in {change.mpid for change in whole.changes()}:
        crossings = [each for each in whole.timeline(mpid).entries if isinstance(each, Crossing)]
        told = [(change.at, change.audience, change.entered) for change in whole.changes() if change.mpid == mpid]
        assert [(each.at, each.audience, each.entered) for each in crossings] == told
        assert all(each.reasons for each in crossings if each.entered)
