"""When members entered is what the changes told, whatever the shard went through since."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raudience.hashing import key_groups
from raudience.records.memberships import UNKNOWN
from raudience.records.packing import Packed, pack
from raudience.shard import Shard, Tick
from raudience.shard.entered import Entered
from raudience.shard.snapshot import EnteredPart, Part
from tests.shard.making import T, block, planned, replayed, shard_of, taken, ticked
from tests.stories.stage import DAY, asks, attribute, audience, batch, custom
from tests.stories.stage import told as told_of

SOON = {"op": "within", "last": "1 day"}
GOLD = audience(attribute("plan", "exact_match", value="gold"), "gold")
RECENT = audience(asks("A", recency=SOON), "recent")
SHORT = {"lookback": "1 day", "retention": "1 day"}
PART = Packed(Part)


def noted(*steps, keys=("a", "b"), since=(5, 5)):
    """steps: (row, audience, at)."""
    entered = Entered(keys, since)
    for row, number, at in steps:
        entered.note(np.array([row], np.int32), np.array([number], np.int32), np.array([at], np.int64), 0)
    return entered


def leave(entered, count):
    """So many rows leave."""
    nobody = np.zeros(0, np.int32)
    entered.note(nobody, nobody, np.zeros(0, np.int64), count)


def members(*rows):
    """Who is a member of each audience, in the two ways in which it is asked."""

    def holds(row, audience):
        asked = zip(row.tolist(), audience.tolist(), strict=True)
        return np.array([each in rows[number] for each, number in asked], bool)

    return holds, lambda number: np.array([row in rows[number] for row in range(64)])


def told(entered, rows=4):
    return {key: entered.of_audience(key, rows).tolist() for key in entered.keys}


def of(shard, mpid):
    return {each.audience: each.entered for each in shard.memberships(mpid)}


def through_bytes(frozen, wanted=lambda part: True):
    return [part for part in (PART.unpack(pack(part)) for part in frozen.parts()) if wanted(part)]


def again(shard, *wanted):
    other = Shard()
    other.absorb(through_bytes(shard.freeze(), *wanted))
    return other


def test_the_latest_entry_counts_and_who_has_none_is_in_since_the_beginning():
    entered = noted((1, 0, 10), (2, 0, 11), (1, 0, 20), (1, 1, 30))
    assert told(entered) == {"a": [5, 20, 11, 5], "b": [5, 30, 5, 5]}
    assert entered.of_row(1).tolist() == [20, 30]


def test_clearing_keeps_the_latest_entries_of_members():
    entered = noted((1, 0, 10), (2, 0, 11), (1, 0, 20), (3, 1, 30))
    entered.clear(lambda number: np.array([False, True, False, True]))
    assert len(entered) == 2
    assert told(entered) == {"a": [5, 20, 5, 5], "b": [5, 5, 5, 30]}


def test_entries_are_cleared_away_when_those_without_member_may_outnumber_the_others():
    entered = noted((1, 0, 10), (2, 0, 11), (3, 0, 12))
    leave(entered, 2)
    entered.tidy(*members({3}, set()), least=2)
    assert len(entered) == 3
    entered.tidy(*members({3}, set()), least=1)
    assert len(entered) == 1


def test_a_sweep_looks_at_some_entries_in_each_call(monkeypatch):
    monkeypatch.setattr("raudience.shard.entered._LARGE", 4)
    entered = noted(*((row, 0, row) for row in range(1, 13)))
    leave(entered, 9)
    counts = []
    for _ in range(3):
        entered.tidy(*members({2, 6, 11}, set()), least=1)
        counts.append(len(entered))
    assert counts == [9, 6, 3]
    assert told(entered, 13)["a"] == [5, 5, 2, 5, 5, 5, 6, 5, 5, 5, 5, 11, 5]


def test_earlier_entries_of_those_who_came_back_are_cleared_away_when_they_are_many():
    entered = noted(*((1, 0, at) for at in range(10, 20)), (2, 1, 30))
    leave(entered, 9)
    entered.tidy(*members({1}, {2}), least=1)
    assert (len(entered), told(entered)) == (2, {"a": [5, 19, 5, 5], "b": [5, 5, 30, 5]})


STAYS = st.lists(st.tuples(st.integers(1, 5), st.integers(0, 1)), max_size=200)


@settings(deadline=None)
@given(STAYS)
def test_however_often_it_is_tidied_members_keep_their_instants(steps):
    entered, inside = noted(), ({}, {})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("raudience.shard.entered._LARGE", 4)
        for at, (row, number) in enumerate(steps, 100):
            if inside[number].pop(row, None) is not None:
                leave(entered, 1)
            else:
                inside[number][row] = at
                entered.note(np.array([row], np.int32), np.array([number], np.int32), np.array([at]), 0)
            entered.tidy(*members(*map(set, inside)), least=3)
            found = told(entered, 6)
            assert [{row: found[key][row] for row in those} for key, those in zip("ab", inside, strict=True)] == [
                *inside
            ]
            assert len(entered) <= 2 * sum(map(len, inside)) + 12


def test_other_audiences_take_over_the_entries_of_those_that_stay():
    entered = noted((1, 0, 10), (2, 1, 11))
    entered.adopt(("b", "c"), 40)
    assert told(entered) == {"b": [5, 5, 11, 5], "c": [40, 40, 40, 40]}


def test_many_pieces_are_joined_and_stay_in_order():
    steps = [(number % 3 + 1, number % 2, number) for number in range(3_000)]
    assert told(noted(*steps)) == {"a": [5, 2994, 2998, 2996], "b": [5, 2997, 2995, 2999]}


def test_rows_of_another_come_with_their_instants():
    here = noted((3, 0, 7), since=(5, 9))
    there = noted((1, 0, 10), since=(5, 6))
    members = np.array([False, True, True])
    here.graft(there, lambda number: members, np.array([0, 3, 2], np.int32))
    assert told(here) == {"a": [5, 5, 5, 10], "b": [9, 9, 6, 6]}


def test_a_member_has_the_instant_of_the_change_and_the_moment_of_leaving():
    shard = shard_of(RECENT, GOLD)
    taken(shard, T, batch(custom("A", T - 5)))
    (membership,) = shard.memberships(1)
    assert (membership.audience, membership.entered, membership.expires) == ("recent", T, T - 5 + DAY + 1)


def test_who_comes_back_has_the_later_instant():
    shard = shard_of(RECENT)
    taken(shard, T, batch(custom("A", T)))
    ticked(shard, T + 2 * DAY)
    assert of(shard, 1) == {}
    taken(shard, T + 3 * DAY, batch(custom("A", T + 3 * DAY)))
    assert of(shard, 1) == {"recent": T + 3 * DAY}


@pytest.mark.parametrize("commands", [[[T, T + DAY + 1]], [[T], [T + DAY + 1]]])
def test_who_is_dropped_and_back_at_one_instant_is_in_since_the_entry_that_was_told(commands):
    shard = shard_of(RECENT, settings=SHORT)
    blocks = [replayed(*(batch(custom("A", at), timestamp_unixtime_ms=at) for at in instants)) for instants in commands]
    found = [change for each in blocks for change in told_of(shard.apply(each, int(each.batches.at[-1])))]
    assert found == [(T, "recent", 1, True)]
    assert [of(one, 1) for one in (shard, again(shard))] == [{"recent": T}] * 2


def test_who_comes_in_with_the_new_profile_of_that_instant_is_in_since_then():
    shard = shard_of(RECENT, GOLD, settings=SHORT)
    back = batch(user_attributes={"plan": "gold"}, timestamp_unixtime_ms=T + DAY + 1)
    free = batch(user_attributes={"plan": "free"}, timestamp_unixtime_ms=T)
    assert told_of(shard.apply(replayed(free, back), T + DAY + 1)) == [(T + DAY + 1, "gold", 1, True)]
    assert of(shard, 1) == {"gold": T + DAY + 1}


def test_who_is_back_at_once_in_the_row_of_another_has_no_entry_of_theirs():
    def gold(mpid, at):
        return batch(user_attributes={"plan": "gold"}, mpid=mpid, timestamp_unixtime_ms=at)

    shard = shard_of(RECENT, settings=SHORT)
    taken(shard, T, gold(1, T))
    shard.apply(planned(RECENT, GOLD, settings=SHORT), T + 1)
    alive = [gold(1, T + day * DAY) for day in range(1, 7)]
    found = told_of(shard.apply(replayed(gold(2, T + 2), *alive, gold(1, T + 7 * DAY + 1)), T + 8 * DAY))
    assert found == [(T + 2, "gold", 2, True), (T + 3 + DAY, "gold", 2, False)]
    assert (shard.profiles.rows, of(shard, 1)) == (3, {"gold": T + 1})


def test_members_of_a_new_audience_are_in_since_it_was_defined():
    shard = shard_of(RECENT)
    taken(shard, T, batch(custom("A", T), user_attributes={"plan": "gold"}))
    shard.apply(planned(RECENT, GOLD), T + 7)
    assert of(shard, 1) == {"recent": T, "gold": T + 7}


def test_an_edit_leaves_the_instant_of_who_stays():
    shard = shard_of(GOLD)
    taken(shard, T, batch(user_attributes={"plan": "gold"}), batch(custom("A", T), mpid=2))
    edited = audience({"type": "or", "of": [GOLD["criteria"], RECENT["criteria"]]}, "gold", version=2)
    shard.apply(planned(edited), T + 7)
    assert (of(shard, 1), of(shard, 2)) == ({"gold": T}, {"gold": T + 7})


def test_a_snapshot_brings_the_instants_back():
    shard = shard_of(RECENT)
    taken(shard, T, batch(custom("A", T)), batch(mpid=2))
    shard.apply(planned(RECENT, audience({"type": "first_seen", "test": SOON}, "new")), T + 5)
    taken(shard, T + 9, batch(custom("A", T + 9), mpid=3))
    restored = again(shard)
    assert [of(restored, mpid) for mpid in (1, 2, 3)] == [of(shard, mpid) for mpid in (1, 2, 3)]
    assert of(restored, 1) == {"recent": T, "new": T + 5}


def test_of_a_snapshot_of_before_nobody_knows_since_when():
    shard = shard_of(RECENT)
    taken(shard, T, batch(custom("A", T)))
    restored = again(shard, lambda part: not isinstance(part, EnteredPart))
    assert of(restored, 1) == {"recent": None}
    assert restored.page("recent", None, 10).entered.tolist() == [UNKNOWN]
    taken(restored, T + 9, batch(custom("A", T + 9), mpid=2))
    assert of(restored, 2) == {"recent": T + 9}


def test_pages_of_members_ascend_and_meet():
    shard = shard_of(RECENT)
    taken(shard, T, *(batch(custom("A", T), mpid=mpid) for mpid in (5, -3, 9, -8)))
    taken(shard, T + 1, batch(custom("A", T), mpid=7))
    first = shard.page("recent", None, 3)
    assert (first.mpids.tolist(), first.entered.tolist(), first.more) == ([-8, -3, 5], [T, T, T], True)
    second = shard.page("recent", 5, 3)
    assert (second.mpids.tolist(), second.entered.tolist(), second.more) == ([7, 9], [T + 1, T], False)
    assert shard.page("recent", 9, 3).mpids.tolist() == []


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["event", "plan", "tick", "freeze", "move", "define"]),
        st.integers(1, 6),
        st.sampled_from([1, 1000, DAY // 2, DAY, 20 * DAY, 40 * DAY]),
    ),
    max_size=30,
)
BOOKS = ((RECENT, GOLD), (GOLD,), (RECENT, GOLD, audience(asks("A"), "ever")))


MOVING = np.arange(256) % 2 == 0
PEOPLE = range(1, 7)


@settings(deadline=None)
@given(STEPS)
def test_whatever_happens_the_instants_are_those_of_the_changes(steps):
    shards, now, since, home = [shard_of(*BOOKS[0]), shard_of(*BOOKS[0])], T, {}, 0
    for kind, number, step in steps:
        now += step
        owner = home if MOVING[key_groups(np.array([number]))[0]] else 0
        for place, shard in enumerate(shards):
            command = Tick()
            if kind == "event" and place == owner:
                command = block(batch(custom("A", now), mpid=number, user_attributes={"plan": "gold"}), at=now)
            if kind == "define":
                command = planned(*BOOKS[number % 3])
            note(since, shard.apply(command, now))
        if kind == "freeze":
            shards = [again(shard) for shard in shards]
        if kind == "move":
            shards[1 - home].absorb(through_bytes(shards[home].freeze(MOVING)))
            shards[home].release(MOVING)
            home = 1 - home
        found = [{(mpid, key): at for mpid in PEOPLE for key, at in of(shard, mpid).items()} for shard in shards]
        assert found[0] | found[1] == since
        assert not set(found[0]) & set(found[1])


def note(since, changes):
    for at, key, mpid, entered in told_of(changes):
        if entered:
            since[mpid, key] = at
        else:
            del since[mpid, key]
