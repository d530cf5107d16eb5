"""Forwarding on real Ray: an actor for each output, which comes back exact, and holds up no other one."""

import base64
import threading
from pathlib import Path

import pytest
import ray

from raudience.catalog.build import audience
from raudience.cli.main import main
from raudience.clock import now_ms
from raudience.cluster.client import connect
from raudience.cluster.outgoing import outgoing_of
from raudience.cluster.placement import NAMESPACE
from raudience.cluster.sending import Setup
from raudience.criteria.build import user
from raudience.errors import Superseded
from tests.cluster.test_outgoing import TOKENS, batch, sha256
from tests.forward.fakes.wire import Served
from tests.forward.fakes.x import ACCOUNT, FakeX

pytestmark = [pytest.mark.slow, pytest.mark.ray, pytest.mark.usefixtures("local_ray")]

ADS_API = "https://ads-api.x.com"
LIST = "Pros (email)"


class Shop:
    """A running engine of a name, its audience connected to X and to a folder, and a client that feeds it."""

    def __init__(self, folder):
        self.folder, self.name = folder, f"shop-{folder.name}"
        (folder / "sent").mkdir()
        self.fake = FakeX()
        self.served = Served(self.fake, now_ms)
        self.client = connect(shards=1, name=self.name, state=folder / "state", by="ana")
        self.put(batch(10_000, "free"))
        self.client.audiences.create(audience("pros", "Pros", user("plan").exactly("pro")))
        self.client.outputs.create("ads", "x", {"account_id": ACCOUNT, **TOKENS})
        self.client.connections.connect("pros", "ads")

    def sending(self, **how):
        return self.client.outgoing({ADS_API: self.address}, **how)

    def __enter__(self):
        self.address = self.served.__enter__()
        return self

    def __exit__(self, *_):
        self.client.end_outgoing()
        self.served.__exit__()
        self.client._engine.dissolve()
        self.client.close()

    def put(self, *batches):
        self.client.ingest(batches)

    def held(self):
        return self.fake.members(LIST, now_ms()) if LIST in self.fake.lists() else set()

    def actor(self, output):
        return ray.get_actor(f"{self.name}/forward-{output}", NAMESPACE)

    def actors(self):
        """Outputs that have an actor."""
        begin = f"{self.name}/forward-"
        there = [each["name"] for each in ray.util.list_named_actors(all_namespaces=True)]
        return sorted(name.removeprefix(begin) for name in there if name.startswith(begin))


@pytest.fixture
def shop(tmp_path, monkeypatch):
    monkeypatch.setenv("RAUDIENCE_SECRET_KEY", base64.urlsafe_b64encode(b"k" * 32).decode())
    with Shop(tmp_path) as made:
        yield made


def test_each_output_has_an_actor_that_sends_and_tells_how_it_stands(shop):
    shop.client.outputs.create("lake", "files", {"folder": str(shop.folder / "sent")})
    shop.client.connections.connect("pros", "lake")
    shop.put(*(batch(mpid, "pro", email=f"{mpid}@x.com") for mpid in range(1, 30)))
    sending = shop.sending()
    assert sending.settle()
    assert shop.held() == sha256(*(f"{mpid}@x.com" for mpid in range(1, 30)))
    assert list((shop.folder / "sent").glob("*.ndjson"))
    assert shop.actors() == ["ads", "lake"]
    told = {each.output: each for each in sending.figures()}
    assert (told["ads"].held["email"], told["ads"].backlog, told["ads"].items) == (29, 0, 29)
    assert {each.output for each in shop.client.sent()} == {"ads", "lake"}
    for each in shop.client.connections.rows(output="lake"):
        shop.client.connections.disconnect(each.connection.id)
    assert sending.settle()
    sending.work()
    assert shop.actors() == ["ads"]
    sending.close()
    assert shop.actors() == []


def test_an_actor_that_is_killed_while_it_sends_comes_back_and_ends_exact(shop):
    shop.put(*(batch(mpid, "pro", email=f"{mpid}@x.com") for mpid in range(1, 200)))
    sending = shop.sending()
    shop.fake.slow = 0.2
    for died in range(3):
        asked = len(shop.fake.requests)
        while len(shop.fake.requests) == asked:
            sending.work()
            shop.put(batch(1_000 + died, "pro", email=f"late{died}@x.com"))
        ray.kill(shop.actor("ads"), no_restart=died < 2)
        shop.put(batch(1 + died, "free"))
    shop.fake.slow = 0
    while not sending.settle():
        sending.rest()
    left = [f"{mpid}@x.com" for mpid in range(4, 200)]
    assert shop.held() == sha256(*left, *(f"late{died}@x.com" for died in range(3)))
    sending.close()


def test_an_output_that_cannot_be_opened_says_so_and_holds_up_no_other(shop, monkeypatch):
    monkeypatch.setenv("RAUDIENCE_SECRET_KEY", base64.urlsafe_b64encode(b"o" * 32).decode())
    shop.client.outputs.create("lake", "files", {"folder": str(shop.folder / "sent")})
    shop.client.connections.connect("pros", "lake")
    shop.put(batch(1, "pro", email="one@x.com"))
    sending = shop.sending()
    assert not sending.settle()
    while not list((shop.folder / "sent").glob("*.ndjson")):
        sending.work()
    assert list(sending.troubles()) == ["pros to ads"]
    assert "expected a secret that the keys in RAUDIENCE_SECRET_KEY open" in sending.troubles()["pros to ads"]
    monkeypatch.setenv("RAUDIENCE_SECRET_KEY", base64.urlsafe_b64encode(b"k" * 32).decode())
    assert shop.sending().settle()
    assert shop.held() == sha256("one@x.com")
    sending.close()


