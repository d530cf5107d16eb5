"""A shard that is damaged is found out."""

import numpy as np
import pytest

from raudience.errors import ReportBug
from tests.shard.making import T, shard_of, taken
from tests.stories.stage import asks, attribute, audience, batch, custom

MEMBER, STRANGER = 1, 2
ROW, LEAF = np.array([1], np.int32), np.array([0], np.int32)


@pytest.fixture
def shard():
    """Two profiles, of which the first is a member."""
    made = shard_of(
        audience(asks("A", frequency={"at_least": 2}), "often"), audience(attribute("plan", "exists"), "plan")
    )
    taken(made, T, batch(custom("A", T), custom("A", T), mpid=MEMBER), batch(custom("A", T), mpid=STRANGER))
    made.check()
    return made


def test_a_sound_shard_is_left_as_it_was(shard):
    before = shard.counts(), shard.members("often").tolist(), shard.now
    shard.check()
    assert (shard.counts(), shard.members("often").tolist(), shard.now) == before


def test_a_member_who_should_not_be_is_found(shard):
    shard.evaluation.membership.members.flip(ROW + 1, LEAF)
    with pytest.raises(ReportBug, match="audience often: 1 members disagree with its criteria"):
        shard.check()


def test_a_member_who_is_missing_is_found(shard):
    shard.evaluation.membership.members.flip(ROW, LEAF)
    with pytest.raises(ReportBug, match="audience often"):
        shard.check()


@pytest.mark.parametrize("column", [0, 1, 2])
def test_a_wrong_leaf_is_found(shard, column):
    shard.evaluation.membership.leaves.flip(ROW, LEAF + column)
    with pytest.raises(ReportBug, match="disagree"):
        shard.check()


def test_a_wrong_leaf_with_members_that_agree_with_it_is_found(shard):
    leaf = next(n for n, one in enumerate(shard.plan.leaves) if type(one).__name__ == "Count")
    shard.evaluation.membership.leaves.flip(ROW, LEAF + leaf)
    shard.evaluation.membership.members.flip(ROW, LEAF)
    with pytest.raises(ReportBug, match="1 profiles disagree with the kept events"):
        shard.check()


def test_an_event_that_is_lost_is_found(shard):
    shard.store.seal()
    shard.store.forget(T + 1)
    with pytest.raises(ReportBug, match="1 profiles disagree with the kept events"):
        shard.check()


def test_a_value_that_is_lost_is_found(shard):
    taken(shard, T + 1, batch(user_attributes={"plan": "gold"}, mpid=STRANGER))
    for register in shard.profiles.registers.values():
        register.clear(ROW + 1)
    with pytest.raises(ReportBug, match="plan"):
        shard.check()


def test_an_mpid_that_does_not_lead_to_its_row_is_found(shard):
    shard.profiles.index.mpids[ROW] = 99
    with pytest.raises(ReportBug, match="index"):
        shard.check()


def test_a_wrong_count_is_found(shard):
    shard.evaluation.events.counters.apply(ROW, np.array([T]), LEAF)
    with pytest.raises(ReportBug):
        shard.check()
