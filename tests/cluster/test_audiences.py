"""Audiences as people work with them: what was decided comes into force, and only the difference is told."""

import pytest

from raudience.catalog import Input
from raudience.catalog.audiences import EventTier
from raudience.catalog.build import audience, book
from raudience.catalog.experiments import Share
from raudience.cluster.carrier import COORDINATOR
from raudience.cluster.client import Client, connect
from raudience.cluster.inline import InlineCarrier, InlineEngine
from raudience.criteria.build import event, member_of, user
from raudience.errors import FixDefinition, FixRequest

T = 1_767_225_600_000
USERS = {1: "pro", 2: "pro", 3: "free", 4: "free", 5: "gold"}


def batch(mpid, **attributes):
    return {"mpid": mpid, "user_attributes": attributes, "timestamp_unixtime_ms": T}


def plan_is(*plans):
    first, *rest = [user("plan").exactly(plan) for plan in plans]
    for each in rest:
        first |= each
    return first


@pytest.fixture(params=[1, 4])
def client(request):
    with connect(engine="inline", shards=request.param, by="ana") as connected:
        connected.ingest([batch(mpid, plan=plan) for mpid, plan in USERS.items()], T)
        yield connected
        connected._engine.check()


def told(client):
    return [(change.audience, change.mpid, change.entered) for change in client.changes()]


def size(client, key):
    return client.audiences.row(key).size


def test_a_draft_has_no_members_until_it_is_activated(client):
    client.audiences.create(audience("a", "A", plan_is("pro")), draft=True)
    assert (size(client, "a"), told(client)) == (None, [])
    client.audiences.activate("a")
    assert (size(client, "a"), told(client)) == (2, [("a", 1, True), ("a", 2, True)])


def test_an_edit_tells_only_the_difference(client):
    client.audiences.create(audience("a", "A", plan_is("pro", "free")))
    told(client)
    entry = client.audiences.edit("a", plan_is("pro", "gold"))
    assert told(client) == [("a", 3, False), ("a", 4, False), ("a", 5, True)]
    assert (entry.in_force, entry.latest.adds, entry.latest.drops) == (2, 1, 2)


def test_changes_carry_the_version(client):
    client.audiences.create(audience("a", "A", plan_is("pro")))
    client.audiences.edit("a", plan_is("gold"))
    assert [(change.mpid, change.entered, change.version) for change in client.changes()] == [
        (1, True, 1), (2, True, 1), (1, False, 2), (2, False, 2), (5, True, 2),
    ]  # fmt: skip


def test_a_held_edit_shows_who_would_move_and_moves_nobody(client):
    client.audiences.create(audience("a", "A", plan_is("pro")))
    told(client)
    client.audiences.edit("a", plan_is("pro", "gold"), hold=True)
    seen = client.audiences.preview("a")
    assert (seen.adds, seen.drops, seen.both, seen.entering.tolist()) == (1, 0, 2, [5])
    assert (told(client), size(client, "a")) == ([], 2)
    client.audiences.cut_over("a")
    assert (told(client), size(client, "a")) == ([("a", 5, True)], 3)


def test_a_held_version_follows_what_happens_meanwhile(client):
    client.audiences.create(audience("a", "A", plan_is("pro")))
    client.audiences.edit("a", plan_is("gold"), hold=True)
    client.ingest([batch(6, plan="gold")], T + 1)
    assert client.audiences.preview("a").entering.tolist() in ([5, 6], [6, 5])


def test_an_abandoned_edit_leaves_everything_as_it_was(client):
    client.audiences.create(audience("a", "A", plan_is("pro")))
    client.audiences.edit("a", plan_is("gold"), hold=True)
    told(client)
    client.audiences.abandon("a")
    assert (told(client), size(client, "a"), client.audiences.entry("a").in_force) == ([], 2, 1)
    with pytest.raises(FixRequest, match="version that waits"):
        client.audiences.preview("a")


def test_an_earlier_version_comes_back(client):
    client.audiences.create(audience("a", "A", plan_is("pro")))
    client.audiences.edit("a", plan_is("gold"))
    told(client)
    client.audiences.restore("a", 1)
    assert told(client) == [("a", 1, True), ("a", 2, True), ("a", 5, False)]
    assert [version.restores for version in client.audiences.versions("a")] == [0, 0, 1]


def test_versions_are_compared_line_by_line(client):
    client.audiences.create(audience("a", "A", plan_is("pro")))
    client.audiences.edit("a", plan_is("gold"))
    patch = client.audiences.difference("a", 1, 2)
    assert "-  test: {op: exact_match, value: pro}\n+  test: {op: exact_match, value: gold}" in patch
    assert client.audiences.difference("a", 2, 2) == ""


def test_what_nests_an_audience_follows_its_edit_in_the_same_step(client):
    client.audiences.create(audience("a", "A", plan_is("pro")))
    client.audiences.create(audience("b", "B", plan_is("pro", "gold") - member_of("a")))
    told(client)
    client.audiences.edit("a", plan_is("gold"))
    assert told(client) == [
        ("a", 1, False), ("a", 2, False), ("a", 5, True), ("b", 1, True), ("b", 2, True), ("b", 5, False),
    ]  # fmt: skip


