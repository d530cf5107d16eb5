"""Hashed identities, as partners take them."""

import hashlib

import numpy as np
import pytest

from raudience.catalog.downloads import IdentityForm
from raudience.export.forms import hashing_text, in_form
from tests.export.test_rows import named


def hashed(form, *values):
    found = in_form(named(*enumerate(values)), IdentityForm("email", form))
    return found.user.tolist(), [bytes(row).decode() for row in found.texts.matrix]


def test_an_identity_as_it_is_stays_as_it_is():
    emails = named((0, " A@x.com "))
    assert in_form(emails, IdentityForm("email")) is emails


@pytest.mark.parametrize("form", ["md5", "sha1", "sha256"])
@pytest.mark.parametrize("value", [" User1@Example.COM ", "user1@example.com", "\tUSER1@EXAMPLE.com\n"])
def test_a_hash_is_of_the_value_trimmed_and_lower_cased(form, value):
    assert hashed(form, value) == ([0], [hashlib.new(form, b"user1@example.com").hexdigest()])


def test_a_hash_of_the_seed():
    expected = "b36a83701f1c3191e19722d6f90274bc1b5501fe69ebf33313e440fe4b0fe210"
    assert hashed("sha256", " USER1@Example.COM ") == ([0], [expected])


def test_other_letters_are_lower_cased_too():
    assert hashed("sha256", "ÉCOLE@x.com")[1] == [hashlib.sha256("école@x.com".encode()).hexdigest()]


def test_values_of_any_length_are_hashed_in_their_places():
    values = ["a", "b" * 300, "", "c"]
    assert hashed("sha1", *values) == (
        [0, 1, 3],
        [hashlib.sha1(value.encode()).hexdigest() for value in values if value],
    )


def test_of_nothing_but_spaces_there_is_no_hash():
    assert hashed("md5", "  ", "\n") == ([], [])
    assert in_form(named(), IdentityForm("email", "md5")).user.tolist() == []


def test_users_keep_their_places():
    found = in_form(named((2, "a"), (2, "b"), (9, "c")), IdentityForm("ios_advertising_id", "sha256"))
    assert found.user.tolist() == [2, 2, 9]
    assert found.user.dtype == np.int64


def test_a_form_says_what_it_is():
    assert hashing_text(IdentityForm("email", "sha256")) == (
        "sha256 of the value trimmed and lower-cased, in hexadecimal digits"
    )
