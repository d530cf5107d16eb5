"""The self-audit of an engine: on demand, in the background, and what it tells."""

import logging

import numpy as np
import pytest

from raudience.cli.main import main
from raudience.cluster.auditing import joined
from raudience.cluster.client import connect
from raudience.cluster.engine import Engine
from raudience.records import Audit, Difference
from tests.cluster.world import START, batch, write_book

NOW = START + 60 * 60 * 1000 * 20


@pytest.fixture
def client(tmp_path):
    with connect(engine="inline", shards=2) as client:
        client.define(write_book(tmp_path), at=START)
        client.ingest([batch(number) for number in range(60)], at=NOW)
        yield client


def damage(engine: Engine):
    """Turn the membership of a user of each shard."""
    for shard in range(engine.shards):
        known = engine._carrier._shells[shard]._replica.shard
        rows = known.profiles.index.live()[:1]
        known.evaluation.membership.members.flip(rows, np.zeros(1, np.int32))


def test_on_demand_everybody_is_checked_and_nothing_differs(client):
    assert client.audit(1_000) == Audit(checked=40)
    assert client.audited().checked == 40


def test_damage_is_told_by_audience_and_number_and_names_nobody(client, caplog):
    damage(client._engine)
    with caplog.at_level(logging.ERROR, "raudience.cluster.auditing"):
        found = client.audit(1_000)
    assert (found.wrong, found.share) == (2, 0.05)
    (record,) = caplog.records
    assert record.getMessage() == "self-audit: 2 user(s) disagree with members of buyers"
    assert (record.audiences, record.criterion, record.users, record.checked) == (("buyers",), "", 2, 40)


def test_in_the_background_some_users_are_checked_between_rounds(client):
    client._engine.audits.keep_on(10, every=0.0)
    for number in range(60, 70):
        client.ingest([batch(number)], at=NOW + number)
    assert client.audited().checked >= 40
    assert client.audited().share == 0


def test_nobody_is_checked_in_the_background_unless_that_is_asked_for(client):
    assert client.audited() == Audit()


def test_connect_asks_for_audits_in_the_background(tmp_path):
    with connect(engine="inline", audit=5) as client:
        client.define(write_book(tmp_path), at=START)
        client.ingest([batch(number) for number in range(60)], at=NOW)
        client.ingest([batch(61)], at=NOW + 1)
        assert client.audited().checked > 0


def test_audits_of_different_users_add_up():
    one = Audit(10, 1, (Difference("x", ("a",), 1),))
    other = Audit(20, 3, (Difference("x", ("a",), 2), Difference("", ("b",), 1)))
    assert joined((one, other)) == Audit(30, 4, (Difference("", ("b",), 1), Difference("x", ("a",), 3)))


def test_the_command_ends_with_0_when_nothing_differs(tmp_path, capsys):
    with connect(engine="inline", state=tmp_path / "state") as client:
        client.define(write_book(tmp_path), at=START)
        client.ingest([batch(number) for number in range(60)], at=NOW)
    assert main(["audit", "--state", str(tmp_path / "state")]) == 0
    assert capsys.readouterr().out == "40 users checked, 0 differ\n"
