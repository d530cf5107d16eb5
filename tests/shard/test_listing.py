"""Members in parts, with their identities as columns; how they spread over buckets and hashes."""

import tracemalloc

import mmh3
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raudience.hashing import mix64
from raudience.records.listings import Pick
from raudience.records.texts import FILLER
from raudience.shard.index import RowIndex
from tests.shard.making import T, block, identities, shard_of, ticked
from tests.stories.stage import attribute, audience, batch

GOLD = audience(attribute("plan", "exact_match", value="gold"), "gold")
EVERYBODY = Pick("gold")


def user(mpid, plan="gold", **identities):
    return batch(mpid=mpid, user_attributes={"plan": plan}, user_identities=identities, timestamp_unixtime_ms=T)


def phone(mpid, *ids):
    return [
        batch(mpid=mpid, device_info={"ios_advertising_id": each}, timestamp_unixtime_ms=T + at)
        for at, each in enumerate(ids)
    ]


def shard(*batches):
    made = shard_of(GOLD)
    made.apply(block(*batches, at=T), T + 100)
    return made


def texts(named):
    """(user, text) of each value."""
    found = [bytes(row).replace(bytes([FILLER]), b"") for row in named.texts.matrix]
    return [
        (user, named.texts.long.get(place, found[place]).decode()) for place, user in enumerate(named.user.tolist())
    ]


def listed(of, pick=EVERYBODY, names=(), bits=2):
    """mpid -> identities by name, over all parts."""
    found = {}
    for part in range(1 << bits):
        listing = of.listing(pick, part, bits, names)
        values = {mpid: {} for mpid in listing.mpid.tolist()}
        for name, named in zip(names, listing.identities, strict=True):
            for place, text in texts(named):
                values[listing.mpid.item(place)].setdefault(name, []).append(text)
        assert not values.keys() & found.keys()
        found.update(values)
    return found


def test_parts_together_have_every_member_once_with_the_identities_asked_for():
    of = shard(
        user(1, email="a@x.com", customer_id="c1"), user(2, "free", email="b@x.com"), user(-3, email="d@x.com"), user(4)
    )
    assert listed(of, names=("email", "customer_id")) == {
        1: {"email": ["a@x.com"], "customer_id": ["c1"]},
        -3: {"email": ["d@x.com"]},
        4: {},
    }


def test_a_listing_says_the_instant_at_which_it_was_read():
    of = shard(user(1))
    ticked(of, T + 5_000)
    found = [listing for listing in (of.listing(Pick("gold"), part, 1, ()) for part in (0, 1)) if len(listing.mpid)]
    assert [listing.at.tolist() for listing in found] == [[T + 5_000]]


def test_users_of_a_part_are_in_ascending_order_and_so_are_their_identities():
    of = shard(*[user(mpid, email=f"{mpid}@x.com") for mpid in (7, -5, 3, 12, 0, -(2**63), 2**63 - 1)])
    for part in (0, 1):
        listing = of.listing(Pick("gold"), part, 1, ("email",))
        assert listing.mpid.tolist() == sorted(listing.mpid.tolist())
        assert texts(listing.identities[0]) == [(at, f"{mpid}@x.com") for at, mpid in enumerate(listing.mpid.tolist())]


def test_all_devices_of_a_user_are_listed():
    of = shard(user(1), *phone(1, "idfa-2", "idfa-1"), user(5), *phone(5, "idfa-3"))
    assert listed(of, names=("ios_advertising_id",)) == {
        1: {"ios_advertising_id": ["idfa-2", "idfa-1"]},
        5: {"ios_advertising_id": ["idfa-3"]},
    }


def test_an_identity_that_nobody_has_is_listed_as_none():
    assert listed(shard(user(1)), names=("email", "ios_idfv")) == {1: {}}


def test_numbers_are_listed_as_texts_beside_words():
    of = shard(user(1, customer_id=42), user(2, customer_id="c-2"), user(3, customer_id=2**60))
    assert listed(of, names=("customer_id",)) == {
        1: {"customer_id": ["42"]},
        2: {"customer_id": ["c-2"]},
        3: {"customer_id": [str(2**60)]},
    }


def test_an_identity_that_was_taken_away_is_not_listed():
    of = shard(user(1, email="a@x.com"), user(1, email=None))
    assert listed(of, names=("email",)) == {1: {}}


@pytest.mark.parametrize("count", [5, 20_000], ids=["few words", "an arena of words"])
def test_texts_of_every_length_and_language_are_listed_whole(count):
    odd = ["é", "😀" * 31, "x" * 300, "a\x00b", 'a,"b"\r\n', "x" * 128, "x" * 129]
    emails = {mpid: odd[mpid % len(odd)] + (str(mpid) if mpid >= len(odd) else "") for mpid in range(count)}
    of = shard(*[user(mpid, email=email) for mpid, email in emails.items()])
    assert listed(of, names=("email",)) == {mpid: {"email": [email]} for mpid, email in emails.items()}


def test_listed_identities_are_those_that_are_looked_up():
    of = shard(*[user(mpid, email=f"{mpid}@x.com", other=mpid) for mpid in range(50)], *phone(7, "i", "j"))
    names = ("email", "other", "ios_advertising_id")
    mpids = of.members("gold").tolist()
    told = [{name: list(words) for name, words in values.items()} for values in identities(of, *mpids, names=names)]
    assert listed(of, names=names) == dict(zip(mpids, told, strict=True))


