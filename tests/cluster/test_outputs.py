"""Outputs and connections as people work with them: settings by the tables of the partner, secrets that nobody sees."""

import msgspec
import pytest

from raudience.catalog.build import audience
from raudience.catalog.commands import Fault
from raudience.catalog.experiments import Share
from raudience.cluster.client import connect
from raudience.cluster.secrets import KEY, Secrets
from raudience.criteria.build import user
from raudience.errors import FixDefinition, FixRequest

SECRET = {name: f"{name}-0f-the-4pp" for name in ("consumer_key", "consumer_secret", "token", "token_secret")}
SETTINGS = {"account_id": "18ce54d4x5t", **SECRET}
PRO = user("plan").exactly("pro")


@pytest.fixture(autouse=True)
def key(monkeypatch):
    monkeypatch.setenv(KEY, "A" * 43 + "=")


@pytest.fixture
def client():
    with connect(engine="inline", by="ana") as connected:
        for name in ("a", "b"):
            connected.audiences.create(audience(name, name.upper(), PRO))
        connected.audiences.create(audience("idea", "Idea", PRO), draft=True)
        connected.outputs.create("main", "x", SETTINGS, "Main account")
        yield connected


def stop(client, connection):
    """What the forwarder tells."""
    client._engine.decide(Fault("", connection, "SignInAgain", 401, "32", "Could not authenticate you", 5_000), 0)


def test_secrets_are_kept_encrypted_and_shown_by_name_only(client):
    row = client.outputs.row("main")
    assert (row.settings, row.secrets) == ({"account_id": "18ce54d4x5t"}, tuple(sorted(SECRET)))
    kept = msgspec.json.encode(client.account.state(), enc_hook=str).decode()
    assert not any(value in kept + repr(row) for value in SECRET.values())
    assert Secrets().settings(client.account.state().outputs["main"]) == SETTINGS


def test_an_update_leaves_secrets_and_settings_that_it_does_not_name(client):
    client.outputs.update("main", {"token": "n3w"}, name="Shop")
    output = client.account.state().outputs["main"]
    assert (output.name, Secrets().settings(output)) == ("Shop", {**SETTINGS, "token": "n3w"})


def test_what_is_wrong_with_an_output_is_told_at_once(client):
    with pytest.raises(FixDefinition) as raised:
        client.outputs.create("no key", "x", {"account_id": 7, "token": 8})
    assert [fault.path for fault in raised.value.faults] == [
        "key", "settings.account_id", "settings.consumer_key", "settings.consumer_secret", "settings.token",
        "settings.token_secret",
    ]  # fmt: skip


def test_without_a_key_no_output_with_secrets_is_kept(client, monkeypatch):
    monkeypatch.delenv(KEY)
    with pytest.raises(FixRequest, match="expected a key for the secrets of outputs"):
        client.outputs.create("other", "x", SETTINGS)
    assert [row.key for row in client.outputs.rows()] == ["main"]


@pytest.mark.parametrize(
    ("act", "expected"),
    [
        (lambda client: client.outputs.create("other", "y", {}), "the id of a partner"),
        (lambda client: client.outputs.create("main", "x", SETTINGS), "a key of its own"),
        (lambda client: client.outputs.update("mian"), r"the key of an output \(main\)"),
        (lambda client: client.connections.connect("a", "mian"), r"the key of an output \(main\)"),
        (lambda client: client.connections.row("gone"), "the id of a connection"),
        (lambda client: client.connections.forget("gone"), "the id of a connection"),
    ],
)
def test_what_is_not_there_is_said(client, act, expected):
    with pytest.raises(FixRequest, match=expected):
        act(client)


def test_a_new_connection_has_the_defaults_of_the_partner(client):
    row = client.connections.connect("a", "main", settings={"forward_twitter_handles": False})
    assert (row.name, row.partner, row.fault) == ("A", "x", None)
    assert row.connection.settings == {
        "forward_emails": True, "forward_twitter_handles": False, "forward_device_ids": True,
    }  # fmt: skip
    assert client.audiences.row("a").connected_outputs == client.outputs.row("main").connections == 1


