"""Records that are carried out to delivery streams: calls within the limits, answers for each user, credentials."""

import json
from contextlib import closing

import boto3
import pytest
from moto.server import ThreadedMotoServer

from raudience.clock import now_ms
from raudience.cluster.calling import Surroundings
from raudience.cluster.enquiring import Checked, Desk
from raudience.cluster.forwarding import Forwarder, Link
from raudience.cluster.streams import Streams
from raudience.cluster.wire import Wire
from raudience.errors import FixRequest
from raudience.forward.buckets import Bucket
from raudience.forward.kinds import AskPermission, BadItems, Done, Partly, Retry, SignInAgain
from raudience.forward.members import WHOLE, Member, encode
from raudience.forward.partner import Forwarded, Item, Request
from raudience.forward.partners.firehose import Firehose
from tests.cluster.test_forwarding import People
from tests.forward.fakes.firehose import OverHttp, Service
from tests.forward.fakes.wire import Served

FIREHOSE = Firehose()
LIST = FIREHOSE.own_list(Forwarded("c1", "big", None, "Big Spenders"))
KEYS = {"access_key_id": "AKID", "secret_access_key": "s3cret"}


@pytest.fixture
def service():
    made = Service("audiences")
    made.keys = {"AKID"}
    return made


@pytest.fixture
def settings(service):
    with Served(OverHttp(service), now_ms) as address:
        yield {"delivery_stream_name": "audiences", "region": "us-east-1", "endpoint": address, **KEYS}


def user(mpid, size=0):
    return Item(encode(Member(mpid, {"email": (f"{mpid}@x.org",)}, {"text": "x" * size} if size else {})), True)


def put(settings, *items, streams=None):
    request = FIREHOSE.sign(FIREHOSE.send(settings, LIST, WHOLE, items, 1_000), settings, "n", 1_000)
    answer = (streams or Streams()).send(request)
    return answer if answer is None else FIREHOSE.read_sent(answer, items)


def sizes(service):
    return [len(asked["Records"]) for _, asked in service.calls]


def test_records_are_put_in_calls_within_the_limits(service, settings):
    changed = [Item(user(mpid).value, True, (encode(Member(mpid, {"email": ("old",)})),)) for mpid in range(300)]
    assert put(settings, *changed) == Done()
    assert sizes(service) == [500, 100]
    assert len(service.members("audiences", "c1", "Email")) == 300
    service.calls.clear()
    assert put(settings, *(user(mpid, 900_000) for mpid in range(10))) == Done()
    assert sizes(service) == [4, 4, 2]


def test_a_record_that_is_too_large_is_found_before_anything_is_sent(service, settings):
    outcome = put(settings, user(1), user(2, 1_100_000), user(3))
    assert (type(outcome), outcome.positions, service.calls) == (BadItems, (1,), [])


def test_records_that_were_not_taken_are_told(service, settings):
    service.fails = lambda number: number == 2
    outcome = put(settings, *map(user, range(3)))
    assert (type(outcome), outcome.taken) == (Partly, (0, 2))


def test_calls_behind_one_that_fails_are_not_made_and_what_was_taken_counts(service, settings):
    service.troubles = [(0, "", False), (503, "ServiceUnavailableException", False)]
    outcome = put(settings, *map(user, range(500)), *map(user, range(500, 1_100)))
    assert (type(outcome), outcome.taken, len(service.calls)) == (Partly, tuple(range(500)), 2)


def test_an_answer_that_is_lost_is_no_answer(service, settings):
    service.trouble(lost=True)
    assert put(settings, user(1)) is None
    assert put(settings, user(1)) == Done()
    assert len(service.records("audiences")) == 1
    assert len(service.streams["audiences"]) == 2


def test_nobody_tries_again_behind_our_back(service, settings):
    service.trouble(times=5)
    assert isinstance(put(settings, user(1)), Retry)
    assert len(service.calls) == 1


def test_other_keys_count_from_the_next_request_on(service, settings):
    streams = Streams()
    service.keys = {"NEW"}
    assert isinstance(put(settings, user(1), streams=streams), SignInAgain)
    assert put({**settings, "access_key_id": "NEW"}, user(1), streams=streams) == Done()


def test_without_keys_those_of_the_machine_count(service, settings, monkeypatch, tmp_path):
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    bare = {name: value for name, value in settings.items() if name not in KEYS}
    assert isinstance(put(bare, user(1)), SignInAgain)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKID")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s3cret")
    assert put(bare, user(1)) == Done()
    assert isinstance(put({**settings, "secret_access_key": ""}, user(1)), SignInAgain)


def checked(settings):
    return FIREHOSE.read_checked(Streams().send(FIREHOSE.sign(FIREHOSE.check(settings), settings, "n", 1)))


