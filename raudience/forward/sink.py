"""Partners that keep no lists.

Sinks among them take users whole: MPID, identities, and the attributes that were chosen. What they are told is plain:
values as profiles have them, trimmed. They are receivers of one's own, so every identity may be sent, each with a
switch; customer ids and e-mail addresses are from the beginning.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator
from http.client import responses
from typing import Final

import msgspec

from raudience.criteria.identities import DEVICE_IDENTITIES, USER_IDENTITIES
from raudience.errors import ReportBug
from raudience.forward.answers import asked_to_wait
from raudience.forward.kinds import (
    AskPermission,
    BadItems,
    Done,
    Failure,
    GoneAtPartner,
    OurBug,
    Outcome,
    RateLimited,
    Retry,
    SignInAgain,
)
from raudience.forward.members import ANONYMOUS, decode
from raudience.forward.partner import (
    Forwarded,
    IdentityRule,
    Item,
    Limits,
    Partner,
    Request,
    Response,
    Setting,
    Settings,
)

__all__ = ["ANONYMOUS_USERS", "FORWARD", "PLAIN", "Listless", "Sink", "forwarded_of", "outcome_of", "secrets_of"]

_NAMES: Final = USER_IDENTITIES + DEVICE_IDENTITIES
_USUAL: Final = ("customer_id", "email")
_MOST_TEXT: Final = 300

FORWARD: Final = tuple(
    Setting(f"forward_{name}", f"Forward {name.replace('_', ' ')}", "flag", name in _USUAL) for name in _NAMES
)
"""A switch of the connection for each identity."""

ANONYMOUS_USERS: Final = Setting(
    ANONYMOUS, "Send anonymous users", "flag", True, help="Members without any identity that is sent: by MPID alone"
)
"""As the source's Kinesis Firehose has it, and with its default: a receiver knows as many members as there are."""


def _trimmed(name: str, value: str) -> str | None:
    return value.strip() or None


PLAIN: Final = tuple(IdentityRule(name, (name,), _trimmed, flag=f"forward_{name}") for name in _NAMES)
"""Each identity has its own rule; all go into the one value of a user."""

_MEANINGS: Final[dict[int, type[Failure]]] = {
    401: SignInAgain,
    403: AskPermission,
    404: AskPermission,
    408: Retry,
    410: GoneAtPartner,
    413: BadItems,
    422: BadItems,
    425: Retry,
    429: RateLimited,
}
"""By status. 404 says that the address is wrong, not that a receiver has forgotten what it was told; 422 that something
is not taken. Others from 500 on are to be tried again; what is left nobody should have answered."""


class Listless(Partner):
    """What partners that keep no lists have in common. `delete_list` is for those whose `deletes` is not `keep`."""

    def bounds(self, settings: Settings) -> Limits:
        """As many items in a request as the output says: one at least, and no more than the partner allows."""
        asked = int(settings.get("batch_size", self.limits.items))
        return msgspec.structs.replace(self.limits, items=min(max(asked, 1), self.limits.items))

    @abstractmethod
    def own_list(self, forwarded: Forwarded) -> str: ...

    def list_name(self, forwarded: str, kind: str) -> str:
        return forwarded

    def find_list(self, settings: Settings, name: str) -> Request:
        raise self._no_lists()

    def read_found(self, response: Response, name: str) -> str | Failure | None:
        raise self._no_lists()

    def create_list(self, settings: Settings, name: str) -> Request:
        raise self._no_lists()

    def read_created(self, response: Response) -> str | Failure:
        raise self._no_lists()

    def rename_list(self, settings: Settings, list_id: str, name: str) -> Request:
        raise self._no_lists()

    def delete_list(self, settings: Settings, list_id: str, at: int) -> Request:
        message = f"what {self.id} was told of an audience that is deleted is kept"
        raise ReportBug(message)

    def _no_lists(self) -> ReportBug:
        return ReportBug(f"{self.id} was asked for a list, and keeps none")


class Sink(Listless):
    """What partners that take users whole, and know them by their MPID, have in common."""

    whole = True
    identities = PLAIN
    connection_settings = (*FORWARD, ANONYMOUS_USERS)

    def own_list(self, forwarded: Forwarded) -> str:
        return msgspec.json.encode(forwarded).decode()


def forwarded_of(list_id: str) -> Forwarded:
    """What the id of a sink's list stands for."""
    return msgspec.json.decode(list_id, type=Forwarded)


def outcome_of(response: Response, hidden: Iterable[str] = ()) -> Outcome:
    """What an answer means by its status. hidden: what must not come back in the text of a failure."""
    status = response.status
    if 200 <= status < 300:
        return Done()
    kind = _MEANINGS.get(status, Retry if status >= 500 else OurBug)
    failure = kind(status, "", _text(response, hidden))
    if isinstance(failure, Retry | RateLimited):
        return msgspec.structs.replace(failure, until=asked_to_wait(response))
    return failure


def secrets_of(items: Iterable[Item]) -> Iterator[str]:
    """What of items must not come back in the text of a failure: every value of every identity."""
    for item in items:
        for value in (item.value, *item.replaces):
            for texts in decode(value).identities.values():
                yield from texts


def _text(response: Response, hidden: Iterable[str]) -> str:
    """The status in words, where a redirect leads to, and what was said; receivers like to repeat what they got."""
    said = response.headers.get("location", "") or response.body.decode("utf-8", "replace").strip()
    for value in hidden:
        said = said.replace(value, "...")
    status = f"{response.status} {responses.get(response.status, '')}".strip()
    return f"{status}: {said[:_MOST_TEXT]}" if said else status
