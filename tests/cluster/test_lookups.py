"""Where users stand: one answer for each user who is asked for, however many shards have a part of them."""

import json

import numpy as np
import pytest

from raudience.catalog.documents import read_book
from raudience.cluster.inline import InlineEngine
from raudience.cluster.keepsakes import Keepsake, Place
from raudience.errors import FixRequest
from tests.cluster.world import START
from tests.stories.stage import attribute, audience, batch, book

AUDIENCES = [audience(attribute("plan", "exact_match", value=plan), plan) for plan in ("gold", "free")]
NAMES = ("email", "customer_id", "ios_advertising_id")


def batches():
    """Users -10 to 9: every second is gold, the others free, some with devices and without e-mail."""
    for mpid in range(-10, 10):
        identities = {"email": f"{mpid}@x.com"} if mpid % 3 else {"customer_id": f"C{mpid}"}
        yield batch(
            mpid=mpid, user_identities=identities, user_attributes={"plan": "free" if mpid % 2 else "gold"},
            timestamp_unixtime_ms=START,
        )  # fmt: skip
        for number in range(mpid % 4 if mpid > 0 else 0):
            device = {"ios_advertising_id": f"D{mpid}-{number}"}
            yield batch(mpid=mpid, device_info=device, timestamp_unixtime_ms=START, source_request_id=f"{mpid}{number}")


@pytest.fixture(params=[1, 4])
def engine(request):
    engine = InlineEngine(request.param)
    engine.define(read_book(json.dumps(book(*AUDIENCES)).encode(), "book.json", "json"), START - 1)
    engine.ingest(list(batches()), START)
    return engine


def standings(engine, *mpids, audiences=("gold", "free"), names=NAMES):
    return engine.standings(audiences, np.array(mpids, np.int64), names)


def test_users_stand_in_the_order_in_which_they_were_asked_for(engine):
    assert standings(engine, 3, -4, 3, 6) == [
        (3, (False, True), {"customer_id": ("C3",), "ios_advertising_id": ("D3-0", "D3-1", "D3-2")}),
        (-4, (True, False), {"email": ("-4@x.com",)}),
        (3, (False, True), {"customer_id": ("C3",), "ios_advertising_id": ("D3-0", "D3-1", "D3-2")}),
        (6, (True, False), {"customer_id": ("C6",), "ios_advertising_id": ("D6-0", "D6-1")}),
    ]


def test_who_is_not_known_is_nowhere_and_has_nothing(engine):
    assert standings(engine, 77, -1, names=("email",)) == [
        (77, (False, False), {}),
        (-1, (False, True), {"email": ("-1@x.com",)}),
    ]


def test_nobody_and_nothing_may_be_asked_for(engine):
    assert standings(engine) == []
    assert standings(engine, 1, audiences=(), names=()) == [(1, (), {})]


def test_they_say_what_members_say(engine):
    mpids = np.arange(-12, 12)
    found = standings(engine, *mpids)
    for place, key in enumerate(("gold", "free")):
        assert [mpid for mpid, member, _ in found if member[place]] == engine.members(key).tolist()


def test_an_audience_that_is_not_there_is_refused(engine):
    with pytest.raises(FixRequest, match="audience: expected one of free, gold; got silver"):
        standings(engine, 1, audiences=("gold", "silver"))


def test_who_only_asks_hears_of_key_groups_that_have_moved(tmp_path):
    engine = InlineEngine(1, Keepsake(Place(str(tmp_path)), background=False))
    engine.define(read_book(json.dumps(book(*AUDIENCES)).encode(), "book.json", "json"), START - 1)
    engine.ingest(list(batches()), START)
    asking = InlineEngine(1, carrier=engine._carrier)
    before = standings(asking, *range(-10, 10))
    engine.scale(3)
    assert standings(asking, *range(-10, 10)) == before == standings(engine, *range(-10, 10))


def test_who_only_reads_is_not_sent_the_book_again_with_each_answer(engine, monkeypatch):
    reader, carrier, asked = InlineEngine(1, carrier=engine._carrier), engine._carrier, []
    call = carrier.call

    def listening(where, method, *values):
        asked.append(method)
        return call(where, method, *values)

    monkeypatch.setattr(carrier, "call", listening)
    before = reader.members("gold").tolist()
    assert (before, set(asked)) == (engine.members("gold").tolist(), {"standing", "ask"})
    engine.advance(START + 5)
    reader.members("gold")
    assert (reader.now, reader.position) == (START + 5, engine.position)
