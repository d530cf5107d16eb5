"""What a shard knows leaves it as parts, and another shard goes on from them as if nothing had happened."""

import numpy as np
import pytest

from raudience.errors import FixStore, StateDamaged
from raudience.records import EventKey, Field
from raudience.records.packing import Packed, pack
from raudience.shard import Shard
from raudience.shard.snapshot import (
    Ascending,
    End,
    EventsPart,
    FieldPart,
    Header,
    Longs,
    Part,
    ProfilesPart,
    RememberedPart,
    SetPart,
    WorkspacePart,
    ascending,
    longs,
)
from tests.shard.making import T, identities, planned, shard_of, taken, ticked
from tests.stories.stage import DAY, asks, attribute, audience, batch, commerce, custom

AS_IT_CAME = Packed(Part)


def through_bytes(frozen):
    """The parts as they come back from where they were kept."""
    return [AS_IT_CAME.unpack(pack(part)) for part in frozen.parts()]


def again(shard):
    """A shard that goes on where this one is."""
    other = Shard()
    other.absorb(through_bytes(shard.freeze()))
    other.check()
    return other


def of(kind, parts):
    return [part for part in parts if isinstance(part, kind)]


def plan_is(value, key="a"):
    return audience(attribute("plan", "exact_match", value=value), key)


def test_integers_are_kept_in_few_bytes():
    values = np.array([1_700_000_000_000, 1_700_000_000_255], np.int64)
    assert longs(values).above.dtype == ascending(values).gaps.dtype == np.uint8
    assert longs(values).values().tolist() == ascending(values).values().tolist() == values.tolist()


@pytest.mark.parametrize("values", [[-(2**61), 2**61], [0, 2**32], [5], [-3, -3, -3]])
def test_integers_of_any_size_come_back(values):
    assert longs(np.array(values)).values().tolist() == values
    assert ascending(np.array(values)).values().tolist() == values


def test_no_integers_are_kept_too():
    assert longs(np.zeros(0, np.int64)).values().tolist() == []


def test_a_snapshot_holds_profiles_events_and_ids():
    shard = shard_of(audience(asks("A")))
    taken(
        shard,
        T,
        batch(custom("A", T - 5, k="x"), custom("B", T - 9, k=1.5), mpid=7, user_attributes={"p": "u", "n": 2}),
        batch(custom("A", T - 5, k="y"), mpid=-8, user_attributes={"p": ["u", "v"]}, source_request_id="r"),
    )
    parts = list(shard.freeze().parts())
    assert parts[0] == Header(2, T, shard.plan, tuple(range(256)))
    assert parts[-1] == End(2, 3)
    (profiles,) = of(ProfilesPart, parts)
    assert (profiles.mpids.tolist(), profiles.last.values().tolist()) == ([7, -8], [T, T])
    (workspace,) = of(WorkspacePart, parts)
    assert workspace.workspace == "default"
    assert (workspace.profiles.values().tolist(), workspace.first_seen.values().tolist()) == ([0, 1], [T - 9, T - 5])
    numbers, words = sorted(of(FieldPart, parts), key=lambda part: part.field)
    assert (numbers.field, numbers.codes.tolist(), numbers.numbers.tolist()) == (Field("user", "n"), [3], [2.0])
    assert (words.field, words.codes.tolist(), words.words) == (Field("user", "p"), [4, 2], ("u", "v"))
    assert (words.sizes.tolist(), words.elements.tolist()) == ([2], [4, 5])
    (events,) = of(EventsPart, parts)
    assert (events.times.values().tolist(), events.profiles.tolist()) == ([T - 9, T - 5, T - 5], [0, 0, 1])
    kept = [events.keys[key] for key in events.key]
    assert kept == [
        EventKey("custom", "other", "B"),
        EventKey("custom", "other", "A"),
        EventKey("custom", "other", "A"),
    ]
    column = next(column for column in events.columns if column.field == Field("custom", "k"))
    assert sorted(column.words) == ["x", "y"]
    (remembered,) = of(RememberedPart, parts)
    assert (remembered.of, len(remembered.keys)) == ("batches", 2)


def test_a_deletion_outlives_the_restart_and_still_wins_over_what_is_older():
    shard = shard_of(plan_is("pro"))
    taken(shard, T, batch(timestamp_unixtime_ms=T, user_attributes={"plan": "pro"}))
    taken(shard, T + 9, batch(timestamp_unixtime_ms=T + 9, deleted_user_attributes=["plan"]))
    late = batch(timestamp_unixtime_ms=T + 5, user_attributes={"plan": "pro"})
    for one in (again(shard), shard):
        assert taken(one, T + 20, late) == []


def test_device_ids_keep_their_order():
    shard = shard_of(audience(asks("A")))
    for at, value in enumerate("ba"):
        taken(shard, T + at, batch(device_info={"ios_advertising_id": value}))
    (part,) = of(SetPart, shard.freeze().parts())
    assert (part.words, part.sizes.tolist(), part.elements.tolist()) == (("b", "a"), [2], [4, 5])
    names = ("ios_advertising_id",)
    assert identities(again(shard), 1, names=names) == identities(shard, 1, names=names) == [{names[0]: ("b", "a")}]


