"""What a client may ask before anything is defined: estimates and overlaps."""

import json
from collections.abc import Iterator

import pytest

from raudience.catalog.documents import read_draft
from raudience.clock import DAY, HOUR
from raudience.cluster.client import Client, connect
from raudience.cluster.inline import InlineEngine
from raudience.coordinator import estimating
from raudience.errors import FixDefinition, FixRequest
from tests.cluster.world import BOOK, END, START, lines
from tests.stories.stage import asks, attribute, audience, batch, book, custom

NOW = 1_772_323_200_000
PAID = attribute("plan", "exact_match", value="paid")
VISITED = asks("Visit", recency={"op": "within", "last": "1 day"})
BOTH = {"type": "and", "of": [PAID, VISITED]}


def draft(*audiences, **fields):
    return read_draft(json.dumps(book(*audiences, **fields)).encode(), "draft.json", "json")


@pytest.fixture
def shop() -> Iterator[Client]:
    """The small world: 40 users, and two audiences in force."""
    with connect(engine="inline", shards=2) as client:
        client.define(read_draft(BOOK.encode(), "book", "yaml"))
        client.ingest([line.encode() for line in lines()], at=END)
        yield client


@pytest.fixture
def crowd(monkeypatch):
    """Makes engines of 4,000 users, of whom at most 512 are looked at: each second on a paid plan, each tenth has
    visited, each thousandth sang."""
    monkeypatch.setattr(estimating, "_SAMPLE", 512)
    told = [
        batch(
            *[custom("Visit", NOW)] * (mpid % 10 == 0),
            *[custom("Sing", NOW)] * (mpid % 1_000 == 0),
            mpid=mpid,
            user_attributes={"plan": "paid" if mpid % 2 else "free"},
        )
        for mpid in range(4_000)
    ]

    def made(shards):
        engine = InlineEngine(shards)
        engine.define(draft(audience(PAID, "paid")), NOW - 1)
        engine.ingest(told, NOW)
        return engine

    return made


def test_the_sample_is_the_same_for_every_number_of_shards(crowd):
    one, four = (crowd(shards).estimate(draft(audience(BOTH)), "a") for shards in (1, 4))
    assert one == four
    assert (one.population, one.sampled) == (4_000, 493)


def test_the_whole_and_each_criterion_have_a_figure_of_their_own(crowd):
    either = {"type": "or", "of": [PAID, VISITED, asks("Sing")]}
    estimates = crowd(1).estimate(draft(audience(either)), "a")
    whole, paid, visited, sang = estimates.figures
    assert (paid.path, paid.size, paid.exact) == ("criteria.of[0]", 2_000, True)
    assert (whole.least <= 2_400 <= whole.most, visited.least <= 400 <= visited.most) == (True, True)
    assert not whole.exact
    assert not visited.exact
    assert (sang.size, sang.found < 10, sang.least <= 4 <= sang.most) == (None, True, True)


def test_few_profiles_are_all_looked_at_and_the_estimate_is_the_size(shop):
    estimates = shop.estimate(draft(audience(BOTH)))
    shop.define(draft(audience(BOTH)))
    whole = estimates.of("")
    assert (whole.size, whole.exact) == (shop.counts()[0].size, True)
    assert (estimates.population, estimates.sampled, estimates.at) == (40, 40, END)


def test_an_estimate_changes_nothing(shop):
    before = shop.counts(), shop.position
    shop.estimate(draft(audience(BOTH)))
    assert (shop.counts(), shop.position) == before


def test_a_draft_may_name_an_audience_in_force(shop):
    fans = next(each.size for each in shop.counts() if each.audience == "fans")
    assert shop.estimate(draft(audience({"type": "audience", "audience": "fans"}))).of().size == fans


def test_of_several_audiences_one_is_named(shop):
    two = draft(audience(PAID), audience(VISITED, "b"))
    assert shop.estimate(two, "b").audience == "b"
    with pytest.raises(FixRequest, match=r"the audiences of the definitions \(a, b\), got none"):
        shop.estimate(two)


