"""What a test says of a value, row by row of semantics sections 4 to 6."""

import numpy as np
import pytest

from raudience.criteria.leaves import AgeTest, SpanTest, ValueTest
from raudience.criteria.operators import (
    After,
    Before,
    Between,
    Contains,
    Equals,
    ExactMatch,
    Exists,
    Greater,
    GreaterOrEqual,
    Includes,
    IsFalse,
    IsTrue,
    Less,
    LessOrEqual,
    NoneOf,
    NotContains,
    NotEquals,
    NotExists,
    NotIncludes,
    NotMatch,
    NotPattern,
    OneOf,
    PartialMatch,
    Pattern,
    Version,
)
from raudience.criteria.values import (
    holds_absent,
    holds_list,
    holds_numbers,
    holds_set,
    holds_word,
    holds_words,
    number_text,
    read_number,
)
from raudience.errors import ReportBug


@pytest.mark.parametrize(
    ("test", "word", "expected"),
    [
        pytest.param(Contains("blue"), "blue", True, id="35-contains-whole"),
        pytest.param(Contains("blue"), "blue shirt", True, id="35-contains-substring"),
        pytest.param(NotContains("blue"), "blue shirt", False, id="36-does-not-contain-blue-shirt"),
        pytest.param(NotContains("blue"), "red", True, id="36-does-not-contain-red"),
        pytest.param(ExactMatch("blue"), "blue", True, id="37-exact"),
        pytest.param(ExactMatch("blue"), "blue shirt", False, id="37-exact-takes-all"),
        pytest.param(NotMatch("blue"), "blue shirt", True, id="38-does-not-match"),
        pytest.param(NotMatch("blue"), "BLUE", False, id="38-does-not-match-same"),
        pytest.param(ExactMatch("BLUE"), "Blue", True, id="39-exact-case"),
        pytest.param(Contains("LUE S"), "blue shirt", True, id="39-contains-case"),
        pytest.param(Pattern("BL?E"), "blue", True, id="39-pattern-case"),
        pytest.param(Contains("ÉCOLE"), "l'école", True, id="40-beyond-ascii"),
        pytest.param(ExactMatch("STRASSE"), "straße", True, id="41-full-folding"),
        pytest.param(ExactMatch("blue"), " blue", False, id="43-nothing-is-trimmed"),
        pytest.param(NotPattern("b*e"), "blue", False, id="44-not-pattern"),
        pytest.param(NotPattern("b*e"), "red", True, id="44-not-pattern-other"),
        pytest.param(Contains("?"), "why?", True, id="50-no-wildcard-in-contains"),
        pytest.param(Contains("?"), "why", False, id="50-question-mark-is-itself"),
        pytest.param(ExactMatch(""), "", True, id="53-exact-empty"),
        pytest.param(Contains("x"), "", False, id="53-contains-on-empty"),
        pytest.param(Pattern("*"), "", True, id="53-star-on-empty"),
        pytest.param(Pattern("?"), "", False, id="53-one-on-empty"),
        pytest.param(Contains("blue"), None, False, id="55-contains-on-null"),
        pytest.param(ExactMatch("blue"), None, False, id="55-exact-on-null"),
        pytest.param(Pattern("*"), None, False, id="55-pattern-on-null"),
        pytest.param(NotContains("blue"), None, True, id="56-does-not-contain-on-null"),
        pytest.param(Contains("4"), "42", True, id="57-text-operator-on-digits"),
        pytest.param(Equals(42), "42.0", True, id="57-number-operator-on-text"),
        pytest.param(IsTrue(), "true", True, id="58-true"),
        pytest.param(IsTrue(), "True", True, id="58-true-in-any-case"),
        pytest.param(IsFalse(), "true", False, id="58-true-is-not-false"),
        pytest.param(IsTrue(), "1", False, id="58-one-is-no-boolean"),
        pytest.param(IsFalse(), "", False, id="58-empty-is-no-boolean"),
        pytest.param(Exists(), "Female", True, id="68-exists"),
        pytest.param(Exists(), None, True, id="69-exists-on-null"),
        pytest.param(Exists(), "", True, id="70-exists-on-empty"),
        pytest.param(Exists(), "false", True, id="70-exists-on-false"),
        pytest.param(NotExists(), None, False, id="69-not-exists-on-null"),
        pytest.param(OneOf(("red", "BLUE")), "blue", True, id="one-of"),
        pytest.param(OneOf(("red", "blue")), "blue shirt", False, id="one-of-takes-all"),
        pytest.param(NoneOf(("red", "blue")), "Red", False, id="none-of"),
        pytest.param(NoneOf(("red", "blue")), None, True, id="none-of-on-null"),
        pytest.param(Less(5), "abc", False, id="D8-no-number"),
        pytest.param(NotEquals(5), "abc", True, id="D8-negative-on-no-number"),
        pytest.param(NotEquals(5), "5.0", False, id="D8-negative-on-the-number"),
        pytest.param(Greater(5), " 6", False, id="D8-number-is-not-trimmed"),
        pytest.param(Equals(1000), "1e3", True, id="D8-exponent"),
        pytest.param(Equals(1000), "1_000", False, id="D8-no-underscores"),
        pytest.param(Greater(0), "inf", False, id="D8-infinity-is-a-word"),
        pytest.param(Greater(0), "٤٢", False, id="D8-digits-are-ascii"),
        pytest.param(Greater(0), "1e999", False, id="D8-beyond-float64"),
        pytest.param(Includes("a"), "a", False, id="D8-list-operator-on-text"),
        pytest.param(NotIncludes("a"), "a", True, id="D8-negative-list-operator-on-text"),
        pytest.param(PartialMatch("a"), "a", False, id="D8-partial-match-on-text"),
        pytest.param(After("2016-12-01"), "2016-12-01", True, id="99-date-attribute"),
        pytest.param(Before("2016-12-01"), "soon", False, id="99-no-date"),
        pytest.param(SpanTest(0, 10), "1970-01-01T00:00:00.010Z", False, id="99-end-is-outside"),
        pytest.param(Version("greater", "2.9"), "2.10", True, id="34-version-parts"),
        pytest.param(Version("greater_or_equal", "2"), "2.0", True, id="34-missing-parts-are-0"),
        pytest.param(Version("less", "3"), "beta", False, id="34-no-version"),
    ],
)
def test_word(test: ValueTest, word: str | None, expected: bool) -> None:
    assert holds_word(test, word) is expected


