"""`raudience forward`: what was defined is sent, and a second time there is nothing left."""

import json
import shutil

import pytest

from raudience.cli.main import main
from raudience.cluster.client import connect

T = 1_767_225_600_000
BOOK = """
audiences:
  - {key: pros, name: Pros, criteria: {type: user_attribute, name: plan, test: {op: exact_match, value: pro}}}
"""


@pytest.fixture
def state(tmp_path):
    """An engine with two members, connected to a folder."""
    (tmp_path / "book.yaml").write_text(BOOK)
    (tmp_path / "sent").mkdir()
    with connect(engine="inline", state=tmp_path / "state", by="ana") as client:
        client.ingest([{"mpid": mpid, "user_attributes": {"plan": "pro"}, "user_identities": {"email": f"{mpid}@x.com"}}
                       for mpid in (1, 2)], T)  # fmt: skip
        client.define(tmp_path / "book.yaml")
    assert run(tmp_path, "outputs", "create", "lake", "files", "--set", f"folder={tmp_path / 'sent'}") == 0
    assert run(tmp_path, "connections", "connect", "lake", "pros") == 0
    return tmp_path


def run(state, *words):
    return main([*words, "--state", str(state / "state")])


def sent(state):
    """Every line of every file, in the order of the files."""
    files = sorted((state / "sent").glob("*.ndjson"))
    return [json.loads(line) for file in files for line in file.read_text().splitlines()]


def test_members_are_sent_once_and_what_changes_afterwards(state, capsys):
    assert run(state, "forward", "--once") == 0
    values = sorted(line["IdentityValues"]["email"] for line in sent(state))
    assert values == ["1@x.com", "2@x.com"]
    assert run(state, "forward", "--once") == 0
    assert len(sent(state)) == 2
    with connect(engine="inline", state=state / "state") as client:
        client.ingest([{"mpid": 1, "user_attributes": {"plan": "free"}}], T + 1_000)
    assert run(state, "forward", "--once") == 0
    assert [(line["IsAddRequest"], line["IdentityValues"]["email"]) for line in sent(state)[2:]] == [(False, "1@x.com")]
    assert "0 user(s) left" in capsys.readouterr().out


def test_a_fault_is_told_with_its_words_and_status_1(state, capsys):
    shutil.rmtree(state / "sent")
    assert run(state, "forward", "--once") == 1
    told = capsys.readouterr().out.splitlines()[-1]
    assert told.startswith("Pros to lake: AskPermission (404): ")
    assert "the directory is not there" in told
    assert "; put it right, then `raudience connections resume " in told
