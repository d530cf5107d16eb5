"""Forwarders that are processes end by kill -9; the fake X, which lives on, ends with exactly the members."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from raudience.catalog.build import audience
from raudience.clock import now_ms
from raudience.cluster.client import connect
from raudience.cluster.secrets import KEY
from raudience.criteria.build import user
from tests.chaos.crashing import FORWARDER_POINTS
from tests.forward.downstream import FLAGS, SECRETS, Downstream
from tests.forward.fakes.wire import Served
from tests.forward.fakes.x import ACCOUNT

ROOT = Path(__file__).parents[2]
PRO = user("plan").exactly("pro")


class Stage:
    """A state with an audience that is connected to X, and X behind HTTP. A program has the state at a time."""

    def __init__(self, folder):
        self.state, self.there, self.round = folder / "state", Downstream(0), 0
        with self.engine() as client:
            client.audiences.create(audience("pros", "Pros", PRO))
            client.outputs.create("ads", "x", {"account_id": ACCOUNT, **SECRETS["x"]})
            client.connections.connect("pros", "ads", settings=FLAGS)
        self.happens()

    def engine(self):
        return connect(engine="inline", state=self.state, by="ana")

    def happens(self):
        """Users come, go and change; the audience is renamed; another audience comes, and the one before is deleted."""
        self.round += 1
        with self.engine() as client:
            plans = ("free" if mpid % 4 == self.round % 4 else "pro" for mpid in range(40))
            client.ingest([{"mpid": mpid, "user_attributes": {"plan": plan},
                            "user_identities": {"email": f"{mpid}-{self.round % 3 * (mpid % 2)}@x.com"}}
                           for mpid, plan in enumerate(plans)], now_ms())  # fmt: skip
            client.audiences.rename("pros", "Pros", f"Loyal {self.round}")
            client.audiences.create(audience(f"more-{self.round}", f"More {self.round}", PRO))
            client.connections.connect(f"more-{self.round}", "ads", settings=FLAGS)
            if self.round > 1:
                client.audiences.delete(f"more-{self.round - 1}")

    def wrong(self):
        with self.engine() as client:
            self.there.now = now_ms()
            faults = [row.fault for row in client.connections.rows() if row.fault]
            return self.there.wrong(client._engine) + faults + list(client.connections.departed())


@pytest.fixture
def stage(tmp_path, monkeypatch):
    monkeypatch.setenv(KEY, "A" * 43 + "=")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    return Stage(tmp_path)


@pytest.mark.parametrize(("number", "applied"), [(2, False), (4, True)], ids=["not carried out yet", "carried out"])
def test_the_command_is_killed_while_x_has_its_request(stage, number, applied):
    with Served(Killing(stage.there.x), now_ms) as address:
        command = [sys.executable, "-m", "raudience", "forward", "--once", "--state", str(stage.state),
                   "--instead", f"https://ads-api.x.com={address}"]  # fmt: skip
        stage.there.x.killing = Kill(number, applied)
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
            stage.there.x.killing.process = process.pid
        assert process.returncode == -signal.SIGKILL
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (0, "")
    assert stage.wrong() == []


class Kill:
    """Of a process, when it makes its n-th request."""

    def __init__(self, number, applied):
        self.left, self.applied, self.process = number, applied, None

    def due(self):
        self.left -= 1
        return self.left == 0

    def __call__(self):
        os.kill(self.process, signal.SIGKILL)
        raise ConnectionResetError


class Killing:
    """X, in front of which somebody kills who asks."""

    def __init__(self, fake):
        self.fake = fake
        fake.killing = None

    def __call__(self, *request):
        killing, due = self.fake.killing, self.fake.killing is not None and self.fake.killing.due()
        if due and not killing.applied:
            killing()
        answer = self.fake(*request)
        if due:
            killing()
        return answer


@pytest.mark.slow
def test_it_is_killed_at_each_named_point(stage):
    with Served(stage.there.x, now_ms) as address:
        command = [sys.executable, "-m", "tests.chaos.forwarder", "--state", str(stage.state), "--address", address]
        subprocess.run(command, cwd=ROOT, check=True)
        for number, point in enumerate(FORWARDER_POINTS):
            stage.happens()
            if number % 2:
                stage.there.x.trouble(lost=True, applied=True, where="/users")
            killed = subprocess.run([*command, "--point", point], cwd=ROOT, check=False)
            assert killed.returncode == -signal.SIGKILL, point
            stage.there.x.trouble(lost=True, applied=True, where="/users")
            subprocess.run(command, cwd=ROOT, check=True)
            assert stage.wrong() == [], point
