"""The set of 64-bit keys: nothing is lost and nothing is there that was not added, however many there are."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from raudience.shard.keys import KeySet, hashed

ONE_WORD = [pow(0x9E3779B97F4A7C15, -1, 1 << 64) * place % (1 << 64) for place in range(1, 60)]
"""Keys whose products with the golden ratio differ in their last bits only."""


def keys(*some):
    return np.array(some, np.uint64)


def found(held, *some):
    return held.find(hashed(keys(*some))).tolist()


def test_a_set_finds_what_was_added_and_nothing_else():
    held = KeySet(0)
    held.add(keys(5, 1 << 63, (1 << 64) - 1))
    assert found(held, 6, (1 << 64) - 1, 5, 1 << 63, 4) == [1, 2, 3]


def test_keys_that_share_one_word_of_the_filter_are_told_apart():
    held = KeySet(0)
    held.add(keys(*ONE_WORD[::2]))
    assert found(held, *ONE_WORD) == list(range(0, len(ONE_WORD), 2))


def test_a_sealed_set_holds_the_same():
    held = KeySet(1_000)
    held.add(keys(*range(1, 500)))
    held.seal()
    assert (found(held, 499, 500, 1), len(held)) == ([0, 2], 499)


def test_a_twin_does_not_change_with_the_set():
    held = KeySet(0)
    held.add(keys(1))
    twin = held.twin()
    held.add(keys(2))
    assert (found(twin, 1, 2), found(held, 1, 2)) == ([0], [0, 1])


def test_about_ten_bytes_hold_a_key():
    held = KeySet(100_000)
    held.add(np.random.default_rng(1).integers(1, 1 << 64, 100_000, np.uint64))
    assert held.nbytes() < 11 * 100_000


@settings(max_examples=30, deadline=None)
@given(st.lists(st.sampled_from([1, 90, 900, 9_000, 70_000]), max_size=8), st.integers(0, 2_000))
def test_a_set_is_a_set(sizes, expected):
    held, model, rng = KeySet(expected), set(), np.random.default_rng(7)
    for size in sizes:
        some = np.unique(rng.integers(1, 1 << 64, size, np.uint64))
        held.add(some)
        model |= {*some.tolist()}
        asked = keys(*sorted(model)[::7], *rng.integers(1, 1 << 64, 5, np.uint64).tolist())
        assert found(held, *asked.tolist()) == [place for place, key in enumerate(asked.tolist()) if key in model]
    assert {*held.all().tolist()} == model
    assert len(held) == len(model)
