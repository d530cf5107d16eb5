"""In random worlds the self-audit finds nothing: two ways to the same answers, whatever is asked and whatever comes."""

import json

from hypothesis import given, note
from hypothesis import strategies as st

from tests.oracle.strategies import HISTORIES, STEPS
from tests.stories.stage import EngineStage
from tests.stories.test_oracle import LATER, random_worlds, started


@random_worlds
@given(HISTORIES, st.lists(st.sampled_from(STEPS), max_size=6))
def test_no_user_ever_differs(history, ticks):
    book, steps = history
    note(json.dumps(book))
    note(json.dumps(steps))
    stage = started(EngineStage(2), book, steps[0][0] - 1)
    for at, batches in steps:
        stage.ingest(batches, at)
        assert audited(stage).differences == ()
    now = steps[-1][0]
    for tick in ticks:
        now += tick
        stage.advance(now)
        assert audited(stage).differences == ()
    stage.advance(now + LATER)
    assert audited(stage).differences == ()


@random_worlds
@given(HISTORIES, st.lists(st.integers(0, 31), min_size=3, max_size=9))
def test_no_user_differs_after_audiences_came_and_went(history, choices):
    book, steps = history
    note(json.dumps(book))
    note(json.dumps(steps))
    stage = started(EngineStage(2), without(book, choices[0]), steps[0][0] - 1)
    for number, (at, batches) in enumerate(steps):
        stage.ingest(batches, at)
        stage.define(without(book, choices[number % len(choices)]), at)
        assert audited(stage).differences == ()
        stage.check()


def without(book, choice):
    """The book with those audiences whose bit is set, and those that they name."""
    kept = [one for place, one in enumerate(book["audiences"]) if choice >> place & 1]
    named = {key for one in kept for key in named_in(one["criteria"])}
    return {**book, "audiences": [one for one in book["audiences"] if one in kept or one["key"] in named]}


def named_in(criterion):
    if criterion["type"] == "audience":
        return [criterion["audience"]]
    return [key for part in criterion.get("of", ()) if isinstance(part, dict) for key in named_in(part)]


def audited(stage):
    return stage.engine.audit(1_000)