@pytest.mark.parametrize(
    ("test", "expected"),
    [
        pytest.param(Contains("blue"), False, id="55-contains"),
        pytest.param(Pattern("*"), False, id="55-pattern"),
        pytest.param(ExactMatch(""), False, id="55-exact-empty"),
        pytest.param(NotContains("blue"), True, id="56-does-not-contain"),
        pytest.param(NotMatch("blue"), True, id="56-does-not-match"),
        pytest.param(NotPattern("*"), True, id="56-not-pattern"),
        pytest.param(NotEquals(5), True, id="56-not-equals"),
        pytest.param(NoneOf(("a",)), True, id="56-none-of"),
        pytest.param(NotIncludes("x"), True, id="65-does-not-include"),
        pytest.param(Includes("x"), False, id="65-includes"),
        pytest.param(Exists(), False, id="71-exists"),
        pytest.param(NotExists(), True, id="71-not-exists"),
        pytest.param(IsFalse(), False, id="D7-absent-is-not-false"),
        pytest.param(AgeTest(0, 5), False, id="D7-absent-has-no-age"),
    ],
)
def test_absent(test: ValueTest, expected: bool) -> None:
    assert holds_absent(test) is expected


@pytest.mark.parametrize(
    ("test", "expected"),
    [
        pytest.param(Greater(41), [False, True, True, False], id="58-greater"),
        pytest.param(Less(42), [True, False, False, True], id="58-less"),
        pytest.param(Equals(42.0), [False, True, False, False], id="58-equal"),
        pytest.param(NotEquals(42.0), [True, False, True, True], id="58-not-equal"),
        pytest.param(LessOrEqual(42), [True, True, False, True], id="58-less-or-equal"),
        pytest.param(GreaterOrEqual(42), [False, True, True, False], id="58-greater-or-equal"),
        pytest.param(Between(0.5, 42), [True, True, False, False], id="58-between-takes-both-ends"),
        pytest.param(Contains("4"), [False, True, True, False], id="57-contains-on-numbers"),
        pytest.param(ExactMatch("42"), [False, True, False, False], id="57-exact-on-numbers"),
        pytest.param(Pattern("?.5"), [True, False, False, False], id="57-pattern-on-numbers"),
        pytest.param(Exists(), [True, True, True, True], id="70-zero-exists"),
        pytest.param(IsFalse(), [False, False, False, False], id="58-zero-is-no-boolean"),
        pytest.param(SpanTest(0, 99), [False, False, False, False], id="99-a-number-is-no-date"),
        pytest.param(Version("less", "42.1"), [True, True, False, True], id="34-version-sent-as-number"),
        pytest.param(Includes("42"), [False, False, False, False], id="D8-list-operator"),
        pytest.param(NotIncludes("42"), [True, True, True, True], id="D8-negative-list-operator"),
    ],
)
def test_numbers(test: ValueTest, expected: list[bool]) -> None:
    assert holds_numbers(test, np.array([0.5, 42.0, 1234.0, 0.0])).tolist() == expected


