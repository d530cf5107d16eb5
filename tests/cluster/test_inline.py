"""The wiring: every command reaches every shard, their reports become one log, and what is asked finds its shard."""

import json
import subprocess
import sys

import numpy as np
import pytest

from raudience.catalog.documents import read_book
from raudience.clock import DAY, HOUR
from raudience.cluster.carrier import COORDINATOR
from raudience.cluster.inline import InlineEngine
from raudience.cluster.rounds import Round
from raudience.errors import FixDefinition, FixRequest, ReportBug
from raudience.hashing import first_by_hash
from raudience.ingest.batches import decode
from raudience.records import Field
from tests.cluster.world import BOOK, END, START, batch
from tests.coordinator.test_merging import rows

BATCHES = [batch(number) for number in range(216)]


@pytest.fixture(params=[1, 2, 4])
def engine(request):
    with_book = InlineEngine(request.param)
    with_book.define(read_book(BOOK.encode(), "book.yaml", "yaml"), START - 1)
    yield with_book
    with_book.check()
    with_book.close()


def block_of(batches):
    return decode([json.dumps(each).encode() for each in batches]).block


def test_importing_it_does_not_import_ray():
    script = "import raudience.cluster.inline, raudience.cluster.client, sys; assert 'ray' not in sys.modules"
    subprocess.run([sys.executable, "-c", script], check=True)


def test_any_number_of_shards_tells_the_same_changes():
    told = []
    for shards in (1, 3, 8):
        engine = InlineEngine(shards)
        engine.define(read_book(BOOK.encode(), "book.yaml", "yaml"), START - 1)
        told.append(rows(engine.apply(block_of(BATCHES), END)))
    assert told[0] == told[1] == told[2]
    assert len(told[0]) == 99


def test_members_of_all_shards_come_ascending_and_are_counted(engine):
    engine.apply(block_of(BATCHES), END)
    fans = engine.members("fans")
    assert fans.dtype == np.int64
    assert fans.tolist() == sorted(fans.tolist())
    assert engine.counts() == {"buyers": len(engine.members("buyers")), "fans": len(fans)}


def test_audiences_of_all_shards_are_compared(engine):
    engine.apply(block_of(BATCHES), END)
    fans, buyers = (set(engine.members(key).tolist()) for key in ("fans", "buyers"))
    found = engine.compare("fans", "buyers", 4)
    assert (found.adds, found.drops, found.both) == (len(buyers - fans), len(fans - buyers), len(fans & buyers))
    assert found.leaving.tolist() == first_by_hash(np.array(sorted(fans - buyers)), 4).tolist()
    with pytest.raises(FixRequest, match="compare: expected an audience of the book in force, got 'gold'"):
        engine.compare("fans", "gold")


def test_time_alone_empties_an_audience(engine):
    engine.apply(block_of(BATCHES), END)
    left = engine.advance(END + 2 * DAY)
    assert engine.counts()["buyers"] == 0
    assert {(audience, entered) for _, audience, _, entered in rows(left)} == {("buyers", False)}


def test_changes_of_a_stream_are_those_of_its_rounds_in_one_go(engine):
    whole = InlineEngine(1)
    whole.define(read_book(BOOK.encode(), "book.yaml", "yaml"), START - 1)
    pieces = [BATCHES[first : first + 50] for first in range(0, len(BATCHES), 50)]
    rounds = [Round(block_of(piece), piece[-1]["timestamp_unixtime_ms"]) for piece in pieces]
    told = [row for changes in engine.stream(iter(rounds)) for row in rows(changes)]
    assert told == rows(whole.apply(block_of(BATCHES), BATCHES[-1]["timestamp_unixtime_ms"]))


def test_identities_come_in_the_order_of_the_users(engine):
    engine.apply(block_of(BATCHES), END)
    mpids = np.array([5, -20, 19, 12345])
    assert engine.identities(mpids, ("email",)) == [
        {"email": ("user5@example.org",)},
        {"email": ("user-20@example.org",)},
        {"email": ("user19@example.org",)},
        {},
    ]


def test_distinct_values_of_all_shards(engine):
    engine.apply(block_of(BATCHES), END)
    assert engine.values(Field("user", "plan")) == ("free", "paid")


def test_why_is_answered_by_the_shard_of_the_user(engine):
    engine.apply(block_of(BATCHES), END)
    for mpid in (-20, 0, 19):
        explanation = engine.why(mpid, "fans")
        assert explanation.known
        assert explanation.member == (mpid in engine.members("fans").tolist())


def test_live_batches_take_effect_when_they_arrive(engine):
    purchase = {"event_type": "commerce_event", "data": {"product_action": {"action": "purchase"}}}
    told = engine.ingest([{"mpid": 1, "events": [purchase]}, b"{broken", b'{"mpid": 2, "events": []}'], START + HOUR)
    assert rows(told.changes) == [(START + HOUR, "buyers", 1, True)]
    assert [(refusal.source, refusal.line) for refusal in told.refusals] == [("batches", 2)]


def test_a_user_without_mpid_is_found_by_identity(engine):
    engine.ingest([{"mpid": 7, "user_identities": {"email": "a@example.org"}, "events": []}], START + 1)
    purchase = {"event_type": "commerce_event", "data": {"product_action": {"action": "purchase"}}}
    told = engine.ingest([{"user_identities": {"email": "a@example.org"}, "events": [purchase]}], START + 2)
    assert rows(told.changes) == [(START + 2, "buyers", 7, True)]


def test_what_comes_for_an_instant_that_is_told_takes_effect_a_millisecond_later(engine):
    engine.advance(END)
    purchase = {"event_type": "commerce_event", "data": {"product_action": {"action": "purchase"}}}
    told = engine.ingest([{"mpid": 3, "events": [purchase]}], END - HOUR)
    assert rows(told.changes) == [(END + 1, "buyers", 3, True)]
    assert engine.now == END + 1


def test_time_never_goes_back(engine):
    engine.advance(END)
    with pytest.raises(FixRequest, match=f"now: expected {END} or later, got {END - 1}"):
        engine.advance(END - 1)


def test_an_unknown_audience_is_refused_with_those_there_are(engine):
    for ask in (engine.members, lambda key: engine.why(1, key)):
        with pytest.raises(FixRequest, match="expected one of buyers, fans; got byers"):
            ask("byers")


def test_a_book_that_cannot_be_evaluated_changes_nothing(engine):
    engine.apply(block_of(BATCHES), END)
    before = engine.counts()
    broken = read_book(BOOK.encode(), "book.yaml", "yaml")
    broken = type(broken)((*broken.audiences, broken.audiences[0]))
    with pytest.raises(FixDefinition, match="a key of its own"):
        engine.define(broken, END)
    assert engine.counts() == before


def test_memory_is_told_by_part(engine):
    engine.apply(block_of(BATCHES), END)
    assert engine.memory()["events"] > 0


def test_a_damaged_count_is_found():
    engine = InlineEngine(2)
    engine.define(read_book(BOOK.encode(), "book.yaml", "yaml"), START - 1)
    engine.apply(block_of(BATCHES), END)
    engine._carrier._shells[COORDINATOR]._ledger.coordinator._adds["fans"] += 1
    with pytest.raises(ReportBug, match="audience fans: expected"):
        engine.check()
