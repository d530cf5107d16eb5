"""How many requests a partner takes."""

from hypothesis import given
from hypothesis import strategies as st

from raudience.forward.buckets import Bucket

MINUTE = 60_000


def test_a_full_bucket_is_spent_at_once_and_then_fills_evenly():
    bucket = Bucket(3, MINUTE)
    for _ in range(3):
        assert bucket.ready(0) == 0
        bucket.take(0)
    assert bucket.ready(0) == 20_000
    assert bucket.ready(20_000) == 20_000


def test_it_never_holds_more_than_one_window():
    bucket = Bucket(2, MINUTE)
    for _ in range(2):
        assert bucket.ready(10 * MINUTE) == 10 * MINUTE
        bucket.take(10 * MINUTE)
    assert bucket.ready(10 * MINUTE) > 10 * MINUTE


def test_fewer_requests_than_thought_count_and_more_do_not():
    bucket = Bucket(100, MINUTE)
    bucket.heed(1, MINUTE, 0)
    bucket.heed(90, MINUTE, 0)
    bucket.take(0)
    assert bucket.ready(0) == 600


def test_a_partner_that_takes_no_more_is_not_asked_before_it_does():
    bucket = Bucket(100, MINUTE)
    bucket.heed(0, 5_000, 0)
    assert bucket.ready(1_000) == 5_000
    bucket.close(7_000)
    assert bucket.ready(1_000) == 7_000


def test_a_clock_that_is_put_back_does_not_dry_up_a_bucket():
    bucket = Bucket(1, MINUTE)
    bucket.take(90 * MINUTE)
    assert bucket.ready(0) == MINUTE
    assert bucket.ready(MINUTE) == MINUTE


def test_no_partner_shuts_a_bucket_for_longer_than_a_window_by_a_word_in_passing():
    bucket = Bucket(100, MINUTE)
    bucket.heed(0, 90 * MINUTE, 0)
    assert bucket.ready(0) == MINUTE


@given(st.integers(1, 50), st.lists(st.integers(0, 5_000), max_size=200))
def test_in_no_window_are_there_more_than_two_fillings(most, pauses):
    bucket, now, made = Bucket(most, MINUTE), 0, []
    for pause in pauses:
        now = bucket.ready(now + pause)
        bucket.take(now)
        made.append(now)
    for at in made:
        assert sum(at <= each < at + MINUTE for each in made) <= 2 * most
