"""Where users are and since when, whichever shard they are in."""

import pytest

from raudience.cluster.client import connect
from raudience.errors import FixRequest
from tests.cluster.world import START, batch, write_book


@pytest.fixture(scope="module", params=[1, 3])
def client(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("shop")
    with connect(engine="inline", shards=request.param, state=folder / "state") as client:
        client.define(write_book(folder), at=START)
        for number in range(90):
            client.ingest([batch(number)], at=START + number * 20 * 60_000)
        yield client


def test_a_user_has_audiences_since_the_last_change_and_until_the_next(client):
    told = {}
    for change in client.changes_of(after=0):
        told[change.mpid, change.audience] = change.at if change.entered else None
    told = {place: at for place, at in told.items() if at is not None}
    found = {(mpid, each.audience): each for mpid in range(-20, 20) for each in client.user(mpid)}
    assert {place: each.entered for place, each in found.items()} == told
    assert {place: client.why(*place).flips_at for place in found} == {p: each.expires for p, each in found.items()}


def test_pages_put_together_are_the_members(client):
    pages, after = [], None
    while page := client.page("fans", after, 4):
        pages.append([member.mpid for member in page])
        after = page[-1].mpid
    assert [mpid for page in pages for mpid in page] == [member.mpid for member in client.members("fans")]
    assert {len(page) for page in pages[:-1]} == {4}


def test_a_page_has_the_identities_that_are_asked_for(client):
    (member,) = client.page("fans", None, 1, ["email"])
    assert member.identities == {"email": (f"user{member.mpid}@example.org",)}
    assert member.entered == client.user(member.mpid)[-1].entered


def test_changes_of_one_audience_and_user_are_those_among_all(client):
    every = list(client.changes_of())
    mpid = every[0].mpid
    assert list(client.changes_of("fans")) == [change for change in every if change.audience == "fans"]
    assert list(client.changes_of(mpid=mpid)) == [change for change in every if change.mpid == mpid]
    both = [change for change in every if (change.audience, change.mpid) == ("buyers", mpid)]
    assert list(client.changes_of("buyers", mpid)) == both


def test_changes_of_an_audience_that_never_was_are_refused_with_the_one_that_was_meant(client):
    with pytest.raises(FixRequest, match=r"audience: expected one of buyers, fans; got fan; did you mean fans\?"):
        client.changes_of("fan")


def test_who_has_a_profile_was_seen(client):
    assert (client.seen(next(client.changes_of()).mpid), client.seen(987_654)) == (True, False)


def test_changes_behind_a_position_do_not_come_again(client):
    assert list(client.changes_of(after=client.position)) == []


def test_members_of_an_audience_that_is_not_there_are_refused(client):
    with pytest.raises(FixRequest, match="expected one of buyers, fans; got nobody"):
        client.page("nobody")


def test_a_user_who_was_never_seen_is_in_nothing(client):
    assert client.user(10**12) == ()
