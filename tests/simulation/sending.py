"""A life whose audiences go to partners: people connect, rename, archive, delete; partners refuse, lose answers and
forget; forwarders die, and their disk fails."""

from contextlib import suppress

from raudience.catalog.commands import (
    Activate,
    Archive,
    Configure,
    Connect,
    Disconnect,
    PutOutput,
    Rename,
    Resume,
    StartTest,
    Switch,
)
from raudience.catalog.experiments import Share
from raudience.clock import DAY, HOUR, MINUTE
from raudience.cluster.inline import InlineEngine
from raudience.cluster.keepsakes import Keepsake
from raudience.errors import FixDefinition, FixStore
from tests.cluster.world import END
from tests.forward.downstream import ADS, FLAGS, PLAIN, SHOP, Downstream
from tests.simulation.carrier import DriverDied
from tests.simulation.disk import Disk
from tests.simulation.world import Life, tell

SELDOM = ("after forgetting", "after deleting a list", "after renaming a list", "after making a list", "after listing",
          "before snapshot", "during snapshot", "after snapshot")  # fmt: skip
"""Points at which somebody dies more often, as they are not passed often."""
KEYS = ("buyers", "fans", "lost", "visitors")
WAITS = 200 * DAY


class Another:
    """The carrier as a process finds it that is not the driver's."""

    shared = True

    def __init__(self, carrier):
        self._carrier = carrier

    def __getattr__(self, name):
        return getattr(self._carrier, name)


class ForwarderDied(BaseException):
    """The process of the forwarder ends."""


class SendingLife(Life):
    """alone: the forwarder is a process of its own; else it lives and dies with the driver."""

    def __init__(self, seed):
        super().__init__(seed)
        self.alone = self.random.random() < 0.5
        self.there = Downstream(self.now, lambda: self.chance("answer lost on the way", 0.02))
        self.ledgers = Disk(self.chance)
        self.kept_by = Keepsake(self.ledgers, background=False, every=self.random.choice((500, 4_000, 1 << 40)),
                                failpoint=self._forwarder_point)  # fmt: skip
        self.outgoing, self.sender = None, None
        self.renamed, self.kept = 0, set()
        self.token = self.there.x.tokens["tk"]

    def run(self):
        for output in (ADS, SHOP):
            self._people(lambda catalog, output=output: PutOutput("", output))
        for number, (name, *values) in enumerate(self._story()):
            if number % 20 == 19 and self.chance("driver died", 0.3):
                self._end_driver(everything=self.random.random() < 0.5)
            self._surely(lambda name=name, values=values: tell(self.engine, name, *values), name == "scale")
            for _ in range(self.random.randint(0, 2)):
                self._people(self.random.choice(WISHES))
            self._strike()
            self._forward(self.random.randint(0, 12))
            self.carrier.wake_zombies(self.now)
        self._calm()

    def wrong(self):
        """What partners hold otherwise than they should in the end."""
        return self.there.wrong(self.engine, self.kept)

    # People.

    def _people(self, wish):
        """Somebody decides; what cannot be just then changes nothing."""

        def decide():
            catalog = self.engine.catalog()
            asked = wish(catalog) if not isinstance(wish, str) else getattr(self, wish)(catalog)
            with suppress(FixDefinition):
                if asked is not None:
                    self.engine.decide(asked, self.there.now)
            self.engine.fill()

        self._surely(decide)

    def _one(self, catalog, which=lambda each: True):
        found = [each for each in catalog.connections.values() if which(each)]
        return self.random.choice(found) if found else None

    def connect(self, catalog):
        here = [entry for entry in catalog.audiences.values() if entry.status == "active"]
        if not here:
            return None
        entry, output = self.random.choice(here), self.random.choice(("ads", "ads", "shop"))
        variation = self.random.choice((None, "Loud", "Control")) if entry.experiment else None
        flush = self.random.choice((0, 0, 20 * MINUTE))
        return Connect(
            "", entry.key, output, variation, FLAGS if output == "ads" else PLAIN, self.random.random() < 0.8, flush
        )

    def disconnect(self, catalog):
        found = self._one(catalog)
        if found is None:
            return None
        if found.output == "shop" and self.random.random() < 0.5:
            self.kept.add(found.id)
            return Disconnect("", found.id, "keep")
        return Disconnect("", found.id, "remove")

    def switch(self, catalog):
        found = self._one(catalog)
        return found and Switch("", found.id, not found.active)

    def configure(self, catalog):
        found = self._one(catalog)
        if found is None:
            return None
        flag = self.random.choice(sorted(found.settings))
        return Configure("", found.id, {**found.settings, flag: not found.settings[flag]})

    def rename(self, catalog):
        """Sometimes as another one is called, or was."""
        self.renamed += 1
        number = self.renamed if self.random.random() < 0.5 else self.random.randint(1, self.renamed)
        return Rename("", self.random.choice(KEYS), f"Name {number}", self.random.choice((None, f"Out {number % 3}")))

    def shelve(self, catalog):
        return Archive("", self.random.choice(KEYS))

    def take_up(self, catalog):
        return Activate("", self.random.choice(KEYS))

    def test(self, catalog):
        return StartTest("", self.random.choice(KEYS), (Share(40, "Loud"),))

    def resume(self, catalog):
        found = self._one(catalog, lambda each: each.stop is not None)
        return found and Resume("", found.id)

    # Partners.

    def _strike(self):
        for fault, probability, happen in FAULTS:
            if self.chance(fault, probability):
                happen(self)
        if self.random.random() < 0.1:
            self._mend()

    def _mend(self):
        self.there.x.tokens["tk"] = self.token
        self.there.receiver.secret, self.there.receiver.allowed = "s3cret", True

    def trouble(self, *given, **more):
        self.there.x.trouble(*given, times=self.random.randint(1, 3), **more)

    def trouble_at_receiver(self, *given, **more):
        self.there.receiver.trouble(*given, times=self.random.randint(1, 3), **more)

    def lists_deleted(self):
        lists = self.there.x.lists()
        if lists:
            self.there.x.delete_by_hand(self.random.choice(lists))

    # Forwarders.

    def _forwarder_point(self, point):
        if self.chance(f"forwarder died {point}", 0.01 if "append" in point else 0.2 if point in SELDOM else 0.05):
            raise ForwarderDied(point)

    def _forward(self, turns):
        """So many turns of the connections; whether they have come to rest."""
        try:
            self._begin()
            for _ in range(turns):
                following = self.outgoing.work()
                if following is None:
                    return True
                self.there.now = max(self.there.now + 1, following)
        except (ForwarderDied, DriverDied, FixStore):
            self._end_forwarder()
        return False

    def _begin(self):
        self.there.now = max(self.there.now, self.now)
        if self.alone:
            self.sender = self.sender or InlineEngine(1, carrier=Another(self.carrier))
        elif self.engine is None or self.sender is not self.engine:
            self._end_forwarder()
            self._surely(lambda: None)
            self.sender = self.engine
        if self.outgoing is None:
            self.outgoing = self.there.begin(self.sender, self.kept_by, self.random.random)

    def _end_forwarder(self):
        self.outgoing, self.sender = None, None
        for name in list(self.ledgers.files):
            self.ledgers.crash(name)

    def _tidy(self):
        """Somebody deletes empty lists at X that are nobody's any longer: another audience may want their name."""
        known = {listed.list_id for seat in self.outgoing._seats.values()
                 for listed in seat.forwarder.connection.lists.values()}  # fmt: skip
        for name in self.there.x.lists():
            if not self.there.at_x(name) and self.there.x.audience(name).id not in known:
                self.there.x.delete_by_hand(name)

    def _calm(self):
        """All faults end, every connection sends, and somebody resumes until there is nothing left to do. A list that
        is gone at X is noticed when members are sent again, after some months at the latest."""
        self.chance.calm = True
        self.there.x.troubles, self.there.receiver.troubles = [], []
        self._mend()
        self._surely(lambda: self.engine.advance(END))
        for each in self.engine.catalog().connections.values():
            self._people(lambda _, each=each: Switch("", each.id, True))
        self._end_forwarder()
        self.there.now += WAITS * 2
        for _ in range(30):
            for _ in range(200):
                if self._forward(50):
                    break
            else:
                raise AssertionError("forwarders never come to rest")
            catalog = self.engine.catalog()
            stopped = [each for each in catalog.connections.values() if each.stop is not None]
            stopped += [each.connection for each in catalog.departed.values() if each.connection.stop is not None]
            if not stopped:
                assert catalog.departed == {}
                return
            self._tidy()
            for each in stopped:
                self._people(lambda _, each=each: Resume("", each.id))
        raise AssertionError("faults never end")


