"""Who only asks an engine has users forgotten by whoever feeds it."""

import pytest

from raudience.cluster import hearing, serving
from raudience.cluster.carrier import COORDINATOR
from raudience.cluster.client import Client
from raudience.cluster.coordinating import CoordinatorShell
from raudience.cluster.inline import InlineCarrier, InlineEngine
from raudience.errors import FixRequest
from tests.cluster.world import START, batch, write_book

MINE = -20
NOW = START + 60 * 60 * 1000 * 20


class Taken(InlineCarrier):
    """A carrier of several drivers: while one waits for requests, the one that feeds goes on. forgets: how often the
    coordinator comes back without what was asked of it."""

    shared = True

    def __init__(self, forgets=0):
        super().__init__()
        self.feeder, self.forgets, self.number = None, forgets, 100

    def call(self, where, method, *values):
        feeder = self.feeder
        if method == "requests" and feeder is not None:
            if self.forgets:
                self.forgets -= 1
                self._shells[COORDINATOR]._requests.clear()
            self.feeder, self.number = None, self.number + 1
            feeder.ingest([batch(self.number)], at=NOW + self.number)
            self.feeder = feeder
        return super().call(where, method, *values)


@pytest.fixture
def at_once(monkeypatch):
    monkeypatch.setattr(hearing, "_PAUSE", 0.0)
    monkeypatch.setattr(serving, "_WAIT", 0.0)


def fed(carrier, tmp_path):
    client = Client(InlineEngine(2, carrier=carrier))
    client.define(write_book(tmp_path), at=START)
    client.ingest([batch(number) for number in range(60)], at=NOW)
    return client


@pytest.mark.parametrize("forgets", [0, 1])
def test_the_feeding_driver_does_it_between_rounds_and_hears_of_the_exits(tmp_path, at_once, forgets):
    carrier = Taken(forgets)
    feeder = fed(carrier, tmp_path)
    list(feeder.changes())
    visitor = Client(InlineEngine(carrier=carrier))
    carrier.feeder = feeder
    receipt = visitor.erase(MINE, by="support")
    assert (receipt.kind, receipt.removed.profiles, visitor.user(MINE)) == ("erasure", 1, ())
    assert visitor.opt_out(MINE, by="support").kind == "opt_out"
    carrier.feeder = None
    assert MINE in {change.mpid for change in feeder.changes() if not change.entered}
    feeder.ingest([batch(99)], at=NOW + 10_000)
    assert carrier.wait(carrier.call(COORDINATOR, "requests")) == ()


def test_when_nobody_feeds_it_the_one_who_asks_is_told(tmp_path, at_once, monkeypatch):
    carrier = Taken()
    fed(carrier, tmp_path)
    visitor = Client(InlineEngine(carrier=carrier))
    with pytest.raises(FixRequest, match="nobody has written to this engine"):
        visitor._engine._serving.await_receipts(asked(), patience=0.0)
    assert visitor.erase(MINE, by="support", take_over=True).removed.profiles == 1


def test_a_coordinator_keeps_a_request_until_it_is_served():
    shell, request = CoordinatorShell(), asked()
    shell.request(request)
    shell.request(request)
    assert shell.requests() == (request,)
    shell.served(request.id)
    assert shell.requests() == ()


def asked():
    return serving.Request("r", "erasure", (MINE,), "me", 5)
