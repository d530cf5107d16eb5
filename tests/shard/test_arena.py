"""Many words in few bytes: they are found again, whatever their text and their hash."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from raudience.shard import arena as module
from raudience.shard.arena import Arena
from raudience.shard.words import FIRST_WORD, Dictionary

TEXTS = st.lists(st.text(max_size=4), unique=True, max_size=30)


def test_words_keep_their_places_and_unknown_words_have_none():
    held = Arena(["b", "a"])
    held.add(["", "straße"])
    assert held.find(["straße", "a", "", "c", "b"]).tolist() == [3, 1, 2, -1, 0]
    assert held.words(2) == ["", "straße"]
    assert (held.word(0), len(held)) == ("b", 4)


@given(TEXTS, TEXTS)
def test_every_word_is_read_as_it_was_added(first, later):
    held = Arena(first)
    fresh = [word for word in later if word not in first]
    held.add(fresh)
    assert held.words(0) == [*first, *fresh]
    assert held.find([*first, *fresh]).tolist() == list(range(len(first) + len(fresh)))


def test_words_of_one_hash_are_told_apart_by_their_text(monkeypatch):
    monkeypatch.setattr(module, "text_keys", lambda texts: np.full(len(texts), 7, np.uint64))
    held = Arena(["a", "b", "c"])
    assert held.find(["c", "b", "a", "d"]).tolist() == [2, 1, 0, -1]


def test_a_table_that_grows_keeps_all_words():
    words = [f"word {number}" for number in range(5_000)]
    held = Arena(words[:10])
    for start in range(10, 5_000, 499):
        held.add(words[start : start + 499])
    assert held.find(words).tolist() == list(range(5_000))


def test_a_dictionary_of_very_many_words_numbers_them_as_one_of_few():
    words = tuple(f"person{number}@example.com" for number in range(20_000))
    made = Dictionary()
    for start in range(0, 20_000, 7_000):
        made.table(words[start : start + 7_000])
    assert made.table(words)[:-3].tolist() == list(range(FIRST_WORD, FIRST_WORD + 20_000))
    assert made.words == list(words)
    assert (made.word(FIRST_WORD + 19_999), made.code("new"), made.code("new"), len(made)) == (
        words[-1], FIRST_WORD + 20_000, FIRST_WORD + 20_000, FIRST_WORD + 20_001,
    )  # fmt: skip


def test_many_words_take_less_than_a_hundred_bytes_each():
    made = Dictionary()
    made.table(tuple(f"6d92078a-8246-4ba4-ae5b-{number:012d}" for number in range(50_000)))
    assert 36 < made.nbytes() / 50_000 < 100


def test_words_are_read_together_as_they_are_read_alone():
    words = [f"word {n}" for n in range(300)] + ["", "é", "😀", "a\ud800"]
    arena, places = Arena(words), np.array([303, 0, 300, 301, 302, 0, 299])
    assert arena.words_at(places) == [words[place] for place in places]
    with_breaks = Arena([*words, "two\nlines"])
    assert with_breaks.words_at(np.array([304, 1])) == ["two\nlines", "word 1"]
    assert arena.words_at(np.zeros(0, np.int64)) == []