WISHES = ("connect", "connect", "connect", "disconnect", "switch", "switch", "configure", "rename", "shelve", "take_up",
          "test", "resume", "resume", "resume")  # fmt: skip
FAULTS = (
    ("x has had enough", 0.05, lambda life: life.trouble(429, "TOO_MANY_REQUESTS", headers={
        "x-rate-limit-reset": str(life.there.now // 1_000 + life.random.randint(1, 900))})),
    ("x is overloaded", 0.05, lambda life: life.trouble(503, "OVER_CAPACITY")),
    ("x fails when all was carried out", 0.05, lambda life: life.trouble(500, "INTERNAL_ERROR", applied=True)),
    ("answer of x is lost", 0.05, lambda life: life.trouble(lost=True, applied=life.random.random() < 0.7)),
    ("x miscounts", 0.05, lambda life: life.trouble(counts=(0, 1), where="/users")),
    ("x says html", 0.03, lambda life: life.trouble(502, body=b"<html>")),
    ("x forbids", 0.03, lambda life: life.trouble(403, "ACTION_NOT_ALLOWED")),
    ("token revoked", 0.03, lambda life: life.there.x.tokens.pop("tk", None)),
    ("list deleted by hand", 0.03, SendingLife.lists_deleted),
    ("receiver has had enough", 0.04, lambda life: life.trouble_at_receiver(429)),
    ("receiver is overloaded", 0.04, lambda life: life.trouble_at_receiver(503)),
    ("answer of the receiver is lost", 0.04, lambda life: life.trouble_at_receiver(lost=True)),
    ("receiver has another secret", 0.03, lambda life: setattr(life.there.receiver, "secret", "another")),
    ("receiver forbids", 0.03, lambda life: setattr(life.there.receiver, "allowed", False)),
    ("half a year passes", 0.03, lambda life: setattr(life.there, "now", life.there.now + WAITS)),
    ("an hour passes", 0.1, lambda life: setattr(life.there, "now", life.there.now + HOUR)),
)  # fmt: skip