def test_a_partner_that_does_not_answer_holds_up_no_other_output(shop):
    shop.client.outputs.create("lake", "files", {"folder": str(shop.folder / "sent")})
    shop.client.connections.connect("pros", "lake")
    shop.put(batch(1, "pro", email="one@x.com"))
    shop.fake.slow = 3_600
    sending = shop.sending()
    while not list((shop.folder / "sent").glob("*.ndjson")):
        sending.work(hurry=True)
    assert shop.fake.requests == []
    sending.close()
    assert shop.actors() == []


def test_two_who_supervise_find_the_same_actors_and_who_has_no_key_leaves_them_as_they_are(shop, monkeypatch):
    shop.put(batch(1, "pro", email="one@x.com"))
    first = shop.sending()
    assert first.settle()
    actor = shop.actor("ads")
    monkeypatch.delenv("RAUDIENCE_SECRET_KEY")
    second = shop.sending()
    assert second.settle()
    assert shop.actor("ads") == actor
    second.close()
    assert shop.actors() == []
    shop.put(batch(2, "pro", email="two@x.com"))
    while not first.settle():
        first.rest()
    assert shop.held() == sha256("one@x.com", "two@x.com")
    first.close()


def test_who_sends_beside_an_actor_is_superseded_by_the_next_one(shop):
    shop.put(batch(1, "pro", email="one@x.com"))
    sending = shop.sending()
    assert sending.settle()
    beside = outgoing_of(shop.client._engine, {ADS_API: shop.address})
    assert beside.settle()
    shop.put(batch(2, "pro", email="two@x.com"))
    while not sending.settle() or shop.held() != sha256("one@x.com", "two@x.com"):
        sending.rest()
    shop.put(batch(3, "pro", email="three@x.com"))
    with pytest.raises(Superseded):
        beside.settle()
    beside.close()
    while not sending.settle() or len(shop.held()) < 3:
        sending.rest()
    sending.close()


def test_the_command_begins_shows_and_ends_sending_that_stays(shop, capsys):
    shop.put(batch(1, "pro", email="one@x.com"))
    to = ("--name", shop.name, "--instead", f"{ADS_API}={shop.address}")
    assert main(["forward", "--detach", *to]) == 0
    assert main(["forward", "--once", *to]) == 0
    assert shop.held() == sha256("one@x.com")
    key = shop.client.connections.rows()[0].connection.id
    capsys.readouterr()
    assert main(["connections", "list", "--name", shop.name]) == 0
    assert capsys.readouterr().out.splitlines()[0].split() == [
        "audience", "variation", "output", "status", "id", "left", "oldest", "backfill",
    ]  # fmt: skip
    assert main(["connections", "show", key, "--name", shop.name]) == 0
    assert "held there 1 email" in " ".join(capsys.readouterr().out.split())
    assert main(["forward", "--end", "--name", shop.name]) == 0
    assert shop.actors() == []
    assert main(["forward", "--end", "--name", shop.name]) == 0
    assert capsys.readouterr().out.splitlines() == ["ended", "nothing is there that stays"]


def test_sending_that_stays_goes_on_without_who_began_it_until_it_is_ended(shop):
    shop.sending(stays=True).close()
    shop.put(batch(1, "pro", email="one@x.com"))
    pause = threading.Event()
    while shop.held() != sha256("one@x.com"):
        pause.wait(0.1)
    looking = shop.sending()
    assert looking.settle()
    looking.close()
    assert shop.actors() == ["ads"]
    assert shop.client.end_outgoing()
    assert shop.actors() == []
    assert not shop.client.end_outgoing()


def test_the_key_of_the_secrets_is_in_no_log_of_ray(shop):
    sending = shop.sending()
    assert sending.settle()
    key = base64.urlsafe_b64encode(b"k" * 32)
    ray.kill(shop.actor("ads"), no_restart=False)
    while not sending.settle():
        sending.rest()
    logs = [path for path in Path(ray._private.worker._global_node.get_logs_dir_path()).rglob("*") if path.is_file()]
    assert len(logs) > 5
    assert [path.name for path in logs if key in path.read_bytes()] == []
    assert key.decode() not in repr(Setup("shop", "ads", (), key.decode()))
    sending.close()


def test_a_list_that_others_have_changed_is_made_whole_by_the_actor_at_a_word_of_somebody_else(shop):
    shop.put(*(batch(mpid, "pro", email=f"{mpid}@x.com") for mpid in range(1, 30)))
    sending = shop.sending()
    assert sending.settle()
    shop.fake.audience(LIST).people.clear()
    (row,) = shop.client.connections.rows()
    found = shop.client.connections.reconcile(row.connection.id)
    assert found.is_exact
    assert {each.kind: each.held for each in found.kinds}["email"] == 29
    shop.client.connections.repair(row.connection.id, again=True)
    while shop.held() != sha256(*(f"{mpid}@x.com" for mpid in range(1, 30))):
        sending.work()
        sending.rest()
    sending.close()
