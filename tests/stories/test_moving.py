"""Nobody can tell from changes, members or reasons that shards were replaced, split, merged or moved about."""

import json

import numpy as np
from hypothesis import given, note, settings
from hypothesis import strategies as st

from raudience.records.packing import pack
from tests.oracle.definitions import books, weighted
from tests.oracle.strategies import HISTORIES, MPIDS
from tests.stories.moving import MovingStage
from tests.stories.test_oracle import EXAMPLES, LATER, members, random_worlds, started

moving_worlds = settings(random_worlds, max_examples=int(EXAMPLES or 25))
NAMES = ("email", "customer_id", "ios_advertising_id")

HAPPENINGS = weighted(
    (2, st.just(("restart",))),
    (2, st.tuples(st.just("reshard"), st.integers(1, 4))),
    (4, st.tuples(st.just("move"), st.sets(st.sampled_from(MPIDS), min_size=1), st.integers(0, 3))),
)
"""What happens to shards, and its arguments."""

STORIES = st.lists(st.lists(HAPPENINGS, max_size=3), min_size=9, max_size=9)
"""What happens before each step."""


def happen(stage, happenings):
    for name, *arguments in happenings:
        getattr(stage, name)(*arguments)


def known(stage, book):
    """Everything that can be asked of a stage."""
    reasons = [stage.why(mpid, one["key"]) for mpid in MPIDS for one in book["audiences"]]
    return members(stage, book), stage.counts(), stage.identities(np.array(MPIDS, np.int64), NAMES), reasons


@moving_worlds
@given(HISTORIES, STORIES)
def test_shards_that_move_tell_and_know_what_shards_that_stay_do(history, story):
    book, steps = history
    note(json.dumps(book))
    note(json.dumps(steps))
    moving, still = (started(MovingStage(shards), book, steps[0][0] - 1) for shards in (2, 1))
    for (at, batches), happenings in zip(steps, story, strict=False):
        happen(moving, happenings)
        assert moving.ingest(batches, at) == still.ingest(batches, at)
        assert members(moving, book) == members(still, book)
        moving.check()
    assert known(moving, book) == known(still, book)
    end = steps[-1][0] + LATER
    assert moving.advance(end) == still.advance(end)
    assert known(moving, book) == known(still, book)


@moving_worlds
@given(HISTORIES, STORIES, st.lists(st.none() | books(), min_size=9, max_size=9))
def test_shards_that_move_while_the_book_changes_tell_what_shards_that_stay_do(history, story, edits):
    book, steps = history
    note(json.dumps([book, *edits]))
    note(json.dumps(steps))
    moving, still = (started(MovingStage(shards), book, steps[0][0] - 1) for shards in (2, 1))
    for (at, batches), happenings, edited in zip(steps, story, edits, strict=False):
        happen(moving, happenings[:1])
        assert moving.ingest(batches, at) == still.ingest(batches, at)
        happen(moving, happenings[1:2])
        if edited:
            book = edited
            assert moving.define(book, at) == still.define(book, at)
        happen(moving, happenings[2:])
        assert members(moving, book) == members(still, book)
    end = steps[-1][0] + LATER
    assert moving.advance(end) == still.advance(end)
    assert members(moving, book) == members(still, book)


@moving_worlds
@given(HISTORIES, st.integers(0, 8), st.none() | books())
def test_what_is_frozen_stays_as_it_was_while_the_shard_goes_on(history, moment, edited):
    book, steps = history
    stage = started(MovingStage(1), book, steps[0][0] - 1)
    (shard,), frozen, expected = stage.shards, [], []
    for number, (at, batches) in enumerate(steps):
        if number == moment % len(steps):
            frozen, expected = shard.freeze(), [pack(part) for part in shard.freeze().parts()]
        stage.ingest(batches, at)
    if edited:
        stage.define(edited, steps[-1][0])
    stage.advance(steps[-1][0] + LATER)
    assert [pack(part) for part in frozen.parts()] == expected
