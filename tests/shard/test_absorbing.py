"""Profiles come to a shard that has others, and leave it: nobody notices."""

import numpy as np
import pytest

from raudience.errors import ReportBug
from raudience.hashing import group_of_keys
from raudience.records import Field
from raudience.shard import Shard, sifting
from raudience.shard.snapshot import EventsPart, RememberedPart
from tests.shard.making import T, planned, shard_of, taken, ticked
from tests.stories.moving import group_of, kept, some
from tests.stories.stage import DAY, HOUR, asks, attribute, audience, batch, commerce, custom, event

STAYS, MOVES, LATER = 1, 2, 3
DAILY = {"recency": {"op": "within", "last": "1 day"}}
TWICE = asks("A", frequency={"at_least": 2}, **DAILY)
CART = {"type": "cart_abandonment", "wait": "1 hour"}
SEEN = {"type": "first_seen", "test": {"op": "within", "last": "1 day"}}
SPENT = {"type": "aggregate", "kind": "custom", "function": "sum", "attribute": "n",
         "compare": {"op": "greater", "value": 2}, **DAILY}  # fmt: skip
CHAIN = {"type": "sequence", "steps": [{"kind": "custom", "name": "A"}, {"kind": "custom", "name": "B"}]}
X, Y = {"id": "x"}, {"id": "y"}


def of(*mpids):
    return some(map(group_of, mpids))


def moved(giver, taker, *mpids):
    taker.absorb(kept(giver, of(*mpids)))
    giver.release(of(*mpids))
    giver.check()
    taker.check()


@pytest.fixture
def shards():
    """Two shards of one plan, at one instant: of the first MOVES, of the second STAYS."""

    def made(*criteria, then=(), **fields):
        definitions = [audience(criterion, key) for criterion, key in zip(criteria, "abcdef", strict=False)]
        giver, taker = shard_of(*definitions, **fields), shard_of(*definitions, **fields)
        taken(giver, T, batch(*then, mpid=MOVES))
        taken(taker, T, batch(*then, mpid=STAYS))
        return giver, taker

    return made


def test_a_member_moves_without_a_word_and_leaves_on_time(shards):
    giver, taker = shards(TWICE, then=[custom("A", T), custom("A", T - 5)])
    moved(giver, taker, MOVES)
    assert (giver.counts(), taker.counts()) == ({"a": 0}, {"a": 2})
    assert ticked(giver, T + 2 * DAY) == []
    assert ticked(taker, T + 2 * DAY) == [(T - 5 + DAY + 1, "a", mpid, False) for mpid in (STAYS, MOVES)]


def test_what_was_counted_goes_on_being_counted(shards):
    giver, taker = shards(TWICE, asks("A", frequency={"at_least": 301}, **DAILY), then=[custom("A", T)] * 300)
    moved(giver, taker, MOVES)
    assert taken(taker, T + 1, batch(custom("A", T), mpid=MOVES)) == [(T + 1, "b", MOVES, True)]


def test_a_cart_goes_on_being_emptied(shards):
    giver, taker = shards(CART, then=[commerce("add_to_cart", T, X, Y), commerce("remove_from_cart", T, X)])
    moved(giver, taker, MOVES)
    assert taken(taker, T + 1, batch(commerce("remove_from_cart", T + 1, Y), mpid=MOVES)) == []
    assert ticked(taker, T + HOUR) == [(T + HOUR, "a", STAYS, True)]


def test_a_cart_that_waits_goes_on_waiting(shards):
    giver, taker = shards(CART | {"emptied_by_removal": False}, then=[commerce("add_to_cart", T, X)])
    moved(giver, taker, MOVES)
    assert ticked(taker, T + HOUR) == [(T + HOUR, "a", mpid, True) for mpid in (STAYS, MOVES)]


def test_a_cart_hears_later_of_what_was_to_come(shards):
    giver, taker = shards(CART, then=[commerce("add_to_cart", T, X), commerce("remove_from_cart", T + 9, X)])
    moved(giver, taker, MOVES)
    assert ticked(taker, T + HOUR) == []