def test_a_check_asks_how_the_stream_is_or_whose_the_credentials_are(service, settings):
    assert checked(settings) == Done()
    assert isinstance(checked({**settings, "delivery_stream_name": "other"}), AskPermission)
    bare = {**settings, "delivery_stream_name": ""}
    assert checked(bare) == Done()
    assert [operation for operation, _ in service.calls][-1] == "GetCallerIdentity"
    service.keys = set()
    assert isinstance(checked(bare), SignInAgain)


def test_an_output_is_checked_with_the_streams_of_its_connections(service, settings):
    with closing(Desk()) as desk:
        account = {name: text for name, text in settings.items() if name not in ("delivery_stream_name", "region")}
        streams = [{"delivery_stream_name": name, "region": "us-east-1"} for name in ("audiences", "audiences", "no")]
        assert desk.check(FIREHOSE, account, streams[:2]) == Checked(True)
        assert [operation for operation, _ in service.calls] == ["GetCallerIdentity", "DescribeDeliveryStream"]
        told = desk.check(FIREHOSE, account, streams)
        assert (told.works, "Firehose no not found" in told.problem) == (False, True)
        assert told.advice == "Give the connection the name and the region of a delivery stream of this account"
        service.keys = set()
        assert "another access key" in desk.check(FIREHOSE, account).advice


def test_an_address_where_nobody_listens_is_no_answer(settings):
    assert put({**settings, "endpoint": "http://127.0.0.1:9"}, user(1)) is None


def test_without_boto3_it_is_said_what_to_install(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "boto3", None)
    with pytest.raises(FixRequest, match=r"raudience\[firehose\]"):
        Streams().send(Request("GET", "firehose://us-east-1/"))


def test_a_forwarder_over_the_real_wire_ends_exact_though_records_are_refused_and_answers_lost(service, settings):
    people, now, wire = People(), [1_700_000_000_000], Wire()
    world = Surroundings(
        wire.send, lambda: now[0], lambda: 0.5, lambda: "nonce",
        {kind: Bucket(1_000, 60_000) for kind in ("members", "write", "read")},
    )  # fmt: skip
    for mpid in range(1, 8):
        people.put(mpid, email=[f"{mpid}@x.org"])
    link = Link("c1", "Big Spenders", {**settings, "forward_email": True, "send_anonymous_users": True}, "big")
    service.fails = lambda number: number % 3 == 0
    service.trouble(lost=True)
    forwarder = Forwarder(link, FIREHOSE, people, world)

    def works():
        for _ in range(200):
            following = forwarder.work()
            if following is None:
                return
            now[0] = max(now[0], following)
        raise AssertionError("it never ends")

    works()
    assert service.members("audiences", "c1", "Email") == {f"{mpid}@x.org" for mpid in range(1, 8)}
    people.put(1, member=False)
    people.put(2, email=["new@x.org"])
    works()
    expected = {"new@x.org", *(f"{mpid}@x.org" for mpid in range(3, 8))}
    assert service.members("audiences", "c1", "Email") == expected
    service.fails = lambda number: False
    assert forwarder.end(now[0])
    assert service.records("audiences")[-1]["IsAudienceDeleted"] is True
    wire.close()


def test_a_stream_of_somebody_elses_service_delivers_what_was_put(monkeypatch):
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    settings = {"delivery_stream_name": "audiences", "region": "us-east-1", "endpoint": f"http://{host}:{port}", **KEYS}
    access = {"aws_access_key_id": "AKID", "aws_secret_access_key": "s3cret", "region_name": "us-east-1"}
    s3, firehose = (boto3.client(name, endpoint_url=settings["endpoint"], **access) for name in ("s3", "firehose"))
    s3.create_bucket(Bucket="delivered")
    firehose.create_delivery_stream(
        DeliveryStreamName="audiences", DeliveryStreamType="DirectPut",
        ExtendedS3DestinationConfiguration={"RoleARN": "arn:aws:iam::1:role/r", "BucketARN": "arn:aws:s3:::delivered"},
    )  # fmt: skip
    try:
        assert checked(settings) == checked({**settings, "delivery_stream_name": ""}) == Done()
        assert isinstance(checked({**settings, "delivery_stream_name": "other"}), AskPermission)
        assert put(settings, *map(user, range(3))) == Done()
        keys = [each["Key"] for each in s3.list_objects_v2(Bucket="delivered")["Contents"]]
        bodies = b"".join(s3.get_object(Bucket="delivered", Key=key)["Body"].read() for key in keys)
        assert {json.loads(line)["MPID"] for line in bodies.splitlines()} == {"0", "1", "2"}
        assert isinstance(put({**settings, "delivery_stream_name": "other"}, user(1)), AskPermission)
    finally:
        server.stop()
