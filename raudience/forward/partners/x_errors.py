"""Errors of X: one table of what each means and what a person does about it, and how answers are held against it.

Sources: X's pages "Error codes & responses" and "Rate limiting" of the Ads API. Codes in digits are those of api.x.com,
which is asked at the login only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from http.client import responses
from typing import Any, Final, TypeAlias

import msgspec

from raudience.clock import SECOND
from raudience.forward.answers import asked_to_wait, content
from raudience.forward.kinds import (
    AskPermission,
    BadItems,
    Failure,
    GoneAtPartner,
    OurBug,
    RateLimited,
    Retry,
    SignInAgain,
)
from raudience.forward.partner import Left, Response

__all__ = ["ERRORS", "ErrorRow", "advice", "is_ok", "left", "objects", "read_failure"]

Kind: TypeAlias = (
    type[Retry]
    | type[RateLimited]
    | type[SignInAgain]
    | type[AskPermission]
    | type[GoneAtPartner]
    | type[BadItems]
    | type[OurBug]
)


class ErrorRow(msgspec.Struct, frozen=True):
    """status: of HTTP. code: X's, "" for every other of that status. advice: what a person does about it, "" when there
    is nothing to do but wait."""

    status: int
    code: str
    kind: Kind
    advice: str = ""


_SIGN_IN: Final = "Sign in to X again for this output. If that does not help, see whether this machine's clock is right"
_APPROVAL: Final = "Ask X to approve the app for the Ads API, then sign in again: older sign-ins stay refused"
_WRITE: Final = "Give the app the permission Read and Write at X, then sign in again"
_ROLE: Final = "Give the user of this output the role Account Administrator of the ads account at X"
_ACCOUNT: Final = "Compare the Account ID with that at ads.x.com; the user of this output must be in that account"
_USER: Final = "Look at X at what is wrong with the user or the account, or sign in as another user"
_AGAIN: Final = "The list was deleted at X: resume to make it again and fill it"
_REPORT: Final = "Look at what X says. If nothing can be changed there, report it: raudience should not have asked so"
_BAD: Final = "Nothing as long as few are refused: the refused identity is found, left out and counted"
_CALLBACK: Final = "Add the callback address to those of the app at X, exactly as it is here"

ERRORS: Final = (
    ErrorRow(400, "INVALID_PARAMETER", BadItems, _BAD),
    ErrorRow(400, "MISSING_PARAMETER", BadItems, _BAD),
    ErrorRow(400, "ILLEGAL_CHARACTERS", BadItems, _BAD),
    ErrorRow(400, "EXCLUSIVE_PARAMETERS", BadItems, _BAD),
    ErrorRow(400, "INCLUSIVE_PARAMETERS", BadItems, _BAD),
    ErrorRow(400, "REQUEST_TOO_COMPLEX", BadItems, "Nothing: smaller requests are sent"),
    ErrorRow(
        400, "INVALID_TAILORED_AUDIENCE_TYPE", AskPermission, "Rename the audience of that name at X: it holds no users"
    ),
    ErrorRow(400, "FEATURE_NOT_AVAILABLE", AskPermission, "Ask X to open Custom Audiences for the ads account"),
    ErrorRow(400, "215", SignInAgain, _SIGN_IN),
    ErrorRow(400, "", BadItems, _BAD),
    ErrorRow(401, "UNAUTHORIZED_ACCESS", SignInAgain, _SIGN_IN),
    ErrorRow(401, "89", SignInAgain, _SIGN_IN),
    ErrorRow(401, "", SignInAgain, _SIGN_IN),
    ErrorRow(403, "UNAUTHORIZED_CLIENT_APPLICATION", AskPermission, _APPROVAL),
    ErrorRow(403, "READONLY_CLIENT_APPLICATION", AskPermission, _WRITE),
    ErrorRow(403, "INSUFFICIENT_USER_AUTHORIZED_PERMISSION", AskPermission, _WRITE),
    ErrorRow(403, "ACCOUNT_NOT_FOUND", AskPermission, _ACCOUNT),
    ErrorRow(403, "ACTION_NOT_ALLOWED", AskPermission, _ROLE),
    ErrorRow(403, "USER_NOT_FOUND", AskPermission, _USER),
    ErrorRow(403, "ACCOUNT_LOCKED_OUT", AskPermission, _USER),
    ErrorRow(403, "CURRENT_USER_SUSPENDED", AskPermission, _USER),
    ErrorRow(403, "64", AskPermission, _USER),
    ErrorRow(403, "261", AskPermission, _WRITE),
    ErrorRow(403, "326", AskPermission, _USER),
    ErrorRow(403, "415", AskPermission, _CALLBACK),
    ErrorRow(403, "", AskPermission, _ROLE),
    ErrorRow(404, "NOT_FOUND", GoneAtPartner, _AGAIN),
    ErrorRow(404, "TAILORED_AUDIENCE_NOT_FOUND", GoneAtPartner, _AGAIN),
    ErrorRow(404, "ROUTE_NOT_FOUND", GoneAtPartner, _AGAIN),
    ErrorRow(404, "", GoneAtPartner, _AGAIN),
    ErrorRow(405, "METHOD_NOT_ALLOWED", OurBug, _REPORT),
    ErrorRow(405, "", OurBug, _REPORT),
    ErrorRow(408, "CANCELLED_REQUEST", Retry),
    ErrorRow(408, "", Retry),
    ErrorRow(413, "", BadItems, "Nothing: smaller requests are sent"),
    ErrorRow(415, "", OurBug, _REPORT),
    ErrorRow(423, "LOCK_ACQUISITION_TIMEOUT", Retry),
    ErrorRow(423, "", Retry),
    ErrorRow(429, "TOO_MANY_REQUESTS", RateLimited),
    ErrorRow(429, "", RateLimited),
    ErrorRow(500, "INTERNAL_ERROR", Retry),
    ErrorRow(500, "", Retry),
    ErrorRow(502, "", Retry),
    ErrorRow(503, "SERVICE_UNAVAILABLE", Retry),
    ErrorRow(503, "OVER_CAPACITY", Retry),
    ErrorRow(503, "", Retry),
    ErrorRow(504, "", Retry),
)

_ROWS: Final = {(row.status, row.code): row for row in ERRORS}
_GRAVITY: Final = (SignInAgain, AskPermission, GoneAtPartner, RateLimited, Retry, BadItems, OurBug)
"""Of several errors at once the first of these counts: no use in trying others before it is gone."""
_LIMITS: Final = ("x-account-rate-limit", "x-rate-limit")
"""Of the ads account and of the user: the first that is there counts."""
_WHOLE: Final = re.compile(r"[0-9]{1,12}", re.ASCII)
_HASH: Final = re.compile(r"[0-9a-fA-F]{64}")
_MOST_TEXT: Final = 500


def read_failure(response: Response) -> Failure:
    """What an answer other than 2xx means. A body that cannot be read leaves its status to be judged by."""
    found = [(_row(response.status, code), code, text) for code, text in _errors(response)]
    plain = f"{response.status} {responses.get(response.status, '')}".strip()
    row, code, _ = min(
        found, key=lambda each: _GRAVITY.index(each[0].kind), default=(_row(response.status, ""), "", "")
    )
    text = "; ".join(text for _, _, text in found if text) or plain
    failure = row.kind(response.status, code, _HASH.sub("...", text)[:_MOST_TEXT])
    if isinstance(failure, Retry | RateLimited):
        return msgspec.structs.replace(failure, until=_until(response))
    return failure


def advice(failure: Failure) -> str:
    """What a person does about a failure; "" when there is nothing to do but wait, or its text says it."""
    row = _row(failure.status, failure.code)
    return row.advice if isinstance(failure, row.kind) else _REPORT if isinstance(failure, OurBug) else ""


def objects(value: Any) -> list[dict[str, Any]]:
    """The objects of a list; X gives a single one for a list here and there."""
    return [each for each in (value if isinstance(value, list) else [value]) if isinstance(each, dict)]


def is_ok(response: Response) -> bool:
    """Whether the status says that it was carried out."""
    return 200 <= response.status < 300


def _row(status: int, code: str) -> ErrorRow:
    found = _ROWS.get((status, code)) or _ROWS.get((status, ""))
    return found or ErrorRow(status, code, *((Retry, "") if status >= 500 or status < 300 else (OurBug, _REPORT)))


def _errors(response: Response) -> Iterator[tuple[str, str]]:
    body = content(response)
    items = body.get("operation_errors")
    for entry in (body.get("errors"), *(items if isinstance(items, list) else [items])):
        for error in objects(entry):
            yield str(error.get("code", "")), str(error.get("message", ""))


def _until(response: Response) -> int | None:
    """The instant that X asks to wait for: the reset of the ads account's limit before that of the user's, else what
    `retry-after` says."""
    reset = _limit(response, "reset")
    return asked_to_wait(response) if response.status != 429 or reset is None else reset * SECOND


def left(response: Response) -> Left | None:
    """What X still takes: requests of the class that was asked, of the ads account before those of the user."""
    requests, reset = _limit(response, "remaining"), _limit(response, "reset")
    return None if requests is None or reset is None else Left(requests, reset * SECOND)


def _limit(response: Response, what: str) -> int | None:
    told = [response.headers[f"{name}-{what}"] for name in _LIMITS if f"{name}-{what}" in response.headers]
    return int(told[0]) if told and _WHOLE.fullmatch(told[0]) else None
