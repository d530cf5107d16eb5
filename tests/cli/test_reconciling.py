"""`raudience connections status` and `reconcile`: what X's fake says of its lists, and what differs, over HTTP."""

import hashlib
import json

import pytest

from raudience.catalog.build import audience
from raudience.cli.main import main
from raudience.clock import HOUR, now_ms
from raudience.cluster.client import connect
from raudience.cluster.secrets import KEY
from raudience.criteria.build import user
from tests.forward.fakes.wire import Served
from tests.forward.fakes.x import ACCOUNT, FakeX

T = 1_767_225_600_000
SETTINGS = {"account_id": ACCOUNT, "consumer_key": "ck", "consumer_secret": "cs", "token": "tk", "token_secret": "ts"}
LIST = "Pros (email)"


def pro(mpid, plan="pro"):
    return {"mpid": mpid, "user_attributes": {"plan": plan}, "user_identities": {"email": f"{mpid}@x.com"}}


def hashes(*mpids):
    return {hashlib.sha256(f"{mpid}@x.com".encode()).hexdigest() for mpid in mpids}


@pytest.fixture
def x(tmp_path, monkeypatch):
    """X's fake behind HTTP, with an audience of two that is connected and was forwarded."""
    monkeypatch.setenv(KEY, "A" * 43 + "=")
    fake = FakeX()
    fake.state = tmp_path / "state"
    with connect(engine="inline", state=fake.state) as client:
        client.audiences.create(audience("pros", "Pros", user("plan").exactly("pro")))
        client.ingest([pro(1), pro(2), pro(3, "free")], T)
        client.outputs.create("main", "x", SETTINGS)
        fake.key = client.connections.connect("pros", "main").connection.id
    with Served(fake, now_ms) as address:
        fake.instead = ["--instead", f"https://ads-api.x.com={address}"]
        assert forward(fake) == 0
        yield fake


def run(x, *words):
    return main(["connections", *words, "--state", str(x.state)])


def forward(x):
    return main(["forward", "--once", "--state", str(x.state), *x.instead])


def lines(capsys):
    return [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith("{")]


def counts(capsys):
    """Counts of the first kind: of email, or of whole users."""
    ((kind, *_),) = [each["kinds"] for each in lines(capsys)]
    return {name: count for name, count in kind.items() if name != "kind" and count}


def test_a_list_is_told_with_its_size_and_why_it_cannot_be_targeted_and_that_is_no_fault(x, capsys):
    capsys.readouterr()
    assert run(x, "status", x.key, *x.instead) == 0
    assert capsys.readouterr().out.splitlines()[1:] == [f"{LIST}  main    2             --    no, PROCESSING  {x.key}"]
    x.audience(LIST).touched -= 9 * HOUR
    run(x, "status", "--json", *x.instead)
    (row,) = lines(capsys)
    assert row["status"] == {"size": 1, "targetable": False, "reasons": ["TOO_SMALL"]}
    assert (row["name"], row["kind"], row["held"], row["problem"]) == (LIST, "email", 2, "")
    x.match = 100
    run(x, "status", *x.instead)
    assert capsys.readouterr().out.splitlines()[1].split()[4:6] == ["200", "yes"]


def test_a_list_that_is_gone_at_x_is_told_with_what_to_do(x, capsys):
    x.delete_by_hand(LIST)
    assert run(x, "status", *x.instead) == 1
    told = capsys.readouterr().out
    assert "GoneAtPartner (404 NOT_FOUND): The audience was not found" in told
    assert "The list was deleted at X: resume to make it again and fill it" in told


def test_of_a_folder_only_what_was_acknowledged_is_known(x, tmp_path, capsys):
    with connect(engine="inline", state=x.state) as client:
        client.outputs.create("lake", "files", {"folder": str(tmp_path)})
        key = client.connections.connect("pros", "lake").connection.id
    run(x, "status", key)
    assert len(capsys.readouterr().out.splitlines()) == 1
    forward(x)
    assert run(x, "status", key, "--json") == 0
    assert [(row["held"], row["status"]) for row in lines(capsys)] == [(2, None)]


