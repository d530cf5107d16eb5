"""Audiences come, change and go while a story is told: those that stay go on as if nothing had happened, and those that
come are what they would be had they been there always."""

import json
from unittest.mock import patch

import msgspec
from hypothesis import given, note, settings
from hypothesis import strategies as st

from tests.oracle.definitions import INPUTS, SCOPES, books, criteria
from tests.oracle.strategies import STEPS_TAKEN, told
from tests.shard.making import planned
from tests.stories.moving import MovingStage
from tests.stories.stage import EngineStage, OracleStage
from tests.stories.test_moving import HAPPENINGS, happen
from tests.stories.test_oracle import EXAMPLES, LATER, agree, members, random_worlds, started

KEYS = "abcd"
edited_worlds = settings(random_worlds, max_examples=int(EXAMPLES or 40))


@st.composite
def stories(draw):
    """(steps, book of each step): instants are even, and every book has the settings of the first."""
    steps = draw(STEPS_TAKEN.map(lambda taken: told([(2 * step, *rest) for step, *rest in taken])))
    first = draw(books())
    library = {key: [draw(audiences(key, first["settings"]["lookback"])) for _ in range(2)] for key in KEYS}
    every, chosen = [], {}
    for _ in steps:
        edits = draw(st.dictionaries(st.sampled_from(KEYS), st.sampled_from([0, 0, 1, None]), max_size=2))
        chosen |= edits
        asked = [library[key][which] for key, which in sorted(chosen.items()) if which is not None]
        every.append({"audiences": asked, "settings": first["settings"], "inputs": INPUTS})
    return steps, every


@st.composite
def audiences(draw, key, lookback):
    scope = draw(SCOPES)
    criterion = draw(criteria(lookback, tuple(scope["workspaces"]) or ("w1", "w2"), ()))
    return {"key": key, "name": key, "criteria": criterion, **scope}


def noted(steps, every):
    note(json.dumps(every))
    note(json.dumps(steps))


@edited_worlds
@given(stories())
def test_books_that_change_give_the_changes_and_members_of_the_oracle(story):
    steps, every = story
    noted(steps, every)
    stages = [started(stage, every[0], steps[0][0] - 1) for stage in (OracleStage(), *map(EngineStage, (1, 2)))]
    for (at, batches), book in zip(steps, every, strict=True):
        agree(stages, book, [stage.define(book, at - 1) for stage in stages])
        agree(stages, book, [stage.ingest(batches, at) for stage in stages])
    agree(stages, every[-1], [stage.advance(steps[-1][0] + LATER) for stage in stages])


@edited_worlds
@given(stories(), st.lists(st.lists(HAPPENINGS, max_size=2), min_size=9, max_size=9))
def test_books_that_change_while_shards_move_tell_what_shards_that_stay_do(story, happenings):
    steps, every = story
    noted(steps, every)
    moving, still = (started(MovingStage(shards), every[0], steps[0][0] - 1) for shards in (2, 1))
    for (at, batches), book, happened in zip(steps, every, happenings, strict=False):
        happen(moving, happened[:1])
        assert moving.define(book, at - 1) == still.define(book, at - 1)
        happen(moving, happened[1:])
        assert moving.ingest(batches, at) == still.ingest(batches, at)
        assert members(moving, book) == members(still, book)
        moving.check()
    end = steps[-1][0] + LATER
    assert moving.advance(end) == still.advance(end)


@edited_worlds
@given(stories(), st.lists(st.sets(st.sampled_from(KEYS)), min_size=9, max_size=9))
def test_a_shard_that_goes_on_is_one_that_was_filled_anew(story, shadows):
    steps, every = story
    noted(steps, every)
    goes_on, filled = (MovingStage(1) for _ in range(2))
    for (at, batches), book, hidden in zip(steps, every, shadows, strict=False):
        plan = shaded(planned(*book["audiences"], settings=book["settings"], inputs=book["inputs"]), hidden)
        with patch("raudience.shard.shard.can_extend", lambda *_: False):
            (expected,) = (shard.apply(plan, at - 1) for shard in filled.shards)
        (found,) = (shard.apply(plan, at - 1) for shard in goes_on.shards)
        assert plain(found) == plain(expected)
        assert goes_on.counts() == filled.counts()
        assert goes_on.ingest(batches, at) == filled.ingest(batches, at)
        assert members(goes_on, book) == members(filled, book)
        goes_on.check()
    end = steps[-1][0] + LATER
    assert goes_on.advance(end) == filled.advance(end)
    goes_on.check()


def shaded(plan, hidden):
    shades = [msgspec.structs.replace(one, shadow=one.key in hidden) for one in plan.audiences]
    return msgspec.structs.replace(plan, audiences=tuple(shades))


def plain(changes):
    return [getattr(column, "tolist", lambda column=column: column)() for column in msgspec.structs.astuple(changes)]
