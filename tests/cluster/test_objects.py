"""Files and objects that partners get, on a disk and in an object storage."""

from datetime import UTC, datetime

import boto3
import pyarrow.parquet as pq
import pytest
from moto.server import ThreadedMotoServer

from raudience.cluster.objects import Objects
from raudience.cluster.parquet import as_parquet
from raudience.cluster.wire import Wire
from raudience.forward.kinds import AskPermission, Done
from raudience.forward.members import WHOLE, Member, encode
from raudience.forward.partner import Forwarded, Item, Request
from raudience.forward.partners.files import Files

ITEMS = (Item(encode(Member(1, {"email": ("ann@x.org",)})), True),)


def put(url, body=b"lines\n", query=()):
    return Request("PUT", url, tuple(query), body=body)


def test_a_file_is_written_whole_and_a_second_time_in_its_place(tmp_path):
    folder = tmp_path / "my exports"
    folder.mkdir()
    url = f"file://{tmp_path}/my%20exports/a.ndjson"
    assert [Objects().send(put(url, body)).status for body in (b"first", b"second")] == [200, 200]
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {"a.ndjson": b"second"}


@pytest.mark.parametrize("folder", ["exports", "~/exports", "./exports"])
def test_a_folder_that_is_not_absolute_is_none_and_nothing_is_written_elsewhere(folder):
    listed = Files().own_list(Forwarded("c7", "big", None, "Big"))
    request = Files().send({"folder": folder}, listed, WHOLE, ITEMS, 0)
    assert isinstance(Files().read_sent(Objects().send(request), ITEMS), AskPermission)


def test_a_variation_of_any_name_has_files(tmp_path):
    listed = Files().own_list(Forwarded("c" * 32, "a" * 100, "名" * 100, "Big"))
    changes = Files().send({"folder": str(tmp_path)}, listed, WHOLE, ITEMS, 0)
    snapshot = Files().snapshot({"folder": str(tmp_path), "format": "parquet"}, listed, [ITEMS[0].value], 0, 1, 1)
    assert [Objects().send(each).status for each in (changes, snapshot)] == [200, 200]


def test_lines_in_parquet_have_the_columns_of_the_lines(tmp_path):
    rich = Member(-(2**63), {"email": ("ann@x.org",), "push_token": ("a", "b")}, {"ltv": 4.5, "vip": None, "t": ("a",)})
    items = [Item(encode(rich), True), Item(encode(Member(2, {})), False)]
    partner = Files()
    listed = partner.own_list(Forwarded("c7", "big", None, "Big Spenders"))
    for _ in range(2):
        settings = {"folder": str(tmp_path), "format": "parquet"}
        request = partner.send(settings, listed, WHOLE, items, 1_700_000_000_123)
        assert partner.read_sent(Objects().send(request), items) == Done()
    (path,) = tmp_path.iterdir()
    first, second = pq.read_table(path).to_pylist()
    assert first == {
        "ConnectionId": "c7", "AudienceId": "big", "AudienceName": "Big Spenders", "IsAddRequest": True,
        "MPID": -(2**63), "IdentityValues": [("email", ["ann@x.org"]), ("push_token", ["a", "b"])],
        "MembershipChangedTimestamp": datetime(2023, 11, 14, 22, 13, 20, 123_000, UTC),
        "UserAttributes": [("ltv", "4.5"), ("t", '["a"]'), ("vip", "null")],
    }  # fmt: skip
    assert (second["IsAddRequest"], second["IdentityValues"], second["UserAttributes"]) == (False, [], [])


def test_the_same_lines_are_the_same_parquet_file():
    line = (
        b'{"ConnectionId":"c","AudienceId":"a","AudienceName":"A","IsAddRequest":true,"MPID":"1","IdentityValues":{},'
    )
    line += b'"MembershipChangedTimestamp":1}\n'
    assert as_parquet(line * 3) == as_parquet(line * 3)


def test_a_directory_that_is_not_there_is_not_made(tmp_path):
    (tmp_path / "file").touch()
    assert Objects().send(put(f"file://{tmp_path}/missing/a.ndjson")).status == 404
    assert Objects().send(put(f"file://{tmp_path}/file/a.ndjson")).status == 404


def test_a_directory_that_we_may_not_write_into(tmp_path, monkeypatch):
    def refuse(*_):
        raise PermissionError

    monkeypatch.setattr("raudience.cluster.objects.os.fsync", refuse)
    assert Objects().send(put(f"file://{tmp_path}/a.ndjson")).status == 403


def test_a_full_disk_is_no_answer(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("raudience.cluster.objects.os.fsync", refuse)
    assert Objects().send(put(f"file://{tmp_path}/a.ndjson")) is None
    assert not (tmp_path / "a.ndjson").exists()


@pytest.fixture(scope="module")
def storage():
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "key")
        made = boto3.client("s3", endpoint_url=f"http://{host}:{port}", region_name="us-east-1")
        made.create_bucket(Bucket="exports")
        yield made
    server.stop()


def test_an_object_storage_keeps_what_the_partner_says(storage):
    partner, endpoint = Files(), storage.meta.endpoint_url
    settings = {"folder": f"s3://exports/audiences?endpoint={endpoint}&region=us-east-1"}
    listed = partner.own_list(Forwarded("c7", "big", None, "Big Spenders"))
    request = partner.send(settings, listed, WHOLE, ITEMS, 1_700_000_000_123)
    objects = Objects()
    for _ in range(2):
        assert partner.read_sent(objects.send(request), ITEMS) == Done()
    (found,) = storage.list_objects_v2(Bucket="exports")["Contents"]
    assert found["Key"].startswith("audiences/big_c7_20231114T221320123Z_")
    assert storage.get_object(Bucket="exports", Key=found["Key"])["Body"].read() == request.body


def test_a_bucket_that_is_not_there(storage):
    settings = {"folder": f"s3://missing?endpoint={storage.meta.endpoint_url}&region=us-east-1"}
    partner = Files()
    assert isinstance(partner.read_checked(Objects().send(partner.check(settings))), AskPermission)


def test_the_wire_takes_both(tmp_path):
    wire = Wire()
    assert wire.send(put(f"file://{tmp_path}/a.ndjson")).status == 200
    wire.close()
