"""What the drivers of several hosts have in common: the small world, day by day, on an engine and on a quiet one."""

import json

import ray

from raudience.catalog.documents import read_book
from raudience.cluster.inline import InlineEngine
from raudience.cluster.keepsakes import Keepsake, Place
from raudience.cluster.placement import reach
from raudience.errors import FixRequest
from tests.cluster.nodes.hosts import until
from tests.cluster.world import BOOK, START, batch

BOOK_OF_WORLD = read_book(BOOK.encode(), "book.yaml", "yaml")


def keepsake(directory):
    return Keepsake(Place(str(directory)))


def arrive(address):
    """Connect to a Ray that may be starting still."""

    def there():
        try:
            reach(address)
        except (FixRequest, ValueError):
            return False
        return True

    until(there, 60)


def begin(engine):
    engine.define(BOOK_OF_WORLD, START - 1)


def ingest(engine, number):
    """The batch of a number, at its instant."""
    engine.ingest([json.dumps(batch(number)).encode()], START + (number + 1) * 20 * 60_000)


def membership(engine):
    """Everything that is told of the audiences."""
    figures = [(each.audience, each.size, each.adds_day, each.drops_day) for each in engine.figures()]
    return figures, [engine.members(key).tolist() for key in ("buyers", "fans")]


def is_exact(engine, last):
    """Whether an engine that took the batches before `last` is what one without any fault would be."""
    quiet = InlineEngine(1)
    begin(quiet)
    for number in range(last):
        ingest(quiet, number)
    quiet.advance(engine.now)
    engine.check()
    return membership(engine) == membership(quiet)


def alive():
    """Ids of the nodes that Ray counts as alive."""
    return {node["NodeID"] for node in ray.nodes() if node["Alive"]}


def node_of(handle):
    """Id of the node on which an actor is."""
    return ray._private.state.actors(handle._actor_id.hex())["Address"]["NodeID"]
