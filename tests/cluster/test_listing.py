"""Members a part at a time, samples and variations, over all shards of an engine."""

import numpy as np
import pytest

from raudience.catalog.commands import StartTest
from raudience.catalog.documents import read_book
from raudience.catalog.experiments import Share, make_experiment
from raudience.cluster.client import Client
from raudience.cluster.inline import InlineEngine
from raudience.cluster.listing import listed, sampled, variation_sizes
from raudience.coordinator.variants import assign, in_variation, pick
from raudience.errors import FixRequest
from raudience.hashing import mix64
from raudience.records.listings import Pick
from tests.stories.stage import as_bytes, attribute, audience, batch, book

NOW = 1_772_323_200_000
GOLD = audience(attribute("plan", "exact_match", value="gold"), "gold", name="Gold", external_name="Big Spenders")
PAID = audience(attribute("plan", "exists"), "paid")
TEST = make_experiment("gold", [Share(40), Share(40)], "ann", 1)
COUNT = 1_500


def users(mpids, plan="gold"):
    return [
        as_bytes(batch(mpid=mpid, user_attributes={"plan": plan}, user_identities={"email": f"{mpid}@x.com"}))
        for mpid in mpids
    ]


def engine(shards, mpids=range(COUNT)):
    made = InlineEngine(shards=shards)
    made.define(read_book(as_bytes(book(GOLD, PAID)), "book.json", "json"), NOW)
    made.ingest(users(mpids), NOW)
    return made


def variation_members(of, audience, test, name):
    return in_variation(test, name, of.members(audience))


def all_parts(of, pick, bits=3):
    return np.concatenate([listed(of, pick, part, bits, ("email",)).mpid for part in range(1 << bits)])


def test_parts_are_the_same_over_any_number_of_shards():
    one, four = engine(1), engine(4)
    for part in range(8):
        of_one, of_four = (listed(each, Pick("gold"), part, 3, ("email",)) for each in (one, four))
        assert of_one.mpid.tolist() == of_four.mpid.tolist()
        assert of_one.identities[0].texts.matrix.tobytes() == of_four.identities[0].texts.matrix.tobytes()


def test_every_member_is_in_one_part_also_when_shards_come_in_between():
    of = engine(2)
    before = [listed(of, Pick("gold"), part, 3, ()).mpid for part in range(4)]
    of.scale(3)
    after = [listed(of, Pick("gold"), part, 3, ()).mpid for part in range(4, 8)]
    assert sorted(np.concatenate(before + after).tolist()) == list(range(COUNT))


@pytest.mark.parametrize("most", [1, 2, 77, COUNT - 1, COUNT])
def test_row_164_a_sample_has_as_many_users_as_were_asked_for_those_with_the_least_hashes(most):
    of = engine(3)
    found = all_parts(of, sampled(of, Pick("gold"), most))
    least = np.argsort(mix64(np.arange(COUNT, dtype=np.uint64)))[:most]
    assert sorted(found.tolist()) == sorted(least.tolist())


def test_a_sample_of_more_users_than_there_are_is_all_of_them():
    of = engine(2)
    assert sampled(of, Pick("gold"), COUNT + 1) == Pick("gold")
    assert sampled(of, Pick("paid"), 5) != Pick("paid")


def test_a_sample_of_a_variation_is_of_its_users():
    of = engine(2)
    sample = all_parts(of, sampled(of, pick("gold", TEST, "Control"), 20))
    assert len(sample) == 20
    assert assign(TEST, sample).tolist() == [2] * 20


def test_sizes_of_variations_add_up_to_the_size_of_the_audience():
    of = engine(3)
    sizes = variation_sizes(of, "gold", TEST)
    assert list(sizes) == ["Variation 1", "Variation 2", "Control"]
    assert sum(sizes.values()) == COUNT
    assert sizes == {name: len(variation_members(of, "gold", TEST, name)) for name in sizes}


def test_row_142_without_a_test_all_are_in_control():
    of = engine(2)
    assert variation_sizes(of, "gold", None) == {"Control": COUNT}
    assert len(variation_members(of, "gold", None, "Control")) == COUNT


def test_row_150_variations_are_the_same_with_more_shards_and_after_a_restart():
    def split(shards):
        of = engine(shards)
        return {name: variation_members(of, "gold", TEST, name).tolist() for name in variation_sizes(of, "gold", TEST)}

    assert split(1) == split(4) == split(1)


def test_row_150_who_leaves_and_returns_comes_back_to_the_same_variation():
    of = engine(2, range(20))
    before = variation_members(of, "gold", TEST, "Variation 1").tolist()
    of.ingest(users(range(10), "free"), NOW + 1)
    assert set(variation_members(of, "gold", TEST, "Variation 1").tolist()) == {user for user in before if user >= 10}
    of.ingest(users(range(10)), NOW + 2)
    assert variation_members(of, "gold", TEST, "Variation 1").tolist() == before


def test_row_151_an_edit_keeps_who_stays_in_the_same_variation_and_splits_newcomers_by_the_same_shares():
    of = engine(2)
    before = {name: set(variation_members(of, "gold", TEST, name).tolist()) for name in ("Variation 1", "Control")}
    silver = {**GOLD, "criteria": attribute("plan", "one_of", values=["gold", "silver"])}
    of.define(read_book(as_bytes(book({**silver, "version": 2}, PAID)), "book.json", "json"), NOW + 1)
    of.ingest(users(range(750, COUNT), "free") + users(range(COUNT, 21_500), "silver"), NOW + 2)
    for name, then in before.items():
        now = set(variation_members(of, "gold", TEST, name).tolist())
        assert {user for user in now if user < COUNT} == {user for user in then if user < 750}
    newcomers = np.bincount(assign(TEST, of.members("gold")[750:]), minlength=3)
    assert abs(newcomers - [8_000, 8_000, 4_000]).max() < 280, "4 sigma of 20,000"


def client_with_test():
    of = Client(engine(2))
    of._engine.decide(StartTest(key="gold", variations=(Share(40, "Platform A"), Share(20)), by="ann"), NOW)
    return of


def test_a_client_tells_sizes_and_members_of_variations():
    client = client_with_test()
    sizes = client.variants("gold")
    assert list(sizes) == ["Platform A", "Variation 2", "Control"]
    members = {name: client.members("gold", ["email"], variation=name) for name in sizes}
    assert {name: len(found) for name, found in members.items()} == sizes
    assert sorted(member.mpid for found in members.values() for member in found) == list(range(COUNT))
    first = members["Platform A"][0]
    assert first.identities == {"email": (f"{first.mpid}@x.com",)}


def test_rows_155_and_156_an_audience_is_marked_while_it_has_a_test_and_then_control_has_all_again():
    client = client_with_test()
    assert [row.tested for row in client.audiences.rows()] == [True, False]
    client.audiences.end_test("gold")
    assert [row.tested for row in client.audiences.rows()] == [False, False]
    assert client.variants("gold") == {"Control": COUNT}
    assert len(client.members("gold", variation="Control")) == COUNT


def test_an_audience_without_a_test_has_control_alone():
    assert client_with_test().variants("paid") == {"Control": COUNT}


def test_a_variation_or_an_audience_that_is_not_there_is_refused():
    client = client_with_test()
    with pytest.raises(FixRequest, match="variation: expected one of Platform A, Variation 2, Control; got B"):
        client.members("gold", variation="B")
    with pytest.raises(FixRequest, match="audience: expected one of gold, paid; got silver"):
        client.variants("silver")
