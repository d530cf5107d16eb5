"""`raudience outputs` and `raudience connections`: what people type, and what they read."""

import io
import json

import pytest

from raudience.catalog.build import audience
from raudience.catalog.commands import Fault
from raudience.catalog.experiments import Share
from raudience.cli.main import main
from raudience.cluster.client import connect
from raudience.cluster.secrets import KEY, KEY_FILE
from raudience.criteria.build import user

NAMES = ("consumer_key", "consumer_secret", "token", "token_secret")
SECRETS = [word for name in NAMES for word in ("--secret", name)]
CREATE = ("outputs", "create", "main", "x", "--set", "account_id=18ce54d4x5t", *SECRETS)


@pytest.fixture
def state(tmp_path, monkeypatch):
    """The state of an engine with an audience, one with an A/B test, a draft, and an output."""
    monkeypatch.setenv(KEY, "A" * 43 + "=")
    pro = user("plan").exactly("pro")
    with connect(engine="inline", state=tmp_path / "state", by="ana") as client:
        for key in ("pros", "tested"):
            client.audiences.create(audience(key, key.title(), pro))
        client.audiences.start_test("tested", [Share(40, "Loud")])
        client.audiences.create(audience("idea", "Idea", pro), draft=True)
        client.outputs.create("other", "x", {"account_id": "7", **dict.fromkeys(NAMES, "hush")})
    return tmp_path / "state"


def run(state, *words):
    return main([*words, "--state", str(state)])


def read(capsys):
    return capsys.readouterr().out.splitlines()


def stop(state, connection):
    """What the forwarder tells."""
    with connect(engine="inline", state=state) as client:
        client._engine.decide(Fault("", connection, "AskPermission", 403, "UNAUTHORIZED", "not yours", 5_000), 0)


def connected(state, capsys, *words):
    """The id of a new connection."""
    assert run(state, "connections", "connect", "other", *words) == 0
    return read(capsys)[0].rpartition("(")[2].rstrip(")")


def test_secrets_are_read_from_lines_and_never_printed(state, capsys, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"s3cret-of-{name}\n" for name in NAMES)))
    assert run(state, *CREATE, "--called", "Main account", "--by", "bob") == 0
    assert run(state, "outputs", "show", "main") == 0
    assert run(state, "outputs", "show", "main", "--json") == 0
    assert run(state, "outputs", "list", "--json") == 0
    text = "\n".join(read(capsys))
    for part in ("Main account", "18ce54d4x5t", "(secret)", "by bob"):
        assert part in text
    assert "s3cret" not in text


def test_a_secret_on_the_command_line_is_refused(state, capsys):
    assert run(state, "outputs", "update", "other", "--set", "token=s3cret") == 2
    error = capsys.readouterr().err
    assert "--set token: expected a setting that may be seen, got a secret one; say --secret token" in error
    assert "s3cret" not in error


def test_a_setting_is_written_with_a_sign_of_equality(state, capsys):
    with pytest.raises(SystemExit):
        run(state, "outputs", "update", "other", "--set", "account_id")
    assert "expected NAME=VALUE, got account_id" in capsys.readouterr().err


def test_a_new_key_is_written_once(tmp_path, monkeypatch, capsys):
    path = tmp_path / "key"
    assert main(["outputs", "new-key", str(path)]) == 0
    assert path.read_text().strip() not in capsys.readouterr().out
    assert main(["outputs", "new-key", str(path)]) == 2
    monkeypatch.delenv(KEY, raising=False)
    monkeypatch.setenv(KEY_FILE, str(path))
    monkeypatch.setattr("sys.stdin", io.StringIO("a\nb\nc\nd\n"))
    with connect(engine="inline", state=tmp_path / "state"):
        pass
    assert run(tmp_path / "state", *CREATE) == 0


def test_partners_tell_their_settings(capsys):
    assert main(["outputs", "partners"]) == 0
    assert main(["outputs", "partners", "x"]) == 0
    text = "\n".join(read(capsys))
    for part in ("X (Twitter)", "account_id", "required, secret", "forward_emails"):
        assert part in text


def test_many_audiences_are_connected_and_those_that_cannot_be_are_told(state, capsys):
    words = ("pros", "tested:loud", "idea", "--set", "forward_emails=no", "--flush", "5000")
    assert run(state, "connections", "connect", "other", *words) == 2
    first, second, third = read(capsys)
    assert first.startswith("pros: connected (")
    assert second.startswith("tested:loud: connected (")
    assert third == ("idea: audience: expected an active audience, got `idea`, which is of status draft; activate it "
                     "first")  # fmt: skip
    run(state, "connections", "list", "--json")
    rows = [json.loads(line) for line in read(capsys)]
    assert [row["name"] for row in rows] == ["Pros", "Tested - Loud"]
    assert {(row["connection"]["flush"], row["connection"]["settings"]["forward_emails"]) for row in rows} == {
        (5000, False)
    }  # fmt: skip


def test_a_connection_is_configured_switched_off_and_on(state, capsys):
    key = connected(state, capsys, "pros", "--inactive")
    assert run(state, "connections", "configure", key, "--attributes", "", "--set", "forward_emails=false") == 0
    assert run(state, "connections", "activate", key) == 0
    assert run(state, "connections", "deactivate", key) == 0
    assert read(capsys) == [
        "pros to other: inactive", "pros to other: active", "pros to other: inactive",
    ]  # fmt: skip
    run(state, "connections", "show", key[:8])
    text = "\n".join(read(capsys))
    for part in ("attributes              --", "forward_emails", "other (x)"):
        assert part in text
    assert run(state, "connections", "show", key[:7]) == 2


def test_a_fault_is_seen_everywhere_and_resumed(state, capsys):
    key = connected(state, capsys, "pros")
    stop(state, key)
    told = "AskPermission (403 UNAUTHORIZED): not yours"
    for words in (("connections", "list"), ("connections", "show", key), ("outputs", "show", "other"),
                  ("audiences", "show", "pros")):  # fmt: skip
        run(state, *words)
        assert told in "\n".join(read(capsys))
    run(state, "connections", "resume", key)
    run(state, "connections", "list")
    assert told not in "\n".join(read(capsys))


def test_what_is_left_downstream_is_listed_and_forgotten(state, capsys):
    key = connected(state, capsys, "pros")
    assert run(state, "connections", "disconnect", key, "--remove") == 0
    assert run(state, "outputs", "remove", "other") == 2
    assert run(state, "connections", "departed") == 0
    assert ["Pros", "other", "remove", key] == read(capsys)[-1].split()
    assert run(state, "connections", "forget", key) == 0
    assert run(state, "outputs", "remove", "other") == 0
    assert read(capsys)[-1] == "other: removed"
