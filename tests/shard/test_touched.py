"""Members whose identities became others, told of each command (semantics 133, 134)."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raudience.shard import Shard, Tick
from raudience.shard.commands import Erase
from tests.shard.making import T, block, planned, replayed, shard_of
from tests.stories.stage import DAY, attribute, audience, batch

GOLD = audience(attribute("plan", "exact_match", value="gold"), "gold")
NAMES = ("email", "customer_id")


def user(mpid, plan="gold", at=T, device=None, **identities):
    fields = {"user_attributes": {"plan": plan}} if plan else {}
    device_info = {"device_info": {"ios_advertising_id": device}} if device else {}
    return batch(mpid=mpid, user_identities=identities, timestamp_unixtime_ms=at, **fields, **device_info)


def touched(shard, at, *batches):
    return shard.apply(block(*batches, at=at), at).touched.tolist()


def after(*batches, of=GOLD):
    """A shard that has heard of users."""
    shard = shard_of(of)
    shard.apply(block(*batches, at=T), T)
    return shard


def test_a_member_who_gets_an_identity_is_touched():
    assert touched(after(user(1), user(2)), T + 1, user(1, email="a@x.com")) == [1]


def test_a_member_whose_identity_is_replaced_is_touched():
    assert touched(after(user(1, email="a@x.com")), T + 1, user(1, email="b@x.com", at=T + 1)) == [1]


def test_a_member_whose_identity_goes_away_is_touched():
    assert touched(after(user(1, email="a@x.com")), T + 1, user(1, email=None, at=T + 1)) == [1]


def test_a_member_whose_identity_is_forgotten_and_who_is_back_at_once_is_touched():
    shard = shard_of(GOLD, settings={"lookback": "1 day", "retention": "1 day"})
    assert touched(shard, T, user(1, email="a@x.com")) == [1]
    assert touched(shard, T + DAY + 1, user(1, at=T + DAY + 1)) == [1]


def test_who_comes_in_with_identities_is_touched():
    assert touched(shard_of(GOLD), T, user(7, email="a@x.com"), user(-3, customer_id="c")) == [-3, 7]


def test_a_user_is_touched_once_whatever_became_another():
    assert touched(after(user(1)), T + 1, user(1, email="a@x.com", customer_id="c", device="d")) == [1]


@pytest.mark.parametrize(
    "again",
    [
        user(1, email="a@x.com", customer_id=None, device="d", at=T + 1),
        user(1, email="b@x.com", at=T - 1),
        user(1, at=T + 1),
        user(1, "free", at=T - 1),
    ],
    ids=["same-values", "older-value", "nothing-said", "another-attribute"],
)
def test_who_says_nothing_new_of_identities_is_not_touched(again):
    assert touched(after(user(1, email="a@x.com", device="d")), T + 1, again) == []


def test_a_further_device_touches_and_the_same_device_does_not():
    shard = after(user(1, device="d"))
    assert touched(shard, T + 1, user(1, device="d", at=T + 1)) == []
    assert touched(shard, T + 2, user(1, device="e", at=T + 2)) == [1]


def test_an_identity_that_comes_back_within_a_command_was_touched():
    shard = after(user(1, email="a@x.com"))
    assert touched(shard, T + 2, user(1, email="b@x.com", at=T + 1), user(1, email="a@x.com", at=T + 2)) == [1]


def test_who_is_in_no_audience_is_not_touched():
    shard = after(user(1, "free"))
    assert touched(shard, T + 1, user(1, None, email="a@x.com")) == []
    assert touched(shard, T + 2, user(1, "gold", at=T + 2)) == []


def test_who_enters_with_the_command_that_changes_an_identity_is_touched():
    assert touched(after(user(1, "free")), T + 1, user(1, "gold", T + 1, email="a@x.com")) == [1]


def test_who_leaves_with_the_command_that_changes_an_identity_is_not_touched():
    assert touched(after(user(1)), T + 1, user(1, "free", T + 1, email="a@x.com")) == []


def test_members_of_a_shadow_alone_are_not_touched():
    plan = planned(GOLD, audience(attribute("plan", "exact_match", value="free"), "shadow"))
    marked = [msgspec.structs.replace(each, shadow=each.key == "shadow") for each in plan.audiences]
    shard = Shard()
    shard.apply(msgspec.structs.replace(plan, audiences=tuple(marked)), T - 1)
    assert touched(shard, T, user(1, "free", email="a@x.com"), user(2, email="b@x.com")) == [2]
    assert shard.members("shadow").tolist() == [1]


def test_members_of_an_audience_that_is_gone_are_not_touched():
    shard = after(user(1), user(2, "free"))
    shard.apply(planned(audience(attribute("plan", "exact_match", value="free"), "free")), T + 1)
    assert touched(shard, T + 2, user(1, None, email="a@x.com"), user(2, None, email="b@x.com")) == [2]


def test_members_of_many_audiences_are_touched_once():
    criteria = [attribute("plan", "exact_match", value=f"p{number}") for number in range(40)]
    shard = shard_of(*(audience(each, f"a{number}") for number, each in enumerate(criteria)))
    assert touched(shard, T, user(1, "p39", email="a"), user(2, "p0", email="b"), user(3, "p40", email="c")) == [1, 2]


def test_who_is_erased_is_not_touched():
    assert after(user(1, email="a@x.com")).apply(Erase((1,)), T + 1).touched.tolist() == []


def test_a_plan_and_the_passing_of_time_touch_nobody():
    shard = after(user(1, email="a@x.com"))
    changes = shard.apply(planned(GOLD, audience(attribute("plan", "exists"), "any")), T + 1)
    assert (len(changes), changes.touched.tolist()) == (1, [])
    assert shard.apply(Tick(), T + 2).touched.tolist() == []


def test_who_moves_to_another_shard_is_touched_there_only_by_something_new():
    shard, other = after(user(1, email="a@x.com", device="d")), shard_of(GOLD)
    other.absorb(shard.freeze().parts())
    assert other.apply(Tick(), T + 1).touched.tolist() == []
    assert touched(other, T + 2, user(1, email="a@x.com", device="d", at=T + 2)) == []
    assert touched(other, T + 3, user(1, email="b@x.com", at=T + 3)) == [1]


def test_who_has_the_place_of_a_user_that_was_forgotten_on_the_way_is_not_touched():
    shard = shard_of(GOLD, settings={"lookback": "1 day", "retention": "1 day"})
    late = T + 9 * DAY
    story = replayed(user(1, email="a@x.com"), user(2, at=late), user(3, at=late, email="b@x.com"))
    assert shard.apply(story, late).touched.tolist() == [3]


class Model:
    """What a shard hears of users, in dicts by MPID: value and its moment by name, devices, plan and its moment."""

    def __init__(self):
        self.known, self.devices, self.plan = {}, {}, {}

    def take(self, stamp, mpid, plan, identities, device):
        """Whether an identity became another."""
        known, devices, changed = self.known.setdefault(mpid, {}), self.devices.setdefault(mpid, set()), False
        for name, value in identities.items():
            moment, held = known.get(name, (0, None))
            if stamp >= moment:
                known[name] = stamp, value
                changed |= value != held
        if plan is not None and stamp >= self.plan.get(mpid, (0, None))[0]:
            self.plan[mpid] = stamp, plan
        changed |= device is not None and device not in devices
        devices.add(device)
        return changed

    def touched(self, updates):
        changed = {update[1] for update in updates if self.take(*update)}
        return sorted(mpid for mpid in changed if self.plan.get(mpid, (0, None))[1] == "gold")


UPDATES = st.tuples(
    st.integers(T, T + 5),
    st.integers(1, 4),
    st.sampled_from(["gold", "free", None]),
    st.dictionaries(st.sampled_from(["email", "customer_id"]), st.sampled_from(["a", "b", None]), max_size=2),
    st.sampled_from([None, "d", "e"]),
)
CROWD = [(T, mpid, "free", {"email": "a", "customer_id": "b"}, "d") for mpid in range(100, 140)]


@settings(max_examples=60)
@given(st.lists(st.tuples(st.lists(UPDATES, max_size=6), st.booleans()), max_size=4))
def test_who_is_touched_is_who_a_plain_reading_says_one_by_one_and_in_a_crowd(rounds):
    shard, model = shard_of(GOLD), Model()
    for number, (updates, crowded) in enumerate(rounds):
        updates = [*updates, *CROWD] if crowded else updates
        batches = [
            user(mpid, plan, stamp, device, **identities) | {"source_request_id": f"{number}-{place}"}
            for place, (stamp, mpid, plan, identities, device) in enumerate(updates)
        ]
        assert touched(shard, T + 10 + number, *batches) == model.touched(updates)
