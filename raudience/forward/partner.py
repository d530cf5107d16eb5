"""What a partner is: declarations and pure functions. Everything else, batches, retries, limits, ledgers, is the same
for all of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar, Literal, TypeAlias

import msgspec

from raudience.errors import ReportBug
from raudience.forward.kinds import Failure, Outcome

__all__ = [
    "Forwarded", "IdentityRule", "Item", "Left", "Limits", "Partner", "Rate", "Request", "RequestKind", "Response",
    "Setting", "Settings",
]  # fmt: skip

Settings: TypeAlias = Mapping[str, str | bool | int]
"""Values of the settings of an output or a connection by name, defaults filled in; secrets among those of an output."""


RequestKind: TypeAlias = Literal["members", "write", "read"]
"""A class of requests that the partner's limits count apart: changes of members, of lists, and questions."""


class Setting(msgspec.Struct, frozen=True):
    """One setting: the form, the check and the page of the partner are made of these. secret: kept encrypted and never
    shown. choices: of type choice; of type names, which is some of them between commas. least, most: of a number, or
    letters of a text. begins: a text, with one of these."""

    name: str
    label: str
    type: Literal["text", "flag", "choice", "number", "names"] = "text"
    default: str | bool | int | None = None
    required: bool = False
    secret: bool = False
    choices: tuple[str, ...] = ()
    help: str = ""
    least: int | None = None
    most: int | None = None
    begins: tuple[str, ...] = ()


class IdentityRule(msgspec.Struct, frozen=True):
    """How one kind of identity is sent. identities: our names for what goes into it. normalise: None for a value that
    cannot be sent. flag: the setting of the connection that switches the kind on; None: it always is."""

    kind: str
    identities: tuple[str, ...]
    normalise: Callable[[str, str], str | None]
    """Takes the name of the identity and its value."""
    hash: Literal["none", "sha256", "sha1", "md5"] = "none"
    flag: str | None = None


class Rate(msgspec.Struct, frozen=True):
    """So many requests in `window` milliseconds."""

    requests: int
    window: int


class Limits(msgspec.Struct, frozen=True):
    """items, bytes: of one request. requests: so many in `window` milliseconds, for each account. others: classes of
    requests that are counted apart; each class that is not named may make as many as `requests` says. overhead: bytes
    that a value takes in a request beside twice its own, at most as a rule."""

    items: int
    bytes: int
    requests: int
    window: int
    others: dict[RequestKind, Rate] = {}
    overhead: int = 1_000

    def rate(self, kind: RequestKind) -> Rate:
        """How many requests of a class may be made."""
        return self.others.get(kind, Rate(self.requests, self.window))

    def size(self, item: Item) -> int:
        """Bytes of an item in a request, rather too many than too few."""
        size = self.overhead + 2 * len(item.value)
        return size + sum(self.overhead + 2 * len(value) for value in item.replaces) if item.replaces else size


class Left(msgspec.Struct, frozen=True):
    """So many more requests are taken before an instant, in milliseconds."""

    requests: int
    until: int


class Item(msgspec.Struct, frozen=True, gc=False):
    """Put a value on a list of the partner, or take it off. value: normalised; the bytes of its hash, which the partner
    gets in the form it likes, or of its text. Of partners who take users whole it is a user (`members.decode`), and
    replaces: other values of that user, which are void from now on."""

    value: bytes
    add: bool
    replaces: tuple[bytes, ...] = ()


class Forwarded(msgspec.Struct, frozen=True):
    """What goes to an output. connection: its id, which no other ever has. audience: the key; variation: of its A/B
    test, None for the whole audience; name: what outputs call both (semantics 22, 23, 153)."""

    connection: str
    audience: str
    variation: str | None
    name: str


