"""Whose batch it is without an MPID (semantics D18)."""

import numpy as np

from raudience.hashing import text_key
from raudience.ingest.batches import decode
from raudience.ingest.identity import Resolver
from tests.ingest.shown import batch, event


def found(*batches):
    decoded = decode([batch(**fields) for fields in batches])
    assert decoded.faults == ()
    return Resolver().resolve(decoded.block, decoded.nameless).batches.mpid.tolist()


def made(identity):
    return int(np.uint64(text_key(identity)).view(np.int64))


def anonymous(**identities):
    return {"mpid": None, "user_identities": identities}


def known(mpid, **identities):
    return {"mpid": mpid, "user_identities": identities}


def test_a_known_identity_decides():
    assert found(known(7, email="e"), anonymous(email="e")) == [7, 7]


def test_a_customer_id_that_is_known_decides_before_an_email():
    assert found(known(7, email="e"), known(8, customer_id="c"), anonymous(email="e", customer_id="c"))[2] == 8


def test_a_known_email_decides_when_the_customer_id_is_not_known():
    assert found(known(7, email="e"), anonymous(email="e", customer_id="c"), anonymous(customer_id="c")) == [7, 7, 7]


def test_the_first_identity_makes_a_new_mpid_when_none_is_known():
    assert found(anonymous(email="e", customer_id="c"), anonymous(email="e")) == [made("customer_id:c")] * 2


def test_nothing_later_is_known():
    assert found(anonymous(email="e"), known(7, email="e"), anonymous(email="e")) == [made("email:e"), 7, 7]


def test_a_batch_without_mpid_does_not_move_an_identity():
    moved = found(
        known(7, email="e"), known(8, customer_id="c"), anonymous(customer_id="c", email="e"), anonymous(email="e")
    )
    assert moved == [7, 8, 8, 7]


def test_a_device_id_decides_last():
    device = {"mpid": None, "device_info": {"ios_idfv": "v"}}
    assert found({"mpid": 7, "device_info": {"ios_idfv": "v"}}, device) == [7, 7]
    assert found(device) == [made("ios_idfv:v")]


def test_an_identity_change_makes_known():
    change = event("user_identity_change", new={"identity_type": "email", "identity": "e"})
    assert found({"mpid": 7, "events": [change]}, anonymous(email="e")) == [7, 7]


def test_the_keys_of_events_are_those_of_a_batch_with_that_mpid():
    fields = {"user_identities": {"email": "e"}, "events": [event("uninstall", source_message_id="m")] * 2}
    decoded = decode([batch(mpid=7, **fields), batch(mpid=None, **fields)])
    message = Resolver().resolve(decoded.block, decoded.nameless).events.message
    assert len(set(message.tolist())) == 1


def test_knowledge_goes_on_from_block_to_block():
    resolver = Resolver()
    first, second = (decode([batch(**fields)]) for fields in (known(7, email="e"), anonymous(email="e")))
    resolver.resolve(first.block, first.nameless)
    assert resolver.resolve(second.block, second.nameless).batches.mpid.tolist() == [7]
