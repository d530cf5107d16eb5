"""X (Twitter): Custom Audiences of the X Ads API, version 12.

One list at X for each kind of identity of an audience (semantics D19, 201). A member is one user object with one key,
so that lists are exact whatever else is known of the user.

Every member is sent with `expires_at`, 390 days ahead: X's own default is 13 months, and beyond it members fall out
without a word. They are sent again after 330 days, which leaves two months for outages and faults.

Sources: X's pages "Audiences" and "Custom Audiences Users" of the Ads API; the seed, "Twitter audience output".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from raudience.clock import DAY, MINUTE
from raudience.criteria.dates import write_moment
from raudience.errors import ReportBug
from raudience.forward.answers import content, without_items
from raudience.forward.capabilities import Advises, ListStatus, TellsStatus
from raudience.forward.kinds import AskPermission, BadItems, Done, Failure, GoneAtPartner, OurBug, Outcome, Retry
from raudience.forward.partner import (
    IdentityRule,
    Item,
    Left,
    Limits,
    Partner,
    Rate,
    Request,
    Response,
    Setting,
    Settings,
)
from raudience.forward.partners.oauth import Keys, percent, signed
from raudience.forward.partners.x_errors import advice, is_ok, left, objects, read_failure
from raudience.forward.partners.x_login import XLogin
from raudience.forward.partners.x_texts import device_id, email, handle

__all__ = ["X"]

_HOST: Final = "https://ads-api.x.com/12"
_EXPIRY: Final = 390 * DAY
_TO_SECONDS: Final = len("2026-01-05T10:00:00")
_GONE: Final = ("NOT_FOUND", "TAILORED_AUDIENCE_NOT_FOUND")
_ENOUGH: Final = ("ACCOUNT_ADMIN", "PARTNER_AUDIENCE_MANAGER")


class X(Partner, XLogin, TellsStatus, Advises):
    """The partner X."""

    id = "x"
    name = "X (Twitter)"
    docs = "docs/partners/x.md"
    output_settings = (
        Setting("account_id", "Account ID", required=True, help="Your ads account, as in the address at ads.x.com"),
        Setting("consumer_key", "Consumer key", required=True, secret=True, help="API key of your app at X"),
        Setting(
            "consumer_secret", "Consumer secret", required=True, secret=True, help="API key secret of your app at X"
        ),
        Setting("token", "Access token", required=True, secret=True, help="From the login, or pasted"),
        Setting("token_secret", "Access token secret", required=True, secret=True, help="From the login, or pasted"),
    )
    connection_settings = (
        Setting("forward_emails", "Forward Emails", "flag", True),
        Setting("forward_twitter_handles", "Forward Twitter Handles", "flag", True),
        Setting("forward_device_ids", "Forward Device IDs", "flag", True, help="IDFA and Google Ad ID"),
    )
    identities = (
        IdentityRule("email", ("email",), email, "sha256", "forward_emails"),
        IdentityRule("handle", ("twitter",), handle, "sha256", "forward_twitter_handles"),
        IdentityRule(
            "device_id", ("ios_advertising_id", "android_advertising_id"), device_id, "sha256", "forward_device_ids"
        ),
    )
    limits = Limits(
        items=2_500,
        bytes=5_000_000,
        requests=1_500,
        window=MINUTE,
        overhead=40,
        others={"write": Rate(450, MINUTE), "read": Rate(2_000, 15 * MINUTE)},
    )
    deletes = "delete"
    refresh = 330 * DAY

    def left(self, response: Response) -> Left | None:
        return left(response)

    def list_name(self, forwarded: str, kind: str) -> str:
        return f"{forwarded} ({kind.replace('_', ' ')})"

    def find_list(self, settings: Settings, name: str) -> Request:
        query = (("permission_scope", "OWNER"), ("q", name[:255]), ("count", "1000"))
        return Request("GET", _address(settings), query, kind="read")

    def read_found(self, response: Response, name: str) -> str | Failure | None:
        """X finds by the beginning of a name, whatever the case: more than 1,000 that begin like it are refused."""
        if not is_ok(response):
            return without_items(read_failure(response))
        body = content(response)
        if "data" not in body:
            return _unread(response)
        for found in objects(body["data"]):
            if found.get("name") == name and found.get("id") and not found.get("deleted"):
                return _usable(response, found)
        return OurBug(response.status, "", "over 1,000 lists begin with this name") if body.get("next_cursor") else None

    def create_list(self, settings: Settings, name: str) -> Request:
        return Request("POST", _address(settings), (("name", name),), kind="write")

    def read_created(self, response: Response) -> str | Failure:
        """Any 400 is to be tried again, beginning with `find_list`: X does not document how it says that a name is
        taken, as it is after an answer that was lost."""
        if is_ok(response):
            found = objects(content(response).get("data"))
            return str(found[0]["id"]) if found and found[0].get("id") else _unread(response)
        failure = read_failure(response)
        return Retry(failure.status, failure.code, failure.text) if isinstance(failure, BadItems) else failure

    def rename_list(self, settings: Settings, list_id: str, name: str) -> Request:
        return Request("PUT", _address(settings, list_id), (("name", name),), kind="write")

    def delete_list(self, settings: Settings, list_id: str, at: int = 0) -> Request:
        return Request("DELETE", _address(settings, list_id), kind="write")

    def read_done(self, response: Response) -> Outcome:
        if is_ok(response):
            return Done()
        failure = without_items(read_failure(response))
        return Done() if isinstance(failure, GoneAtPartner) and failure.code in _GONE else failure

    def send(self, settings: Settings, list_id: str, kind: str, items: Sequence[Item], now: int) -> Request:
        """All removals in one operation, then all additions in another. items: each value once."""
        operations = [operation for operation in (_deletion(kind, items), _update(kind, items, now)) if operation]
        body = msgspec.json.encode(operations)
        if not 0 < len(items) <= self.limits.items or len(body) > self.limits.bytes:
            message = f"a request to X of {len(items)} users and {len(body)} bytes"
            raise ReportBug(message)
        return Request(
            "POST", _address(settings, list_id, "users"), headers=(("content-type", "application/json"),), body=body
        )

    def read_sent(self, response: Response, items: Sequence[Item]) -> Outcome:
        """X has taken all when it counts as many as were sent, twice. Any other count is no answer at all."""
        body = content(response)
        positions = _refused(body.get("operation_errors"), items)
        if not is_ok(response) or positions is not None:
            failure = read_failure(response)
            bad = isinstance(failure, BadItems) or is_ok(response)
            return BadItems(failure.status, failure.code, failure.text, positions or None) if bad else failure
        for counts in objects(body.get("data")):
            if counts.get("success_count") == counts.get("total_count") == len(items):
                return Done()
        return _miscounted(response, body, len(items))

    def check(self, settings: Settings) -> Request:
        return Request("GET", f"{_account(settings)}/authenticated_user_access", kind="read")

    def read_checked(self, response: Response) -> Outcome:
        """Done for an Account Administrator, or a Partner Audience Manager, which X has for what comes from outside."""
        if not is_ok(response):
            return without_items(read_failure(response))
        roles = [role for found in objects(content(response).get("data")) for role in _texts(found.get("permissions"))]
        if any(role in _ENOUGH for role in roles):
            return Done()
        held = ", ".join(roles) or "nothing"
        text = f"the user is {held} in the ads account: at X, make it an Account Administrator (ACCOUNT_ADMIN)"
        return AskPermission(response.status, "", text)

    def sign(self, request: Request, settings: Settings, nonce: str, now: int) -> Request:
        names = ("consumer_key", "consumer_secret", "token", "token_secret")
        return signed(request, Keys(*(str(settings[name]).strip() for name in names)), nonce, now)

    def status(self, settings: Settings, list_id: str) -> Request:
        """Once an hour is enough."""
        return Request("GET", _address(settings, list_id), kind="read")

    def read_status(self, response: Response) -> ListStatus | Failure:
        if not is_ok(response):
            return without_items(read_failure(response))
        found = objects(content(response).get("data"))
        if not found:
            return _unread(response)
        size, reasons = found[0].get("audience_size"), _texts(found[0].get("reasons_not_targetable"))
        return ListStatus(size if isinstance(size, int) else None, bool(found[0].get("targetable")), reasons)

    def advice(self, failure: Failure) -> str:
        return advice(failure)


def _account(settings: Settings) -> str:
    return f"{_HOST}/accounts/{percent(str(settings['account_id']).strip())}"


def _address(settings: Settings, *parts: str) -> str:
    return "/".join((_account(settings), "custom_audiences", *map(percent, parts)))


def _users(kind: str, items: Sequence[Item], add: bool) -> msgspec.Raw | None:
    """The users of one operation; their values are hexadecimal digits, which JSON writes as they are."""
    values = [item.value.hex() for item in items if item.add is add]
    between = f'"]}},{{"{kind}":["'
    return msgspec.Raw(f'[{{"{kind}":["{between.join(values)}"]}}]'.encode()) if values else None


def _deletion(kind: str, items: Sequence[Item]) -> dict[str, Any] | None:
    users = _users(kind, items, False)
    return {"operation_type": "Delete", "params": {"users": users}} if users else None


def _update(kind: str, items: Sequence[Item], now: int) -> dict[str, Any] | None:
    users = _users(kind, items, True)
    expires = f"{write_moment(now + _EXPIRY)[:_TO_SECONDS]}Z"
    return {"operation_type": "Update", "params": {"expires_at": expires, "users": users}} if users else None


def _refused(errors: Any, items: Sequence[Item]) -> tuple[int, ...] | None:
    """Positions of refused items by `operation_errors`; None: it names none; (): it does not say which.

    X documents that its index is that of the input, and not its form: taken is a list as long as the operations, or as
    long as the users, with something in it where there is an error.
    """
    groups = [[place for place, item in enumerate(items) if item.add is add] for add in (False, True)]
    operations = [group for group in groups if group]
    entries = errors if isinstance(errors, list) else [errors]
    bad = [place for place, entry in enumerate(entries) if entry]
    if not bad:
        return None
    if len(entries) != len(operations):
        operations = [[place] for group in operations for place in group]
    if len(entries) != len(operations) or any(len(operations[place]) > 1 for place in bad):
        return ()
    return tuple(sorted(operations[place][0] for place in bad))


def _miscounted(response: Response, body: dict[str, Any], sent: int) -> Failure:
    for counts in objects(body.get("data")):
        told = f"of {sent} users X took {counts.get('success_count')} and counted {counts.get('total_count')}"
        return Retry(response.status, "", told)
    return _unread(response)


def _usable(response: Response, found: dict[str, Any]) -> str | Failure:
    if found.get("audience_type", "CRM") == "CRM" and found.get("permission_level", "READ_WRITE") == "READ_WRITE":
        return str(found["id"])
    text = "an audience of this name is at X that holds no users or may not be changed: rename it there"
    return AskPermission(response.status, "", text)


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(map(str, value)) if isinstance(value, list) else ()


def _unread(response: Response) -> Failure:
    return Retry(response.status, "", "X answered with something that is not what its pages say")
