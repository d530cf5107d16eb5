"""Records for Kinesis Firehose, literally, and what its answers mean."""

import json

import pytest

from raudience.criteria.identities import DEVICE_IDENTITIES, USER_IDENTITIES
from raudience.forward.kinds import AskPermission, BadItems, Done, OurBug, Partly, RateLimited, Retry, SignInAgain
from raudience.forward.members import WHOLE, Member, encode
from raudience.forward.partner import Forwarded, Item, Response
from raudience.forward.partners.firehose import NAMES, Firehose, audience_id
from raudience.forward.settings import faults_of
from tests.forward.cases import FIREHOSE as CASE
from tests.forward.conformance import World

FIREHOSE = Firehose()
SETTINGS = {"delivery_stream_name": " audiences ", "region": "eu-west-1", "send_remove_on_identity_change": True}
PARIS = Forwarded("c7", "big-spenders", "Paris", "Big Spenders - Paris")
LIST = FIREHOSE.own_list(PARIS)
ANN = encode(Member(-1, {"email": ("ann@x.org",), "other_id_3": ("o",)}, {"ltv": 42}))
NEW_ANN = encode(Member(-1, {"android_advertising_id": ("g1", "g2"), "other_id_3": ("o",)}))
RICH_ANN = encode(Member(-1, {"email": ("ann@x.org",), "other_id_3": ("o",)}, {"ltv": 43}))


def sent(*items, now=1_700_000_000_123, **settings):
    """[[record] of each user]"""
    request = FIREHOSE.send(SETTINGS | settings, LIST, WHOLE, items, now)
    assert (request.method, request.url) == ("POST", "firehose://eu-west-1/audiences")
    return [[json.loads(line) for line in user.splitlines()] for user in request.body.split(b"\n\n")]


def said(records):
    return [(record["IsMember"], record["UserIdentities"]) for record in records]


def test_a_record_is_as_the_source_publishes_it_with_what_is_ours_behind():
    ((record,),) = sent(Item(ANN, True))
    assert list(record.items()) == [
        ("MembershipChangedTimestamp", "1700000000"),
        ("AudienceId", 220_045_535_356_158),
        ("AudienceName", "Big Spenders - Paris"),
        ("IsMember", True),
        ("UserIdentities", {"Email": "ann@x.org", "Other3": "o"}),
        ("MPID", "-1"),
        ("UserAttributes", {"ltv": 42}),
        ("ConnectionId", "c7"),
        ("ChangedAt", 1_700_000_000_123),
        ("ChangeId", record["ChangeId"]),
    ]


def test_every_identity_has_a_name_of_its_own():
    assert set(NAMES) == {*USER_IDENTITIES, *DEVICE_IDENTITIES}
    assert len(set(NAMES.values())) == len(NAMES)


def test_who_leaves_goes_with_the_identities_that_he_was_told_with():
    assert [said(user) for user in sent(Item(ANN, False))] == [[(False, {"Email": "ann@x.org", "Other3": "o"})]]


@pytest.mark.parametrize("removes", [True, False])
def test_an_identity_change_is_a_removal_with_the_old_and_a_record_with_the_new_if_that_is_asked_for(removes):
    (user,) = sent(Item(NEW_ANN, True, (ANN,)), send_remove_on_identity_change=removes)
    removal = [(False, {"Email": "ann@x.org", "Other3": "o"})] if removes else []
    assert said(user) == [*removal, (True, {"GoogleAdvertisingIdentifier": ["g1", "g2"], "Other3": "o"})]


def test_another_attribute_alone_removes_nothing():
    assert [len(user) for user in sent(Item(RICH_ANN, True, (ANN,)))] == [1]


def test_a_change_has_an_id_that_is_the_same_when_it_is_sent_again_and_of_no_other():
    ((first,), (gone,)), ((again,),) = sent(Item(ANN, True), Item(ANN, False)), sent(Item(ANN, True))
    ((later,),) = sent(Item(ANN, True), now=1_700_000_000_124)
    assert first == again
    assert len({each["ChangeId"] for each in (first, gone, later)}) == 3


def test_an_audience_and_each_of_its_variations_has_a_number_for_ever():
    assert audience_id(PARIS) == 220_045_535_356_158
    assert audience_id(Forwarded("c8", "big-spenders", None, "x")) == audience_id(
        Forwarded("c9", "big-spenders", None, "y")
    )
    assert audience_id(Forwarded("c8", "big-spenders", None, "x")) != audience_id(PARIS)


def test_the_end_of_an_audience_is_one_record():
    (line,) = FIREHOSE.delete_list(SETTINGS, LIST, 1_700_000_000_123).body.splitlines()
    record = json.loads(line)
    assert {name: record[name] for name in ("AudienceId", "IsMember", "UserIdentities", "IsAudienceDeleted")} == {
        "AudienceId": audience_id(PARIS), "IsMember": False, "UserIdentities": {}, "IsAudienceDeleted": True
    }  # fmt: skip
    assert "MPID" not in record


def test_credentials_go_with_the_request_or_are_those_of_the_machine():
    request = FIREHOSE.check(SETTINGS)
    assert FIREHOSE.sign(request, SETTINGS, "n", 1) == request
    keys = {"access_key_id": " AKID ", "secret_access_key": "s3cret"}
    signed = FIREHOSE.sign(request, SETTINGS | keys, "n", 1)
    assert signed.headers == (("access-key-id", "AKID"), ("secret-access-key", "s3cret"))


