"""Books as YAML: what is written is what is read, and it is always written in one form."""

import json
from pathlib import Path

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from raudience.catalog.build import audience, book
from raudience.catalog.documents import read_book
from raudience.catalog.folders import Document, read_folder
from raudience.catalog.writing import audience_text, book_text, folder_texts
from raudience.criteria.build import event, user
from tests.oracle.definitions import books

SAMPLE = Path(__file__).parents[2] / "docs" / "sample" / "audiences.yaml"


def read(text):
    return read_book(text.encode(), "written", "yaml")


def read_texts(texts):
    return read_folder([Document(name, text.encode(), "yaml") for name, text in sorted(texts.items())], "written").book


def test_the_sample_is_read_as_it_was_written():
    found = read(SAMPLE.read_text())
    assert read(book_text(found)) == found


@settings(max_examples=150, deadline=None)
@given(books())
def test_every_book_is_read_as_it_was_written(document):
    found = read(json.dumps(document))
    assert read(book_text(found)) == found
    assert book_text(read(book_text(found))) == book_text(found)


TEXTS = st.one_of(
    st.text(min_size=1, max_size=8),
    st.text("0123456789+-.eE~:_xo", min_size=1, max_size=6),
    st.sampled_from(
        ["null", "Null", "true", "NO", "on", "1:30", "08", "1e5", "2026-01-01", "<<", "=", "~", "- a", "a: b", "# x"]
    ),
).filter(lambda text: not any("\ud800" <= character <= "\udfff" for character in text))


@settings(max_examples=300, deadline=None)
@given(TEXTS)
def test_every_text_is_read_as_it_was_written(text):
    found = book(audience("a", text, user(text).exactly(text)))
    assert read(book_text(found)) == found
    assert yaml.safe_load(book_text(found))["audiences"][0]["name"] == text


@settings(max_examples=100, deadline=None)
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_number_is_read_as_it_was_written(number):
    found = book(audience("a", "a", user("n").equals(number)))
    (again,) = read(book_text(found)).audiences
    assert repr(again.criteria.test.value) == repr(number)


@settings(max_examples=50, deadline=None)
@given(books())
def test_a_folder_is_read_as_it_was_written(document):
    found = read(json.dumps(document))
    by_key = tuple(sorted(found.audiences, key=lambda each: each.key))
    again = read_texts(folder_texts(found))
    assert (again.settings, again.inputs) == (found.settings, found.inputs)
    assert tuple(sorted(again.audiences, key=lambda each: each.key)) == by_key


def test_keys_that_differ_in_capitals_alone_have_files_of_their_own():
    found = book(*(audience(key, key, event("crash")) for key in ("a", "A")))
    texts = folder_texts(found)
    assert list(texts) == ["audiences/A.yaml", "audiences/a~2.yaml"]
    assert sorted(each.key for each in read_texts(texts).audiences) == ["A", "a"]


def test_short_parts_stand_before_the_long_one_and_numbers_have_no_needless_point():
    found = audience("a", "Pays 20", user("fee").equals(20.0), "Partner", ("default",))
    assert audience_text(found) == (
        "key: a\n"
        "name: Pays 20\n"
        "external_name: Partner\n"
        "workspaces: [default]\n"
        "criteria:\n"
        "  type: user_attribute\n"
        "  name: fee\n"
        "  test: {op: equals, value: 20}\n"
    )


def test_versions_stay_out_of_folders():
    found = read("audiences: [{key: a, name: a, version: 7, criteria: {type: event, kind: crash}}]")
    assert "version" not in folder_texts(found)["audiences/a.yaml"]
    assert "version: 7" in book_text(found)
