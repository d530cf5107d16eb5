"""Texts in rows of bytes are the texts they were made of."""

from hypothesis import given
from hypothesis import strategies as st

from raudience.records.texts import WIDEST, each_text, joined, texts_of, words_in

WORDS = st.lists(st.one_of(st.text(max_size=6), st.sampled_from(["", "\0", "é" * WIDEST, "\ud800", "x" * WIDEST])))


@given(WORDS)
def test_words_come_back(words: list[str]) -> None:
    assert words_in(texts_of(words)) == words


@given(WORDS, WORDS)
def test_words_of_parts_come_back_one_part_behind_the_other(left: list[str], right: list[str]) -> None:
    assert words_in(joined([texts_of(left), texts_of(right)])) == left + right


def test_a_text_is_its_bytes() -> None:
    assert each_text(texts_of(["a", "", "é"])) == [b"a", b"", "é".encode()]
