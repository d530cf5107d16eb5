"""One life of an engine under faults, by a seed, beside one that nothing happens to."""

import json
import random
from contextlib import suppress

from raudience.catalog import Audience, Book
from raudience.catalog.commands import Activate, Archive, Create, CutOver, Delete, Edit, Tag
from raudience.catalog.documents import read_book
from raudience.cluster.inline import InlineEngine
from raudience.cluster.keepsakes import Keepsake
from raudience.cluster.live import Ingested
from raudience.criteria.definition import AudienceMembership, Event, Frequency, Or
from raudience.errors import FixDefinition, FixStore
from raudience.records.suggestions import NamesIn
from tests.cluster.world import BOOK, END, START, batch
from tests.simulation.carrier import Died, DriverDied, FailingCarrier
from tests.simulation.disk import Chance, Disk

FIRST = read_book(BOOK.encode(), "book.yaml", "yaml")
SECOND = Book(FIRST.audiences[:1] + (read_book(
    b"""
audiences:
  - {key: lost, name: No visit in the last day, criteria: {type: event, kind: custom, name: Visit,
     frequency: {exactly: 0}, recency: {op: within, last: 1 day}}}
""", "second.yaml", "yaml").audiences))  # fmt: skip

VISITED = Event("custom", "Visit", frequency=Frequency(at_least=2))
COMMANDS = (
    Create("", Audience("visitors", "Came twice", VISITED)),
    Create("", Audience("idea", "Came twice, perhaps", VISITED), draft=True),
    Edit("", "buyers", Or((AudienceMembership("visitors"), FIRST.audiences[0].criteria))),
    Edit("", "buyers", FIRST.audiences[0].criteria),
    Edit("", "visitors", Event("custom", "Visit", frequency=Frequency(at_least=3)), hold=True),
    CutOver("", "visitors"),
    Activate("", "idea"),
    Archive("", "idea"),
    Delete("", "visitors"),
    Tag("", "buyers", ("loyal",)),
)
"""What people decide meanwhile; some of it cannot be just then, and changes nothing."""

POINTS = (
    "before append", "after append", "after intent", "before telling", "after telling", "before snapshot",
    "during snapshot", "after snapshot", "after freeze", "after adopt", "after deciding",
    "after purge",
)  # fmt: skip
RARE = {"after freeze": 0.1, "after adopt": 0.1, "after deciding": 0.3, "after purge": 0.1}
"""Chances of a death at points that are passed in moves, decisions and erasures only."""


class Life:
    """An engine whose driver repeats what was not acknowledged, as a client does. heard: changes that it was told."""

    def __init__(self, seed, never=()):
        self.random = random.Random(seed)
        self.chance = Chance(self.random, never)
        self.disk = Disk(self.chance)
        self.keepsake = Keepsake(self.disk, background=False, every=self.random.choice((2_000, 20_000, 1 << 40)),
                                 failpoint=self._failpoint)  # fmt: skip
        self.shards = self.random.randint(1, 3)
        self.heard = []
        self._read, self._position = [], 0
        self.engine, self.visitor = None, None
        self.carrier = FailingCarrier(self.disk, self.keepsake)
        self.now = START - 1
        self._surely(lambda: None)

    def run(self):
        quiet = InlineEngine(self.shards)
        for number, (name, *values) in enumerate(self._story()):
            if number % 20 == 19 and self.chance("driver died", 0.3):
                self._end_driver(everything=self.random.random() < 0.5)
            if name == "erase":
                self._surely(self._read_on)
            # Who cannot move key groups just now may leave it, and go on.
            left = name == "scale" and self.random.random() < 0.5
            self._surely(lambda name=name, values=values: tell(self.engine, name, *values), left)
            if name in ("define", "ingest", "advance", "decide", "erase"):
                tell(quiet, name, *values)
            if self.chance("visitor came", 0.1):
                self._visit()
            self.carrier.wake_zombies(self.now)
        self.chance.calm = True
        self._surely(lambda: self.engine.advance(END))
        quiet.advance(END)
        self.engine.check()
        return quiet

    def told(self):
        """Every change that the log of the coordinator tells, read by position in pieces; what an erasure would take
        away was read before it."""
        self._read_on()
        return self._read

    def _read_on(self):
        while pieces := self.engine.told(self._position, 3):
            self._read += [changes for _, changes in pieces]
            self._position = pieces[-1][0]

    def _story(self):
        yield "define", FIRST, self.now
        number = 0
        while number < 120:
            kind = self.random.random()
            if kind < 0.8:
                count = self.random.randint(1, 6)
                batches = [self._batch(each) for each in range(number, min(number + count, 120))]
                number += count
                self.now = max(self.now, START + number * 20 * 60_000)
                yield "ingest", batches, self.now
            elif kind < 0.88:
                self.now += self.random.randint(1, 3_600_000)
                yield "advance", self.now
            elif kind < 0.92:
                yield "scale", self.random.randint(1, 4)
            elif kind < 0.93:
                yield "erase", (self.random.randint(-20, 19),)
            elif kind < 0.95:
                yield "define", self.random.choice((FIRST, SECOND)), self.now
            elif kind < 0.97:
                yield "decide", self.random.choice(COMMANDS), self.now
            else:
                yield ("snapshot",)

    def _batch(self, number):
        found = batch(number)
        if number % 4 == 0:
            # Its user is found by what the identities led to before.
            del found["mpid"]
        return json.dumps(found).encode()

    def _surely(self, act, optional=False):
        for _ in range(200):
            try:
                if self.engine is None:
                    self.engine = InlineEngine(self.shards, carrier=self.carrier)
                changes = act()
                self.heard += [*self.engine.regained(), *(() if changes is None else (changes,))]
            except FixStore:
                if optional:
                    return
                continue
            except DriverDied:
                self._end_driver(everything=False)
                continue
            return
        raise AssertionError("nothing goes on")

    def _visit(self):
        """Somebody asks, and does not write; whoever dies on the way comes again another time."""
        try:
            self.visitor = self.visitor or InlineEngine(1, carrier=self.carrier)
            self.visitor.complete(NamesIn("user"), "p")
            for key in self.visitor.counts():
                self.visitor.estimate(Book(()), key)
                self.visitor.history(key, "hour")
                mpids = self.visitor.members(key)
                self.visitor.identities(mpids, ("email",))
                self.visitor.why(self.random.randint(-20, 20), key)
        except (FixStore, DriverDied):
            self.visitor = None

    def _end_driver(self, everything):
        if everything:
            self.carrier.die_all()
        self.engine = None

    def _failpoint(self, point):
        assert point in POINTS
        if self.chance(point, RARE.get(point, 0.004)):
            raise Died(point)


def tell(engine, name, *values):
    """Give a command; its changes. One that is given again may come after the instant at which it came first."""
    if name == "decide":
        # What was asked for a second time, because the answer was lost with its driver, may be refused.
        with suppress(FixDefinition):
            engine.decide(*values)
        # Who died between deciding and filling leaves it to the next one.
        engine.fill()
        return None
    if name in ("define", "advance"):
        *values, now = values
        values = [*values, max(now, engine.now or 0)]
    if name == "erase":
        engine.erase(*values, "simulation", 0)
        return None
    told = getattr(engine, name)(*values)
    return told.changes if isinstance(told, Ingested) else told