def test_sums_and_sequences_go_on(shards):
    giver, taker = shards(SPENT, CHAIN, then=[custom("A", T, n=2)])
    moved(giver, taker, MOVES)
    assert taken(taker, T + 1, batch(custom("B", T + 1, n=1), mpid=MOVES)) == [
        (T + 1, "a", MOVES, True),
        (T + 1, "b", MOVES, True),
    ]


def test_who_is_no_longer_new_leaves_on_time(shards):
    giver, taker = shards(SEEN, then=[custom("A", T)])
    moved(giver, taker, MOVES)
    assert ticked(taker, T + 2 * DAY) == [(T + DAY + 1, "a", mpid, False) for mpid in (STAYS, MOVES)]


def test_who_is_new_for_a_day_enters_on_time(shards):
    a_day = {"op": "between_ago", "least": "1 day", "most": "2 days"}
    giver, taker = shards({"type": "first_seen", "test": a_day}, then=[custom("A", T)])
    moved(giver, taker, MOVES)
    assert ticked(taker, T + DAY) == [(T + DAY, "a", mpid, True) for mpid in (STAYS, MOVES)]


def test_a_profile_that_moved_is_dropped_on_time(shards):
    giver, taker = shards(attribute("p", "does_not_exist"), settings={"retention": "2 days"}, then=[custom("A", T)])
    moved(giver, taker, MOVES)
    assert ticked(taker, T + 9 * DAY) == [(T + 2 * DAY + 1, "a", mpid, False) for mpid in (STAYS, MOVES)]
    assert taken(taker, T + 9 * DAY + 1, batch(mpid=MOVES)) == [(T + 9 * DAY + 1, "a", MOVES, True)]


def test_words_mean_what_they_meant(shards):
    giver, taker = shards(attribute("p", "exact_match", value="u"))
    taken(giver, T + 1, batch(mpid=MOVES, user_attributes={"p": "u"}), batch(mpid=LATER, user_attributes={"p": "v"}))
    taken(taker, T + 1, batch(user_attributes={"p": "v"}), batch(mpid=4, user_attributes={"p": ["v", "w", "u"]}))
    moved(giver, taker, MOVES, LATER)
    assert taker.members("a").tolist() == [MOVES]
    assert taken(taker, T + 2, batch(mpid=LATER, user_attributes={"p": "u"})) == [(T + 2, "a", LATER, True)]


def test_what_was_seen_of_a_user_is_not_taken_again(shards):
    giver, taker = shards(TWICE)
    sent = batch(custom("A", T), mpid=MOVES, source_request_id="r")
    taken(giver, T + 1, sent)
    ticked(taker, T + 1)
    moved(giver, taker, MOVES)
    assert taken(taker, T + 2, sent) == []


def test_a_row_that_was_released_is_free_of_what_was_there(shards):
    giver, taker = shards(TWICE, SEEN, then=[custom("A", T), custom("A", T + 9), custom("A", T + DAY)])
    ticked(giver, T + 10)
    ticked(taker, T + 10)
    moved(giver, taker, MOVES)
    assert giver.memory()["timers"] == 0
    assert taken(giver, T + 11, batch(custom("A", T + 11), mpid=LATER)) == [(T + 11, "b", LATER, True)]
    giver.check()
    assert ticked(giver, T + 9 * DAY) == [(T + 11 + DAY + 1, "b", LATER, False)]
    giver.check()


def test_what_was_looked_up_ahead_is_forgotten_with_its_profile(shards, monkeypatch):
    monkeypatch.setattr(sifting, "_FEW", 0)
    giver, taker = shards(TWICE, then=[custom("A", T), custom("A", T)])
    taken(giver, T + 1, *(batch(custom("A", T), mpid=mpid) for mpid in range(10, 20)))
    giver.store.seal()
    for shard in (giver, taker):
        taken(shard, T + DAY - 1, batch(mpid=20 + (shard is giver)))
    moved(giver, taker, MOVES)
    again = batch(custom("A", T + DAY), custom("A", T + DAY), mpid=LATER)
    assert taken(giver, T + DAY, again) == [(T + DAY, "a", LATER, True)]
    giver.check()
    assert ticked(giver, T + 3 * DAY) == [(T + 2 * DAY + 1, "a", LATER, False)]