def test_faults_of_settings_and_of_the_catalog_are_told_together(client):
    with pytest.raises(FixDefinition) as raised:
        client.connections.connect("idea", "main", settings={"forward_emails": "yes"}, flush=-1)
    assert [fault.path for fault in raised.value.faults] == ["audience", "flush", "settings.forward_emails"]
    assert client.connections.rows() == []


def test_many_are_connected_with_one_set_of_settings_and_those_that_cannot_be_are_told(client):
    found = client.connections.connect_all(["a", "idea", "nobody", "b"], "main", {"forward_emails": False})
    assert [(each.audience, each.connection is not None) for each in found] == [
        ("a", True), ("idea", False), ("nobody", False), ("b", True),
    ]  # fmt: skip
    assert [str(fault) for fault in found[1].faults] == [
        "audience: expected an active audience, got `idea`, which is of status draft; activate it first"
    ]
    assert [row.connection.settings["forward_emails"] for row in client.connections.rows()] == [False, False]


def test_connections_are_listed_by_audience_and_output(client):
    client.connections.connect_all(["a", "b"], "main")
    assert [row.name for row in client.connections.rows(audience="b")] == ["B"]
    assert client.connections.rows(output="other") == []


def test_a_variation_is_connected_by_its_name_in_any_case(client):
    client.audiences.start_test("a", [Share(40, "Platform A")])
    client.connections.connect("a", "main")
    assert client.connections.connect("a", "main", "platform a").name == "A - Platform A"
    client.audiences.end_test("a")
    assert [row.name for row in client.connections.rows()] == ["A"]


def test_settings_of_a_connection_are_changed_one_by_one(client):
    key = client.connections.connect("a", "main").connection.id
    client.connections.configure(key, {"forward_emails": False})
    client.connections.configure(key, flush=5_000)
    client.connections.switch(key, False)
    connection = client.connections.row(key).connection
    assert (connection.settings["forward_emails"], connection.settings["forward_device_ids"]) == (False, True)
    assert (connection.flush, connection.active) == (5_000, False)
    with pytest.raises(FixDefinition, match=r"settings\.forward: expected a setting of this partner"):
        client.connections.configure(key, {"forward": True})


def test_a_fault_shows_on_audience_connection_and_output_until_it_is_resumed(client):
    key = client.connections.connect("a", "main").connection.id
    stop(client, key)
    told = "SignInAgain (401 32): Could not authenticate you"
    assert client.connections.row(key).fault == told
    assert client.audiences.row("a").faults == (f"main: {told}",)
    assert client.outputs.row("main").faults == (f"A: {told}",)
    client.connections.resume(key)
    assert (client.connections.row(key).fault, client.audiences.row("a").faults) == (None, ())


def test_what_is_left_downstream_is_told_and_can_be_left_to_people(client):
    key = client.connections.connect("a", "main").connection.id
    client.connections.disconnect(key, "remove")
    stop(client, key)
    (left,) = client.connections.departed()
    assert (left.forwarded, left.ending, left.by) == ("A", "remove", "ana")
    assert client.outputs.row("main").faults == ("A: SignInAgain (401 32): Could not authenticate you",)
    client.connections.forget(key)
    client.outputs.remove("main")
    assert client.outputs.rows() == []


def test_outputs_and_connections_last(tmp_path):
    with connect(engine="inline", state=tmp_path / "state", by="ana") as first:
        first.audiences.create(audience("a", "A", PRO))
        first.outputs.create("main", "x", SETTINGS)
        first.connections.connect("a", "main")
        kept = first.account.state()
    with connect(engine="inline", state=tmp_path / "state") as second:
        assert second.account.state() == kept
        assert [row.connection.audience for row in second.connections.rows()] == ["a"]


def test_no_file_of_the_state_holds_a_secret(tmp_path):
    with connect(engine="inline", state=tmp_path / "state") as client:
        client.outputs.create("main", "x", SETTINGS)
        client._engine.snapshot()
    written = b"".join(path.read_bytes() for path in (tmp_path / "state").rglob("*") if path.is_file())
    assert b"account_id" in written
    assert not any(value.encode() in written for value in SECRET.values())
