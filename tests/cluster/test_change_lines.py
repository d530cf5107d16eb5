"""The change log: one CSV line per change, in their order, with ids that replays reproduce."""

import csv
import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from raudience.cluster.change_lines import change_keys, change_lines, number_lines
from raudience.coordinator import no_changes
from raudience.hashing import change_ids, text_key
from tests.coordinator.test_merging import changes

MPIDS = st.integers(-(2**63), 2**63 - 1)
ROWS = st.tuples(st.integers(0, 4_000_000_000_000), st.sampled_from(["a", "big-spenders"]), MPIDS, st.booleans())


def test_a_line_names_audience_user_direction_instant_and_id():
    log = changes(("big-spenders", "vip"), (1_767_225_600_123, "vip", -42, True), (1_767_225_600_124, "vip", 7, False))
    assert change_lines(log).splitlines() == [
        b"vip,-42,in,2026-01-01T00:00:00.123Z,d6180ed3a6a69e36",
        b"vip,7,out,2026-01-01T00:00:00.124Z,9e9a569825cffc82",
    ]


def test_no_changes_no_lines():
    assert change_lines(no_changes()) == b""


@pytest.mark.parametrize("mpid", [0, 9, 10, -1, -10, 2**63 - 1, -(2**63), 10**18, -(10**18)])
def test_every_mpid_is_written_whole(mpid):
    assert change_lines(changes(("a",), (5, "a", mpid, True))).split(b",")[1] == str(mpid).encode()
    assert number_lines(np.array([mpid], np.int64)) == f"{mpid}\n".encode()


@given(st.lists(ROWS, max_size=30))
def test_read_back_it_is_what_was_written(rows):
    log = changes(("a", "big-spenders"), *rows)
    read = list(csv.reader(io.StringIO(change_lines(log).decode())))
    instants = [np.datetime_as_string(np.datetime64(at, "ms")) + "Z" for at, *_ in rows]
    assert [line[:4] for line in read] == [
        [audience, str(mpid), "in" if entered else "out", instant]
        for (_, audience, mpid, entered), instant in zip(rows, instants, strict=True)
    ]
    assert [int(line[4], 16) for line in read] == change_keys(log).tolist()


def test_an_id_follows_from_audience_version_user_instant_and_direction():
    log = changes(("a", "b"), (5, "b", 1, True), (5, "a", 1, True), (6, "b", 1, False))
    one, key = np.array([1], np.int64), np.array([text_key("b")], np.uint64)
    assert change_keys(log)[2] == change_ids(key, one, one, np.array([6]), np.array([False]))[0]
    assert len(set(change_keys(log).tolist())) == 3
