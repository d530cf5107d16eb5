"""What operators see of a connection."""

from raudience.forward.figures import Backfill, Tally, Waiting
from raudience.forward.kinds import NO_ANSWER, RateLimited

MINUTE = 60_000


def test_the_rate_is_that_of_the_last_minute():
    tally = Tally()
    tally.take(600, 0)
    assert tally.rate(10_000) == 60
    tally.take(600, 10_000)
    assert tally.rate(20_000) == 60
    assert tally.rate(2 * MINUTE) == 0
    assert (tally.items, tally.succeeded) == (1_200, 10_000)


def test_the_age_is_that_of_the_oldest_change_that_waits():
    tally = Tally()
    assert tally.age(0) is None
    tally.hear(10, 0, 1_000)
    tally.hear(15, 0, 2_000)
    assert tally.age(5_000) == 4_000
    tally.hear(5, 0, 5_000)
    assert tally.age(5_000) == 3_000
    tally.hear(0, 0, 6_000)
    assert tally.age(6_000) is None


def test_changes_that_a_fault_keeps_from_being_heard_have_an_age_too():
    tally = Tally()
    for now in (1_000, 2_000, 9_000):
        tally.be_deaf(now)
    assert tally.age(9_000) == 8_000
    tally.be_deaf(None)
    assert tally.age(9_000) is None


def test_a_backfill_tells_how_far_it_is_and_how_long_it_takes():
    tally = Tally()
    assert tally.backfill(0) is None
    tally.hear(0, 1_000, 0)
    assert tally.backfill(0) == Backfill(0, 1_000, None)
    tally.hear(0, 900, 1_000)
    tally.hear(0, 750, 2_000)
    found = tally.backfill(11_000)
    assert (found.done, found.total, found.percent, found.seconds) == (250, 1_000, 25.0, 30.0)
    tally.hear(0, 0, 12_000)
    assert tally.backfill(12_000) is None
    tally.hear(0, 10, 13_000)
    assert tally.backfill(13_000).total == 10


def test_of_the_time_of_work_that_counts_which_waits_for_the_bucket():
    tally = Tally()
    assert tally.throttled() == 0
    for now, state in ((0, "working"), (1_000, "bucket"), (4_000, "working"), (4_000, "idle"), (9_000, "waiting")):
        tally.pass_time(now, state)
    tally.pass_time(10_000, "idle")
    assert tally.throttled() == 0.75


def test_a_wait_tells_the_next_try_and_what_the_last_one_came_to_without_words_of_the_partner():
    tally = Tally()
    assert tally.waiting(0, 5_000, 1_000) is None
    tally.retry(NO_ANSWER)
    assert tally.waiting(2, 5_000, 1_000) == Waiting(5_000, 3, 9, "no answer")
    tally.retry(RateLimited(429, "TOO_MANY", "ann@x.org asks too often"))
    assert tally.waiting(8, 5_000, 1_000) == Waiting(5_000, 9, 9, "answer 429")
    assert tally.waiting(8, 5_000, 5_000) is None
