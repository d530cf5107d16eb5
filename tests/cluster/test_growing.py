"""An engine changes its size between rounds, by a wish or by its load, and waits for no shard that does not start."""

import json

import pytest

from raudience.catalog.documents import read_book
from raudience.cluster import growing, hearing
from raudience.cluster.carrier import COORDINATOR, Lost
from raudience.cluster.inline import InlineCarrier, InlineEngine
from raudience.cluster.rounds import Round
from raudience.cluster.shells import ShardShell
from raudience.coordinator import Scaling
from raudience.ingest.batches import decode
from tests.cluster.world import BOOK, END, START, batch
from tests.coordinator.test_merging import rows

BOOK_OF_WORLD = read_book(BOOK.encode(), "book.yaml", "yaml")


class SlowCarrier(InlineCarrier):
    """Shards start, and answer only when there is room for them."""

    def __init__(self, room):
        super().__init__()
        self.room = room

    def answers(self, where):
        assert where < self.shards()
        return where < self.room

    def revive(self, where):
        assert where < self.room, "the engine waits for a shard that has no room"
        super().revive(where)


class Hands:
    """A clock of which the test moves the hands."""

    def __init__(self):
        self.seconds = 0.0

    def __call__(self):
        return self.seconds


@pytest.fixture(autouse=True)
def hands(monkeypatch):
    hands = Hands()
    monkeypatch.setattr(growing, "monotonic", hands)
    monkeypatch.setattr(hearing, "_PAUSE", 0.0)
    return hands


def started(room, scaling=None, shards=1):
    carrier = SlowCarrier(room)
    engine = InlineEngine(shards, carrier=carrier, scaling=scaling)
    engine.define(BOOK_OF_WORLD, START - 1)
    return engine, carrier


def ingest(engine, first, last):
    for number in range(first, last):
        engine.ingest([json.dumps(batch(number)).encode()], START + (number + 1) * 20 * 60_000)


def quiet(last):
    engine = InlineEngine(1)
    engine.define(BOOK_OF_WORLD, START - 1)
    ingest(engine, 0, last)
    return engine


def same(engine, other):
    assert engine.figures() == other.figures()
    for key in ("buyers", "fans"):
        assert engine.members(key).tolist() == other.members(key).tolist()
    engine.check()


def test_rounds_go_on_while_shards_wait_for_room():
    engine, carrier = started(room=1)
    engine.wish(3)
    ingest(engine, 0, 40)
    assert (engine.shards, engine.wished(), carrier.shards()) == (1, 3, 3)
    carrier.room = 3
    ingest(engine, 40, 80)
    assert (engine.shards, engine.wished()) == (3, None)
    same(engine, quiet(80))


def test_an_engine_grows_as_far_as_there_is_room():
    engine, carrier = started(room=2)
    engine.wish(4)
    ingest(engine, 0, 60)
    assert (engine.shards, engine.wished()) == (2, 4)
    assert [engine._writer.state.owner.count(shard) for shard in (0, 1)] == [128, 128]
    carrier.room = 4
    ingest(engine, 60, 100)
    assert engine.shards == 4
    same(engine, quiet(100))


def test_shards_that_are_not_wished_for_any_longer_end():
    engine, carrier = started(room=1)
    engine.wish(3)
    ingest(engine, 0, 20)
    assert carrier.shards() == 3
    engine.wish(1)
    ingest(engine, 20, 40)
    assert (engine.shards, engine.wished(), carrier.shards()) == (1, None, 1)


def test_a_writer_that_takes_over_ends_what_was_started_for_nothing():
    engine, carrier = started(room=1)
    engine.wish(3)
    ingest(engine, 0, 20)
    engine._writer.ask(COORDINATOR, "wish", None)
    assert carrier.shards() == 3
    next_one = InlineEngine(1, carrier=carrier)
    next_one.advance(END)
    assert (next_one.shards, carrier.shards()) == (1, 1)


