"""What a driver script can do, on the inline engine."""

import json
from datetime import UTC, datetime

import pytest

from raudience.catalog.build import audience
from raudience.clock import DAY, HOUR
from raudience.cluster import client as clients
from raudience.cluster.client import Member, connect
from raudience.criteria.definition import Event
from raudience.criteria.durations import Duration
from raudience.criteria.operators import Within
from raudience.errors import FixDefinition, FixRequest
from tests.cluster.world import END, START, lines, write_book, write_lines

PURCHASE = {"event_type": "commerce_event", "data": {"product_action": {"action": "purchase"}}}
BUYERS = audience("buyers", "Bought in the last hour", Event("commerce", "purchase", recency=Within(Duration(HOUR))))


@pytest.fixture
def client():
    with connect(engine="inline", shards=2) as connected:
        yield connected


def told(client) -> list[tuple[int, str, int, bool]]:
    return [(change.at, change.audience, change.mpid, change.entered) for change in client.changes()]


def test_files_are_replayed_by_their_own_time(client, tmp_path):
    client.define(write_book(tmp_path))
    taken = client.ingest(write_lines(tmp_path / "events.ndjson.gz", lines()))
    assert (taken.batches, taken.refusals) == (216, ())
    assert client.now == json.loads(lines()[-1])["timestamp_unixtime_ms"]
    assert [figures.audience for figures in client.counts()] == ["buyers", "fans"]
    changes = told(client)
    assert changes == sorted(changes)
    assert sum(1 if entered else -1 for _, audience, _, entered in changes if audience == "fans") == len(
        client.members("fans")
    )


@pytest.mark.parametrize(
    ("events", "at", "said"),
    [
        ({"mpid": 1, "events": [PURCHASE]}, None, "got one batch; put it into a list"),
        (b'{"mpid": 1}', None, "got one batch; put it into a list"),
        (["events", {"mpid": 1}], None, "got some of both; make two calls"),
        ("events", START, "got some of both; make two calls"),
    ],
)
def test_what_is_neither_files_nor_batches_is_told(client, events, at, said):
    with pytest.raises(FixRequest, match=said):
        client.ingest(events, at)


def test_batches_arrive_at_the_instant_that_is_given(client):
    client.define([BUYERS])
    client.ingest([{"mpid": 5, "events": [PURCHASE]}], at="2026-01-01T00:00:00Z")
    client.advance(datetime(2026, 1, 1, 2, tzinfo=UTC))
    assert told(client) == [(START, "buyers", 5, True), (START + HOUR + 1, "buyers", 5, False)]


def test_every_change_is_told_once(client):
    client.define([BUYERS])
    client.ingest([{"mpid": 5, "events": [PURCHASE]}], at=START)
    assert len(told(client)) == 1
    assert told(client) == []


def test_changes_have_ids(client):
    client.define([BUYERS])
    client.ingest([{"mpid": 5, "events": [PURCHASE]}], at=START)
    change = next(client.changes())
    assert len(change.id) == 16
    int(change.id, 16)


def test_a_book_that_comes_late_finds_who_is_there_already(client):
    client.ingest([{"mpid": 5, "events": [PURCHASE]}], at=START)
    client.define([BUYERS])
    assert told(client) == [(START, "buyers", 5, True)]


def test_members_with_and_without_identities(client):
    client.define([BUYERS])
    batch = {"mpid": 5, "user_identities": {"email": "a@example.org"}, "events": [PURCHASE]}
    client.ingest([batch, {"mpid": -6, "events": [PURCHASE]}], at=START)
    assert client.members("buyers") == [Member(-6), Member(5)]
    assert client.members("buyers", ["email"]) == [Member(-6, {}), Member(5, {"email": ("a@example.org",)})]


def test_refused_batches_are_told_and_good_ones_taken(client):
    client.define([BUYERS])
    taken = client.ingest([b"{", {"mpid": 5, "events": [PURCHASE]}], at=START)
    assert taken.batches == 1
    assert str(taken.refusals[0]).startswith("batches:1: $: expected")
    assert [member.mpid for member in client.members("buyers")] == [5]


def test_identities_of_files_lead_later_batches_to_their_user(client, tmp_path):
    client.define([BUYERS])
    client.ingest(str(write_lines(tmp_path / "events.ndjson", lines())))
    batch = {"user_identities": {"email": "user-20@example.org"}, "events": [PURCHASE]}
    client.ingest([batch], at=END)
    assert -20 in [member.mpid for member in client.members("buyers")]


def test_why_names_the_criterion_and_what_comes_next(client):
    client.define([BUYERS])
    client.ingest([{"mpid": 5, "events": [PURCHASE]}], at=START)
    explanation = client.why(5, "buyers")
    assert explanation.member
    assert explanation.flips_at == START + HOUR + 1


def test_values_are_those_that_were_seen(client):
    client.define([BUYERS])
    client.ingest([{"mpid": 5, "user_attributes": {"plan": "paid"}, "events": [PURCHASE]}], at=START)
    assert client.values("user", "plan") == ("paid",)


def test_following_the_clock_tells_changes_as_they_fall_due(client, monkeypatch):
    clock = iter(range(START, START + 2 * DAY, HOUR // 2))
    monkeypatch.setattr(clients, "now_ms", lambda: next(clock))
    client.define([BUYERS])
    client.ingest([{"mpid": 5, "events": [PURCHASE]}])
    following = client.follow(every=0, until=START + DAY)
    assert [(change.at, change.entered) for change in following] == [(START, True), (START + HOUR + 1, False)]
    assert client.now == START + DAY


def test_faults_of_definitions_come_all_at_once(client, tmp_path):
    path = tmp_path / "book.yaml"
    path.write_text("audiences:\n  - {key: a, name: A, criteria: {type: evnt}}\n  - {key: '', name: B, extra: 1}\n")
    with pytest.raises(FixDefinition) as refused:
        client.define(path)
    assert len(refused.value.faults) > 1


def test_a_missing_book_is_told_with_its_path(client, tmp_path):
    with pytest.raises(FixRequest, match=r"none.yaml: expected a readable file, got: no such file"):
        client.define(tmp_path / "none.yaml")
