"""What a webhook says, how it is signed, and what its answers mean."""

import json

import pytest

from raudience.forward.kinds import (
    AskPermission,
    BadItems,
    Done,
    GoneAtPartner,
    OurBug,
    RateLimited,
    Retry,
    SignInAgain,
)
from raudience.forward.members import WHOLE, Member, encode
from raudience.forward.partner import Forwarded, Item, Request, Response
from raudience.forward.partners.webhook import Webhook, signature

HOOK = Webhook()
SETTINGS = {"address": " https://receiver.example/audiences ", "secret": "s3cret", "source": "/shop", "batch_size": 20}
LIST = HOOK.own_list(Forwarded("c7", "big-spenders", "Paris", "Big Spenders - Paris"))
ANN_VALUE = encode(Member(-1, {"email": ("ann@x.org",)}, {"ltv": 42, "tags": ("a", "b")}))
ANN, BOB = Item(ANN_VALUE, True), Item(encode(Member(2, {"email": ("bob@x.org",)})), False)
NEW_ANN = Item(encode(Member(-1, {"customer_id": ("7",)}, {"ltv": 43})), True, (ANN_VALUE,))


def sent(*items, now=1_700_000_000_123):
    request = HOOK.send(SETTINGS, LIST, WHOLE, items, now)
    assert (request.method, request.url) == ("POST", "https://receiver.example/audiences")
    assert request.headers == (("content-type", "application/cloudevents-batch+json; charset=utf-8"),)
    return json.loads(request.body)


def answer(status, body=b"", **headers):
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(status, {"date": "Tue, 14 Nov 2023 22:13:20 GMT", **headers}, body)


def test_an_event_for_each_change():
    added, removed = sent(ANN, BOB)
    assert added == {
        "specversion": "1.0",
        "id": added["id"],
        "source": "/shop",
        "type": "raudience.member.added",
        "subject": "big-spenders/-1",
        "time": "2023-11-14T22:13:20.123Z",
        "datacontenttype": "application/json",
        "data": {
            "connection": "c7", "audience": "big-spenders", "variation": "Paris", "name": "Big Spenders - Paris",
            "mpid": "-1", "identities": {"email": ["ann@x.org"]}, "attributes": {"ltv": 42, "tags": ["a", "b"]},
        },
    }  # fmt: skip
    assert (removed["type"], removed["data"]["identities"]) == (
        "raudience.member.removed",
        {"email": ["bob@x.org"]},
    )


def test_a_member_who_is_another_one_is_one_event_with_what_he_has_no_longer():
    (event,) = sent(NEW_ANN)
    assert event["type"] == "raudience.member.updated"
    assert [event["data"][name] for name in ("mpid", "identities", "attributes", "former")] == [
        "-1",
        {"customer_id": ["7"]},
        {"ltv": 43},
        {"email": ["ann@x.org"]},
    ]


def test_who_leaves_while_nobody_knows_what_he_was_told_with_goes_with_all_of_it():
    (event,) = sent(Item(ANN_VALUE, False, (NEW_ANN.value,)))
    assert event["data"]["identities"] == {"customer_id": ["7"], "email": ["ann@x.org"]}


def test_a_change_that_is_sent_again_has_the_same_id_in_whatever_company_and_no_other_has_it():
    (alone,), (first, second) = sent(ANN), sent(ANN, BOB)
    assert alone == first
    (later,), (gone,) = sent(ANN, now=1_700_000_000_124), sent(Item(ANN_VALUE, False))
    assert len({first["id"], second["id"], later["id"], gone["id"]}) == 4


def test_the_end_of_an_audience_is_one_event():
    (event,) = json.loads(HOOK.delete_list(SETTINGS, LIST, 1_700_000_000_123).body)
    assert (event["type"], event["subject"]) == ("raudience.audience.deleted", "big-spenders")
    assert event["time"] == "2023-11-14T22:13:20.123Z"
    assert event["data"] == {
        "connection": "c7", "audience": "big-spenders", "variation": "Paris", "name": "Big Spenders - Paris"
    }  # fmt: skip


def test_the_signature_is_of_the_time_in_seconds_and_the_body():
    # printf '1700000000.[]' | openssl dgst -sha256 -hmac s3cret
    proof = "512e49db73a127cba8a4f4b6ef10cb123f09ca2f7a456f76681f1ee914c4a30c"
    assert signature("s3cret", 1_700_000_000_999, b"[]") == proof
    signed = HOOK.sign(Request("POST", "https://receiver.example", body=b"[]"), SETTINGS, "n", 1_700_000_000_999)
    assert signed.headers == (("raudience-timestamp", "1700000000"), ("raudience-signature", f"v1={proof}"))


@pytest.mark.parametrize(("asked", "items"), [(20, 20), (0, 1), (-3, 1), (1_000_000, 5_000)])
def test_as_many_events_in_a_request_as_the_output_says_within_reason(asked, items):
    assert HOOK.bounds({**SETTINGS, "batch_size": asked}).items == items


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (302, OurBug), (400, OurBug), (401, SignInAgain), (403, AskPermission), (404, AskPermission), (408, Retry),
        (410, GoneAtPartner), (413, BadItems), (422, BadItems), (429, RateLimited), (500, Retry), (503, Retry),
    ],
)  # fmt: skip
def test_what_statuses_mean(status, kind):
    assert type(HOOK.read_sent(answer(status), [ANN])) is kind
    assert HOOK.read_sent(answer(202), [ANN]) == Done()


@pytest.mark.parametrize(
    ("after", "until"),
    [("120", 1_700_000_121_000), ("Tue, 14 Nov 2023 22:20:00 GMT", 1_700_000_400_000), ("soon", None), ("", None)],
)
def test_retry_after_is_seconds_or_a_date(after, until):
    for status in (429, 503):
        assert HOOK.read_sent(answer(status, retry_after=after), [ANN]).until == until


def test_seconds_without_a_date_to_count_from_are_no_instant():
    assert HOOK.read_sent(Response(429, {"retry-after": "120"}, b""), [ANN]).until is None


def test_what_was_sent_does_not_come_back_in_the_text_of_a_failure():
    failure = HOOK.read_sent(answer(422, b"ann@x.org is not known"), [ANN])
    assert failure.text == "422 Unprocessable Entity: ... is not known"
    assert HOOK.read_sent(answer(301, location="https://other.example/"), [ANN]).text == (
        "301 Moved Permanently: https://other.example/"
    )


def test_the_end_of_an_audience_needs_nobody_who_listens_and_refuses_no_items():
    assert HOOK.read_done(answer(410)) == Done()
    assert isinstance(HOOK.read_done(answer(413)), OurBug)
    assert isinstance(HOOK.read_checked(answer(422)), OurBug)
    assert isinstance(HOOK.read_checked(answer(410)), GoneAtPartner)