def test_no_numbers_have_no_answers() -> None:
    assert holds_numbers(Contains("4"), np.array([])).tolist() == []


@pytest.mark.parametrize(
    ("test", "words", "expected"),
    [
        pytest.param(Includes("Chicago"), ["Chicago", "Alien"], True, id="59-includes"),
        pytest.param(Includes("Chicago"), ["Chicago Cubs"], False, id="59-full-value"),
        pytest.param(PartialMatch("Chicago"), ["Chicago Cubs"], True, id="60-partial"),
        pytest.param(PartialMatch("Chicago"), ["Chicago"], True, id="61-partial-takes-whole"),
        pytest.param(PartialMatch("Chicago"), ["Alien"], False, id="61-partial-is-no-negation"),
        pytest.param(NotIncludes("Chicago"), ["Chicago"], False, id="62-does-not-include"),
        pytest.param(NotIncludes("Chicago"), ["Chicago Cubs"], True, id="62-full-value"),
        pytest.param(Includes("chicago"), ["CHICAGO"], True, id="63-case"),
        pytest.param(Includes("x"), [], False, id="64-empty-includes"),
        pytest.param(NotIncludes("x"), [], True, id="64-empty-does-not-include"),
        pytest.param(Exists(), [], True, id="64-empty-exists"),
        pytest.param(NotExists(), [], False, id="64-empty-not-exists"),
        pytest.param(Includes("2"), ["1", "2"], True, id="67-numbers"),
        pytest.param(ExactMatch("a"), ["a"], False, id="D8-text-operator-on-list"),
        pytest.param(NotMatch("a"), ["a"], True, id="D8-negative-text-operator-on-list"),
        pytest.param(Equals(1), ["1"], False, id="D8-number-operator-on-list"),
    ],
)
def test_list(test: ValueTest, words: list[str], expected: bool) -> None:
    assert holds_list(test, words) is expected


@pytest.mark.parametrize(
    ("test", "words", "expected"),
    [
        (Contains("a"), ["xa", "y"], True),
        (NotContains("a"), ["xa", "y"], False),
        (NotContains("a"), ["x", "y"], True),
        (Exists(), ["x"], True),
        (Exists(), [], False),
        (NotExists(), [], True),
    ],
)
def test_of_several_identities_one_must_satisfy_the_test(test: ValueTest, words: list[str], expected: bool) -> None:
    assert holds_set(test, words) is expected


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (42.0, "42"),
        (0.5, "0.5"),
        (-0.0, "0"),
        (-3.0, "-3"),
        (1e20, "100000000000000000000"),
        (0.1, "0.1"),
        (1e-7, "1e-07"),
    ],
)
def test_text_of_a_number(number: float, text: str) -> None:
    assert number_text(number) == text
    assert read_number(text) == number


def test_age_without_a_moment_is_a_bug() -> None:
    with pytest.raises(ReportBug, match="without a moment"):
        holds_word(AgeTest(0, 1), "2020-01-01")


@pytest.mark.parametrize("test", [SpanTest(0, 86_400_000), Contains("1970"), NotMatch("x"), Greater(3.0)])
def test_many_texts_are_what_each_of_them_is(test):
    words = ["1970-01-01", "1970-01-02", "1969-12-31T23:59:59Z", "x", "", "7"]
    assert holds_words(test, words).tolist() == [holds_word(test, word) for word in words]
