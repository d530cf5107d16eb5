"""Semantics, section 15: rows of a download as CSV."""

import csv
import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raudience.export.rows import HEADER, csv_rows
from raudience.records.listings import Named
from raudience.records.texts import texts_of

AT = 1_580_148_438_137


def named(*values):
    """Values of an identity. values: (user, text), ascending by user."""
    return Named(np.array([user for user, _ in values], np.int64), texts_of([text for _, text in values]))


def made(mpids, *identities, at=AT):
    moments = np.broadcast_to(np.array(at, np.int64), len(mpids))
    return b"".join(csv_rows(np.array(mpids, np.int64), moments, identities)).decode()


def read(text):
    return list(csv.reader(io.StringIO(text, newline="")))


def test_rows_158_and_159_the_header_names_four_columns_and_a_reader_need_not_mind_its_spaces():
    assert HEADER == b"mpid, scanned_timestamp_ms, identity_value, identity_type\n"
    rows = csv.reader(io.StringIO(HEADER.decode()), skipinitialspace=True)
    assert list(rows) == [["mpid", "scanned_timestamp_ms", "identity_value", "identity_type"]]


def test_row_160_a_member_has_a_row_for_each_identity():
    identities = [("customer_id", named((0, "c1"), (1, "c2"))), ("email", named((0, "a@x.com")))]
    assert made([7, 8], *identities).splitlines() == [
        f"7,{AT},c1,customer_id",
        f"7,{AT},a@x.com,email",
        f"8,{AT},c2,customer_id",
    ]


@pytest.mark.parametrize(
    "mpid", [-1327484737295091692, 5991422180106081928, 0, 7, -7, 10, 9_999, 10_000, -(2**63), 2**63 - 1, 10**18]
)
def test_row_161_mpids_are_signed_numbers_of_64_bits(mpid):
    assert made([mpid], ("email", named((0, "a")))) == f"{mpid},{AT},a,email\n"


def test_row_162_each_row_has_the_instant_of_its_reading_in_milliseconds():
    text = made([1, 2, 3], ("email", named((0, "a"), (1, "b"), (2, "c"))), at=[5, AT, AT])
    assert [row[1] for row in read(text)] == ["5", str(AT), str(AT)]


def test_row_163_members_without_the_identities_asked_for_have_no_row():
    assert made([1, 2], ("email", named((1, "b@x.com")))) == f"2,{AT},b@x.com,email\n"
    assert made([1, 2], ("email", named())) == ""
    assert made([], ("email", named())) == ""


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ('a,"b"', '"a,""b"""'),
        ("a,b", '"a,b"'),
        ("a\nb", '"a\nb"'),
        ("a\rb", '"a\rb"'),
        ('"', '""""'),
        (" a ", " a "),
        ("", ""),
        ("x" * 500, "x" * 500),
        ("x" * 500 + ",", '"' + "x" * 500 + ',"'),
        ("a\x00b", "a\x00b"),
        ("жук😀", "жук😀"),
    ],
)
def test_row_169_values_are_quoted_where_they_must_be(value, written):
    assert made([1, 2], ("other", named((0, value), (1, "z")))) == f"1,{AT},{written},other\n2,{AT},z,other\n"


TEXTS = st.one_of(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), st.sampled_from(
    ["a@x.com", 'a,"b"', "\r\n", "x" * 129, "é" * 100, "x" * 128]))  # fmt: skip
USERS = st.lists(
    st.tuples(st.integers(-(2**63), 2**63 - 1), st.lists(TEXTS, max_size=3), st.lists(TEXTS, max_size=2)), max_size=12
)


@settings(max_examples=200)
@given(USERS)
def test_read_back_it_is_what_was_written(users):
    mpids = [mpid for mpid, *_ in users]
    emails = [(place, text) for place, (_, texts, _) in enumerate(users) for text in texts]
    others = [(place, text) for place, (_, _, texts) in enumerate(users) for text in texts]
    text = made(mpids, ("email", named(*emails)), ("other", named(*others)))
    expected = [
        [str(mpid), str(AT), value, kind]
        for mpid, *identities in users
        for kind, values in zip(("email", "other"), identities, strict=True)
        for value in values
    ]
    assert read(text) == expected


def test_thousands_of_rows_are_those_of_each():
    count = 20_001
    values = [(place, f"{'a,' if place % 5_000 == 4_999 else ''}{place}") for place in range(count)]
    text = made(range(count), ("email", named(*values)), ("other", named(*values)))
    expected = [[str(at), str(AT), value, kind] for at, value in values for kind in ("email", "other")]
    assert read(text) == expected