class Request(msgspec.Struct, frozen=True):
    """An HTTP request, whole but for what signs it. query: in order, not encoded yet. kind: the class of requests that
    the partner's limits count it to."""

    method: str
    url: str
    query: tuple[tuple[str, str], ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    kind: RequestKind = "members"


class Response(msgspec.Struct, frozen=True):
    """headers: by name in lower case; `date` is among them, if not the partner's then our own."""

    status: int
    headers: dict[str, str]
    body: bytes


class Partner(ABC):
    """One partner. Functions that make requests and read answers are pure: time, chance and settings come in.

    Instants are int milliseconds. A function that reads an answer gives what it asked for, or a Failure.
    """

    id: ClassVar[str]
    name: ClassVar[str]
    docs: ClassVar[str]
    output_settings: ClassVar[tuple[Setting, ...]]
    connection_settings: ClassVar[tuple[Setting, ...]]
    identities: ClassVar[tuple[IdentityRule, ...]]
    limits: ClassVar[Limits]
    deletes: ClassVar[Literal["delete", "keep", "message"]]
    """What happens downstream when the audience is deleted (seed, "Delete an audience"); of `keep` nobody is told, and
    `delete_list` is never asked."""
    whole: ClassVar[bool] = False
    """Whether it takes users whole, identities and attributes in one value of the only kind `members.WHOLE`; the rules
    say which identities go in. For partners that know users by their MPID: of two users with the same address, who
    leaves takes nothing from the other."""
    flush: ClassVar[int] = 0
    """Milliseconds for which changes are gathered, for connections that do not say; a full request goes earlier."""
    refresh: ClassVar[int | None] = None
    """Milliseconds after which a member must be sent again, or the partner forgets it."""

    def bounds(self, settings: Settings) -> Limits:
        """The limits of an output: the partner's, or what the settings say."""
        return self.limits

    def snapshots(self, settings: Settings) -> int | None:
        """Milliseconds between two snapshots of all members; None: there are none. For those who take users whole."""
        return None

    def snapshot(
        self, settings: Settings, list_id: str, values: Sequence[bytes], at: int, part: int, parts: int
    ) -> Request:
        """Keep some of all members: one part of several, from 1 on. at: when the last change that is in it was planned.
        What came of it `read_done` says."""
        message = f"{self.id} was asked for a snapshot, and keeps none"
        raise ReportBug(message)

    def own_list(self, forwarded: Forwarded) -> str | None:
        """The id of the list at a partner that keeps none. Nothing is asked for it: it is neither found, made nor
        renamed. All kinds have the same id, and what it stands for is deleted once. If another name gives another id,
        that is for what is sent from then on: who was sent before is not told again. None: the partner keeps lists."""
        return None

    def left(self, response: Response) -> Left | None:
        """What an answer says in passing of the limit on requests of its class; None: nothing."""
        return None

    @abstractmethod
    def list_name(self, forwarded: str, kind: str) -> str:
        """The name of the list that holds one kind of identity of an audience."""

    @abstractmethod
    def find_list(self, settings: Settings, name: str) -> Request:
        """Ask for the list of exactly that name."""

    @abstractmethod
    def read_found(self, response: Response, name: str) -> str | Failure | None:
        """The id of the list, None when there is none."""

    @abstractmethod
    def create_list(self, settings: Settings, name: str) -> Request: ...

    @abstractmethod
    def read_created(self, response: Response) -> str | Failure:
        """The id of the new list."""

    @abstractmethod
    def rename_list(self, settings: Settings, list_id: str, name: str) -> Request: ...

    @abstractmethod
    def delete_list(self, settings: Settings, list_id: str, at: int) -> Request:
        """at: later than all that was sent to it, and the same instant when this is asked again."""

    @abstractmethod
    def read_done(self, response: Response) -> Outcome:
        """What came of renaming or deleting; deleting what is not there any longer is done."""

    @abstractmethod
    def send(self, settings: Settings, list_id: str, kind: str, items: Sequence[Item], now: int) -> Request:
        """Put items on a list and take items off, within the limits. now: when that was planned, the same instant for
        as long as the same items are sent again, and a later one for whatever is sent next."""

    @abstractmethod
    def read_sent(self, response: Response, items: Sequence[Item]) -> Outcome:
        """What came of it, for all items."""

    @abstractmethod
    def check(self, settings: Settings) -> Request:
        """One cheap request that proves credentials and permission."""

    @abstractmethod
    def read_checked(self, response: Response) -> Outcome: ...

    @abstractmethod
    def sign(self, request: Request, settings: Settings, nonce: str, now: int) -> Request:
        """The request with what proves who sends it. nonce: letters and digits that are used once."""