def test_only_members_in_the_buckets_that_are_picked_are_listed():
    of = shard(*map(user, range(500)))
    expected = [mpid for mpid in range(500) if 2_000 <= bucket(mpid, 9) < 7_000]
    assert sorted(listed(of, Pick("gold", 9, 2_000, 7_000))) == expected
    assert 200 < len(expected) < 300


def test_only_members_whose_hash_is_below_are_listed():
    of = shard(*map(user, range(500)))
    hashes = mix64(np.arange(500, dtype=np.uint64))
    assert sorted(listed(of, Pick("gold", below=2**62))) == (hashes < 2**62).nonzero()[0].tolist()


def test_buckets_are_counted_over_members():
    of = shard(*map(user, range(500)), user(1_000, "free"))
    expected = np.bincount([bucket(mpid, 9) for mpid in range(500)], minlength=10_000)
    assert of.bucket_counts("gold", 9).tolist() == expected.tolist()


@pytest.mark.parametrize("shift", [48, 32, 16, 0])
def test_hashes_are_counted_16_bits_at_a_time(shift):
    of = shard(*map(user, range(500)))
    hashes = [int(each) for each in mix64(np.arange(500, dtype=np.uint64))]
    prefix = hashes[77] >> shift + 16
    expected = np.bincount(
        [each >> shift & 65_535 for each in hashes if each >> shift + 16 == prefix], minlength=65_536
    )
    assert of.hash_counts(Pick("gold"), prefix, shift).tolist() == expected.tolist()


def bucket(mpid, seed):
    return mmh3.hash64(mpid.to_bytes(8, "little", signed=True), seed, signed=False)[0] % 10_000


def test_a_part_of_an_audience_that_is_not_in_the_plan_cannot_be_told():
    with pytest.raises(KeyError):
        shard_of(GOLD).listing(Pick("often"), 0, 1, ())


def test_users_stand_as_they_were_asked_for_audience_by_audience():
    of = shard_of(GOLD, audience(attribute("plan", "exists"), "any"))
    of.apply(block(user(1, email="a@x.com"), user(2, "free", email="b@x.com"), at=T), T)
    found = of.standings(("any", "gold"), np.array([2, 9, 1, 2]), ("email", "other"))
    assert found.members.tolist() == [True, False, True, True, False, False, True, False]
    assert texts(found.identities[0]) == [(0, "b@x.com"), (2, "a@x.com"), (3, "b@x.com")]
    assert texts(found.identities[1]) == []


def test_in_a_shard_without_users_nobody_stands_anywhere():
    found = shard_of(GOLD).standings(("gold",), np.array([1, 0]), ("email",))
    assert (found.members.tolist(), texts(found.identities[0])) == ([False, False], [])


def test_nobody_stands_in_an_audience_that_is_not_in_the_plan():
    with pytest.raises(KeyError):
        shard_of(GOLD).standings(("often",), np.array([1]), ())


MPIDS = st.one_of(st.integers(-40, 40), st.integers(-(2**63), 2**63 - 1))


@settings(max_examples=60)
@given(st.lists(MPIDS, unique=True, max_size=60), st.data(), st.sampled_from([1, 2, 5]))
def test_the_parts_of_an_index_are_its_rows_whatever_was_removed(mpids, data, bits):
    index = RowIndex()
    rows, _ = index.find_or_add(np.array(mpids, np.int64))
    gone = data.draw(st.lists(st.sampled_from(range(len(mpids))), unique=True)) if mpids else []
    index.remove(rows[gone])
    parts = [index.part(part, bits) for part in range(1 << bits)]
    assert sorted(np.concatenate(parts).tolist()) == index.live().tolist()


def test_an_index_may_have_more_parts_than_its_table_has_slots():
    mpids = np.array([0, 1, -1, 2**40, -(2**63)])
    index = RowIndex()
    index.find_or_add(mpids)
    assert sum(len(index.part(part, 14)) for part in range(1 << 14)) == len(mpids)


def test_the_parts_of_an_index_are_the_same_however_large_it_is():
    mpids = np.arange(1, 30_000) * 7_919
    small, large = RowIndex(), RowIndex()
    small.find_or_add(mpids[:100])
    large.find_or_add(mpids)
    for part in range(8):
        of_small = set(small.mpids[small.part(part, 3)].tolist())
        of_large = set(large.mpids[large.part(part, 3)].tolist())
        assert of_small == of_large & set(mpids[:100].tolist())
        assert 2_500 < len(of_large) < 5_000


def test_mpids_of_one_slot_stand_in_their_parts_also_past_the_end_of_the_table():
    inverse = pow(0x9E3779B97F4A7C15, -1, 1 << 64)
    last = [((0xFFFF << 48 | low) * inverse) % (1 << 64) for low in range(200)]
    mpids = np.array(last, np.uint64).view(np.int64)
    index = RowIndex()
    index.find_or_add(mpids)
    assert sorted(index.mpids[index.part(7, 3)].tolist()) == sorted(mpids.tolist())
    assert len(index.part(0, 3)) == 0


def test_a_part_of_a_million_mpids_is_read_in_the_memory_of_a_part():
    index = RowIndex()
    index.find_or_add(np.arange(1_000_000))
    tracemalloc.start()
    try:
        rows = index.part(3, 5)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert 30_000 < len(rows) < 33_000
    assert peak < 3_000_000
