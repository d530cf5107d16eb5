"""A pattern covers the whole value: `*` any number of characters, `?` one, a backslash makes them literal."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raudience.criteria.patterns import canonical, matches
from raudience.criteria.text import fold


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        pytest.param("BL?E", "blue", True, id="39-case"),
        pytest.param("bl?e", "blue", True, id="44-one"),
        pytest.param("b*e", "blue", True, id="44-any"),
        pytest.param("bl?e", "ble", False, id="45-not-none"),
        pytest.param("bl?e", "bluue", False, id="45-not-two"),
        pytest.param("blue*", "blue", True, id="46-star-may-be-none-at-the-end"),
        pytest.param("b*lue", "blue", True, id="46-star-may-be-none-inside"),
        pytest.param("b*e", "blue shirt", False, id="47-whole-value"),
        pytest.param("*blue*", "a blue shirt", True, id="47-stars-around"),
        pytest.param("a.c", "abc", False, id="48-dot"),
        pytest.param("a+b", "aab", False, id="48-plus"),
        pytest.param("[x]", "x", False, id="48-brackets"),
        pytest.param("a(b", "a(b", True, id="48-parenthesis"),
        pytest.param("50% off\\?", "50% off?", True, id="49-escaped-question-mark"),
        pytest.param("50% off\\?", "50% offx", False, id="49-escaped-is-literal"),
        pytest.param("\\*", "*", True, id="49-escaped-star"),
        pytest.param("\\\\", "\\", True, id="49-escaped-backslash"),
        pytest.param("a\\b", "a\\b", True, id="49-other-backslash-is-itself"),
        pytest.param("a\\", "a\\", True, id="49-last-backslash-is-itself"),
        pytest.param("a*b", "a\nb", True, id="51-line-break"),
        pytest.param("a?b", "a\nb", True, id="51-one-line-break"),
        pytest.param("blue", "blue\n", False, id="51-line-break-at-the-end-counts"),
        pytest.param("?", "😀", True, id="51-astral"),
        pytest.param("stra?e", "straße", True, id="51-one-character-that-folds-to-two"),
        pytest.param("stra??e", "straße", False, id="51-one-character-is-not-two"),
        pytest.param("*s?e", "straße", False, id="51-no-half-characters"),
        pytest.param("?tras?e", "STRASSE", True, id="51-two-characters-are-two"),
        pytest.param("caf?", "cafe\u0301", True, id="51-decomposed-is-one"),
        pytest.param("?ß\x00", "ßSS\x00", True, id="51-zero-character"),
        pytest.param("*", "", True, id="53-star-on-empty"),
        pytest.param("?", "", False, id="53-one-on-empty"),
        pytest.param("*ab*ab", "ab", False, id="pieces-do-not-share"),
        pytest.param("*aab", "aaaab", True, id="tail-is-at-the-end"),
        pytest.param("a*a", "a", False, id="head-and-tail-do-not-share"),
        pytest.param("*.edu", "x@Some.EDU", True, id="104-identity"),
    ],
)
def test_pattern(pattern: str, text: str, expected: bool) -> None:
    assert matches(pattern, text) is expected


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        pytest.param("*a*a*a*a*a*a*b", "a" * 10_000, id="52-stars"),
        pytest.param("*" + "?a" * 200 + "b*", "a" * 10_000, id="52-question-marks"),
        pytest.param("*a" * 2_000 + "b", "a" * 10_000, id="52-very-many-stars"),
        pytest.param("*ß?ß?*b", "ß" * 10_000, id="52-folding-to-two"),
    ],
)
def test_hostile_patterns_end(pattern: str, text: str) -> None:
    assert matches(pattern, text) is False


ALPHABET = "aAbßsS*?\\.é\n\x00"


def reference(pattern: str, characters: list[str]) -> bool:
    """Recursion over the characters of the value, each of them folded: slow and plain."""
    if not pattern:
        return not characters
    if pattern[0] == "*":
        return reference(pattern[1:], characters) or (bool(characters) and reference(pattern, characters[1:]))
    if not characters:
        return False
    if pattern[0] == "?":
        return reference(pattern[1:], characters[1:])
    literal = pattern[1] if pattern[0] == "\\" and pattern[1:2] in ("*", "?", "\\") and pattern[1:] else pattern[0]
    rest = pattern[2:] if literal != pattern[0] or pattern[:2] == "\\\\" else pattern[1:]
    return characters[0] == literal and reference(rest, characters[1:])


@given(st.text("aAbB*?\\.é\n\x00", max_size=8), st.text("aAbB*?\\.é\n\x00", max_size=8))
def test_pattern_agrees_with_plain_recursion(pattern: str, text: str) -> None:
    assert matches(pattern, text) is reference(fold(pattern), list(fold(text)))


@given(st.text(ALPHABET, max_size=8), st.text(ALPHABET, max_size=8))
def test_canonical_pattern_means_the_same(pattern: str, text: str) -> None:
    assert matches(canonical(pattern), text) is matches(pattern, text)


@given(st.text(ALPHABET, max_size=8))
def test_a_text_matches_itself_escaped_and_as_many_question_marks(text: str) -> None:
    escaped = "".join("\\" + character if character in "*?\\" else character for character in text)
    assert matches(escaped, text)
    assert matches("?" * len(text), text)


def test_runs_of_stars_are_one_star() -> None:
    assert canonical("A**b\\***") == "a*b\\**"
