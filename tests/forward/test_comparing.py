"""What a partner should hold against what it has acknowledged, in numbers."""

from raudience.forward.comparing import Comparison, Difference
from raudience.forward.connection import Connection, Standing
from raudience.forward.entries import Acknowledged, Refused, Sending
from raudience.forward.kinds import BadItems
from tests.forward.lists import ListsPartner

ON = {"emails": True}


def connection(*entries, settings=ON):
    """As a log with these entries leaves it."""
    partner = ListsPartner()
    made = Connection(partner.identities, partner.limits, settings)
    for entry in entries:
        made.apply(entry)
    return made


def member(mpid, *emails):
    return Standing(mpid, True, {"email": emails})


def compared(made, *standings):
    comparison = Comparison(made)
    found = comparison.take(standings)
    email, _ = comparison.differences()
    return email, sorted(found)


HELD = Acknowledged("email", ((1, b"a@x.com"), (2, b"b@x.com")), (), 5)


def test_who_is_held_as_he_should_be_differs_in_nothing():
    email, found = compared(connection(HELD), member(1, "a@x.com"), member(2, "b@x.com"))
    assert (email, found) == (Difference("email", 2, 2, 0, 0, 0, 0), [])
    assert email.is_none


def test_what_is_missing_and_what_is_superfluous_is_told_of_each_user():
    email, found = compared(connection(HELD), member(1, "a@x.com", "new@x.com"), Standing(2, False, {}))
    assert email == Difference("email", should=2, held=1, missing=1, superfluous=1, unsure=0, refused=0)
    assert found == [(1, "email", "missing"), (2, "email", "superfluous")]
    assert not email.is_none


def test_what_was_sent_and_never_acknowledged_is_unsure():
    email, found = compared(connection(HELD, Sending("email", ((1, b"a@x.com"),))), member(1, "a@x.com"))
    assert email == Difference("email", should=1, held=0, missing=0, superfluous=0, unsure=1, refused=0)
    assert found == [(1, "email", "unsure")]


def test_what_the_partner_refuses_is_counted_with_its_words_and_is_nothing_to_repair():
    refused = Refused("email", (b"bad@x.com",), BadItems(400, "NO", "not an address"))
    made = connection(HELD, Sending("email", ((3, b"bad@x.com"),)), refused)
    comparison = Comparison(made)
    comparison.take([member(1, "a@x.com"), member(2, "b@x.com"), member(3, "bad@x.com")])
    email, _ = comparison.differences()
    assert email == Difference("email", should=3, held=2, missing=0, superfluous=0, unsure=0, refused=1)
    assert comparison.failures == {("BadItems", 400, "NO", "not an address"): 1}
    assert email.is_none


def test_a_kind_that_is_switched_off_should_hold_nobody():
    email, _ = compared(connection(HELD, settings={"emails": False}), member(1, "a@x.com"))
    assert email == Difference("email", should=0, held=0, missing=0, superfluous=1, unsure=0, refused=0)


def test_an_identity_that_two_users_share_counts_twice():
    email, _ = compared(connection(), member(1, "a@x.com"), member(2, "a@x.com"))
    assert (email.should, email.missing) == (2, 2)