def test_a_shard_that_cannot_be_asked_to_forget_stops_nobody(monkeypatch):
    engine, _ = started(room=3, shards=3)
    ingest(engine, 0, 20)

    def lost(*_):
        raise Lost("gone")

    monkeypatch.setattr(ShardShell, "forget", lost)
    engine.scale(1)
    ingest(engine, 20, 40)
    same(engine, quiet(40))


def test_changes_of_a_stream_keep_their_order_when_it_changes_size():
    class Ahead(InlineCarrier):
        ahead = 4

    rounds = [
        Round(decode([json.dumps(batch(number)).encode()]).block, batch(number)["timestamp_unixtime_ms"])
        for number in range(200)
    ]
    told = []
    for wish in (None, 3):
        engine = InlineEngine(1, carrier=Ahead())
        engine.define(BOOK_OF_WORLD, START - 1)
        if wish:
            engine.wish(wish)
        told.append([row for changes in engine.stream(iter(rounds)) for row in rows(changes)])
        assert (engine.shards, engine.regained()) == (wish or 1, [])
    assert told[0] == told[1]
    assert len(told[0]) > 50


def test_the_load_makes_an_engine_grow_and_its_end_makes_it_shrink(hands):
    scaling = Scaling(1, 3, busy=0.8, quiet=0.3, grow_after=5_000, shrink_after=20_000, rest=2_000)
    engine, _ = started(room=3, scaling=scaling)
    sizes = []
    for number in range(60):
        hands.seconds += 1
        if number < 20:
            engine._growth.waited += 0.9
        ingest(engine, number, number + 1)
        sizes.append(engine.shards)
    assert sizes[0] == 1
    assert max(sizes) == 3
    assert sizes[-1] < 3
    same(engine, quiet(60))


def test_what_waits_before_the_engine_makes_it_grow(hands):
    engine, _ = started(room=2, scaling=Scaling(1, 2, backlog=5.0, grow_after=0))
    engine.behind(4.9)
    hands.seconds = 1
    ingest(engine, 0, 1)
    assert engine.shards == 1
    engine.behind(5.0)
    hands.seconds = 2
    ingest(engine, 1, 20)
    assert engine.shards == 2


def test_memory_and_rate_are_measured(hands):
    engine, _ = started(room=3, scaling=Scaling(1, 3, memory=1, rest=0))
    hands.seconds = 1
    ingest(engine, 0, 20)
    assert engine.shards == 3
    engine, _ = started(room=2, scaling=Scaling(1, 2, rate=0.5, grow_after=0))
    hands.seconds = 2
    ingest(engine, 0, 20)
    assert engine.shards == 2


def test_a_wish_is_held_to_the_bounds_of_the_policy(hands):
    engine, _ = started(room=8, scaling=Scaling(1, 2))
    engine.wish(8)
    ingest(engine, 0, 40)
    assert (engine.shards, engine.wished()) == (2, None)


def test_steps_that_take_long_move_fewer_groups_and_let_rounds_come_between(hands, monkeypatch):
    """Half a second for any step and a tenth for each group: one round without a step follows for each second."""
    engine, _ = started(room=2)
    settle, sizes = engine._writer.settle, []

    def slowly(intent, now=None):
        groups = len(getattr(intent, "groups", ()))
        hands.seconds += 0.5 + groups / 10
        sizes.append(groups)
        return settle(intent, now)

    monkeypatch.setattr(engine._writer, "settle", slowly)
    engine.wish(2)
    idle = 0
    for number in range(16, 200):
        before = len(sizes)
        ingest(engine, number, number + 1)
        idle += len(sizes) == before
        hands.seconds += 0.25
    assert (engine.shards, sum(sizes)) == (2, 128)
    assert sizes[:4] == [0, 8, 9, 9]
    assert max(sizes) == 9
    assert idle > len(sizes) * 2


def test_it_is_said_that_shards_find_no_room(hands, caplog):
    engine, _ = started(room=1)
    engine.wish(3)
    ingest(engine, 0, 20)
    hands.seconds = 29.0
    ingest(engine, 20, 21)
    assert caplog.text == ""
    hands.seconds = 30.0
    ingest(engine, 21, 30)
    assert caplog.text.count("2 shard(s) wait for room") == 1
