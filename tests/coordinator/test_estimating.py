"""From a sample to figures: the interval holds, `~` says what it could see, exact is what was counted."""

import numpy as np
import pytest

from raudience.coordinator.estimating import combined, estimated, interval, level_of
from raudience.hashing import in_sample
from raudience.records import SampleCount
from tests.shard.making import planned
from tests.stories.stage import attribute, audience

MILLION = 1_000_000
GOLD = planned(audience(attribute("plan", "exists")))
SPENT = planned(audience({"type": "aggregate", "kind": "custom", "name": "A", "attribute": "x", "function": "sum",
                          "compare": {"op": "greater", "value": 3}}))  # fmt: skip


def figure(population, sampled, found, held=None):
    return estimated("a", 0, GOLD, SampleCount(population, sampled, (found,), (held,))).figures[0]


@pytest.mark.parametrize(("population", "level"), [(0, 0), (16_384, 0), (16_385, 1), (MILLION, 6), (100 * MILLION, 13)])
def test_at_most_16384_profiles_are_looked_at_on_average_and_more_than_half_as_many(population, level):
    assert level_of(population, GOLD) == level
    assert level == 0 or 8_192 < population / 2**level <= 16_384


def test_where_events_are_taken_one_by_one_fewer_are_looked_at():
    assert level_of(MILLION, SPENT) == level_of(MILLION, GOLD) + 2


def test_a_figure_is_the_share_of_the_sample():
    estimate = figure(MILLION, 15_600, 1_560)
    assert (estimate.size, estimate.exact, estimate.found) == (100_000, False, 1_560)
    assert (estimate.least, estimate.most) == (95_425, 104_769)


def test_too_few_in_the_sample_give_no_figure_but_what_could_be():
    assert figure(100 * MILLION, 16_384, 10).size == 61_035
    nine, none = figure(100 * MILLION, 16_384, 9), figure(100 * MILLION, 16_384, 0)
    assert (nine.size, nine.least, nine.most) == (None, 28_904, 104_370)
    assert (none.size, none.least, none.most) == (None, 0, 23_438)


def test_who_was_looked_at_bounds_the_figure_on_both_sides():
    assert interval(100, 90, 9) == (9, 13)
    assert interval(100, 90, 90) == (99, 100)
    assert interval(100, 0, 0) == (0, 100)


def test_where_all_were_looked_at_the_figure_is_exact():
    assert interval(100, 100, 3) == (3, 3)
    assert figure(100, 100, 3).exact


def test_what_is_in_force_is_exact_whatever_the_sample_shows():
    estimate = figure(MILLION, 15_600, 2, held=170)
    assert (estimate.size, estimate.least, estimate.most, estimate.exact, estimate.found) == (170, 170, 170, True, 2)


def test_shards_that_do_not_all_know_a_figure_estimate_it():
    whole = combined([SampleCount(10, 2, (1, 1), (3, None), ("b",)), SampleCount(20, 3, (0, 2), (4, 5), ("a",))])
    assert whole == SampleCount(30, 5, (1, 3), (7, None), ("a", "b"))


def test_one_sampled_profile_stands_for_some_of_the_population():
    assert estimated("a", 0, GOLD, SampleCount(MILLION, 15_625, (3,), (None,))).stands_for == 64


def test_nobody_there_is_a_warning():
    estimates = estimated("a", 0, GOLD, SampleCount(0, 0, (0,), (None,)))
    assert (estimates.figures, estimates.warning, estimates.stands_for) == ((), "no profile is known yet", 0)


def test_an_input_that_was_never_seen_is_a_warning_for_who_asks_for_events():
    count = SampleCount(100, 100, (0,), (None,), ("web",))
    assert estimated("a", 0, SPENT, count, ("app",)).warning == (
        "nothing has come through app yet; is the input configured?"
    )
    assert estimated("a", 0, SPENT, count, ("app", "web")).warning is None
    assert estimated("a", 0, GOLD, count, ("app",)).warning is None


def test_the_interval_holds_the_true_size_in_about_95_of_100_populations():
    chance = np.random.default_rng(11)
    held, thin = [], []
    for _ in range(3_000):
        population, level = int(chance.integers(2_000, 20_000)), int(chance.integers(1, 5))
        mpids = chance.integers(-(2**63), 2**63 - 1, population, endpoint=True)
        member = chance.random(population) < chance.uniform(0.01, 0.99) ** chance.integers(1, 3)
        sampled = in_sample(mpids, level)
        found = int((member & sampled).sum())
        least, most = interval(population, int(sampled.sum()), found)
        (held if found >= 10 else thin).append(least <= int(member.sum()) <= most)
    assert len(held) > 2_500
    assert 0.94 < np.mean(held) < 0.965
    assert np.mean(thin) > 0.9
