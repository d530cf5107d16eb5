"""Texts are found by how they begin and by what they contain, the most frequent first, whatever their case."""

import pytest

from raudience.shard.word_index import LONGEST, WordIndex

CITIES = WordIndex(["Paris", "Chipping", "Parma", "École", "STRASSE", "la\nCapa", "Σίσυφος"])


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("pa", ["Paris", "Parma", "la\nCapa"]),
        ("PA", ["Paris", "Parma", "la\nCapa"]),
        ("p", ["Paris", "Parma", "Chipping", "la\nCapa"]),
        ("éco", ["École"]),
        ("e\u0301co", ["École"]),
        ("straß", ["STRASSE"]),
        ("σίσυφοσ", ["Σίσυφος"]),
        ("la\ncap", ["la\nCapa"]),
        ("risC", []),
        ("x", []),
    ],
)
def test_what_was_typed_is_found_at_the_beginning_and_then_inside(typed, found):
    assert CITIES.find(typed, 10) == found


def test_nothing_typed_finds_the_most_frequent():
    assert CITIES.find("", 2) == ["Paris", "Chipping"]
    assert len(CITIES.find("", 100)) == 7


def test_no_more_is_found_than_is_wanted():
    assert CITIES.find("p", 3) == ["Paris", "Parma", "Chipping"]
    assert CITIES.find("p", 0) == []


def test_an_index_of_nothing_finds_nothing():
    assert (WordIndex(()).find("", 5), WordIndex(()).find("a", 5), len(WordIndex(()))) == ([], [], 0)


def test_texts_that_nobody_would_choose_from_a_list_are_left_out():
    assert WordIndex(["a" * LONGEST, "a" * (LONGEST + 1)]).find("a", 5) == ["a" * LONGEST]


def test_text_with_half_of_a_surrogate_pair_does_no_harm():
    assert WordIndex(["a\ud800b", "abc"]).find("ab", 5) == ["abc"]