def test_who_was_a_member_is_one_still_and_nothing_is_told():
    shard = shard_of(audience(asks("A", frequency={"at_least": 2}, recency={"op": "within", "last": "1 day"})))
    assert taken(shard, T, batch(custom("A", T), custom("A", T - 5))) == [(T, "a", 1, True)]
    other = again(shard)
    assert other.counts() == {"a": 1}
    assert ticked(other, T + 1) == []
    assert ticked(other, T + 2 * DAY) == [(T - 5 + DAY + 1, "a", 1, False)]


@pytest.mark.parametrize("later", [0, 1, 30 * DAY])
def test_a_batch_that_was_taken_is_refused_as_before(later):
    shard = shard_of(audience(asks("A", frequency={"at_least": 2})))
    sent = batch(custom("A", T), source_request_id="r")
    taken(shard, T, sent)
    assert taken(again(shard), T + 1 + later, sent) == taken(shard, T + 1 + later, sent)


def test_what_was_seen_in_the_time_before_is_remembered_as_long_as_before():
    shard = shard_of(audience(asks("B")))
    sent = batch(custom("B", T + 30 * DAY), source_request_id="r")
    taken(shard, T, batch(custom("A", T), source_request_id="r"))
    taken(shard, T + 30 * DAY, batch(custom("A", T), mpid=2))
    assert taken(again(shard), T + 30 * DAY + 1, sent) == taken(shard, T + 30 * DAY + 1, sent) == []


def test_words_that_nobody_holds_any_more_are_left_behind():
    shard = shard_of(plan_is("pro"))
    taken(shard, T, batch(user_attributes={"plan": "free"}))
    taken(shard, T + 1, batch(user_attributes={"plan": "pro"}))
    assert shard.values(Field("user", "plan")) == ("free", "pro")
    assert again(shard).values(Field("user", "plan")) == ("pro",)


def test_what_came_after_the_freeze_is_not_in_it():
    shard = shard_of(plan_is("pro"), audience(asks("A"), "b"))
    taken(shard, T, batch(custom("A", T), user_attributes={"plan": "pro"}, source_request_id="1"))
    frozen = shard.freeze()
    taken(shard, T + 1, batch(custom("A", T), mpid=2), batch(user_attributes={"plan": "free"}, source_request_id="2"))
    shard.apply(planned(audience(asks("A"), "b"), settings={"lookback": "1 second"}), T + DAY)
    other = Shard()
    other.absorb(frozen.parts())
    other.check()
    assert (other.now, other.counts()) == (T, {"a": 1, "b": 1})
    assert other.members("b").tolist() == [1]


def everything_of(number, at):
    """A batch that says something new of everything, its events not in order of time."""
    return batch(
        custom("A", at - number, k=number, l=str(number)),
        commerce("purchase", at - 1 - number, {"id": str(number)}),
        timestamp_unixtime_ms=at,
        source_request_id=str(number),
        user_attributes={"p": str(number), "n": number, "many": [str(number)]},
        device_info={"ios_advertising_id": str(number)},
    )


def test_a_shard_that_goes_on_changes_nothing_in_what_is_frozen():
    shard = shard_of(audience(asks("A"), "b"), settings={"lookback": "1 day"})
    for number in (1, 2):
        taken(shard, T + number, everything_of(number, T + number), everything_of(number, T) | {"mpid": 2})
    told, frozen = [pack(part) for part in shard.freeze().parts()], shard.freeze()
    for number in (9, 8):
        taken(shard, T + 20 - number, everything_of(number, T + 20 - number), everything_of(number, T) | {"mpid": 3})
    shard.apply(planned(audience(asks("A"), "b"), settings={"lookback": "1 minute"}), T + DAY)
    ticked(shard, T + 9 * DAY)
    assert [pack(part) for part in frozen.parts()] == told


def test_events_that_the_lookback_has_left_behind_stay_behind():
    shard = shard_of(audience(asks("A")), settings={"lookback": "1 day", "retention": "9 days"})
    taken(shard, T, batch(custom("A", T - 1), custom("A", T)))
    ticked(shard, T + DAY)
    assert of(End, shard.freeze().parts()) == [End(1, 1)]


def test_a_dropped_profile_is_not_in_a_snapshot():
    shard = shard_of(audience(asks("A")), settings={"lookback": "9 days", "retention": "1 day"})
    taken(shard, T, batch(custom("A", T)), batch(custom("A", T), mpid=2))
    taken(shard, T + 1, batch(mpid=2))
    ticked(shard, T + DAY + 1)
    parts = list(shard.freeze().parts())
    assert (of(ProfilesPart, parts)[0].mpids.tolist(), of(End, parts)) == ([2], [End(1, 1)])


def test_a_torn_snapshot_is_found_out():
    shard = shard_of(audience(asks("A")))
    taken(shard, T, batch(custom("A", T)))
    parts = list(shard.freeze().parts())
    without_events = [part for part in parts if not isinstance(part, EventsPart)]
    for torn in ([], parts[1:], parts[:-1], without_events):
        with pytest.raises(StateDamaged):
            Shard().absorb(torn)


def test_a_snapshot_of_a_later_format_is_refused():
    shard = shard_of(audience(asks("A")))
    header = Header(3, T, shard.plan, ())
    with pytest.raises(FixStore, match="expected format 2 or before, got 3"):
        Shard().absorb([header])


def test_parts_read_what_an_earlier_version_wrote():
    assert Packed(Longs).unpack(pack({"least": 3, "above": np.array([1], np.uint8), "gone": 1})).values() == [4]
    assert Packed(Ascending).unpack(pack({"first": 3, "gaps": np.array([], np.int64)})).values() == [3]
