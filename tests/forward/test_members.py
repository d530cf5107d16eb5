"""Users as one value, for partners who take them whole."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raudience.forward.members import Member, decode, encode, lost, wanted_users
from raudience.forward.partner import IdentityRule
from raudience.forward.sink import PLAIN

ON = {"forward_email": True, "forward_customer_id": True}


def whole(identities, attributes=None, rules=PLAIN, **settings):
    found = wanted_users(rules, ON | settings, [(7, identities, attributes or {})])
    return [decode(value) for _, value in found]


def test_a_member_is_one_value_with_the_identities_that_are_switched_on_and_the_attributes():
    identities = {"email": (" ann@x.org ",), "customer_id": ("", "7"), "google": ("g",)}
    assert whole(identities, {"ltv": 4.5}) == [
        Member(7, {"email": ("ann@x.org",), "customer_id": ("7",)}, {"ltv": 4.5})
    ]


def test_several_values_of_an_identity_all_go():
    assert whole({"push_token": ("b", "a")}, forward_push_token=True) == [Member(7, {"push_token": ("a", "b")})]


@pytest.mark.parametrize(("sends", "found"), [(True, [Member(7, {})]), (False, [])])
def test_a_member_without_identities_is_sent_if_the_connection_says_so(sends, found):
    assert whole({"google": ("g",)}, send_anonymous_users=sends) == found


def test_a_kind_may_have_several_identities_and_a_hash():
    rule = IdentityRule("device", ("ios_idfv", "push_token"), lambda _, text: text.lower(), "md5")
    (member,) = whole({"ios_idfv": ("A",), "push_token": ("b", "a"), "email": ("e",)}, rules=[rule])
    assert member.identities == {"device": ("0cc175b9c0f1b6a831c399e269772661", "92eb5ffee6ae2fec3ad71c777531578f")}


def test_excluded_identities_are_not_sent():
    identities = {"email": ("ann@x.org",), "customer_id": ("7",)}
    assert whole(identities, identities_to_exclude="google, customer_id") == [Member(7, {"email": ("ann@x.org",)})]


TEXTS = st.text(max_size=5)
MEMBERS = st.builds(
    Member,
    st.integers(-(2**63), 2**63 - 1),
    st.dictionaries(TEXTS, st.lists(TEXTS, max_size=2).map(tuple), max_size=3),
    st.dictionaries(
        TEXTS, st.none() | TEXTS | st.integers(-5, 5) | st.floats(allow_nan=False) | st.lists(TEXTS).map(tuple)
    ),
)


@given(MEMBERS, MEMBERS)
def test_the_same_value_for_the_same_member_and_no_other(one, other):
    assert decode(encode(one)) == one
    turned = Member(one.mpid, dict(reversed(one.identities.items())), dict(reversed(one.attributes.items())))
    assert encode(turned) == encode(one)
    assert one == other or encode(one) != encode(other)


def test_what_a_member_was_told_with_and_has_no_longer():
    former = [Member(7, {"email": ("a", "b")}), Member(7, {"customer_id": ("1",), "email": ("c",)})]
    assert lost(former, Member(7, {"email": ("b",)})) == {"customer_id": ("1",), "email": ("a", "c")}
    assert lost(former, None) == {"customer_id": ("1",), "email": ("a", "b", "c")}