def test_two_audiences_in_force_overlap_exactly(shop):
    overlap = shop.overlap("buyers", "fans")
    buyers, fans = ({member.mpid for member in shop.members(key)} for key in ("buyers", "fans"))
    assert {figure.path: figure.size for figure in overlap.figures} == {
        "left": len(buyers), "right": len(fans), "both": len(buyers & fans),
        "only left": len(buyers - fans), "only right": len(fans - buyers),
    }  # fmt: skip
    assert all(figure.exact for figure in overlap.figures)


def test_a_draft_overlaps_with_what_is_in_force_and_with_itself(shop):
    asked = draft(audience(PAID, "paid"))
    assert shop.overlap("paid", "fans", asked).of("both").size == shop.overlap("fans", "fans").of("both").size
    assert shop.overlap("paid", "paid", asked).of("only left").size == 0


def test_a_wrong_definition_is_an_error_and_an_unknown_source_is_a_warning(shop):
    with pytest.raises(FixDefinition, match="frequency"):
        shop.estimate(draft(audience(asks(frequency={"at_least": -1}))))
    assert "inputs[0]" in shop.estimate(draft(audience(VISITED, inputs=["app"]))).warning
    assert "workspaces[0]" in shop.overlap("fans", "a", draft(audience(VISITED, workspaces=["news"]))).warning


def test_an_audience_that_is_nowhere_cannot_be_estimated(shop):
    with pytest.raises(FixRequest, match="audience: expected one of buyers, fans; got x"):
        shop.overlap("buyers", "x")


def lived(directory):
    """Histories by hour of both audiences of the small world after a life that took a snapshot in the middle."""
    with connect(engine="inline", shards=2, state=directory) as client:
        client.define(read_draft(BOOK.encode(), "book", "yaml"), at=START - 1)
        for number, line in enumerate(lines()):
            client.ingest([line.encode()], at=START + number * HOUR // 3)
            if number == 100:
                client._engine.snapshot()
        return {each.audience: (each.size, client.history(each.audience, "hour")) for each in client.counts()}


def test_histories_last_and_end_with_the_size(tmp_path):
    before = lived(tmp_path)
    with connect(engine="inline", state=tmp_path) as client:
        assert {key: (size, client.history(key, "hour")) for key, (size, _) in before.items()} == before
        client.advance(END + DAY)
        sizes = {each.audience: each.size for each in client.counts()}
        assert {key: client.history(key, "day")[-1].size for key in sizes} == sizes
    assert all(size == buckets[-1].size for size, buckets in before.values())


def test_an_audience_that_is_not_in_force_has_no_history(shop):
    with pytest.raises(FixRequest, match="audience: expected one of buyers, fans; got x"):
        shop.history("x")


def test_what_all_shards_have_seen_is_suggested_together(shop):
    assert [(each.text, each.count) for each in shop.complete("", "user.plan")] == [("paid", 27), ("free", 13)]
    assert [each.text for each in shop.complete("pur", "events.commerce")] == ["purchase"]
    assert [each.text for each in shop.complete("USER1@", "identity.email")] == ["user1@example.org"]
    with pytest.raises(FixRequest, match="about: expected NAMESPACE"):
        shop.complete("x", "nothing")


def test_a_draft_of_the_catalog_is_estimated_by_its_key(shop):
    visited = draft(audience(VISITED, "idea")).audiences[0]
    shop.audiences.create(visited, draft=True)
    assert shop.estimate(audience="idea") == shop.estimate([visited])
    named = shop.estimate(draft(audience({"type": "audience", "audience": "idea"})))
    assert named.of().size == shop.estimate(audience="idea").of().size
    with pytest.raises(FixRequest, match="expected one of buyers, fans, idea; got x"):
        shop.estimate(audience="x")
    with pytest.raises(FixRequest, match="expected the key"):
        shop.estimate()
