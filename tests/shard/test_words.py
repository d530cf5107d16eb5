"""Words as codes, and what tests say of each code."""

import numpy as np
import pytest

from raudience.criteria.operators import (
    Contains,
    Equals,
    ExactMatch,
    Exists,
    Includes,
    NotEquals,
    NotExists,
    NotIncludes,
    NotMatch,
    OneOf,
)
from raudience.records import DELETED, NULL, NUMBER, Column
from raudience.shard.words import ABSENT, FIRST_WORD, NULL_CODE, NUMBER_CODE, Dictionary, TruthTable


def dictionary(*words):
    made = Dictionary()
    for word in words:
        made.code(word)
    return made


def codes(*numbers):
    return np.array(numbers, np.uint8)


def test_words_are_numbered_as_they_come_and_keep_their_numbers():
    made = Dictionary()
    assert [made.code(word) for word in ("b", "a", "b")] == [FIRST_WORD, FIRST_WORD + 1, FIRST_WORD]
    assert (made.word(FIRST_WORD + 1), len(made)) == ("a", FIRST_WORD + 2)


def test_words_that_differ_in_case_are_two():
    assert dictionary("A", "a").words == ["A", "a"]


def test_cells_of_a_block_get_the_codes_of_the_shard():
    column = Column(None, np.array([1, 0, NUMBER, NULL, DELETED, 1], np.int32), np.zeros(6), ("new", "old"))
    recoded = dictionary("old").recode(column).tolist()
    assert recoded == [FIRST_WORD, FIRST_WORD + 1, NUMBER_CODE, NULL_CODE, ABSENT, FIRST_WORD]


@pytest.mark.parametrize(
    ("test", "expected"),
    [
        (ExactMatch("blue"), [False, False, True, True, False]),
        (NotMatch("blue"), [True, True, False, False, True]),
        (Exists(), [False, True, True, True, True]),
        (NotExists(), [True, False, False, False, False]),
        (Equals(7), [False, False, False, False, True]),
        (NotEquals(7), [True, True, True, True, False]),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_test_says_something_of_absent_null_and_every_word(test, expected):
    table = TruthTable(test, dictionary("blue", "BLUE", "7"))
    assert table.of_codes(codes(ABSENT, NULL_CODE, 4, 5, 6)).tolist() == expected


def test_words_that_come_later_are_tested_too():
    words = dictionary("a")
    table = TruthTable(Contains("b"), words)
    assert table.of_codes(codes(4)).tolist() == [False]
    words.code("abc")
    assert table.of_codes(codes(4, 5)).tolist() == [False, True]


@pytest.mark.parametrize("holding", [0, 1, 6, 7, 40])
def test_a_test_that_holds_for_many_words_is_as_one_that_holds_for_few(holding):
    words = [f"w{number}" for number in range(50)]
    table = TruthTable(OneOf(tuple(words[:holding]) or ("none",)), dictionary(*words))
    cells = np.arange(50, dtype=np.uint8) + FIRST_WORD
    assert table.of_codes(cells).tolist() == [number < holding for number in range(50)]


def test_numbers_are_read_where_the_code_says_so():
    table = TruthTable(Equals(7), dictionary("7", "8"))
    numbers = np.array([7.0, 7.0, 7.0, 8.0])
    assert table.of(codes(NUMBER_CODE, ABSENT, 5, NUMBER_CODE), numbers).tolist() == [True, False, False, False]
    assert table.of(codes(NUMBER_CODE, NUMBER_CODE), numbers[2:]).tolist() == [True, False]
    assert table.of(codes(4, 5), None).tolist() == [True, False]


@pytest.mark.parametrize(
    ("test", "expected"),
    [(Includes("a"), [True, False]), (NotIncludes("a"), [False, True]), (Exists(), [True, True])],
    ids=lambda value: type(value).__name__,
)
def test_a_list_of_one_word_is_tested_as_a_list(test, expected):
    table = TruthTable(test, dictionary("A", "b"))
    assert table.elements()[FIRST_WORD:].tolist() == expected
    assert [table.of_list((word,)) for word in ("A", "b")] == expected


def test_a_list_table_knows_words_that_come_later():
    words = dictionary("b")
    table = TruthTable(Includes("a"), words)
    table.elements()
    words.code("a")
    assert table.elements()[FIRST_WORD:].tolist() == [False, True]


def test_of_a_set_one_value_satisfies_and_all_must_avoid():
    words = dictionary("a", "b")
    assert [TruthTable(ExactMatch("a"), words).of_set(held) for held in ([], [5], [5, 4])] == [False, False, True]
    assert [TruthTable(NotMatch("a"), words).of_set(held) for held in ([], [5], [5, 4])] == [True, True, False]
