"""Files of changes: their names, their lines."""

import pytest

from raudience.errors import ReportBug
from raudience.forward.members import WHOLE, Member, encode
from raudience.forward.partner import Forwarded, Item
from raudience.forward.partners.files import PARQUET, Files

FILES = Files()
LIST = FILES.own_list(Forwarded("c7", "big-spenders", "A/1", "Big Spenders - A/1"))
BOB = encode(Member(2, {"email": ("bob@x.org",)}, {"ltv": 1}))
ANN = encode(Member(1, {"email": ("ann@é.org",), "push_token": ("a", "b")}, {"ltv": 2.5, "vip": None}))
ITEMS = (Item(BOB, False), Item(ANN, True))


def sent(folder="s3://exports/audiences", items=ITEMS, now=1_700_000_000_123):
    return FILES.send({"folder": folder}, LIST, WHOLE, items, now)


def test_a_line_for_each_change():
    assert sent().body.decode().splitlines() == [
        '{"ConnectionId":"c7","AudienceId":"big-spenders","AudienceName":"Big Spenders - A/1","IsAddRequest":false,'
        '"MPID":"2","IdentityValues":{"email":"bob@x.org"},"MembershipChangedTimestamp":1700000000123,'
        '"UserAttributes":{"ltv":1}}',
        '{"ConnectionId":"c7","AudienceId":"big-spenders","AudienceName":"Big Spenders - A/1","IsAddRequest":true,'
        '"MPID":"1","IdentityValues":{"email":"ann@é.org","push_token":["a","b"]},'
        '"MembershipChangedTimestamp":1700000000123,"UserAttributes":{"ltv":2.5,"vip":null}}',
    ]


def test_a_member_who_is_another_one_is_dropped_and_put():
    lines = sent(items=[Item(ANN, True, (BOB,))]).body.splitlines()
    assert [b'"IsAddRequest":true' in line for line in lines] == [False, True]


def test_the_name_says_audience_and_time_and_is_the_same_for_the_same_lines_only():
    folder, _, name = sent().url.rpartition("/")
    assert folder == "s3://exports/audiences"
    assert name.startswith("big-spenders_A~2F1_c7_20231114T221320123Z_")
    assert sent().url == sent().url != sent(items=ITEMS[1:]).url


def test_names_sort_as_their_instants_do():
    names = [sent(now=now).url for now in (999, 1_000, 1_001, 1_700_000_000_123, 1_700_000_000_124)]
    assert names == sorted(names)


@pytest.mark.parametrize(
    ("folder", "begins", "query"),
    [
        ("/data/my exports/", "file:///data/my%20exports/big", ()),
        ("gs://bucket", "gs://bucket/big", ()),
        ("s3://bucket/a/?region=eu-west-1", "s3://bucket/a/big", (("region", "eu-west-1"),)),
    ],
)
def test_a_folder_is_a_path_or_a_place_in_an_object_storage(folder, begins, query):
    request = sent(folder)
    assert (request.url.startswith(begins), request.query) == (True, query)


def test_the_check_writes_an_empty_file():
    request = FILES.check({"folder": "/data"})
    assert (request.url, request.body) == ("file:///data/raudience-validation.txt", b"")


def test_a_snapshot_stands_behind_all_changes_that_are_in_it():
    now = 1_700_000_000_123
    snapshot = FILES.snapshot({"folder": "/data"}, LIST, [ANN, BOB], now, 2, 3)
    assert snapshot.url.endswith("_20231114T221320123Z_snapshot_00002_of_00003.ndjson")
    names = [sent("/data", now=at).url for at in (now - 1, now, now + 1)]
    assert sorted([snapshot.url, *names]) == [names[0], names[1], snapshot.url, names[2]]
    assert [b'"IsAddRequest":true' in line for line in snapshot.body.splitlines()] == [True, True]


@pytest.mark.parametrize(("hours", "every"), [(0, None), (-1, None), (24, 86_400_000)])
def test_snapshots_come_when_they_are_asked_for(hours, every):
    assert FILES.snapshots({"snapshot_hours": hours}) == every


def test_lines_are_kept_in_the_format_of_the_output():
    request = FILES.send({"folder": "/data", "format": "parquet"}, LIST, WHOLE, ITEMS, 1)
    assert (request.url[-8:], request.headers) == (".parquet", (("content-type", PARQUET),))
    assert request.body == sent("/data", now=1).body


def test_files_of_a_deleted_audience_are_kept():
    assert FILES.deletes == "keep"
    with pytest.raises(ReportBug, match="kept"):
        FILES.delete_list({"folder": "/data"}, LIST, 1)
