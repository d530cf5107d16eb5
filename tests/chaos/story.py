"""What a feeder tells an engine, by a seed: operation by operation, the same whenever it is asked for.

Eight operations share the first milliseconds of a minute and no user leaves an audience by time in them: so whatever
has to be repeated, and takes effect a few milliseconds later, changes the same users in the same minute.
"""

import json
import random

import msgspec

from raudience.catalog.commands import Edit
from raudience.catalog.documents import read_book
from raudience.clock import HOUR, MINUTE
from tests.cluster.world import START

GROUP = 8
"""Operations of one minute."""
APART = 10
"""Milliseconds between them; half a second of each minute is theirs."""
USERS = 200
SINGLES = 1_000_000
"""From here on each user has one batch: a lost one is not in the audience `pinged`, a doubled one is in `twice`."""


def _audience(key, criteria):
    return {"key": key, "name": key, "criteria": criteria}


def _event(name, kind="custom", **more):
    return {"type": "event", "kind": kind, "name": name, **more}


def _within(text):
    return {"op": "within", "last": text}


_PAID = {"type": "user_attribute", "name": "plan", "test": {"op": "exact_match", "value": "paid"}}
_ALWAYS = [
    _audience("pinged", _event("Ping")),
    _audience("twice", _event("Ping", frequency={"at_least": 2})),
    _audience("buyers", _event("purchase", "commerce", recency=_within("20 minutes"))),
    _audience("gone", _event("Visit", frequency={"exactly": 0}, recency=_within("30 minutes"))),
]
_FANS = _audience("fans", {"type": "and", "of": [_event("Visit", frequency={"at_least": 3},
                                                        recency=_within("1 hour")), _PAID]})  # fmt: skip
_REGULARS = _audience("regulars", _event("Visit", frequency={"at_least": 5}, recency=_within("2 hours")))
_SETTINGS = {"lookback": "90 days", "retention": "90 days"}
DOCUMENTS = (
    {"settings": _SETTINGS, "audiences": [*_ALWAYS, _FANS]},
    {"settings": _SETTINGS, "audiences": [*_ALWAYS, _REGULARS, _FANS]},
)
BOOKS = tuple(read_book(json.dumps(document).encode(), "book", "json") for document in DOCUMENTS)
"""The second is in force now and then."""


_BOUGHT = ("20 minutes", "40 minutes")
EDITED = tuple(_audience("buyers", _event("purchase", "commerce", recency=_within(span))) for span in _BOUGHT)
"""What an edit makes of an audience of every book."""
EDITS = tuple(
    Edit("", "buyers", read_book(json.dumps({"audiences": [each]}).encode(), "edit", "json").audiences[0].criteria)
    for each in EDITED
)


class Operation(msgspec.Struct, frozen=True):
    """kind: `define` (a book, by its number), `decide` (an edit, by its number), `ingest` (batches), `advance`,
    `snapshot` or `scale` (shards)."""

    kind: str
    batches: tuple[dict, ...] = ()
    number: int = 0


class Story(msgspec.Struct, frozen=True):
    seed: int

    def at(self, number: int) -> int:
        """The instant of an operation."""
        return START + number // GROUP * MINUTE + number % GROUP * APART

    def operation(self, number: int) -> Operation:
        chance = random.Random(f"{self.seed}-{number}")
        if number == 0:
            return Operation("define")
        kind = chance.random()
        if kind < 0.94:
            return Operation("ingest", tuple(self._batches(number, chance)))
        if kind < 0.96:
            return Operation("advance")
        if kind < 0.98:
            return Operation("snapshot")
        if kind < 0.99:
            return Operation("scale", number=chance.randint(1, 4))
        if kind < 0.995:
            return Operation("decide", number=chance.randrange(len(EDITS)))
        return Operation("define", number=chance.randrange(len(BOOKS)))

    def _batches(self, number: int, chance: random.Random):
        for place in range(chance.randint(4, 16)):
            if chance.random() < 0.5:
                yield self._single(number, place, chance)
            else:
                again = chance.random() < 0.03
                which = max(1, number - chance.randint(1, 50)) if again else number
                yield self._many(which, place)

    def _single(self, number: int, place: int, chance: random.Random) -> dict:
        return self._batch(number, place, SINGLES + number * 100 + place, chance, [("custom_event", "Ping")])

    def _many(self, number: int, place: int) -> dict:
        """A batch of one of the users that come again and again; a quarter of them have no MPID in a third of their
        batches: they are known by their address."""
        chance = random.Random(f"{self.seed}-{number}-{place}")
        user = chance.randrange(USERS) - USERS // 2
        happened = [("custom_event", "Visit")] * chance.randint(1, 2)
        if chance.random() < 0.2:
            happened.append(("commerce_event", "purchase"))
        batch = self._batch(number, place, user, chance, happened)
        batch["user_attributes"] = {"plan": chance.choice(("paid", "paid", "free"))}
        if user % 4 == 0 and chance.random() < 0.3:
            del batch["mpid"]
        return batch

    def _batch(self, number: int, place: int, user: int, chance: random.Random, happened: list) -> dict:
        late = HOUR if chance.random() < 0.05 else 0
        at = self.at(number // GROUP * GROUP)
        return {
            "mpid": user,
            "source_request_id": f"R-{number}-{place}",
            "timestamp_unixtime_ms": at - 1_000,
            "user_identities": {"email": f"user{user}@example.org"},
            "events": [_happening(name, kind, at - late - chance.randint(2_000, 50_000)) for kind, name in happened],
        }


def _happening(name: str, kind: str, at: int) -> dict:
    if kind == "custom_event":
        return {"event_type": kind, "data": {"event_name": name, "timestamp_unixtime_ms": at}}
    action = {"action": name, "products": [{"id": "cup", "price": 3}]}
    return {"event_type": kind, "data": {"timestamp_unixtime_ms": at, "product_action": action}}


def grid(at: int) -> int:
    """The instant as it would be had nothing been repeated: the first half second of a minute is its beginning."""
    minute = (at - START) // MINUTE * MINUTE + START
    return minute if at - minute < 500 else at
