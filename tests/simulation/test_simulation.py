"""Whatever fails, and whenever: nothing acknowledged is lost, nothing counts twice, all goes on."""

import os
from collections import defaultdict

import pytest

from raudience.catalog import Book
from raudience.cluster.change_lines import change_keys
from tests.simulation.world import Life

SEEDS = int(os.environ.get("RAUDIENCE_SEEDS", "60"))
FIRST = int(os.environ.get("RAUDIENCE_FIRST_SEED", "0"))


def members_of(engine):
    return {key: engine.members(key).tolist() for key in engine.counts()}


def by_user(told):
    """Every transition of each user in each audience, in the order of the log."""
    found = defaultdict(list)
    for changes in told:
        for audience, mpid, entered, at in zip(
            changes.audience.tolist(), changes.mpid.tolist(), changes.entered.tolist(), changes.at.tolist(), strict=True
        ):
            found[changes.audiences[audience], mpid].append((at, entered))
    return found


def keys_of(told):
    return [key for changes in told if len(changes) for key in change_keys(changes).tolist()]


@pytest.mark.parametrize("seed", range(FIRST, FIRST + SEEDS))
def test_a_life_full_of_faults_ends_like_one_without(seed):
    life = Life(seed)
    quiet = life.run()
    assert members_of(life.engine) == members_of(quiet), life.chance.count
    assert life.engine.counts() == quiet.counts()
    for key, size in quiet.counts().items():
        assert life.engine.estimate(Book(()), key).of().size == size
        for step in ("minute", "hour", "day"):
            assert life.engine.history(key, step) == quiet.history(key, step)
        assert [bucket.size for bucket in quiet.history(key, "day")[-1:]] in ([size], [])


@pytest.mark.parametrize("seed", range(FIRST, FIRST + SEEDS, 3))
def test_the_log_of_changes_tells_each_once_and_in_order(seed):
    life = Life(seed)
    life.run()
    members = defaultdict(set)
    for (audience, mpid), steps in by_user(life.told()).items():
        assert [entered for _, entered in steps] == [number % 2 == 0 for number in range(len(steps))]
        assert [at for at, _ in steps] == sorted(at for at, _ in steps)
        if steps[-1][1]:
            members[audience].add(mpid)
    for audience, held in members_of(life.engine).items():
        assert members[audience] == set(held)


@pytest.mark.parametrize("seed", range(FIRST, FIRST + SEEDS, 3))
def test_a_driver_that_lives_on_hears_every_change_once_and_in_order(seed):
    life = Life(seed, never=("driver died", "driver died in the middle"))
    life.run()
    assert keys_of(life.heard) == keys_of(life.told())


@pytest.mark.parametrize("seed", range(FIRST, FIRST + SEEDS, 3))
def test_in_the_end_nothing_is_left_of_who_was_erased(seed):
    life = Life(seed)
    life.run()
    assert life.engine.purge()
    receipts = life.engine.receipts().kept
    assert [receipt for receipt in receipts if receipt.purged_at is None] == []


def test_the_faults_do_happen():
    happened = defaultdict(int)
    for seed in range(FIRST, FIRST + 30):
        life = Life(seed)
        life.run()
        for fault, count in life.chance.count.items():
            happened[fault] += count
    for fault in ("append fails", "sync fails", "died before a call", "died after a call", "network cut",
                  "called twice", "driver died in the middle", "after append", "after freeze", "after telling",
                  "driver died", "snapshot torn", "after deciding", "after purge"):  # fmt: skip
        assert happened[fault] > 0, fault