def test_what_is_in_step_differs_in_nothing(x, capsys):
    capsys.readouterr()
    assert run(x, "reconcile") == 0
    assert capsys.readouterr().out.splitlines()[1].split() == ["Pros", "to", "main", "email", *"220000"]


def test_what_came_while_nobody_forwarded_is_missing_or_superfluous(x, tmp_path, capsys):
    with connect(engine="inline", state=x.state) as client:
        client.ingest([pro(1, "free"), pro(3)], T + 1)
    capsys.readouterr()
    assert run(x, "reconcile", x.key, "--json", "--users", str(tmp_path / "users.csv")) == 1
    assert counts(capsys) == {"should": 2, "held": 1, "missing": 1, "superfluous": 1}
    assert (tmp_path / "users.csv").read_text().splitlines() == [
        "mpid,kind,difference", "1,email,superfluous", "3,email,missing",
    ]  # fmt: skip
    run(x, "reconcile")
    assert (
        "the forwarder has still 0 user(s) to be looked at, 1 round(s) of changes to be heard of"
        in capsys.readouterr().out
    )
    forward(x)
    assert run(x, "reconcile") == 0
    assert x.members(LIST, now_ms()) == hashes(2, 3)


def test_users_that_go_whole_differ_when_an_attribute_that_goes_along_does(x, tmp_path, capsys):
    with connect(engine="inline", state=x.state) as client:
        client.outputs.create("lake", "files", {"folder": str(tmp_path)})
        key = client.connections.connect("pros", "lake", attributes=["city"]).connection.id
    forward(x)
    assert run(x, "reconcile", key) == 0
    with connect(engine="inline", state=x.state) as client:
        client.ingest([{"mpid": 1, "user_attributes": {"city": "Bonn"}}], T + 1)
    capsys.readouterr()
    assert run(x, "reconcile", key, "--json") == 1
    assert counts(capsys) == {"should": 2, "held": 1, "missing": 1, "superfluous": 1}
    forward(x)
    assert run(x, "reconcile", key) == 0


def test_what_x_refuses_is_told_with_its_words(x, capsys):
    x.most_users = 1
    x.trouble(400, "INVALID_PARAMETER", where="/users")
    with connect(engine="inline", state=x.state) as client:
        client.ingest([pro(4)], T + 1)
    forward(x)
    capsys.readouterr()
    assert run(x, "reconcile") == 0
    told = capsys.readouterr().out
    assert "Pros to main: 1 refused, BadItems (400 INVALID_PARAMETER): INVALID_PARAMETER for a test" in told
    assert "4@x.com" not in told


def test_a_list_that_others_have_changed_is_sent_again_as_a_whole(x, capsys):
    x.audience(LIST).people.clear()
    assert run(x, "reconcile", "--repair") == 0
    forward(x)
    assert x.members(LIST, now_ms()) == set()
    capsys.readouterr()
    assert run(x, "reconcile", "--resend") == 0
    assert capsys.readouterr().out.splitlines()[-1] == "Pros to main: everything is sent once more"
    assert run(x, "reconcile", "--json") == 0
    forward(x)
    assert x.members(LIST, now_ms()) == hashes(1, 2)


def test_a_connection_that_is_stopped_or_inactive_says_when_it_is_repaired(x, capsys):
    x.revoke()
    with connect(engine="inline", state=x.state) as client:
        client.ingest([pro(3)], T + 1)
    assert forward(x) == 1
    run(x, "reconcile", "--repair")
    told = capsys.readouterr().out.splitlines()[-1]
    assert told.startswith("Pros to main: everybody is looked at once more after `resume`: it is stopped, SignInAgain")
    run(x, "resume", x.key)
    run(x, "deactivate", x.key)
    run(x, "reconcile", "--repair")
    assert capsys.readouterr().out.splitlines()[-1].endswith("everybody is looked at once more when it is active again")


def test_an_engine_in_memory_alone_cannot_be_asked(capsys):
    with connect(engine="inline") as client, pytest.raises(Exception, match="expected an engine with a state"):
        client.audiences.create(audience("pros", "Pros", user("plan").exactly("pro")))
        client.outputs.create("lake", "files", {"folder": "/data"})
        client.connections.reconcile(client.connections.connect("pros", "lake").connection.id)
