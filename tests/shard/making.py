"""Short forms for the tests of a shard: events as matching sees them, plans from documents, changes as tuples."""

import json

import numpy as np

from raudience.catalog.documents import read_book
from raudience.catalog.planning import plan
from raudience.ingest.batches import decode
from raudience.records import Field
from raudience.records.texts import words_in
from raudience.shard import Shard, Tick
from raudience.shard.arrivals import Arrivals
from raudience.shard.rows import INPUT, Cells
from raudience.shard.words import NULL_CODE, NUMBER_CODE, Dictionary
from tests.stories.stage import book, told

T = 1_772_323_200_000
ID = Field("product", "id")


class Rows:
    """EventRows from plain values. events: (key, time, {field: value}, [{field: value} of each product], input)."""

    def __init__(self, keys, dictionaries, events):
        self.size = len(events)
        self.keys = np.array([keys.index(key) for key, *_ in events], np.int32)
        self.times = np.array([time for _, time, *_ in events], np.int64)
        self.product_event = np.array([n for n, event in enumerate(events) for _ in event[3]], np.int64)
        products = [product for *_, held, _ in events for product in held]
        self._cells = {INPUT: coded([event[4] for event in events], dictionaries.setdefault(INPUT, Dictionary()))}
        for table in ([attributes for _, _, attributes, *_ in events], products):
            for field in {field for held in table for field in held}:
                values = [held.get(field, ...) for held in table]
                self._cells[field] = coded(values, dictionaries.setdefault(field, Dictionary()))

    def cells(self, field):
        return self._cells.get(field)


def coded(values, dictionary):
    """Cells of values: text, numbers, None for a tag, ... for absent."""
    place = [at for at, value in enumerate(values) if value is not ...]
    present = [values[at] for at in place]
    codes = [
        NULL_CODE if value is None else dictionary.code(value) if isinstance(value, str) else NUMBER_CODE
        for value in present
    ]
    numbers = [0.0 if value is None or isinstance(value, str) else float(value) for value in present]
    index = None if len(place) == len(values) else np.array(place, np.int64)
    return Cells(index, np.array(codes, np.int32), np.array(numbers) if NUMBER_CODE in codes else None)


def arrivals(known, *batches):
    """The events of batches, each of them in the row of its MPID."""
    block = decode([json.dumps({"timestamp_unixtime_ms": T, **one}).encode() for one in batches]).block
    return Arrivals(block, block.batches.mpid.astype(np.int32), None, known)


def planned(*audiences, **fields):
    """The plan of a book of audiences."""
    return plan(read_book(json.dumps(book(*audiences, **fields)).encode(), "book.json", "json"))


def block(*batches, at):
    """A block of batches that all take effect at one instant."""
    return decode([json.dumps(one).encode() for one in batches], now=at).block


def replayed(*batches):
    """A block of batches that take effect at their own times."""
    return decode([json.dumps(one).encode() for one in batches]).block


def shard_of(*audiences, now=T - 1, **fields):
    shard = Shard()
    shard.apply(planned(*audiences, **fields), now)
    return shard


def taken(shard, at, *batches):
    """Changes that batches make, all at one instant."""
    return told(shard.apply(block(*batches, at=at), at))


def identities(shard, *mpids, names):
    """Values of the named identities of each user."""
    found = [{} for _ in mpids]
    for name, named in zip(names, shard.standings((), np.array(mpids), names).identities, strict=True):
        for user, word in zip(named.user.tolist(), words_in(named.texts), strict=True):
            found[user][name] = (*found[user].get(name, ()), word)
    return found


def ticked(shard, now):
    return told(shard.apply(Tick(), now))
