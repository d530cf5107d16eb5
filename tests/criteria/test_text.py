"""Text compares after NFC and full case folding; only reserved attribute keys ignore case."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raudience.criteria.text import attribute_key, fold


@pytest.mark.parametrize(
    ("left", "right"),
    [
        pytest.param("BLUE", "Blue", id="39-ascii"),
        pytest.param("МОСКВА", "москва", id="40-cyrillic"),
        pytest.param("ΣΊΣΥΦΟΣ", "Σίσυφος", id="40-final-sigma"),
        pytest.param("STRASSE", "straße", id="41-full-folding"),
        pytest.param("I", "i", id="41-no-turkish-locale"),
        pytest.param("caf\u00e9", "cafe\u0301", id="42-composed-and-decomposed"),
    ],
)
def test_these_are_the_same_text(left: str, right: str) -> None:
    assert fold(left) == fold(right)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        pytest.param("blue", " blue", id="43-space-counts"),
        pytest.param("ﬁ", "f i", id="ligature-is-not-spaced"),
        pytest.param("e", "é", id="accents-count"),
        pytest.param("①", "1", id="no-compatibility-forms"),
    ],
)
def test_these_are_different_texts(left: str, right: str) -> None:
    assert fold(left) != fold(right)


@given(st.text())
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@pytest.mark.parametrize(
    ("name", "key"),
    [("$Age", "$age"), ("$FIRSTNAME", "$firstname"), ("Gender", "Gender"), ("gender", "gender"), ("$Own", "$Own")],
    ids=["D10-reserved", "D10-upper-case", "74-capital", "74-small", "74-other-dollar"],
)
def test_only_reserved_keys_ignore_case(name: str, key: str) -> None:
    assert attribute_key(name) == key
