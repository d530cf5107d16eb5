"""Shadows: audiences that are worked out like every other, and of which nobody hears until they are in force."""

import msgspec
import numpy as np

from raudience.hashing import mix64
from raudience.shard import Shard
from tests.shard.making import T, planned, shard_of, taken, ticked
from tests.stories.stage import DAY, asks, attribute, audience, batch, custom, told

DAILY = {"recency": {"op": "within", "last": "1 day"}}
ONCE, TWICE = asks("A", **DAILY), asks("A", frequency={"at_least": 2}, **DAILY)


def plan_of(version=1, shadows=True, **criteria):
    """A plan of audiences by key, all of one version; those of keys that end with `_2` are the shadows `<key>@2`."""
    plan = planned(*(audience(criterion, key) for key, criterion in criteria.items()))
    marked = [
        msgspec.structs.replace(
            one, key=one.key.replace("_2", "@2"), version=version, shadow=shadows and one.key.endswith("_2")
        )
        for one in plan.audiences
    ]
    return msgspec.structs.replace(plan, audiences=tuple(sorted(marked, key=lambda one: one.key)))


def beside():
    """`often`, of one event, in force, and that of two beside it as a shadow; 1 has two events, 2 has one."""
    shard = shard_of(audience(ONCE, "often"))
    taken(shard, T, batch(custom("A", T), custom("A", T - 1)), batch(custom("A", T), mpid=2))
    assert told(shard.apply(plan_of(often=ONCE, often_2=TWICE), T + 1)) == []
    return shard


def test_a_shadow_is_neither_counted_nor_told():
    shard = beside()
    assert shard.counts() == {"often": 2}
    assert taken(shard, T + 2, batch(custom("A", T + 2), mpid=2)) == []
    assert ticked(shard, T + 3 * DAY) == [(T + DAY + 1, "often", 1, False), (T + DAY + 3, "often", 2, False)]
    shard.check()


def test_a_shadow_can_be_asked_about():
    shard = beside()
    assert shard.members("often@2").tolist() == [1]
    assert (shard.why(1, "often@2").member, shard.why(2, "often@2").member) == (True, False)


def test_changes_do_not_name_shadows_and_audiences_behind_them_are_told_as_themselves():
    shard = Shard()
    shard.apply(plan_of(a=ONCE, a_2=TWICE, b=ONCE), T - 1)
    assert taken(shard, T, batch(custom("A", T), custom("A", T))) == [(T, "a", 1, True), (T, "b", 1, True)]
    changes = shard.apply(plan_of(c=ONCE), T + 1)
    assert changes.audiences == ("a", "b", "c")


def test_an_edit_tells_the_difference_alone_at_its_moment_and_under_its_version():
    shard = beside()
    changes = shard.apply(plan_of(version=2, often=TWICE), T + 5)
    assert told(changes) == [(T + 5, "often", 2, False)]
    assert (changes.audiences, changes.versions) == (("often",), (2,))
    assert taken(shard, T + 6, batch(custom("A", T + 6), mpid=2)) == [(T + 6, "often", 2, True)]
    shard.check()


def test_an_edit_that_is_given_up_leaves_no_trace():
    shard = beside()
    assert told(shard.apply(plan_of(often=ONCE), T + 5)) == []
    assert shard.counts() == {"often": 2}


def test_an_audience_that_becomes_a_shadow_is_left_by_all_and_one_that_is_none_any_more_is_entered():
    shard = Shard()
    shard.apply(plan_of(a_2=ONCE, shadows=False), T - 1)
    taken(shard, T, batch(custom("A", T)))
    assert told(shard.apply(plan_of(a_2=ONCE), T + 1)) == [(T + 1, "a@2", 1, False)]
    assert told(shard.apply(plan_of(a_2=ONCE, shadows=False), T + 2)) == [(T + 2, "a@2", 1, True)]


def test_a_snapshot_keeps_shadows():
    shard, again = beside(), Shard()
    again.absorb(shard.freeze().parts())
    assert (again.members("often@2").tolist(), again.counts()) == ([1], {"often": 2})


def test_two_audiences_are_compared_in_figures_and_by_who_moves():
    shard = beside()
    shrinks, grows = shard.compare("often", "often@2", 5), shard.compare("often@2", "often", 5)
    assert (shrinks.adds, shrinks.drops, shrinks.both) == (0, 1, 1)
    assert (shrinks.entering.tolist(), shrinks.leaving.tolist()) == ([], [2])
    assert (grows.adds, grows.drops, grows.both, grows.entering.tolist()) == (1, 0, 1, [2])
    same = shard.compare("often", "often", 5)
    assert (same.adds, same.drops, same.both) == (0, 0, 2)


def test_a_sample_of_who_moves_is_no_larger_than_asked_and_takes_the_first_by_hash():
    shard = shard_of(audience(attribute("p", "exists"), "all"), audience(attribute("q", "exists"), "none"))
    taken(shard, T, *(batch(user_attributes={"p": 1}, mpid=mpid) for mpid in range(1, 40)))
    found = shard.compare("none", "all", 7)
    mpids = np.arange(1, 40)
    assert (found.adds, found.both) == (39, 0)
    assert found.entering.tolist() == mpids[np.argsort(mix64(mpids.view(np.uint64)))][:7].tolist()
    assert shard.compare("none", "all", 3).entering.tolist() == found.entering[:3].tolist()
    assert shard.compare("all", "none", 0).leaving.tolist() == []
