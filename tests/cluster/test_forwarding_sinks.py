"""A forwarder whose partner keeps no lists: it tells a receiver of webhooks, over HTTP."""

import pytest

from raudience.clock import now_ms
from raudience.cluster.calling import Surroundings
from raudience.cluster.forwarding import Forwarder, Link
from raudience.cluster.wire import Wire
from raudience.forward.buckets import Bucket
from raudience.forward.partners.webhook import Webhook
from tests.cluster.test_forwarding import People
from tests.forward.fakes.receiver import Receiver
from tests.forward.fakes.wire import Served

ADDRESS = "https://receiver.example/audiences"


class AtRoot(Receiver):
    """Behind a server the path is all that is seen of an address."""

    def answer(self, method, url, headers, body, now):
        return super().answer(method, f"https://receiver.example{url}", headers, body, now)


class Stage:
    def __init__(self, wire):
        self.people, self.now, self.wire = People(), now_ms(), wire
        self.settings = {"address": ADDRESS, "secret": "s3cret", "batch_size": 2, "forward_email": True}
        self.people.put(1, email=["ann@x.org"])
        self.people.put(2, email=["bob@x.org"])
        self.people.put(3, email=["cem@x.org"])
        buckets = {kind: Bucket(1_000, 60_000) for kind in ("members", "write", "read")}
        world = Surroundings(wire.send, lambda: self.now, lambda: 0.5, lambda: "nonce", buckets)
        self.forwarder = Forwarder(self.link("Big Spenders"), Webhook(), self.people, world)

    def link(self, name, **more):
        return Link("c1", name, self.settings | more, "big-spenders")

    def work(self):
        for _ in range(200):
            following = self.forwarder.work()
            if following is None:
                return
            self.now = max(self.now, following)
        raise AssertionError("it never ends")


@pytest.fixture
def receiver():
    return AtRoot()


@pytest.fixture
def stage(receiver):
    with Served(receiver, now_ms) as address:
        wire = Wire({"https://receiver.example": address})
        yield Stage(wire)
        wire.close()


def test_nobody_is_asked_for_a_list_and_requests_are_as_large_as_the_output_says(stage, receiver):
    stage.work()
    assert receiver.members("c1", "email") == {"ann@x.org", "bob@x.org", "cem@x.org"}
    assert [body.count(b"specversion") for *_, body in receiver.requests] == [2, 1]


def test_another_size_of_requests_counts_from_the_next_on(stage, receiver):
    stage.forwarder.change(stage.link("Big Spenders", batch_size=1))
    stage.work()
    assert len(receiver.requests) == 3


def test_an_answer_that_is_lost_or_late_means_the_same_events_again(stage, receiver):
    receiver.trouble(lost=True)
    receiver.trouble(503)
    stage.work()
    first, second, third = [body for *_, body in receiver.requests[:3]]
    assert first == second == third
    assert len(receiver.events) == 3


def test_another_name_is_told_with_the_next_change(stage, receiver):
    stage.work()
    asked = len(receiver.requests)
    stage.forwarder.change(stage.link("Whales"))
    stage.work()
    assert len(receiver.requests) == asked
    stage.people.put(1, member=False)
    stage.work()
    assert (receiver.names, receiver.members("c1", "email")) == ({"c1": "Whales"}, {"bob@x.org", "cem@x.org"})


def test_the_end_of_the_audience_is_told_once(stage, receiver):
    stage.people.put(1, email=["ann@x.org"], customer_id=["7"])
    stage.forwarder.change(stage.link("Big Spenders", forward_customer_id=True))
    stage.work()
    assert stage.forwarder.end(stage.now)
    assert stage.forwarder.end(stage.now)
    assert [told["connection"] for told in receiver.deleted] == ["c1"]
    assert "deleted" in str(receiver.requests[-1])
