"""The login to X: OAuth 1.0a in three steps, back to a web page or by a PIN that the user copies.

Ask for a token, send the user to `authorize_address`, exchange what comes back for keys that last until the user takes
them back. Source: X's pages "Obtaining user access tokens" and "PIN-based OAuth".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl

import msgspec

from raudience.forward.kinds import AskPermission, Failure, OurBug, SignInAgain
from raudience.forward.partner import Request, Response
from raudience.forward.partners.oauth import Keys, percent, signed
from raudience.forward.partners.x_errors import is_ok, read_failure

__all__ = [
    "PIN", "Access", "Waiting", "ask_token", "authorize_address", "exchange", "read_access", "read_callback",
    "read_token",
]  # fmt: skip

PIN: Final = "oob"
"""In place of a callback address: X shows the user a PIN instead of sending the browser back."""

_HOST: Final = "https://api.x.com/oauth"


class Waiting(msgspec.Struct, frozen=True):
    """A login that waits for its user. Not shown by repr."""

    token: str
    token_secret: str

    def __repr__(self) -> str:
        return f"Waiting({self.token!r}, ...)"


class Access(msgspec.Struct, frozen=True):
    """What a login gives. Not shown by repr."""

    token: str
    token_secret: str
    user_id: str
    screen_name: str

    def __repr__(self) -> str:
        return f"Access(user_id={self.user_id!r}, screen_name={self.screen_name!r}, ...)"


def ask_token(keys: Keys, callback: str, nonce: str, now: int) -> Request:
    """Begin a login. keys: of the app only. callback: an address that the app has at X, equal to the last slash, or
    PIN. A request of its own kind, signed already."""
    request = Request("POST", f"{_HOST}/request_token", kind="write")
    return signed(request, keys, nonce, now, [("oauth_callback", callback)])


def read_token(response: Response) -> Waiting | Failure:
    """The login that waits now. An answer that does not confirm the callback is not taken (RFC 5849, 2.1)."""
    if response.status != 200:
        return read_failure(response)
    form = _form(response)
    token, secret = form.get("oauth_token"), form.get("oauth_token_secret")
    if form.get("oauth_callback_confirmed") != "true" or not token or not secret:
        return OurBug(response.status, "", "X did not confirm the callback: begin the login again")
    return Waiting(token, secret)


def authorize_address(waiting: Waiting) -> str:
    """Where the user says yes or no."""
    return f"{_HOST}/authorize?oauth_token={percent(waiting.token)}"


def read_callback(waiting: Waiting, query: Mapping[str, str]) -> str | Failure:
    """The verifier out of the query with which the browser came back."""
    if "denied" in query:
        return AskPermission(0, "denied", "access was refused at X: begin again and choose Authorize")
    if query.get("oauth_token") != waiting.token:
        return SignInAgain(0, "", "this answer belongs to another login: begin again, in one window only")
    return query.get("oauth_verifier") or SignInAgain(0, "", "X sent no verifier: begin the login again")


def exchange(keys: Keys, waiting: Waiting, verifier: str, nonce: str, now: int) -> Request:
    """End a login. verifier: from the callback, or the PIN as it was typed; good for one time."""
    request = Request("POST", f"{_HOST}/access_token", kind="write")
    asking = Keys(keys.consumer_key, keys.consumer_secret, waiting.token, waiting.token_secret)
    return signed(request, asking, nonce, now, [("oauth_verifier", "".join(verifier.split()))])


def read_access(response: Response) -> Access | Failure:
    """The user's keys. A PIN that is wrong or was used already is a reason to sign in again."""
    if not is_ok(response):
        return read_failure(response)
    form = _form(response)
    names = ("oauth_token", "oauth_token_secret", "user_id", "screen_name")
    token, secret, user_id, screen_name = (form.get(name, "") for name in names)
    if not token or not secret:
        return SignInAgain(response.status, "", "X sent no keys: begin the login again")
    return Access(token, secret, user_id, screen_name)


def _form(response: Response) -> dict[str, str]:
    return dict(parse_qsl(response.body.decode("utf-8", "replace").strip(), keep_blank_values=True))
