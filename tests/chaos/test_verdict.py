"""The verdict on a storm: right when nothing happened, and it sees one lost batch, one doubled, one change too many."""

import json

import msgspec
import pytest

from raudience.cluster.inline import InlineEngine
from tests.chaos.feeding import Acknowledged, feed
from tests.chaos.story import Story
from tests.chaos.verdict import Transition, differences, disordered, in_memory, judge

STORY = Story(3)
LAST = 60
SINGLE = next(number for number in range(20, LAST) if "Ping" in json.dumps(STORY.operation(number).batches))


def told(*numbers):
    engine = InlineEngine(2, in_memory())
    for number in numbers:
        feed(engine, STORY, number, number + 1, lambda number: None)
    return engine


def test_nothing_happened():
    verdict = judge(told(*range(LAST)), STORY, LAST)
    assert verdict.right
    assert verdict.batches > 300
    assert verdict.changes > 300


def test_what_is_told_again_changes_nothing():
    assert judge(told(*range(LAST), LAST - 1, LAST - 2), STORY, LAST).right


def test_an_operation_that_is_left_out_is_lost():
    verdict = judge(told(*range(SINGLE), *range(SINGLE + 1, LAST)), STORY, LAST)
    assert verdict.lost > 0
    assert verdict.missing > 0
    assert any(each.startswith("oracle") or each.startswith("members") for each in verdict.wrong)


def test_a_batch_that_counts_twice_is_doubled():
    engine = told(*range(LAST))
    single = next(batch for batch in STORY.operation(SINGLE).batches if "Ping" in json.dumps(batch))
    again = single | {"source_request_id": "another"}
    engine.ingest([json.dumps(again).encode()], engine.now)
    verdict = judge(engine, STORY, LAST)
    assert (verdict.lost, verdict.doubled, verdict.surplus) == (0, 1, 1)
    assert "members of twice" in verdict.wrong


STEPS = [Transition("a", 1, at, entered, at) for at, entered in ((60_000, True), (120_000, False), (180_000, True))]


@pytest.mark.parametrize(
    ("steps", "found"),
    [
        (STEPS, 0),
        ([STEPS[0], STEPS[2]], 1),
        (STEPS[1:], 1),
        ([STEPS[0], *STEPS], 2),
        ([STEPS[0], msgspec.structs.replace(STEPS[1], at=59_999)], 1),
    ],
    ids=["in, out, in", "in, in", "out first", "told twice", "back in time"],
)
def test_the_changes_of_a_user_alternate_and_go_on_in_time(steps, found):
    assert disordered(steps) == found


def test_a_change_some_milliseconds_later_is_the_same_change():
    later = [msgspec.structs.replace(step, at=step.at + 7) for step in STEPS]
    assert differences(STEPS, later) == (0, 0)
    assert differences(STEPS, later[1:]) == (1, 0)
    assert differences(STEPS[1:], later) == (0, 1)


def test_an_acknowledgement_that_was_cut_off_does_not_count(tmp_path):
    path = tmp_path / "acknowledged"
    path.write_text("0 1.5\n1 2.5\n2 ")
    acknowledged = Acknowledged(path)
    assert (acknowledged.count(), acknowledged.times()) == (2, [1.5, 2.5])
    with acknowledged.writer() as write:
        write(2)
    assert acknowledged.count() == len(acknowledged.times()) == 3