def test_a_check_is_of_the_stream_or_of_the_credentials_alone():
    assert FIREHOSE.check(SETTINGS).url == "firehose://eu-west-1/audiences"
    assert FIREHOSE.check({"endpoint": "https://vpce.example"}).url == "firehose://us-east-1/"
    assert FIREHOSE.check({"endpoint": "https://vpce.example"}).query == (("endpoint", "https://vpce.example"),)


def test_settings_are_those_of_the_source_and_excluded_identities_are_names_of_some():
    assert [each.label for each in FIREHOSE.connection_settings] == [
        "Delivery Stream Name", "AWS Region Endpoint", "Send Anonymous Users", "Forward Email Addresses",
        "Forward Customer IDs", "Forward IDFAs", "Forward Google Advertising IDs", "Identities to Exclude",
    ]  # fmt: skip
    given = {"delivery_stream_name": "a", "identities_to_exclude": "facebook, mail"}
    (fault,) = faults_of(FIREHOSE.connection_settings, given)
    assert fault.path == "settings.identities_to_exclude"
    assert "`mail`" in str(fault)
    assert faults_of(FIREHOSE.connection_settings, given | {"identities_to_exclude": "facebook, email"}) == []


def answer(status=200, **said):
    return Response(status, {}, json.dumps(said).encode())


def results(*codes):
    told = [{"ErrorCode": code, "ErrorMessage": "Slow down."} if code else {"RecordId": "1"} for code in codes]
    return answer(FailedPutCount=sum(map(bool, codes)), RequestResponses=told)


ITEMS = (Item(ANN, True),) * 3


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (503, "ServiceUnavailableException", Retry), (500, "InternalFailure", Retry), (502, "", Retry),
        (400, "ThrottlingException", RateLimited), (400, "LimitExceededException", RateLimited),
        (400, "UnrecognizedClientException", SignInAgain), (403, "SignatureDoesNotMatch", SignInAgain),
        (400, "ExpiredTokenException", SignInAgain), (401, "NoCredentials", SignInAgain),
        (400, "AccessDeniedException", AskPermission), (400, "ResourceNotFoundException", AskPermission),
        (400, "InvalidKMSResourceException", AskPermission), (400, "InvalidSourceException", AskPermission),
        (400, "InvalidArgumentException", OurBug), (400, "", OurBug),
        (400, "com.amazonaws#AccessDeniedException", AskPermission),
    ],
)  # fmt: skip
def test_what_errors_of_a_call_mean(status, code, kind):
    failure = FIREHOSE.read_sent(answer(status, __type=code, message="why"), ITEMS)
    assert (type(failure), failure.status) == (kind, status)
    assert failure.text.endswith("why")


def test_an_answer_that_is_none_of_the_service():
    assert isinstance(FIREHOSE.read_sent(Response(200, {}, b"<html>"), ITEMS), OurBug)
    assert isinstance(FIREHOSE.read_sent(results("", ""), ITEMS), OurBug)


def test_records_that_were_not_taken_are_to_be_sent_again_and_no_others():
    assert FIREHOSE.read_sent(results("", "", ""), ITEMS) == Done()
    busy = "ServiceUnavailableException"
    outcome = FIREHOSE.read_sent(results("", busy, ""), ITEMS)
    assert outcome == Partly((0, 2), Retry(200, busy, f"1 of 3 not taken: {busy}: Slow down."))
    assert FIREHOSE.read_sent(results(busy, busy, "InternalFailure"), ITEMS).failure.code == busy


def test_what_only_a_person_can_mend_goes_before_what_time_mends():
    outcome = FIREHOSE.read_sent(results("", "InternalFailure", "AccessDeniedException"), ITEMS)
    assert isinstance(outcome, AskPermission)
    outcome = FIREHOSE.read_sent(results("", "RecordTooLarge", "AccessDeniedException"), ITEMS)
    assert (type(outcome), outcome.positions) == (BadItems, (1,))


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ({}, Done),
        ({"DeliveryStreamStatus": "ACTIVE", "DeliveryStreamType": "DirectPut"}, Done),
        ({"DeliveryStreamStatus": "CREATING"}, Retry),
        ({"DeliveryStreamStatus": "DELETING"}, AskPermission),
        ({"DeliveryStreamStatus": "ACTIVE", "DeliveryStreamType": "KinesisStreamAsSource"}, AskPermission),
    ],
)
def test_a_stream_takes_records_when_it_is_active_and_direct(said, kind):
    assert type(FIREHOSE.read_checked(answer(**said))) is kind


@pytest.mark.parametrize("every", [3, 5, 7])
def test_a_story_in_which_some_records_are_never_taken_at_once_ends_exact(every):
    world = World(CASE, items=4)
    world.fake.fails = lambda number: number % every == 1
    for mpid in range(10):
        world.stands(mpid, f"{mpid}@x.org", f"u{mpid}")
    world.settle()
    world.check()
    for mpid in range(0, 10, 2):
        world.stands(mpid, f"{mpid}@y.org", f"u{mpid}")
    world.leaves(1)
    world.settle()
    world.check()


def test_only_what_was_not_taken_comes_again():
    world = World(CASE)
    world.fake.fails = lambda number: number in (2, 3, 7)
    for mpid in range(5):
        world.stands(mpid, f"{mpid}@x.org")
    world.settle()
    world.check()
    assert [len(asked["Records"]) for _, asked in world.fake.calls] == [5, 2, 1]
    assert len(world.fake.streams["audiences"]) == 5