def test_an_audience_can_be_used_before_it_is_calculated(client):
    client.audiences.create(audience("a", "A", plan_is("pro")), draft=True)
    client.audiences.create(audience("b", "B", plan_is("pro", "gold") - member_of("a")))
    assert told(client) == [("b", 5, True)]


def test_from_an_archived_and_from_a_deleted_audience_all_leave(client):
    client.audiences.create(audience("a", "A", plan_is("pro")))
    client.audiences.create(audience("b", "B", plan_is("gold")))
    told(client)
    client.audiences.archive("a")
    client.audiences.delete("b")
    assert told(client) == [("a", 1, False), ("a", 2, False), ("b", 5, False)]
    assert [(row.key, row.status, row.size) for row in client.audiences.rows()] == [("a", "archived", None)]
    client.audiences.activate("a")
    assert told(client) == [("a", 1, True), ("a", 2, True)]


def test_an_event_whose_tier_changes_is_not_evaluated_any_longer(client):
    played = {"event_type": "custom_event", "data": {"event_name": "Played", "custom_event_type": "media"}}
    client.ingest([{"mpid": 1, "events": [played]}], T + 1)
    client.audiences.create(audience("a", "A", event("custom", "Played").at_least(1)))
    told(client)
    client.account.set_tier(EventTier("custom", "Played", "preserve"))
    assert told(client) == [("a", 1, False)]
    client.ingest([{"mpid": 2, "events": [played]}], T + 2)
    assert (told(client), client.audiences.entry("a").status) == ([], "active")
    client.account.set_tier(EventTier("custom", "Played", "personalize"))
    assert told(client) == [("a", 1, True), ("a", 2, True)]


def test_the_list_has_what_people_look_for(client):
    client.audiences.create(audience("a", "A", plan_is("pro"), external_name="Pros"))
    client.audiences.tag("a", ("loyal",))
    client.audiences.start_test("a", [Share(40)])
    row = client.audiences.row("a")
    assert (row.size, row.adds_day, row.drops_day, row.volatility) == (2, 2, 0, 1.0)
    assert (row.tags, row.created_by, row.access, row.status, row.list) == (
        ("loyal",),
        "ana",
        "usable",
        "active",
        "single",
    )
    assert (row.tested, row.connected_outputs, row.filling, row.external_name) == (True, 0, None, "Pros")
    assert client.audiences.active() == 1


def test_a_refused_command_changes_nothing_and_names_every_fault(client):
    client.audiences.create(audience("a", "A", plan_is("pro")))
    before = client.account.state()
    with pytest.raises(FixDefinition, match=r"(?s)2 fault.*add\[0\].*remove"):
        client.audiences.tag("a", ["x" * 19], ["gone"])
    assert client.account.state() == before


def test_a_book_replaces_what_was_decided_one_by_one(client):
    client.audiences.create(audience("a", "A", plan_is("pro")))
    client.define(book(audience("b", "B", plan_is("gold"))))
    assert [row.key for row in client.audiences.rows()] == ["b"]
    client.audiences.edit("b", plan_is("free"))
    assert client.audiences.entry("b").in_force == 2


def test_what_another_driver_decides_comes_into_force_between_two_rounds_of_who_writes():
    carrier = InlineCarrier()
    carrier.shared = True
    writes = Client(InlineEngine(2, carrier=carrier))
    writes.ingest([batch(mpid, plan=plan) for mpid, plan in USERS.items()], T)
    other = Client(InlineEngine(2, carrier=carrier), by="bob")
    other.audiences.create(audience("a", "A", plan_is("pro")))
    row = other.audiences.row("a")
    assert (row.size, row.filling.version, row.filling.percent) == (None, 1, 0.0)
    while other.audiences.row("a").filling is not None:
        writes.advance((writes.now or 0) + 1)
    assert told(writes) == [("a", 1, True), ("a", 2, True)]
    assert other.audiences.row("a").size == 2
    assert carrier.wait(carrier.call(COORDINATOR, "next_step", 1)) is None


def test_everything_that_was_decided_is_there_in_the_next_life(tmp_path):
    with connect(engine="inline", state=tmp_path, by="ana") as client:
        client.ingest([batch(mpid, plan=plan) for mpid, plan in USERS.items()], T)
        client.audiences.create(audience("a", "A", plan_is("pro")))
        client.audiences.edit("a", plan_is("gold"), hold=True)
        client.audiences.tag("a", ["loyal"])
        client.audiences.start_test("a", [Share("12.5", "Loud")])
        before = client.account.state()
    with connect(engine="inline", state=tmp_path) as client:
        assert client.account.state() == before
        assert client.audiences.preview("a").entering.tolist() == [5]
        client.audiences.cut_over("a")
        assert [member.mpid for member in client.members("a")] == [5]


def test_a_snapshot_holds_the_catalog(tmp_path):
    with connect(engine="inline", state=tmp_path, by="ana") as client:
        client.audiences.create(audience("a", "A", plan_is("pro")))
        client._engine.snapshot()
        before = client.account.state()
    with connect(engine="inline", state=tmp_path) as client:
        assert client.account.state() == before


def test_a_secret_is_told_once_and_its_digest_is_kept(client):
    secret = client.account.new_secret(Input("web"))
    assert client.account.accepts("web", secret)
    assert not client.account.accepts("web", secret + "x")
    assert not client.account.accepts("app", secret)
    assert secret not in str(client.account.state())
