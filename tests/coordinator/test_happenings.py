"""What counting keeps of changes, and what happened in the last day."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from raudience.clock import DAY
from raudience.coordinator.happenings import LastDay, happenings_of
from tests.coordinator.test_merging import changes

NOW = 100 * DAY
TABLE = ("a", "b", "c")


def test_only_audiences_that_something_happened_to_are_kept():
    kept = happenings_of(changes(TABLE, (1, "c", 1, True), (2, "a", 1, True), (3, "c", 2, False)))
    assert (kept.audiences, kept.audience.tolist()) == (("a", "c"), [1, 0, 1])
    assert kept.count(kept.entered) == {"a": 1, "c": 1}


AGES = st.lists(st.sampled_from([0, 1, DAY // 2, DAY - 1, DAY, DAY + 1, 2 * DAY]), min_size=1, max_size=4)


@given(st.lists(AGES, max_size=5), st.sampled_from([0, 1, DAY, DAY + 1]))
def test_the_last_day_is_what_is_counted_one_by_one(messages, early):
    """Ages of the changes of each message at NOW. What is forgotten at an instant is older than a day at any later."""
    ages = sorted((age for message in messages for age in message), reverse=True)
    rows = [(NOW - age, TABLE[place % 3], place, place % 2 == 0) for place, age in enumerate(ages)]
    day, first = LastDay(), 0
    for message in messages:
        part = rows[first : first + len(message)]
        first += len(message)
        day.take(happenings_of(changes(TABLE, *part)))
    day.forget(NOW - early)
    for now in (NOW - early, NOW):
        within = [(key, entered) for at, key, _, entered in rows if now - DAY <= at <= now]
        found = day.counts(now)
        assert [+each for each in found] == [Counter(key for key, entered in within if entered is which)
                                             for which in (True, False)]  # fmt: skip
