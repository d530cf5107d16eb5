"""Tables of events in Parquet and Arrow files."""

import datetime

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from raudience.cluster import tables
from raudience.cluster.decoding import cut_file, read_part
from raudience.errors import FixRequest
from tests.ingest.shown import events, field, products, rows


def read(path):
    return [each for part in cut_file(path) for each in read_part(part)]


def block_of(tmp_path, **columns):
    path = tmp_path / "events.parquet"
    count = len(next(iter(columns.values())))
    table = {"mpid": [1] * count, "timestamp": [1000] * count, **columns}
    pq.write_table(pa.table(table), path)
    [only] = read(path)
    assert only.refusals == ()
    return only.decoded.block


def test_a_row_is_an_event_with_its_columns_as_custom_attributes(tmp_path):
    block = block_of(
        tmp_path, event_name=["a", "b"], custom_event_type=["x", None], price=[1.5, None], ok=[True, False]
    )
    assert events(block) == [
        ("custom", "x", "a", {"custom/price": 1.5, "custom/ok": "true"}), ("custom", "", "b", {"custom/ok": "false"}),
    ]  # fmt: skip


def test_prefixes_name_the_namespace(tmp_path):
    block = block_of(
        tmp_path, **{"event_type": ["commerce_event"], "name": ["purchase"], "event.total_amount": [9],
                     "custom.a": ["b"],
                     "product.id": ["p"], "user.plan": ["pro"], "user.$Age": [7], "identity.customerid": ["c"],
                     "identity.ios_idfa": ["i"], "device.platform": ["iOS"], "application.package": ["z"],
                     "location.city": ["Paris"], "calculated.ltv": [3]},
    )  # fmt: skip
    assert events(block) == [("commerce", "", "purchase", {"event/total_amount": 9.0, "custom/a": "b"})]
    assert products(block) == [(0, {"id": "p"})]
    assert {f"{each.field.namespace}/{each.field.name}" for each in block.batches.fields} == {
        "user/plan", "user/$age", "identity/customer_id", "device_id/ios_advertising_id", "device/platform",
        "application/package", "location/city", "calculated/ltv",
    }  # fmt: skip
    assert [each.name for each, _ in block.batches.context] == ["package", "platform"]


def test_missing_values_are_absent_and_lists_are_lists(tmp_path):
    block = block_of(tmp_path, **{"user.tags": [["a", None], None, []], "user.n": [None, 2**53 + 1, None]})
    assert field(block, "user", "tags") == [(0, ["a"]), (2, [])]
    assert field(block, "user", "n") == [(1, "9007199254740993")]


@pytest.mark.parametrize(
    "times",
    [
        pa.array([datetime.datetime(1970, 1, 1, 0, 0, 1)], pa.timestamp("us")),
        pa.array([datetime.datetime(1970, 1, 1, 0, 0, 1)], pa.timestamp("ns", "UTC")),
        pa.array([1000], pa.int64()),
    ],
)
def test_times_are_milliseconds_or_timestamps(tmp_path, times):
    assert block_of(tmp_path, timestamp=times).events.time.tolist() == [1000]


def test_mpids_may_be_texts(tmp_path):
    assert block_of(tmp_path, mpid=["-9223372036854775808", "5"]).batches.mpid.tolist() == [-(2**63), 5]


def test_rows_that_cannot_be_taken_are_refused_by_row(tmp_path):
    path = tmp_path / "events.parquet"
    pq.write_table(pa.table({"mpid": ["1", "x", None, "2", "3"], "timestamp": [5, 5, 5, None, -1]}), path)
    [only] = read(path)
    assert only.decoded.block.batches.mpid.tolist() == [1]
    assert [(each.line, each.fault.path, each.fault.got) for each in only.refusals] == [
        (2, "$.mpid", '"x"'), (3, "$.mpid", "neither"), (4, "$.timestamp", "none"), (5, "$.timestamp", "-1"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "table",
    [
        pa.table({"mpid": [1]}),
        pa.table({"mpid": [1], "timestamp": ["x"]}),
        pa.table({"mpid": [1.5], "timestamp": [5]}),
        pa.table({"mpid": [1], "timestamp": [5], "a": [{"b": 1}]}),
        pa.table({"mpid": [1], "timestamp": [5], "a": [[1]]}),
    ],
)
def test_a_table_that_cannot_be_read_is_refused_as_a_whole(tmp_path, table):
    path = tmp_path / "events.parquet"
    pq.write_table(table, path)
    [only] = read(path)
    assert ([each.line for each in only.refusals], len(only.decoded.nameless)) == ([0], 0)


def test_a_file_that_is_no_table_is_refused(tmp_path):
    path = tmp_path / "events.arrow"
    path.write_bytes(b"no")
    assert [each.refusals[0].line for each in read(path)] == [0]


def test_an_arrow_file_reads_like_parquet(tmp_path):
    table = pa.table({"mpid": [1, 2], "timestamp": [5, 6], "name": pa.array(["a", "b"]).dictionary_encode()})
    pq.write_table(table, tmp_path / "e.parquet")
    with pa.OSFile(str(tmp_path / "e.arrow"), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    (tmp_path / "E2.PARQUET").write_bytes((tmp_path / "e.parquet").read_bytes())
    names = ("e.parquet", "e.arrow", "E2.PARQUET")
    shown = [[rows(each.decoded.block) for each in read(tmp_path / name)] for name in names]
    assert shown[0] == shown[1] == shown[2] != []


def test_equal_rows_have_one_key_and_the_order_of_columns_does_not_show(tmp_path):
    columns = {"mpid": [1, 1, 1], "timestamp": [5, 5, 5], "a": ["x", "x", "y"], "b": [1.5, 1.5, 1.5]}
    pq.write_table(pa.table(columns), tmp_path / "one.parquet")
    pq.write_table(pa.table(dict(reversed(columns.items()))), tmp_path / "two.parquet")
    one, two = (read(tmp_path / name)[0].decoded.block.batches.request for name in ("one.parquet", "two.parquet"))
    assert (one[0] == one[1], one[0] == one[2], np.array_equal(one, two)) == (True, False, True)


def test_row_groups_can_be_read_side_by_side(tmp_path):
    path = tmp_path / "events.parquet"
    pq.write_table(pa.table({"mpid": [*range(300)], "timestamp": [5] * 300}), path, row_group_size=2)
    assert len(cut_file(path)) == 3
    assert [mpid for each in read(path) for mpid in each.decoded.block.batches.mpid.tolist()] == [*range(300)]


def test_a_table_without_pyarrow_is_refused_with_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setattr(tables, "pa", None)
    with pytest.raises(FixRequest, match=r"pip install raudience\[parquet\]"):
        tables.table_parts(tmp_path / "events.parquet")
