"""Rounds in which identities of members became others are told to who follows, and shown to nobody else."""

import json

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raudience.catalog.documents import read_book
from raudience.cluster.client import connect
from raudience.cluster.entries import Applied, CoordinatorEntry, Told
from raudience.cluster.inline import InlineEngine
from raudience.cluster.keepsakes import Keepsake, Place
from raudience.cluster.replicas import ShardReplica
from raudience.coordinator import no_changes
from raudience.records import Changes
from raudience.records.packing import Packed, pack
from tests.cluster.world import START
from tests.shard.making import block, planned, replayed
from tests.stories.stage import DAY, attribute, audience, batch, book

GOLD = audience(attribute("plan", "exact_match", value="gold"), "gold")
SHORT = {"lookback": "1 day", "retention": "1 day"}


def user(mpid, at=START, plan="gold", **identities):
    return batch(mpid=mpid, user_attributes={"plan": plan}, user_identities=identities, timestamp_unixtime_ms=at)


def engine_of(shards=2, place=None, **fields):
    engine = InlineEngine(shards, None if place is None else Keepsake(Place(str(place)), background=False))
    engine.define(read_book(json.dumps(book(GOLD, **fields)).encode(), "book.json", "json"), START - 1)
    return engine


def told(engine, after=0):
    """[(round, changes, users touched)]"""
    return [(number, len(changes), changes.touched.tolist()) for number, changes in engine.told(after)]


def lived(place=None):
    engine = engine_of(place=place)
    engine.ingest([user(mpid, email=f"{mpid}@x.com") for mpid in range(6)], START)
    engine.advance(START + 1)
    engine.ingest([user(4, START + 2, email="4@y.com"), user(1, START + 2, email=None)], START + 2)
    return engine


def test_a_round_without_changes_is_told_when_it_touched_members():
    assert told(lived()) == [(2, 6, [0, 1, 2, 3, 4, 5]), (4, 0, [1, 4])]


def test_who_asks_for_an_audience_or_a_user_hears_of_changes_alone():
    engine = lived()
    of_gold, of_user = engine.told_of(0, "gold", None), engine.told_of(0, None, 4)
    assert [(number, len(found), len(found.touched)) for number, found in of_gold + of_user] == [(2, 6, 0), (2, 1, 0)]


def test_what_people_see_of_changes_says_nothing_of_it():
    with connect(engine="inline", shards=2) as client:
        client.define([*read_book(json.dumps(book(GOLD)).encode(), "book.json", "json").audiences], at=START - 1)
        client.ingest([user(1, email="a@x.com")], at=START)
        assert [change.mpid for change in client.changes()] == [1]
        client.ingest([user(1, START + 1, email="b@x.com")], at=START + 1)
        assert [list(client.changes()), list(client.changes(after=2)), list(client.changes_of(after=2))] == [[], [], []]
        assert [change.mpid for change in client.changes(after=0)] == [1]


def test_it_is_told_again_in_the_next_life(tmp_path):
    before = lived(tmp_path)
    again = InlineEngine(1, Keepsake(Place(str(tmp_path))))
    assert told(again) == told(before) == told(lived())
    again.ingest([user(4, START + 3, email="4@y.com"), user(5, START + 3, email="5@y.com")], START + 3)
    assert told(again, 4) == [(again.position, 0, [5])]


@pytest.mark.parametrize("kept", [0, 2, 3])
def test_a_shard_that_comes_back_answers_rounds_that_were_not_told_as_before(kept):
    """kept: orders that stand in its snapshot."""
    orders = [
        planned(GOLD),
        block(user(1, email="a"), user(2, plan="free"), at=START),
        block(user(1, START + 1, email="b"), user(2, START + 1, email="c"), at=START + 1),
        block(user(1, START + 2, email="b"), at=START + 2),
    ]
    entries = [(place, Applied(place, START + place - 2, 0, order)) for place, order in enumerate(orders, 1)]
    whole, back = ShardReplica(), ShardReplica()
    whole.follow(entries)
    if kept:
        first = ShardReplica()
        first.follow(entries[:kept])
        back.load(map(memoryview, first.contents()))
    back.follow(entries[kept:])
    for replica in (whole, back):
        assert [each.changes.touched.tolist() for each in replica.untold.values()] == [[], [1], [1, 2], []]


def test_a_move_of_key_groups_touches_nobody():
    engine = lived()
    position = engine.position
    engine.scale(4)
    engine.scale(1)
    assert told(engine, position) == []
    engine.ingest([user(mpid, START + 3, email=f"{mpid}@z.com") for mpid in (3, 0)], START + 3)
    assert told(engine, position) == [(engine.position, 0, [0, 3])]


class BareChanges(msgspec.Struct, frozen=True):
    """Changes as they were written before."""

    audiences: tuple[str, ...]
    versions: tuple[int, ...]
    audience: np.ndarray
    mpid: np.ndarray
    entered: np.ndarray
    at: np.ndarray


class BareTold(msgspec.Struct, frozen=True, tag="Told"):
    number: int
    now: int
    changes: BareChanges


def test_a_log_of_before_touched_nobody():
    bare = BareChanges(**{name: getattr(no_changes(), name) for name in BareChanges.__struct_fields__})
    entries: Packed[CoordinatorEntry] = Packed(CoordinatorEntry)
    read = entries.unpack(pack(BareTold(7, 5, bare)))
    assert isinstance(read, Told)
    assert (len(read.changes), read.changes.touched.tolist()) == (0, [])


def test_an_older_version_reads_changes_that_name_who_was_touched():
    changes = msgspec.structs.replace(no_changes(), touched=np.array([3, 4]))
    older: Packed[BareChanges] = Packed(BareChanges)
    assert older.unpack(pack(changes)).audiences == ()
    later: Packed[Changes] = Packed(Changes)
    assert later.unpack(pack(changes)).touched.tolist() == [3, 4]


UPDATES = st.tuples(
    st.integers(-6, 6),
    st.integers(0, 3 * DAY),
    st.sampled_from(["gold", "free"]),
    st.dictionaries(st.sampled_from(["email", "other"]), st.sampled_from(["a", "b", None]), max_size=2),
)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.lists(UPDATES, min_size=1, max_size=10), max_size=3))
def test_one_shard_and_four_tell_the_same_whoever_is_forgotten_on_the_way(rounds):
    engines = engine_of(1, settings=SHORT), engine_of(4, settings=SHORT)
    for number, updates in enumerate(rounds):
        at = START + 3 * number * DAY
        batches = [user(mpid, at + late, plan, **identities) for mpid, late, plan, identities in updates]
        for engine in engines:
            engine.apply(replayed_in_order(batches), at + 3 * DAY)
    assert told(engines[0]) == told(engines[1])


def replayed_in_order(batches):
    return replayed(*sorted(batches, key=lambda one: one["timestamp_unixtime_ms"]))
