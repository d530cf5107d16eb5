"""The login to X: OAuth 1.0a in three steps, back to a web page or by a PIN that the user copies.

Ask for a token, send the user to the address, exchange what comes back for keys that last until the user takes them
back. Sources: X's pages "Obtaining user access tokens", "PIN-based OAuth" and "Accessing Ads accounts".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl

from raudience.forward.answers import content, without_items
from raudience.forward.capabilities import Account, SignedIn, SignsIn, Waiting
from raudience.forward.kinds import AskPermission, Failure, OurBug, SignInAgain
from raudience.forward.partner import Request, Response, Settings
from raudience.forward.partners.oauth import Keys, percent, signed
from raudience.forward.partners.x_errors import is_ok, objects, read_failure

__all__ = ["XLogin"]

_HOST: Final = "https://api.x.com/oauth"
_ACCOUNTS: Final = "https://ads-api.x.com/12/accounts"
_PIN: Final = "oob"


class XLogin(SignsIn):
    """The part of X that lets users sign in."""

    app = ("consumer_key", "consumer_secret")
    account = "account_id"

    def ask(self, settings: Settings, callback: str | None, nonce: str, now: int) -> Request:
        """callback: an address that the app has at X, equal to the last slash."""
        request = Request("POST", f"{_HOST}/request_token", kind="write")
        return signed(request, _keys(settings), nonce, now, [("oauth_callback", callback or _PIN)])

    def read_asked(self, response: Response) -> Waiting | Failure:
        """An answer that does not confirm the callback is not taken (RFC 5849, 2.1)."""
        if response.status != 200:
            return read_failure(response)
        form = _form(response)
        token, secret = form.get("oauth_token"), form.get("oauth_token_secret")
        if form.get("oauth_callback_confirmed") != "true" or not token or not secret:
            return OurBug(response.status, "", "X did not confirm the callback: begin the login again")
        return Waiting(f"{_HOST}/authorize?oauth_token={percent(token)}", token, secret)

    def read_callback(self, waiting: Waiting, query: Mapping[str, str]) -> str | Failure:
        if "denied" in query:
            return AskPermission(0, "denied", "access was refused at X: begin again and choose Authorize")
        if query.get("oauth_token") != waiting.token:
            return SignInAgain(0, "", "this answer belongs to another login: begin again, in one window only")
        return query.get("oauth_verifier") or SignInAgain(0, "", "X sent no verifier: begin the login again")

    def exchange(self, settings: Settings, waiting: Waiting, verifier: str, nonce: str, now: int) -> Request:
        """verifier: good for one time."""
        request = Request("POST", f"{_HOST}/access_token", kind="write")
        asking = _keys(settings, waiting.token, waiting.token_secret)
        return signed(request, asking, nonce, now, [("oauth_verifier", "".join(verifier.split()))])

    def read_exchanged(self, response: Response) -> SignedIn | Failure:
        """A PIN that is wrong or was used already is a reason to sign in again."""
        if not is_ok(response):
            return read_failure(response)
        form = _form(response)
        token, secret = form.get("oauth_token", ""), form.get("oauth_token_secret", "")
        if not token or not secret:
            return SignInAgain(response.status, "", "X sent no keys: begin the login again")
        return SignedIn(form.get("screen_name", ""), {"token": token, "token_secret": secret})

    def accounts(self) -> Request:
        """X allows 5 such requests in 15 minutes: at the login only."""
        return Request("GET", _ACCOUNTS, (("count", "1000"),), kind="read")

    def read_accounts(self, response: Response) -> tuple[Account, ...] | Failure:
        """Without those that are deleted."""
        if not is_ok(response):
            return without_items(read_failure(response))
        return tuple(
            Account(str(found.get("id", "")), str(found.get("name", "")), found.get("approval_status") == "ACCEPTED")
            for found in objects(content(response).get("data"))
            if not found.get("deleted")
        )


def _keys(settings: Settings, token: str = "", token_secret: str = "") -> Keys:
    key, secret = (str(settings[name]).strip() for name in XLogin.app)
    return Keys(key, secret, token, token_secret)


def _form(response: Response) -> dict[str, str]:
    return dict(parse_qsl(response.body.decode("utf-8", "replace").strip(), keep_blank_values=True))
