"""The engine and the oracle agree on random worlds: on members, and on every change with its millisecond.

RAUDIENCE_EXAMPLES=5000 runs that many random examples of each rule instead of the fixed few.
"""

import json
import os

from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from raudience.catalog.documents import read_book
from raudience.catalog.planning import plan
from raudience.criteria.leaves import NotOf
from raudience.criteria.words import describe
from tests.oracle.questions import truth
from tests.oracle.strategies import HISTORIES, MPIDS, STEPS, TIMED_HISTORIES
from tests.oracle.words import DAY
from tests.oracle.world import audience_of, leaves_of
from tests.stories.stage import EngineStage, OracleStage

EXAMPLES = os.environ.get("RAUDIENCE_EXAMPLES")
random_worlds = settings(
    max_examples=int(EXAMPLES or 60),
    derandomize=not EXAMPLES,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
LATER = 40 * DAY


def without_audiences(book):
    return {**book, "audiences": []}


def started(stage, book, at):
    stage.define(book, at)
    return stage


def members(stage, book):
    return {one["key"]: [int(mpid) for mpid in stage.members(one["key"])] for one in book["audiences"]}


def agree(stages, book, answers):
    """All stages gave the first one's answer and hold the same members."""
    expected, *others = answers
    assert others == [expected] * len(others)
    held = [members(stage, book) for stage in stages]
    assert held[1:] == held[:1] * (len(held) - 1)
    for stage in stages:
        stage.check()


@random_worlds
@given(HISTORIES)
def test_every_step_gives_the_changes_and_members_of_the_oracle_whatever_the_number_of_shards(history):
    book, steps = history
    note(json.dumps(book))
    note(json.dumps(steps))
    stages = [started(stage, book, steps[0][0] - 1) for stage in (OracleStage(), *map(EngineStage, (1, 2, 4)))]
    for at, batches in steps:
        answers = [stage.ingest(batches, at) for stage in stages]
        agree(stages, book, answers)
    agree(stages, book, [stage.advance(steps[-1][0] + LATER) for stage in stages])


@random_worlds
@given(HISTORIES, st.lists(st.sampled_from(STEPS), max_size=8))
def test_one_big_tick_tells_what_many_small_ones_tell(history, ticks):
    book, steps = history
    big, small = (started(EngineStage(1), book, steps[0][0] - 1) for _ in range(2))
    for at, batches in steps:
        big.ingest(batches, at)
        small.ingest(batches, at)
    now, told = steps[-1][0], []
    for tick in ticks:
        now += tick
        told += small.advance(now)
    told += small.advance(now + LATER)
    assert told == big.advance(now + LATER)


@random_worlds
@given(HISTORIES)
def test_ticks_between_batches_change_nothing(history):
    book, steps = history
    ticked, quiet = (started(EngineStage(1), book, steps[0][0] - 1) for _ in range(2))
    told, expected = [], []
    for at, batches in steps:
        told += ticked.advance(at - 1)
        told += ticked.ingest(batches, at)[0]
        expected += quiet.ingest(batches, at)[0]
    assert told == expected


@random_worlds
@given(TIMED_HISTORIES, st.integers(1, 3))
def test_blocks_of_many_instants_tell_what_single_instants_tell(history, rounds):
    book, steps = history
    note(json.dumps(book))
    note(json.dumps(steps))
    oracle = started(OracleStage(), book, steps[0][0] - 1)
    expected = [change for at, batches in steps for change in oracle.ingest(batches, at)[0]]
    expected += oracle.advance(steps[-1][0] + LATER)
    for shards in (1, 4):
        engine = started(EngineStage(shards), book, steps[0][0] - 1)
        told = []
        for first in range(0, len(steps), rounds):
            several = steps[first : first + rounds]
            told += engine.replay([batch for _, batches in several for batch in batches], several[-1][0])
        told += engine.advance(steps[-1][0] + LATER)
        assert told == expected
        assert members(engine, book) == members(oracle, book)


@random_worlds
@given(HISTORIES, st.integers(0, 8))
def test_a_book_defined_late_gives_what_it_would_have_given_from_the_start(history, late):
    book, steps = history
    note(json.dumps(book))
    note(json.dumps(steps))
    early = [started(stage, book, steps[0][0] - 1) for stage in (OracleStage(), EngineStage(2))]
    stages = [
        started(stage, without_audiences(book), steps[0][0] - 1) for stage in (OracleStage(), *map(EngineStage, (1, 2)))
    ]
    before, after = steps[:late], steps[late:]
    for at, batches in before:
        for stage in (*early, *stages):
            stage.ingest(batches, at)
    moment = before[-1][0] + 1 if before else steps[0][0]
    agree(stages, book, [stage.define(book, moment) for stage in stages])
    for stage in early:
        stage.advance(moment)
    agree([*early, *stages], book, [()])
    for at, batches in after:
        agree([*early, *stages], book, [stage.ingest(batches, at + 2) for stage in (*early, *stages)])
    end = steps[-1][0] + 2 + LATER
    agree([*early, *stages], book, [stage.advance(end) for stage in (*early, *stages)])


@random_worlds
@given(HISTORIES)
def test_changes_of_a_user_alternate_and_sizes_are_ins_minus_outs(history):
    book, steps = history
    engine = started(EngineStage(2), book, steps[0][0] - 1)
    state, moments = {}, []
    for at, batches in steps:
        for moment, key, mpid, entered in engine.ingest(batches, at)[0]:
            assert state.get((key, mpid), False) != entered
            state[key, mpid] = entered
            moments.append((moment, key, mpid))
        sizes = {one["key"]: sum(held for (key, _), held in state.items() if key == one["key"])
                 for one in book["audiences"]}  # fmt: skip
        assert sizes == engine.counts()
    assert moments == sorted(set(moments))


def described(book, audience, criterion):
    """How the engine words one criterion of an audience, and whether it keeps the complement; None when it keeps
    several questions for it."""
    alone = {**book, "audiences": [{**audience, "criteria": criterion}]}
    planned = plan(read_book(json.dumps(alone).encode(), "book.json", "json"))
    asked = planned.audiences[0].formula.of[1]
    is_negated = isinstance(asked, NotOf)
    number = asked.of if is_negated else asked
    return (describe(planned.leaves[number]), is_negated) if isinstance(number, int) else None


@random_worlds
@given(HISTORIES)
def test_why_tells_the_truth_of_each_criterion_and_the_next_flip(history):
    book, steps = history
    note(json.dumps(book))
    note(json.dumps(steps))
    oracle, engine = (started(stage, book, steps[0][0] - 1) for stage in (OracleStage(), EngineStage(2)))
    for at, batches in steps:
        oracle.ingest(batches, at)
        engine.ingest(batches, at)
    world, now = oracle.world, steps[-1][0]
    for mpid in MPIDS:
        for one in book["audiences"]:
            why = engine.why(mpid, one["key"])
            profile = world.profile(mpid, now) if mpid in world.arrivals else None
            if profile is None:
                assert not why.member
                continue
            assert (why.member, why.at) == (world.member(one["key"], mpid, now), now)
            if why.known:
                assert why.tree.holds == why.member
                assert why.flips_at == world.flips_at(one["key"], mpid, now)
                assert bool(why.flips_by) == (why.flips_at is not None)
                assert_truths(why, world, book, one["key"], profile, mpid, now)


def assert_truths(why, world, book, key, profile, mpid, now):
    audience = audience_of(book, key)
    scope = world.scope(book, audience, mpid, now)
    for criterion in leaves_of(audience["criteria"]):
        if words := described(book, audience, criterion):
            expected = truth(criterion, profile, now, scope) != words[1]
            assert expected in {one.holds for one in why.criteria if one.criterion == words[0]}