def test_memory_comes_back_when_profiles_leave(shards):
    giver, taker = shards(TWICE, then=[custom("A", T)] * 40_000)
    before = giver.memory()["events"]
    moved(giver, taker, MOVES)
    assert giver.memory()["events"] < before // 10


def test_a_shard_that_gave_everybody_away_takes_in_others(shards):
    giver, taker = shards(TWICE, then=[custom("A", T), custom("A", T)])
    sent = batch(custom("A", T), mpid=LATER, source_request_id="r")
    taken(giver, T + 1, sent)
    ticked(taker, T + 1)
    moved(giver, taker, MOVES, LATER)
    taker.apply(planned(audience(asks("A"), "b")), T + 2)
    giver.absorb(kept(taker, of(LATER)))
    taker.release(of(LATER))
    assert (giver.now, giver.counts(), taker.counts()) == (T + 2, {"b": 1}, {"b": 2})
    assert taken(giver, T + 3, sent) == []


def test_nothing_is_released_of_groups_without_profiles(shards):
    giver, _ = shards(TWICE, then=[custom("A", T), custom("A", T)])
    giver.release(~of(MOVES))
    assert giver.counts() == {"a": 1}


def test_a_profile_comes_once(shards):
    giver, _ = shards(TWICE)
    with pytest.raises(ReportBug, match="here already"):
        giver.absorb(kept(giver))


def test_shards_must_stand_at_one_instant(shards):
    giver, taker = shards(TWICE)
    ticked(taker, T + 1)
    with pytest.raises(ReportBug, match=f"stands at {T + 1}, the snapshot at {T}"):
        taker.absorb(kept(giver))


def test_shards_must_have_one_plan(shards):
    giver, taker = shards(TWICE)
    taker.apply(planned(audience(asks("B"))), T)
    with pytest.raises(ReportBug, match="plans differ"):
        taker.absorb(kept(giver))


def test_a_shard_without_profiles_never_goes_back_in_time(shards):
    giver, _ = shards(TWICE)
    empty = Shard()
    ticked(empty, T + 1)
    with pytest.raises(ReportBug, match=f"expected a snapshot of {T + 1} or later, got one of {T}"):
        empty.absorb(kept(giver))


def test_events_of_one_profile_are_told_from_those_of_others(shards):
    giver, _ = shards(TWICE, then=[custom("B", T - 4), custom("A", T - 3, k="m"), custom("B", T - 1)])
    taken(giver, T + 1, batch(custom("A", T - 5, k="l"), custom("B", T - 2), custom("A", T, k="n"), mpid=LATER))
    part = next(part for part in kept(giver, of(LATER)) if isinstance(part, EventsPart))
    found = [(time - T, part.keys[key].name) for time, key in zip(part.times.values().tolist(), part.key, strict=True)]
    assert found == [(-5, "A"), (-2, "B"), (0, "A")]
    assert next(column.words for column in part.columns if column.field == Field("custom", "k")) == ("l", "n")


def test_what_was_seen_of_a_user_goes_with_its_key_group_alone(shards):
    giver, _ = shards(TWICE)
    told = event("custom_event", T, event_name="A", custom_event_type="other", source_message_id="m")
    taken(giver, T + 1, *(batch(told, mpid=mpid, source_request_id="r") for mpid in (LATER, 4)))
    parts = [part for part in kept(giver, of(LATER)) if isinstance(part, RememberedPart)]
    assert [(part.of, group_of_keys(part.keys).tolist()) for part in parts] == [
        ("batches", [group_of(LATER)]),
        ("messages", [group_of(LATER)]),
    ]


def test_each_profile_is_in_the_snapshot_of_its_key_group_alone(shards):
    giver, _ = shards(TWICE)
    taken(giver, T + 1, *(batch(mpid=mpid) for mpid in range(3, 50)))
    odd = np.arange(256) % 2 == 1
    parts = [Shard(), Shard()]
    for part, groups in zip(parts, (odd, ~odd), strict=True):
        part.absorb(kept(giver, groups))
    found = [part.profiles.index.mpids[part.profiles.index.live()].tolist() for part in parts]
    assert sorted(found[0] + found[1]) == [MOVES, *range(3, 50)]
    assert {group_of(mpid) % 2 for mpid in found[0]} == {1}
