"""A world for a test: users who do things, a clock that moves when it is told to, audiences to look into."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Self

from raudience.cluster.books import Definitions
from raudience.cluster.drawing import draw, in_short
from raudience.cluster.instants import Instant
from raudience.cluster.reasons import lines_of
from raudience.cluster.simulating import START, Length, Simulation, milliseconds
from raudience.errors import FixRequest
from raudience.hashing import text_key
from raudience.testing.actions import Action, Product, event_of, location_of, surroundings_of

__all__ = ["Members", "User", "World"]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class World:
    """Users and a book of audiences under a virtual clock. Raises FixDefinition with every fault of the book."""

    def __init__(self, audiences: Definitions, start: Instant = START) -> None:
        """audiences: a path, a Book or a list of Audience. start: where the clock stands at first."""
        self.simulation = Simulation(audiences, start)
        self._users: dict[str | int, User] = {}
        self._sent = 0
        self.asked: list[str] = []
        book = self.simulation.book
        self.input: str | None = book.inputs[0].key if book.inputs else None
        """Through which users send what they do, when they do not say: the first input of the book."""

    @property
    def now(self) -> datetime:
        return _EPOCH + timedelta(milliseconds=self.simulation.now)

    def user(self, name: str | int) -> User:
        """The user of a name, always the same one; a number is an MPID."""
        return self._users.setdefault(name, User(self, str(name), _mpid(name)))

    def users(self) -> tuple[User, ...]:
        """The users that were asked for so far."""
        return tuple(self._users.values())

    def passes(self, length: Length) -> Self:
        """Let time pass: `31 days`, milliseconds, a timedelta."""
        self.simulation.later(length)
        return self

    def until(self, instant: Instant) -> Self:
        """Let time pass until an instant."""
        self.simulation.until(instant)
        return self

    def audience(self, key: str) -> Members:
        """The members of an audience, at the moment when they are looked at; raise FixRequest when there is none."""
        known = sorted(audience.key for audience in self.simulation.book.audiences)
        if key not in known:
            message = f"audience: expected one of {', '.join(known)}; got {key}"
            raise FixRequest(message)
        return Members(self, key)

    def send(self, mpid: int, batch: Mapping[str, Any]) -> None:
        """Let a batch of a user arrive now, each one of its own."""
        self._sent += 1
        envelope = {"mpid": mpid, "timestamp_unixtime_ms": self.simulation.now, "source_request_id": f"{self._sent:09}"}
        through = {} if self.input is None else {"api_key": self.input}
        self.simulation.given(envelope | through | dict(batch))

    def name_of(self, mpid: int) -> str:
        """What the test calls a user."""
        return next((user.name for user in self._users.values() if user.mpid == mpid), str(mpid))

    def drawn(self) -> str:
        """The timelines of all users, and the reasons that were asked for."""
        timelines = ("\n".join(draw(self.simulation.timeline(user.mpid), user.name)) for user in self.users())
        return "\n\n".join((*self.asked, *timelines))


class User:
    """Someone in the world. What is said here arrives now; every call gives the user back, so that calls chain."""

    def __init__(self, world: World, name: str, mpid: int) -> None:
        self.world = world
        self.name = name
        self.mpid = mpid

    def __repr__(self) -> str:
        return self.name

    def does(
        self,
        what: str,
        /,
        *,
        times: int = 1,
        ago: Length = 0,
        kind: str | None = None,
        category: str | None = None,
        products: Sequence[Product] = (),
        input: str | None = None,
        attributes: Mapping[str, Any] | None = None,
        **named: Any,
    ) -> Self:
        """An event: a commerce action (`purchase`), a kind without a name (`session_start`), else a custom event.

        ago: how long ago it happened; it is known from now on. products: ids, or mappings of their fields. named:
        attributes of the event, `attributes` those whose names are taken here.
        """
        action = Action(what, kind, category, products, {**(attributes or {}), **named})
        event = event_of(action, self.world.simulation.now - milliseconds(ago))
        return self.sends({"events": [event] * times} | ({} if input is None else {"api_key": input}))

    def views(self, screen: str, /, **named: Any) -> Self:
        """A screen view."""
        return self.does(screen, kind="screen_view", attributes=named)

    def has(self, attributes: Mapping[str, Any] | None = None, /, **named: Any) -> Self:
        """User attributes: texts, numbers, booleans, lists; None is a tag, there without a value."""
        return self.sends({"user_attributes": {**(attributes or {}), **named}})

    def lacks(self, *names: str) -> Self:
        """Take user attributes away."""
        return self.sends({"deleted_user_attributes": list(names)})

    def has_calculated(self, attributes: Mapping[str, Any] | None = None, /, **named: Any) -> Self:
        """Calculated attributes."""
        return self.sends({"calculated_attributes": {**(attributes or {}), **named}})

    def is_known_by(self, **identities: str | None) -> Self:
        """Identities: email, customer_id ...; None takes one away."""
        return self.sends({"user_identities": identities})

    def uses(self, **named: Any) -> Self:
        """Device and application: platform, os_version, device_model, application_version ..."""
        return self.sends(surroundings_of(named))

    def is_in(self, **named: Any) -> Self:
        """Location: city, state, zip, dma, country, latitude, longitude."""
        return self.sends(location_of(named))

    def agrees_to(self, purpose: str) -> Self:
        """GDPR consent given."""
        return self._consents("gdpr", purpose, True)

    def refuses(self, purpose: str) -> Self:
        """GDPR consent rejected."""
        return self._consents("gdpr", purpose, False)

    def forbids_sale(self, forbidden: bool = True) -> Self:
        """CCPA: opted out of the sale of data, or in again."""
        return self._consents("ccpa", "data_sale_opt_out", forbidden)

    def opts_out(self, out: bool = True) -> Self:
        """Of everything: whoever opted out is in no audience."""
        return self.does("opt_out", is_opted_out=out)

    def sends(self, batch: Mapping[str, Any]) -> Self:
        """A batch as it comes over the wire (docs/events.md); what is not in it is filled in."""
        self.world.send(self.mpid, batch)
        return self

    def why(self, audience: str) -> str:
        """Why the user is in an audience or not, as a tree."""
        _, *tree = lines_of(self.world.simulation.why(self.mpid, audience))
        state = "is in" if self in self.world.audience(audience) else "is not in"
        return "\n".join((f"{self.name} {state} {audience}", *tree))

    def _consents(self, regulation: str, purpose: str, answer: bool) -> Self:
        return self.sends({"consent_state": {regulation: {purpose: {"consented": answer}}}})


class Members:
    """An audience as it is whenever it is looked at: `ana in world.audience("carts")`, `set(...)` of names, `len`."""

    def __init__(self, world: World, key: str) -> None:
        self.world = world
        self.key = key

    def __contains__(self, user: object) -> bool:
        return isinstance(user, User | str | int) and self._user(user).mpid in self._mpids()

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(map(self.world.name_of, self._mpids())))

    def __len__(self) -> int:
        return len(self._mpids())

    def __repr__(self) -> str:
        return f"<{self.key}: {', '.join(self) or 'nobody'}>"

    def reasons(self, user: object, expected: bool) -> list[str]:
        """Why a user is not in the audience, or is in it against what was expected: in short, since pytest cuts long
        texts off. The world shows the whole of it."""
        if not isinstance(user, User | str | int):
            return [f"expected a user of the world, got {user!r}"]
        one = self._user(user)
        self.world.asked.append(one.why(self.key))
        state = "is not in" if expected else "is in"
        head = f"{one.name} {state} {self.key} at {self.world.now:%Y-%m-%d %H:%M:%S} UTC"
        return [head, *in_short(self.world.simulation.why(one.mpid, self.key))]

    def _user(self, user: User | str | int) -> User:
        return user if isinstance(user, User) else self.world.user(user)

    def _mpids(self) -> list[int]:
        return self.world.simulation.members(self.key)


def _mpid(name: str | int) -> int:
    return name if isinstance(name, int) else text_key(name) >> 1
