"""What stories are told on: short forms of batches, and the oracle in the clothes of an engine."""

import json
from datetime import UTC, datetime, timedelta

from raudience.catalog.documents import read_book
from raudience.cluster.inline import InlineEngine
from raudience.ingest.batches import decode
from tests.oracle.world import World

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR


def utc(text):
    """Milliseconds of an ISO 8601 date-time."""
    read = datetime.fromisoformat(text)
    return ((read if read.tzinfo else read.replace(tzinfo=UTC)) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(
        milliseconds=1
    )


def batch(*events, mpid=1, **fields):
    return {"mpid": mpid, "events": list(events), **fields}


def event(event_type, time=None, **data):
    return {"event_type": event_type, "data": data if time is None else {"timestamp_unixtime_ms": time, **data}}


def custom(name, time=None, category="other", **attributes):
    return event("custom_event", time, event_name=name, custom_event_type=category, custom_attributes=dict(attributes))


def commerce(action, time=None, *products, **fields):
    return event("commerce_event", time, product_action={"action": action, "products": list(products), **fields})


def audience(criteria, key="a", **fields):
    return {"key": key, "name": key, "criteria": criteria, **fields}


def book(*audiences, **fields):
    return {"audiences": list(audiences), **fields}


def attribute(name, op, **operands):
    return {"type": "user_attribute", "name": name, "test": {"op": op, **operands}}


def asks(name="A", **fields):
    """An event criterion on custom events of a name."""
    return {"type": "event", "kind": "custom", "name": name, **fields}


class OracleStage:
    """The oracle behind the methods of an engine."""

    def __init__(self):
        self.world = World()
        self.now = None

    def define(self, document, now):
        self.world.define(document, now)
        return self._until(now)

    def ingest(self, batches, now):
        refused = self.world.ingest(batches, now)
        return self._until(now), len(refused)

    def advance(self, now):
        return self._until(now)

    def members(self, key):
        return self.world.members(key, self.now)

    def check(self):
        pass

    def close(self):
        pass

    def _until(self, now):
        since, self.now = self.now, now
        return self.world.changes(now - 1 if since is None else since, now)


class EngineStage:
    """An inline engine that takes documents and batches as dicts and tells changes as tuples."""

    def __init__(self, shards):
        self.engine = InlineEngine(shards=shards)

    def define(self, document, now):
        return told(self.engine.define(read_book(as_bytes(document), "book.json", "json"), now))

    def ingest(self, batches, now):
        ingested = self.engine.ingest([as_bytes(one) for one in batches], now)
        return told(ingested.changes), len(ingested.refusals)

    def replay(self, batches, now):
        """The batches take effect at their own times, which ascend."""
        return told(self.engine.apply(decode([as_bytes(one) for one in batches]).block, now))

    def advance(self, now):
        return told(self.engine.advance(now))

    def members(self, key):
        return self.engine.members(key)

    def counts(self):
        return self.engine.counts()

    def why(self, mpid, key):
        return self.engine.why(mpid, key)

    def check(self):
        self.engine.check()

    def close(self):
        self.engine.close()


def as_bytes(document):
    return json.dumps(document, sort_keys=True).encode()


def told(changes):
    """(at, audience, mpid, entered) of each change, in the order in which they were told."""
    return [
        (int(at), changes.audiences[audience], int(mpid), bool(entered))
        for at, audience, mpid, entered in zip(changes.at, changes.audience, changes.mpid, changes.entered, strict=True)
    ]
