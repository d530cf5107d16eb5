"""Whatever fails here, at the partners or on the way: in the end partners hold exactly the members."""

import os
from collections import Counter

import pytest

from tests.chaos.crashing import FORWARDER_POINTS
from tests.simulation.sending import FAULTS, SendingLife

SEEDS = int(os.environ.get("RAUDIENCE_SEEDS", "12"))
FIRST = int(os.environ.get("RAUDIENCE_FIRST_SEED", "0"))


@pytest.mark.parametrize("seed", range(FIRST, FIRST + SEEDS))
def test_after_a_life_full_of_faults_partners_hold_exactly_the_members(seed):
    life = SendingLife(seed)
    life.run()
    assert life.wrong() == [], life.chance.count


def test_a_seed_is_the_same_life_each_time():
    lives = [SendingLife(5), SendingLife(5)]
    for life in lives:
        life.run()
    assert lives[0].chance.count == lives[1].chance.count
    assert lives[0].random.random() == lives[1].random.random()


def test_the_faults_do_happen():
    happened = Counter()
    for seed in range(FIRST + 1_000, FIRST + 1_008):
        life = SendingLife(seed)
        life.run()
        happened.update(life.chance.count)
    partners = {fault for fault, _, _ in FAULTS}
    deaths = {f"forwarder died {point}" for point in FORWARDER_POINTS}
    assert {"append fails", "sync fails", "answer lost on the way"} <= set(happened)
    assert len(partners - set(happened)) < 3
    assert len(deaths - set(happened)) < len(deaths) / 2
