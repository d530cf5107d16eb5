"""Secrets of outputs: encrypted by a key of the environment, opened in their own place only."""

import pytest

from raudience.catalog.outputs import Output
from raudience.cluster.secrets import KEY, KEY_FILE, Secrets, write_key
from raudience.errors import FixRequest

FIRST = "A" * 43 + "="
SECOND = "B" * 42 + "A="
SECRETS = {"token": "t0p", "number": 7}


def output(sealed, key="main"):
    return Output(key, "Main", "x", {"account_id": "7"}, sealed)


def test_what_is_kept_does_not_show_the_secret_and_the_key_opens_it():
    secrets = Secrets({KEY: FIRST})
    sealed = secrets.seal("main", SECRETS)
    assert "t0p" not in repr(sealed)
    assert secrets.settings(output(sealed)) == {"account_id": "7", **SECRETS}


def test_without_secrets_no_key_is_needed():
    assert Secrets({}).seal("main", {}) == {}
    assert Secrets({}).settings(output({})) == {"account_id": "7"}


def test_keys_are_changed_with_both_for_a_while():
    sealed = Secrets({KEY: FIRST}).seal("main", SECRETS)
    both = Secrets({KEY: f"{SECOND},{FIRST}"})
    assert both.settings(output(sealed))["token"] == "t0p"
    assert Secrets({KEY: SECOND}).settings(output(both.seal("main", SECRETS)))["token"] == "t0p"


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, "expected a key for the secrets of outputs, got none"),
        ({KEY: "short"}, "expected 32 bytes in URL-safe base64"),
        ({KEY: SECOND}, "set it anew"),
        ({KEY_FILE: "/nowhere/key"}, "expected a file with a key"),
    ],
)
def test_what_is_wrong_with_a_key_is_said_and_the_key_is_not(environment, expected):
    sealed = Secrets({KEY: FIRST}).seal("main", SECRETS)
    with pytest.raises(FixRequest, match=expected) as raised:
        Secrets(environment).settings(output(sealed))
    assert not any(word in str(raised.value) for word in ("short", SECOND, "t0p"))


@pytest.mark.parametrize(("key", "name"), [("other", "token"), ("main", "consumer_key")])
def test_a_secret_that_was_put_elsewhere_is_not_accepted_there(key, name):
    secrets = Secrets({KEY: FIRST})
    moved = {name: secrets.seal("main", SECRETS)["token"]}
    with pytest.raises(FixRequest, match="expected its own secret"):
        secrets.settings(output(moved, key))


def test_a_file_of_a_key_is_for_its_owner_only(tmp_path):
    path = tmp_path / "key"
    write_key(path)
    assert path.stat().st_mode & 0o777 == 0o600
    sealed = Secrets({KEY_FILE: str(path)}).seal("main", SECRETS)
    assert Secrets({KEY: path.read_text()}).settings(output(sealed))["token"] == "t0p"
    path.chmod(0o640)
    with pytest.raises(FixRequest, match="got rights 640; chmod 600 it"):
        Secrets({KEY_FILE: str(path)}).seal("main", SECRETS)


def test_a_key_is_never_written_over(tmp_path):
    (tmp_path / "key").write_text("mine")
    with pytest.raises(FixRequest, match="expected a path where nothing is"):
        write_key(tmp_path / "key")
    assert (tmp_path / "key").read_text() == "mine"
