"""Orders that nobody waits for are one order."""

import json

from raudience.cluster.catching_up import gathered
from raudience.cluster.entries import Applied, Claimed, Release
from raudience.ingest.batches import decode
from raudience.records import Block
from raudience.shard.commands import Tick
from tests.cluster.world import batch


def applied(number, told, order=None):
    return number, Applied(number, 1_000 * number, told, order or Tick())


def block(*numbers):
    return decode([json.dumps(batch(number)).encode() for number in numbers]).block


def numbers(entries, events=10):
    return [(each.position, getattr(each.entry, "number", None)) for each in gathered(entries, events)]


def test_ticks_that_were_told_are_one_tick_that_ends_last():
    first, second = gathered([applied(1, 0), applied(2, 1), applied(3, 2), applied(4, 3)])
    assert first == (3, Applied(3, 3_000, 2, Tick()), True, None)
    assert second == (4, Applied(4, 4_000, 3, Tick()), False, None)


def test_orders_that_were_not_told_stay_apart():
    assert numbers([applied(1, 0), applied(2, 0), applied(3, 1)]) == [(1, 1), (2, 2), (3, 3)]


def test_blocks_are_one_block_of_all_batches():
    entries = [applied(1, 0, block(0, 1)), applied(2, 1), applied(3, 2, block(2)), applied(4, 3)]
    first, _ = gathered(entries)
    assert isinstance(first.entry.order, Block)
    assert first.entry.order.batches.mpid.tolist() == [batch(number)["mpid"] for number in (0, 1, 2)]


def test_no_more_than_some_events_are_put_together():
    entries = [applied(number, number - 1, block(number)) for number in range(1, 12)]
    assert numbers(entries, 4) == [(3, 3), (5, 5), (8, 8), (10, 10), (11, 11)]


def test_what_is_neither_block_nor_tick_stays_apart():
    entries = [applied(1, 0), applied(2, 1), applied(3, 2, Release((1,))), applied(4, 3), applied(5, 4), applied(6, 5)]
    assert numbers(entries) == [(2, 2), (3, 3), (5, 5), (6, 6)]


def test_a_new_writer_stands_where_it_stood():
    assert numbers([applied(1, 0), (2, Claimed(7)), (3, applied(2, 1)[1])]) == [(1, 1), (2, None), (3, 2)]
