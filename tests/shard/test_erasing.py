"""A user who is erased leaves every audience, and nothing is left of the user but ids of what was sent."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from raudience.records import Field, Removed
from raudience.records.packing import pack
from raudience.shard.commands import Erase
from tests.shard.making import T, block, identities, shard_of, taken, ticked
from tests.stories.stage import DAY, asks, attribute, audience, batch, commerce, custom, told

GOLD = audience(attribute("plan", "exact_match", value="gold"), "gold")
LOST = audience(asks("A", frequency={"exactly": 0}), "lost")
CART = audience({"type": "cart_abandonment", "wait": "1 hour"}, "cart")
RECENT = audience(asks("A", recency={"op": "within", "last": "1 day"}), "recent")
BOOK = (GOLD, LOST, CART, RECENT)


def erased(shard, now, *mpids):
    return told(shard.apply(Erase(mpids), now))


def rich(mpid, at):
    return batch(
        custom("A", at, k=f"secret{mpid}"), commerce("add_to_cart", at, {"id": "cup"}),
        mpid=mpid, user_attributes={"plan": "gold", "note": f"secret{mpid}"}, source_request_id=f"r{mpid}",
        device_info={"ios_advertising_id": f"secret{mpid}"}, user_identities={"email": f"secret{mpid}@example.org"},
    )  # fmt: skip


def test_the_user_leaves_every_audience_at_that_moment():
    shard = shard_of(*BOOK)
    taken(shard, T, rich(1, T), rich(2, T))
    assert erased(shard, T + 5, 1) == [(T + 5, "gold", 1, False), (T + 5, "recent", 1, False)]
    assert shard.counts() == {"gold": 1, "lost": 0, "cart": 0, "recent": 1}
    shard.check()


def test_nothing_of_the_user_is_in_the_next_snapshot_and_all_of_others_is():
    shard = shard_of(*BOOK)
    taken(shard, T, rich(1, T), rich(2, T))
    taken(shard, T + 1, rich(22, T + 1))
    erased(shard, T + 5, 2)
    written = b"".join(pack(part) for part in shard.freeze().parts())
    assert b"secret1" in written
    assert b"secret22" in written
    assert written.count(b"secret2") == written.count(b"secret22")
    assert shard.footprints(np.array([2])) == [Removed()]


def test_timers_and_memberships_of_the_user_are_gone():
    shard = shard_of(*BOOK)
    taken(shard, T, rich(1, T))
    erased(shard, T, 1)
    assert ticked(shard, T + 40 * DAY) == []
    assert shard.memberships(1) == ()
    assert shard.memory()["entered"] == 0


def test_what_comes_later_starts_a_new_profile():
    shard = shard_of(*BOOK)
    taken(shard, T, rich(1, T))
    erased(shard, T + 5, 1)
    assert taken(shard, T + 9, batch(mpid=1)) == [(T + 9, "lost", 1, True)]
    assert identities(shard, 1, names=("email",)) == [{}]
    assert shard.memberships(1)[0].entered == T + 9


def test_a_late_repetition_of_what_was_sent_before_does_not_count():
    shard = shard_of(*BOOK)
    taken(shard, T, rich(1, T))
    erased(shard, T + 5, 1)
    assert taken(shard, T + 9, rich(1, T)) == []
    assert shard.footprints(np.array([1])) == [Removed()]


def test_who_is_not_here_changes_nothing():
    shard = shard_of(*BOOK)
    taken(shard, T, rich(1, T))
    assert erased(shard, T + 5, 3, 4) == []
    assert shard.counts()["gold"] == 1


def test_how_much_there_is_of_users():
    shard = shard_of(*BOOK)
    taken(shard, T, rich(1, T), batch(custom("B", T), mpid=2))
    assert shard.footprints(np.array([2, 7, 1])) == [
        Removed(profiles=1, events=1, memberships=1),
        Removed(),
        Removed(profiles=1, events=2, memberships=2, attributes=4),
    ]
    assert shard.values(Field("user", "note")) == ("secret1",)


STEPS = st.lists(st.tuples(st.sampled_from(["event", "event", "erase", "tick"]), st.integers(1, 4),
                           st.sampled_from([1, 1000, DAY, 20 * DAY])), max_size=25)  # fmt: skip


@settings(deadline=None)
@given(STEPS)
def test_others_are_what_they_would_have_been(steps):
    shard, without, now = shard_of(*BOOK), shard_of(*BOOK), T
    gone = {mpid for kind, mpid, _ in steps if kind == "erase"}
    for number, (kind, mpid, step) in enumerate(steps):
        now += step
        if kind == "erase":
            found = erased(shard, now, mpid)
            expected = ticked(without, now)
        else:
            sent = [batch(custom("A", now), mpid=mpid, user_attributes={"plan": "gold"}, source_request_id=str(number))]
            found = told(shard.apply(block(*sent, at=now), now)) if kind == "event" else ticked(shard, now)
            kept = kind == "event" and mpid not in gone
            expected = told(without.apply(block(*sent, at=now), now)) if kept else ticked(without, now)
        assert [change for change in found if change[2] not in gone] == expected
        shard.check()
