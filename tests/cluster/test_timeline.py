"""Nothing later than a moment is read before the moment has passed."""

import numpy as np

from raudience.cluster.rounds import Round
from raudience.cluster.timeline import Timeline
from raudience.ingest.batches import decode


def round_at(*instants: int) -> Round:
    block = decode([b'{"mpid": 1, "timestamp_unixtime_ms": %d}' % at for at in instants]).block
    return Round(block, instants[-1])


def instants(rounds) -> list[list[int]]:
    return [each.block.batches.at.tolist() for each in rounds]


def test_a_round_that_reaches_past_the_moment_is_cut_there():
    timeline = Timeline([round_at(1, 2), round_at(3, 5, 5, 7)])
    assert instants(timeline.up_to(5)) == [[1, 2], [3, 5, 5]]
    assert instants(timeline.up_to(9)) == [[7]]


def test_a_cut_round_ends_at_its_last_batch():
    timeline = Timeline([round_at(3, 5, 9)])
    assert [each.now for each in timeline.up_to(7)] == [5]


def test_the_moment_itself_is_read():
    assert instants(Timeline([round_at(4, 5, 6)]).up_to(5)) == [[4, 5]]


def test_what_comes_later_stays():
    timeline = Timeline([round_at(5), round_at(8)])
    assert instants(timeline.up_to(4)) == []
    assert instants(timeline.up_to(5)) == [[5]]
    assert instants(timeline.up_to(100)) == [[8]]
    assert instants(timeline.up_to(100)) == []


def test_the_first_instant_can_be_known_without_reading_it():
    timeline = Timeline([round_at(5, 6)])
    assert timeline.first() == 5
    assert instants(timeline.up_to(9)) == [[5, 6]]
    assert timeline.first() is None


def test_no_more_is_read_than_one_round_past_the_moment():
    taken = []

    def source():
        for at in range(10):
            taken.append(at)
            yield round_at(at)

    assert np.concatenate([each.block.batches.at for each in Timeline(source()).up_to(3)]).tolist() == [0, 1, 2, 3]
    assert taken == [0, 1, 2, 3, 4]
