"""Erasing a user of an engine: receipts, what is left in the place of the state, and what comes later."""

import json

import numpy as np
import pytest

from raudience.cluster.client import Client, connect
from raudience.cluster.inline import InlineEngine
from raudience.cluster.keepsakes import Keepsake, Place
from raudience.errors import FixStore
from raudience.hashing import keyed_hash
from raudience.records import Removed
from tests.cluster.world import START, batch, write_book

MINE = -20
NOW = START + 60 * 60 * 1000 * 20


def secret(number):
    """A batch with what must not be found again."""
    found = batch(number)
    found["user_attributes"]["note"] = f"secret-of-{found['mpid']}."
    return found


def fill(client, tmp_path):
    client.define(write_book(tmp_path), at=START)
    client.ingest([secret(number) for number in range(40)], at=NOW)
    client.ingest([secret(number) for number in range(40, 80)], at=NOW + 1)


@pytest.fixture
def kept(tmp_path):
    with connect(engine="inline", shards=2, state=tmp_path / "state") as client:
        fill(client, tmp_path)
        yield client


def left(tmp_path, text):
    """Files of the state that hold a text."""
    found = [path for path in (tmp_path / "state").rglob("*") if path.is_file()]
    return [path.name for path in found if text.encode() in path.read_bytes()]


def test_a_receipt_says_what_was_removed_and_names_nobody(kept):
    receipt = kept.erase(MINE, by="ticket 7")
    assert receipt.removed == Removed(profiles=1, events=4, memberships=1, attributes=4, links=2)
    assert (receipt.kind, receipt.by, receipt.at) == ("erasure", "ticket 7", NOW + 1)
    assert receipt.purged_at >= receipt.asked_at
    assert str(abs(MINE)) != receipt.user
    assert kept.receipts() == kept.receipts(MINE) == (receipt,)
    assert kept.receipts(MINE + 1) == ()


def test_the_user_leaves_and_that_is_told(kept):
    list(kept.changes())
    (membership,) = kept.user(MINE)
    kept.erase(MINE, by="me")
    assert [(c.audience, c.mpid, c.entered, c.at) for c in kept.changes()] == [
        (membership.audience, MINE, False, NOW + 1)
    ]
    assert kept.user(MINE) == ()
    kept._engine.check()


def test_nothing_of_the_user_is_left_in_the_place_of_the_state(kept, tmp_path):
    assert left(tmp_path, "secret-of--20.")
    kept._engine.snapshot()
    kept._engine.scale(3)
    kept.erase(MINE, by="me")
    assert left(tmp_path, "secret-of--20.") == []
    assert left(tmp_path, "user-20@example.org") == []
    assert left(tmp_path, "secret-of--19.")


def test_nothing_of_the_user_is_left_in_memory_that_can_be_asked_for(kept):
    assert "secret-of--20." in kept.values("user", "note")
    kept.erase(MINE, by="me")
    assert "secret-of--20." not in kept.values("user", "note")
    assert "secret-of--19." in kept.values("user", "note")


def test_the_exit_can_still_be_read_by_its_position(kept):
    position = kept.position
    kept.erase(MINE, by="me")
    assert [change.mpid for change in kept.changes(after=position)] == [MINE]


def test_the_receipt_is_there_for_the_next_client_and_the_user_is_not(kept, tmp_path):
    receipt = kept.erase(MINE, by="me")
    kept.close()
    with connect(engine="inline", state=tmp_path / "state") as client:
        assert client.receipts() == (receipt,)
        assert client.user(MINE) == ()
        assert {figures.audience: figures.size for figures in client.counts()} == {"buyers": 7, "fans": 0}
        client._engine.check()


def test_identities_no_longer_lead_to_the_user(kept):
    kept.erase(MINE, by="me")
    nameless = {"user_identities": {"email": f"user{MINE}@example.org"}, "events": []}
    kept.ingest([nameless], at=NOW + 5)
    assert kept._engine.identities(np.array([MINE]), ("email",)) == [{}]


def test_what_arrives_later_starts_a_new_profile_and_what_was_sent_before_does_not_count(kept):
    kept.erase(MINE, by="me")
    mine = [secret(number) for number in range(80) if secret(number)["mpid"] == MINE]
    kept.ingest(mine, at=NOW + 5)
    assert kept._engine.identities(np.array([MINE]), ("email",)) == [{}]
    kept.ingest([{**mine[0], "source_request_id": "new"}], at=NOW + 6)
    assert kept._engine.identities(np.array([MINE]), ("email",)) != [{}]


def test_several_users_share_one_erasure(kept):
    first, second = kept.erase_all([MINE, MINE + 1, MINE], by="me")
    assert first.purged_at == second.purged_at
    assert first.id != second.id


class Crash(Exception):
    pass


@pytest.mark.parametrize("point", ["after intent", "before append", "after append", "before telling", "after telling",
                                   "after purge"])  # fmt: skip
def test_a_crash_in_between_is_carried_out_by_who_comes_next(tmp_path, point):
    state = str(tmp_path / "state")

    def failing(name):
        if name == point and armed:
            raise Crash

    armed = []
    engine = InlineEngine(2, Keepsake(Place(state), background=False, failpoint=failing))
    client = Client(engine)
    fill(client, tmp_path)
    armed.append(True)
    with pytest.raises(Crash):
        client.erase(MINE, by="me")
    with connect(engine="inline", state=state, take_over=True) as after:
        after.advance(NOW + 9)
        (receipt,) = after.receipts(MINE)
        assert receipt.purged_at is not None
        assert after.user(MINE) == ()
        after._engine.check()
    assert left(tmp_path, "secret-of--20.") == []


def test_a_place_that_takes_nothing_leaves_the_purge_for_later(kept, monkeypatch):
    log = []
    monkeypatch.setattr("raudience.cluster.keeping.Keeper.purge", lambda *_: refuse(log))
    receipt = kept.erase(MINE, by="me")
    assert (receipt.purged_at, kept.user(MINE), log) == (None, (), ["refused"])
    monkeypatch.undo()
    assert kept._engine.purge()
    assert kept.receipts(MINE)[0].purged_at is not None


def refuse(log):
    log.append("refused")
    raise FixStore("no space left")


def test_opting_out_is_an_event_with_a_receipt(kept):
    before = kept.user(MINE)
    out = kept.opt_out(MINE, by="me")
    assert (before != (), kept.user(MINE), out.kind, out.removed) == (True, (), "opt_out", None)
    again = kept.opt_out(MINE, by="me", out=False)
    assert [each.audience for each in kept.user(MINE)] == [each.audience for each in before]
    assert [each.kind for each in kept.receipts(MINE)] == ["opt_out", "opt_in"]
    assert out.id != again.id


def test_without_a_state_a_user_is_forgotten_too(tmp_path):
    with connect(engine="inline", shards=2) as client:
        fill(client, tmp_path)
        receipt = client.erase(MINE, by="me")
        assert (client.user(MINE), receipt.removed.profiles) == ((), 1)


def test_a_keyed_hash_needs_the_key():
    assert keyed_hash(-20, b"a") != keyed_hash(-20, b"b")
    assert keyed_hash(-20, b"a") == keyed_hash(-20, b"a")


def test_receipts_hold_no_mpid(kept):
    kept.erase(-1234567890123, by="me")
    assert "1234567890123" not in json.dumps([str(each) for each in kept.receipts()])
