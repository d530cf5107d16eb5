"""Lists of the fake X and who is on them: user objects with all their keys, from one instant to another."""

import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime

from tests.forward.fakes.x_access import Refused

HASHED = ("email", "phone_number", "handle", "twitter_id", "device_id")
KEYS = (*HASHED, "partner_user_id")
HASH = re.compile(r"[0-9a-f]{64}")
MOST_OPERATIONS = 2_500
MOST_BYTES = 5_000_000
HOUR = 3_600_000
SETTLES = 8 * HOUR
SMALL = 100


def shown(ms):
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def read_time(text):
    return int(datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).timestamp() * 1000)


def months_later(ms, months=13):
    then = datetime.fromtimestamp(ms / 1000, UTC)
    month = then.month - 1 + months
    return int(
        then.replace(year=then.year + month // 12, month=month % 12 + 1, day=min(then.day, 28)).timestamp() * 1000
    )


@dataclass(eq=False, slots=True)
class Person:
    """keys: of "<key>:<value>"."""

    keys: tuple
    since: int
    until: int


@dataclass
class Audience:
    id: str
    name: str
    account: str
    created: int
    description: str = ""
    kind: str = "CRM"
    permission: str = "READ_WRITE"
    deleted: bool = False
    touched: int | None = None
    people: dict = field(default_factory=dict)

    def put(self, keys, since, until):
        """A user object: one with everybody that it shares a key with."""
        met = {id(found): found for key in keys if (found := self.people.get(key))}
        whole = tuple(dict.fromkeys([*(key for person in met.values() for key in person.keys), *keys])) if met else keys
        self.people.update(dict.fromkeys(whole, Person(whole, since, until)))

    def take(self, keys):
        """Whoever has one of these keys goes, with all keys."""
        for person in [found for key in keys if (found := self.people.get(key))]:
            for key in person.keys:
                self.people.pop(key, None)

    def there(self, now):
        """Who is on the list."""
        return list({id(one): one for one in self.people.values() if one.since <= now < one.until}.values())

    def members(self, now):
        """Values of all keys of who is on the list."""
        return {key.partition(":")[2] for person in self.there(now) for key in person.keys}

    def seen(self, now, match):
        """As X shows it. match: share of users that X knows."""
        settled = self.touched is not None and now - self.touched >= SETTLES
        size = int(len(self.there(now)) * match) if settled else None
        reasons = ["PROCESSING"] if size is None else ["TOO_SMALL"] if size < SMALL else []
        return {
            "id": self.id, "name": self.name, "description": self.description, "owner_account_id": self.account,
            "audience_type": self.kind, "audience_size": size, "targetable": not reasons,
            "targetable_types": ["CRM", "EXCLUDED_CRM"], "reasons_not_targetable": reasons,
            "permission_level": self.permission, "partner_source": "OTHER", "deleted": self.deleted,
            "created_at": shown(self.created), "updated_at": shown(self.touched or self.created),
        }  # fmt: skip


def operations_of(headers, body, too_large):
    """The operations of a request. too_large: the status for a body over the limit, which X does not document."""
    if headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise Refused(415, "UNSUPPORTED_MEDIA_TYPE")
    if len(body) > MOST_BYTES:
        raise Refused(too_large, "REQUEST_TOO_COMPLEX" if too_large == 400 else "REQUEST_ENTITY_TOO_LARGE")
    try:
        read = json.loads(body)
    except ValueError:
        raise Refused(400, "INVALID_PARAMETER", "The body is not JSON") from None
    if not isinstance(read, list) or not read:
        raise Refused(400, "INVALID_PARAMETER", "The body is not an array of operations")
    if len(read) > MOST_OPERATIONS:
        raise Refused(400, "REQUEST_TOO_COMPLEX", "Too many operations")
    return read


class Bad(Exception):
    """What is wrong with an operation. user: place of the user among those of the operation."""

    def __init__(self, parameter, user=None):
        super().__init__(parameter)
        self.parameter, self.user = parameter, user


def read_operation(operation, now):
    """Its type, users as tuples of keys, and from when until when."""
    if not isinstance(operation, dict) or operation.get("operation_type") not in ("Update", "Delete"):
        raise Bad("operation_type")
    params = operation.get("params")
    if not isinstance(params, dict) or not params.keys() <= {"users", "effective_at", "expires_at"}:
        raise Bad("params")
    since, until = read_span(params, now)
    users = params.get("users")
    if not isinstance(users, list) or not users:
        raise Bad("users")
    return operation["operation_type"], [keys_of(user, place) for place, user in enumerate(users)], since, until


def read_span(params, now):
    try:
        since = read_time(params["effective_at"]) if "effective_at" in params else now
        until = read_time(params["expires_at"]) if "expires_at" in params else months_later(now)
    except (ValueError, TypeError):
        raise Bad("expires_at") from None
    if until <= since:
        raise Bad("expires_at")
    return since, until


def keys_of(user, place):
    if not isinstance(user, dict) or not user or not user.keys() <= set(KEYS):
        raise Bad("users", place)
    for key, values in user.items():
        if not isinstance(values, list) or not values or not all(isinstance(value, str) for value in values):
            raise Bad(key, place)
        if key in HASHED and not all(HASH.fullmatch(value) for value in values):
            raise Bad(key, place)
    return tuple(f"{key}:{value}" for key, values in user.items() for value in values)
