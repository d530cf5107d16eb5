"""Blocks taken apart and put together."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raudience.coordinator import owners
from raudience.hashing import key_groups
from raudience.ingest.batches import decode
from raudience.ingest.joining import concatenate
from raudience.ingest.route import split, take
from raudience.records.slicing import cut
from tests.ingest.shown import batch, event, rows

values = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 3), st.text("ab", max_size=2), st.lists(st.text("ab"), max_size=2)
)


@st.composite
def documents(draw):
    """A document of a batch with some of everything."""
    data = {
        "mpid": draw(st.integers(-5, 5)),
        "timestamp_unixtime_ms": 1_000_000,
        "user_attributes": draw(st.dictionaries(st.sampled_from("xyz"), values, max_size=2)),
        "user_identities": draw(st.dictionaries(st.sampled_from(["email", "other"]), st.sampled_from("ab"))),
        "api_key": draw(st.sampled_from([None, "i", "j"])),
        "device_info": draw(st.sampled_from([None, {"platform": "p", "ios_idfv": "v"}, {"platform": "q"}])),
        "events": draw(st.lists(some_event(), max_size=3)),
    }  # fmt: skip
    return batch(**data)


@st.composite
def some_event(draw):
    action = {
        "action": "purchase",
        "products": [{"id": id} for id in draw(st.lists(st.sampled_from("pq"), max_size=2))],
    }
    return draw(
        st.sampled_from(
            [
                event("custom_event", event_name="e", custom_attributes={"k": draw(values)}),
                event("commerce_event", product_action=action),
                event(
                    "user_attribute_change",
                    user_attribute_name="x",
                    new="n",
                    timestamp_unixtime_ms=draw(st.integers(1, 9)),
                ),
            ]
        )
    )


blocks = st.lists(documents(), max_size=8).map(lambda found: decode(found).block)


@given(blocks, st.randoms())
@settings(max_examples=30, deadline=None)
def test_taking_batches_takes_what_belongs_to_them(block, chance):
    wanted = [row for row in range(len(block.batches.mpid)) if chance.random() < 0.6]
    chance.shuffle(wanted)
    whole = rows(block)
    assert rows(take(block, np.array(wanted, np.int64))) == [whole[row] for row in wanted]


@given(st.lists(blocks, min_size=1, max_size=4))
@settings(max_examples=30, deadline=None)
def test_putting_together_changes_nothing_in_the_parts(parts):
    assert rows(concatenate(parts)) == [row for part in parts for row in rows(part)]


@given(blocks, st.integers(1, 4))
@settings(max_examples=30, deadline=None)
def test_every_batch_goes_to_the_shard_that_owns_its_user(block, shards):
    owner = owners(shards)
    of = owner[key_groups(block.batches.mpid)]
    whole = rows(block)
    assert [rows(part) for part in split(block, owner, shards)] == [
        [row for row, at in zip(whole, of, strict=True) if at == shard] for shard in range(shards)
    ]


@given(blocks, st.integers(0, 8))
@settings(max_examples=20, deadline=None)
def test_a_block_cut_in_two_and_put_together_is_the_same(block, place):
    place = min(place, len(block.batches.mpid))
    parts = [cut(block, 0, place), cut(block, place, len(block.batches.mpid))]
    assert rows(concatenate(parts)) == rows(block)


def test_words_that_are_not_used_are_left_out():
    block = decode([batch(user_identities={"email": name}) for name in "abc"]).block
    assert take(block, np.array([2, 0])).batches.fields[0].column.words == ("a", "c")


@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_column_of_device_and_context_stays_one_object(count):
    block = decode([batch(device_info={"platform": "iOS"})] * 3).block
    taken = concatenate([take(block, np.arange(count)), take(block, np.arange(3))])
    assert taken.batches.fields[0].column is taken.batches.context[0][1]
