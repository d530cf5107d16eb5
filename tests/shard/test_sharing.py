"""User attributes that go to outputs: who is told of when one becomes another, and what it is."""

import msgspec
import numpy as np
import pytest

from raudience.shard import Shard
from raudience.shard.commands import Erase
from tests.shard.making import T, block, planned
from tests.stories.stage import attribute, audience, batch

ANY = audience(attribute("plan", "exists"), "any")


def user(mpid, at=T, input="default", **attributes):
    return batch(mpid=mpid, user_attributes={"plan": "x", **attributes}, timestamp_unixtime_ms=at, api_key=input)


def sharing(*names, of=ANY, **fields):
    """A shard whose plan shares attributes."""
    shard = Shard()
    shard.apply(msgspec.structs.replace(planned(of, **fields), shared=names), T - 1)
    return shard


def touched(shard, at, *batches):
    return shard.apply(block(*batches, at=at), at).touched.tolist()


def attributes(shard, *names, mpids=(1,)):
    return shard.attributes(np.array(mpids, np.int64), names)


@pytest.mark.parametrize("many", [1, 500], ids=["one-by-one", "at-once"])
def test_a_member_whose_shared_attribute_becomes_another_is_touched(many):
    shard = sharing("ltv")
    mpids = range(1, many + 1)
    assert touched(shard, T, *(user(mpid, ltv=1) for mpid in mpids)) == [*mpids]
    assert touched(shard, T + 1, *(user(mpid, T + 1, ltv=1) for mpid in mpids)) == []
    assert touched(shard, T + 2, *(user(mpid, T + 2, ltv=2) for mpid in mpids)) == [*mpids]
    assert touched(shard, T + 3, *(user(mpid, T - 5, ltv=3) for mpid in mpids)) == []
    assert touched(shard, T + 4, *(user(mpid, T + 4, ltv=None) for mpid in mpids)) == [*mpids]


def test_an_attribute_that_is_not_shared_touches_nobody():
    assert touched(sharing("ltv"), T, user(1, score=1)) == []
    assert touched(sharing(), T, user(1, ltv=1)) == []


def test_a_plan_that_shares_more_or_less_is_heeded_from_the_next_command_on():
    shard = sharing()
    touched(shard, T, user(1, ltv=1))
    shard.apply(msgspec.structs.replace(planned(ANY), shared=("ltv",)), T + 1)
    assert touched(shard, T + 2, user(1, T + 2, ltv=2)) == [1]
    shard.apply(planned(ANY), T + 3)
    assert touched(shard, T + 4, user(1, T + 4, ltv=3)) == []


def test_what_is_shared_is_known_to_who_comes_from_a_snapshot():
    shard, other = sharing("ltv"), Shard()
    touched(shard, T, user(1, ltv=1))
    other.absorb(shard.freeze().parts())
    assert touched(other, T + 1, user(1, T + 1, ltv=2)) == [1]


def test_values_are_as_they_came():
    shard = sharing()
    touched(shard, T, user(1, text="a", whole=42, part=0.1, tag=None, list=["b", 2], flag=True, large=2**60))
    names = ("text", "whole", "part", "tag", "list", "flag", "large", "none")
    (found,) = attributes(shard, *names)
    assert found == {
        "text": "a", "whole": 42, "part": 0.1, "tag": None, "list": ("b", "2"), "flag": "true", "large": str(2**60)
    }  # fmt: skip
    assert isinstance(found["whole"], int)


def test_who_has_none_and_who_is_not_known_have_nothing():
    shard = sharing()
    touched(shard, T, user(1), user(2, ltv=5))
    shard.apply(Erase((3,)), T + 1)
    assert attributes(shard, "ltv", mpids=(3, 2, 1)) == [{}, {"ltv": 5}, {}]


def test_an_attribute_that_is_taken_away_is_none():
    shard = sharing("ltv")
    touched(shard, T, user(1, ltv=5))
    gone = batch(mpid=1, deleted_user_attributes=["ltv"], timestamp_unixtime_ms=T + 1)
    assert touched(shard, T + 1, gone) == [1]
    assert attributes(shard, "ltv") == [{}]


def test_of_several_workspaces_the_latest_value_counts():
    inputs = [{"key": "web", "workspace": "web"}, {"key": "app", "workspace": "app"}]
    shard = sharing("ltv", of=audience({**attribute("plan", "exists"), "workspace": "web"}, "any"), inputs=inputs)
    touched(shard, T + 9, user(1, T + 2, "app", ltv=1), user(1, T + 3, "web", ltv=2), user(1, T + 1, "app", ltv=3))
    assert attributes(shard, "ltv") == [{"ltv": 2}]
    touched(shard, T + 10, user(1, T + 5, "app", ltv=4))
    assert attributes(shard, "ltv") == [{"ltv": 4}]


def test_a_reserved_attribute_is_found_in_any_case():
    shard = sharing("$age")
    assert touched(shard, T, user(1, **{"$Age": 30})) == [1]
    assert attributes(shard, "$AGE") == [{"$AGE": 30}]
