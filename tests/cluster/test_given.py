"""MPIDs and names of identities as people give them, and what is said of what is neither."""

import numpy as np
import pytest

from raudience.cluster.client import connect
from raudience.cluster.given import read_identities, read_mpid
from raudience.errors import FixRequest
from tests.cluster.world import START, batch, write_book


@pytest.fixture
def client(tmp_path):
    with connect(engine="inline") as client:
        client.define(write_book(tmp_path), at=START)
        client.ingest([batch(number) for number in range(60)], at=START + 60 * 60 * 1000 * 20)
        yield client


@pytest.mark.parametrize("given", [-5, "-5", np.int64(-5)], ids=repr)
def test_an_mpid_is_a_whole_number_or_its_digits(given):
    assert read_mpid(given) == -5


@pytest.mark.parametrize("given", ["abc", "", "1.0", 1.5, None, True, 2**63, str(2**63), -(2**63) - 1], ids=repr)
def test_what_is_no_mpid_is_told(given):
    with pytest.raises(FixRequest) as refused:
        read_mpid(given)
    assert str(refused.value) == f"mpid: expected an MPID, a signed 64-bit whole number, got {given!r}"


@pytest.mark.parametrize(
    "call",
    [
        lambda client: client.erase("abc", by="me"),
        lambda client: client.erase_all([1, "abc"], by="me"),
        lambda client: client.opt_out("abc", by="me"),
        lambda client: client.receipts("abc"),
        lambda client: client.user("abc"),
        lambda client: client.seen("abc"),
        lambda client: client.why("abc", "fans"),
        lambda client: client.page("fans", after="abc"),
        lambda client: client.changes_of(mpid="abc"),
    ],
)
def test_every_call_about_a_user_refuses_what_is_no_mpid(client, call):
    with pytest.raises(FixRequest, match=r"mpid: expected an MPID, .*, got 'abc'"):
        call(client)
    assert client.receipts() == ()


def test_several_mpids_are_a_list(client):
    with pytest.raises(FixRequest, match="mpids: expected a list of MPIDs, got the text '12'; put it into a list"):
        client.erase_all("12", by="me")


def test_a_name_of_no_identity_is_refused_with_the_one_that_is_meant(client):
    for ask in (client.members, client.page):
        with pytest.raises(FixRequest, match=r"identities: expected .* identity, .* got emial; did you mean email\?"):
            ask("fans", identities=["emial"])
        with pytest.raises(FixRequest, match="identities: expected a list of names, got the text 'email'"):
            ask("fans", identities="email")


def test_an_identity_is_known_in_any_spelling(client):
    assert read_identities(["customerId", "EMAIL", "idfa"]) == ("customer_id", "email", "ios_advertising_id")
    (first, *_) = client.members("buyers", ["Email"])
    assert list(first.identities) == ["email"]
