"""What everything stands on: hashing, the clock, errors."""

import pickle

import mmh3
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from raudience.clock import DAY, HOUR, MINUTE, SECOND, WEEK, monotonic, now_ms
from raudience.errors import (
    Fault,
    FixDefinition,
    FixInput,
    FixRequest,
    RaudienceError,
    ReportBug,
    StateDamaged,
)
from raudience.hashing import (
    buckets,
    change_ids,
    group_of_keys,
    key_groups,
    keys_in_groups,
    keys_of_users,
    mix64,
    text_id,
    text_key,
    text_keys,
)

FAULT = Fault("audiences[0].key", "a text", "42", "quote it")
ERRORS = [
    FixDefinition("book.yaml", (FAULT, Fault("x", "y", "z"))),
    FixInput("lines.jsonl:3", FAULT),
    FixRequest("no audience `a`"),
    StateDamaged("snapshot 7"),
    ReportBug("index"),
]


def longs(*values):
    return np.array(values, np.int64)


def keys(*values):
    return np.array(values, np.uint64)


def test_ids_of_changes_are_the_same_for_ever():
    ids = change_ids(
        keys(*[text_key("carts")] * 3),
        longs(1, 1, 1),
        longs(1, -7, 2**62),
        longs(0, 1_772_323_200_000, -5),
        np.array([True, False, True]),
    )
    assert ids.tolist() == [4723453023957140036, 15534435827978687465, 15798636426898086843]


def test_every_part_of_a_change_makes_another_id():
    def one(audience, version, mpid, at, entered):
        found = change_ids(keys(text_key(audience)), longs(version), longs(mpid), longs(at), np.array([entered]))
        return int(found[0])

    changes = [("a", 1, 1, 5, True), ("b", 1, 1, 5, True), ("a", 2, 1, 5, True), ("a", 1, 2, 5, True),
               ("a", 1, 1, 6, True), ("a", 1, 1, 5, False)]  # fmt: skip
    assert len({one(*change) for change in changes}) == len(changes)


def test_key_groups_are_the_same_for_ever():
    assert key_groups(longs(0, 1, 2, -1, 814794983977344850, 2**63 - 1)).tolist() == [234, 32, 197, 64, 115, 81]


def test_key_groups_of_another_number_of_groups():
    assert key_groups(longs(0, 1, 2, -1), 7).tolist() == [6, 6, 4, 5]


def test_neighbouring_mpids_are_spread_over_all_groups():
    counts = np.bincount(key_groups(np.arange(25_600)), minlength=256)
    assert len(counts) == 256
    assert 50 < counts.min() <= counts.max() < 200


MPIDS = (0, 1, 2, -1, 814794983977344850, -1327484737295091692, 2**63 - 1, -(2**63))


@pytest.mark.parametrize(
    ("seed", "golden"),
    [
        (0, [2539, 2250, 5128, 1667, 9911, 1462, 7828, 151]),
        (1, [4640, 184, 2433, 7276, 3789, 5218, 9052, 1451]),
        (42, [547, 5092, 1168, 3593, 5416, 3075, 7884, 1716]),
        (2**32 - 1, [754, 5717, 2390, 7669, 9988, 2927, 5814, 7577]),
    ],
)
def test_buckets_are_the_same_for_ever(seed, golden):
    assert buckets(longs(*MPIDS), seed).tolist() == golden


@given(st.lists(st.integers(-(2**63), 2**63 - 1)), st.integers(0, 2**32 - 1))
def test_a_bucket_is_the_low_half_of_the_mmh3_of_the_mpid_modulo_ten_thousand(mpids, seed):
    told = [mmh3.hash64(mpid.to_bytes(8, "little", signed=True), seed, signed=False)[0] % 10_000 for mpid in mpids]
    assert buckets(longs(*mpids), seed).tolist() == told


def test_buckets_of_many_mpids_are_those_of_each():
    mpids = np.arange(-20_000, 20_000)
    far = [-20_000, -3_617, -3_616, -1, 0, 12_768, 19_999]
    assert buckets(mpids, 7)[[mpid + 20_000 for mpid in far]].tolist() == buckets(longs(*far), 7).tolist()


def test_buckets_leave_the_mpids_they_were_given():
    mpids = longs(1, -2)
    buckets(mpids, 7)
    assert mpids.tolist() == [1, -2]


def test_keys_of_texts_are_the_same_for_ever():
    assert text_key("raudience") == text_key(b"raudience") == 18006026632735689242
    assert text_key("raudience", 5) == 2453335487538460395
    assert text_id("raudience") == "aa4dc1f34f9c58b3f9e241d28c6f0a1a"


def test_no_text_has_the_key_that_stands_for_no_key():
    assert text_key("") == 1
    assert text_keys([b"", b"a"]).tolist() == [1, text_key("a")]


@given(st.lists(st.binary(max_size=40)))
def test_keys_of_many_texts_are_those_of_each(texts):
    assert text_keys(texts).tolist() == [text_key(text) for text in texts]


def test_a_key_says_its_key_group_and_0_stays_0():
    marked = keys_in_groups(keys(0, 5, 2**64 - 1, 2**32, 255), np.array([7, 7, 7, 0, 0]))
    assert marked.tolist() == [0, 7, 2**64 - 256 + 7, 2**32, 256]
    assert group_of_keys(marked[1:]).tolist() == [7, 7, 0, 0]


def test_the_same_key_of_two_users_becomes_two_keys_and_none_stays_none():
    mixed = keys_of_users(keys(0, 5, 5, 5), longs(1, 1, 2, 1)).tolist()
    assert mixed[0] == 0
    assert 0 not in mixed[1:]
    assert mixed[1] == mixed[3] != mixed[2]


@given(st.lists(st.integers(0, 2**64 - 1), unique=True))
def test_mixing_is_one_to_one(numbers):
    assert len({*mix64(np.array(numbers, np.uint64)).tolist()}) == len(numbers)


def test_mixing_leaves_what_it_was_given():
    given_keys = keys(1, 2)
    mix64(given_keys)
    assert given_keys.tolist() == [1, 2]


def test_units_of_time_are_milliseconds():
    assert (SECOND, MINUTE, HOUR, DAY, WEEK) == (1_000, 60_000, 3_600_000, 86_400_000, 604_800_000)


def test_the_clock_tells_milliseconds_since_1970():
    assert 1_700_000_000_000 < now_ms() < 10_000_000_000_000


def test_durations_are_never_negative():
    before = monotonic()
    assert monotonic() >= before


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_an_error_survives_the_way_between_processes(error):
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert (str(again), again.args, vars(again)) == (str(error), error.args, vars(error))


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_all_errors_are_caught_by_their_root(error):
    assert isinstance(error, RaudienceError)


def test_a_fault_says_where_what_was_expected_what_came_and_what_to_do():
    assert str(FAULT) == "audiences[0].key: expected a text, got 42; quote it"
    assert str(Fault("x", "y", "z")) == "x: expected y, got z"


def test_a_refused_document_tells_all_its_faults():
    assert str(ERRORS[0]) == (
        "book.yaml: 2 fault(s)\n  audiences[0].key: expected a text, got 42; quote it\n  x: expected y, got z"
    )


def test_a_refused_input_names_its_source():
    assert str(ERRORS[1]) == "lines.jsonl:3: audiences[0].key: expected a text, got 42; quote it"
