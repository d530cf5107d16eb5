"""A sample of the profiles: who is in it, that it finds whom the shard would find, and that nothing changes by it."""

import itertools
import json

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from raudience.catalog.documents import read_book
from raudience.catalog.planning import plan
from raudience.clock import DAY
from raudience.hashing import in_sample, key_groups
from raudience.records.packing import pack
from raudience.shard import Shard, estimating, thin_chunk
from tests.oracle.strategies import HISTORIES
from tests.shard.making import T, block, planned, shard_of, taken, ticked
from tests.stories.moving import group_of, kept, some
from tests.stories.stage import asks, attribute, audience, batch, commerce, custom

MPIDS = np.arange(-50_000, 50_000)
GOLD = audience(attribute("plan", "exact_match", value="gold"))
TWICE = audience(asks("A", frequency={"at_least": 2}))
TWICE_TOO = audience(asks("A", frequency={"at_least": 2}), "b")
PEOPLE = range(1, 201)


def members(shard, document, level):
    """How many of the sample each audience has when the book comes into force, in the order of their keys."""
    twin = Shard()
    twin.absorb(kept(shard))
    planned_now = plan(read_book(json.dumps(document).encode(), "book.json", "json"))
    twin.apply(planned_now, twin.now)
    return planned_now, tuple(int(in_sample(twin.members(one.key), level).sum()) for one in planned_now.audiences)


def everything(shard):
    """All that the shard knows, and how it holds it."""
    parts = [pack(part) for part in shard.freeze().parts()]
    words = {field: len(words) for field, words in shard.known.words.items()}
    chunks = [(id(chunk), id(chunk.row)) for chunk in shard.store.chunks]
    held = {part: size for part, size in shard.memory().items() if part not in ("sample", "suggestions")}
    return parts, words, list(shard.known.keys), chunks, held, list(shard.profiles.registers), shard.counts()


def test_a_level_halves_the_sample_and_is_part_of_the_one_before():
    samples = [in_sample(MPIDS, level) for level in range(5)]
    assert [int(one.sum()) for one in samples] == pytest.approx([100_000, 50_000, 25_000, 12_500, 6_250], rel=0.03)
    assert all((smaller <= larger).all() for larger, smaller in itertools.pairwise(samples))


def test_the_sample_has_nothing_to_do_with_key_groups():
    groups = np.bincount(key_groups(MPIDS[in_sample(MPIDS, 2)]), minlength=256)
    assert groups.min() > 50
    assert groups.max() < 150


def test_a_sample_of_all_finds_all():
    shard = shard_of()
    taken(shard, T, batch(user_attributes={"plan": "gold"}), batch(mpid=2), batch(custom("A", T), mpid=3))
    count = shard.estimate(planned(GOLD), 0)
    assert (count.population, count.sampled, count.found, count.held) == (3, 3, (1,), (None,))


def test_what_is_asked_in_force_already_is_counted_and_not_guessed():
    shard = shard_of(GOLD, TWICE_TOO)
    taken(shard, T, *(batch(custom("A", T), user_attributes={"plan": "gold"}, mpid=mpid) for mpid in PEOPLE))
    assert shard.estimate(planned(GOLD, audience(asks("B"), "b")), 4).held == (200, None)
    other_home = {"inputs": [{"key": "web", "workspace": "elsewhere"}]}
    assert shard.estimate(planned(audience(attribute("plan", "exists")), **other_home), 4).held == (None,)


def test_the_inputs_that_were_seen_are_told():
    shard = shard_of()
    taken(shard, T, batch(custom("A", T), api_key="web"), batch(custom("A", T), api_key="app"))
    assert shard.estimate(planned(GOLD), 0).inputs == ("app", "web")


def test_profiles_that_are_gone_are_not_in_the_population():
    shard = shard_of(settings={"retention": "1 day"})
    taken(shard, T, batch(user_attributes={"plan": "gold"}), batch(user_attributes={"plan": "gold"}, mpid=2))
    taken(shard, T + DAY, batch(mpid=2))
    ticked(shard, T + DAY + 1)
    assert (shard.population(), shard.estimate(planned(GOLD), 0).found) == (1, (1,))
    shard.release(some([group_of(2)]))
    assert (shard.population(), shard.estimate(planned(GOLD), 0).found) == (0, (0,))


def test_what_the_lookback_in_force_has_left_behind_counts_for_nobody():
    shard = shard_of(settings={"lookback": "1 day", "retention": "90 days"})
    taken(shard, T, batch(custom("A", T), custom("A", T)), batch(custom("B", T + DAY), mpid=2))
    ticked(shard, T + 2 * DAY)
    assert shard.estimate(planned(TWICE, settings={"lookback": "30 days"}), 0).found == (0,)


def test_what_comes_after_a_look_is_seen_by_the_next():
    shard = shard_of()
    for mpid in PEOPLE:
        taken(shard, T + mpid, batch(custom("A", T), custom("A", T + 1), mpid=mpid))
        if mpid % 7 == 0:
            shard.store.seal()
        assert shard.estimate(planned(TWICE), 0).found == (mpid,)


def test_a_field_of_very_many_words_is_asked_for_those_of_the_sample(monkeypatch):
    monkeypatch.setattr(thin_chunk, "_LARGE", 10)
    shard = shard_of()
    ends = audience({"type": "identity", "name": "email", "test": {"op": "contains", "value": "7@"}})
    said = audience(asks("A", where=[{"attribute": "k", "test": {"op": "contains", "value": "7."}}]), "b")
    for mpid in PEOPLE:
        events = custom("A", T, k=f"{mpid}."), commerce("purchase", T, {"id": f"p{mpid}"})
        taken(shard, T + mpid, batch(*events, mpid=mpid, user_identities={"email": f"{mpid}@x"}))
    shard.store.seal()
    chosen = [mpid for mpid in PEOPLE if mpid % 10 == 7]
    expected = int(in_sample(np.array(chosen), 1).sum())
    assert shard.estimate(planned(ends, said), 1).found == (expected, expected)
    assert shard.estimate(planned(ends, said), 0).found == (20, 20)


def test_memory_of_a_sample_is_that_of_two_levels():
    shard = shard_of()
    taken(shard, T, *(batch(*[custom("A", T)] * 9, mpid=mpid) for mpid in PEOPLE))
    shard.store.seal()
    sizes = []
    for level in (0, 1, 2, 3):
        shard.estimate(planned(TWICE), level)
        sizes.append(shard.memory()["sample"])
    assert 0 < sizes[0] < sizes[1]
    assert sizes[1] > sizes[2] > sizes[3]


@settings(max_examples=60, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck))
@given(HISTORIES, st.integers(0, 2), st.lists(st.booleans(), min_size=1, max_size=4))
def test_the_sample_finds_whom_the_shard_would_find_and_leaves_it_as_it_was(history, level, sealed):
    document, steps = history
    group, estimating._GROUP = estimating._GROUP, 2
    try:
        shard = Shard()
        empty = {**document, "audiences": []}
        shard.apply(plan(read_book(json.dumps(empty).encode(), "book.json", "json")), steps[0][0] - 1)
        for number, (at, batches) in enumerate(steps):
            shard.apply(block(*batches, at=at), at)
            if sealed[number % len(sealed)]:
                shard.store.seal()
            planned_now, expected = members(shard, document, level)
            before = everything(shard)
            assert shard.estimate(planned_now, level).found == expected
            assert everything(shard) == before
    finally:
        estimating._GROUP = group
