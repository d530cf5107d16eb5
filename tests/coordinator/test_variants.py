"""Semantics, section 14: users fall into variations by their bucket alone."""

import numpy as np
import pytest

from raudience.catalog.experiments import Share, make_experiment
from raudience.coordinator.variants import assign, in_variation, sizes
from raudience.errors import FixRequest
from raudience.hashing import buckets

USERS = np.arange(1, 100_001)
FOUR_SIGMA = 600
"""Of the size of a part of 100,000 users, 40 %."""


def experiment(audience, *percents):
    return make_experiment(audience, [Share(percent) for percent in percents], "ann", 1_000)


def test_row_142_without_a_test_everybody_is_in_control():
    assert assign(None, USERS).tolist() == [0] * len(USERS)
    assert in_variation(None, "Control", USERS).tolist() == USERS.tolist()


def test_variations_take_consecutive_ranges_of_buckets_and_control_the_rest(monkeypatch):
    monkeypatch.setattr("raudience.coordinator.variants.buckets", lambda mpids, seed: mpids)
    edges = np.array([0, 3_999, 4_000, 4_000, 4_001, 9_999])
    assert assign(experiment("a", 40, 0.01, 50), edges).tolist() == [0, 0, 1, 1, 2, 3]


def test_row_148_every_user_is_in_exactly_one_variation():
    test = experiment("a", 40, 40)
    parts = [in_variation(test, name, USERS[:10_000]) for name in ("Variation 1", "Variation 2", "Control")]
    assert np.sort(np.concatenate(parts)).tolist() == USERS[:10_000].tolist()


@pytest.mark.parametrize("audience", ["a", "b", "low-engagement"])
def test_row_149_shares_hold_within_chance(audience):
    counted = np.bincount(assign(experiment(audience, 40, 40), USERS), minlength=3)
    assert abs(counted - [40_000, 40_000, 20_000]).max() < FOUR_SIGMA


def test_row_150_a_variation_depends_on_nobody_else():
    test = experiment("a", 40, 40)
    some = USERS[::7][::-1]
    assert assign(test, some).tolist() == assign(test, USERS)[::7][::-1].tolist()


def test_row_152_tests_of_two_audiences_are_independent():
    one, other = (assign(experiment(audience, 50), USERS) for audience in ("a", "b"))
    cells = np.bincount(2 * one + other, minlength=4)
    assert chi_square(cells, 25_000) < 16.3, "of 3 degrees of freedom one in a thousand is above"


def test_a_test_that_is_made_again_splits_anew():
    first, again = (make_experiment("a", [Share(50)], "ann", now) for now in (1_000, 2_000))
    cells = np.bincount(2 * assign(first, USERS) + assign(again, USERS), minlength=4)
    assert chi_square(cells, 25_000) < 16.3


def test_users_with_neighbouring_mpids_are_spread_over_all_buckets_evenly():
    counted = np.bincount(buckets(np.arange(1_000_000), 1), minlength=10_000)
    assert 9_600 < chi_square(counted, 100) < 10_600, "9,999 degrees of freedom: within 4 sigma"


def chi_square(counted, expected):
    return float(((counted - expected) ** 2 / expected).sum())


def test_sizes_are_those_of_the_variations_and_control_is_last():
    counts = np.zeros(10_000, np.int64)
    counts[[0, 3_999, 4_000, 9_999]] = (5, 1, 2, 7)
    found = sizes(experiment("a", 40, 40), counts)
    assert list(found.items()) == [("Variation 1", 6), ("Variation 2", 2), ("Control", 7)]


def test_a_variation_of_another_test_is_refused():
    with pytest.raises(FixRequest, match="expected one of Variation 1, Control; got Platform A"):
        in_variation(experiment("a", 40), "Platform A", USERS)


def test_users_stay_in_their_variations_for_ever():
    users = np.array([0, 1, -1, 814794983977344850, -1327484737295091692, 2**63 - 1])
    assert assign(experiment("low-engagement", 20, 20, 20, 20), users).tolist() == [0, 4, 2, 2, 2, 0]
