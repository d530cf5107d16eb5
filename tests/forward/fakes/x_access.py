"""Who may ask the fake X: apps, users, tokens, the login, and the check of OAuth 1.0a, written from RFC 5849."""

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote, unquote_plus, urlsplit

MOST_SKEW = 300
UNRESERVED = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"


class Refused(Exception):
    """An answer that is an error: status, and X's code."""

    def __init__(self, status, code, message="", **more):
        super().__init__(status, code, message)
        self.status, self.code, self.message, self.more = status, code, message or f"{code} was found", more


@dataclass
class App:
    secret: str
    callbacks: list = field(default_factory=list)
    approved: bool = True
    read_only: bool = False


@dataclass
class Token:
    """Of a user, or of a login that waits: user is None until it is allowed."""

    secret: str
    app: str
    user: str | None = None
    callback: str | None = None
    verifier: str | None = None


def escaped(text):
    return "".join(chr(byte) if byte in UNRESERVED else f"%{byte:02X}" for byte in text.encode())


def signature_of(method, address, pairs, consumer_secret, token_secret):
    """address: scheme, host and path. pairs: all that is signed, decoded."""
    parts = sorted(f"{escaped(name)}={escaped(value)}" for name, value in pairs)
    parts.sort(key=lambda part: tuple(part.split("=", 1)))
    text = f"{method}&{escaped(address)}&{escaped('&'.join(parts))}"
    key = f"{escaped(consumer_secret)}&{escaped(token_secret)}"
    return base64.b64encode(hmac.new(key.encode(), text.encode(), hashlib.sha1).digest()).decode()


def query_of(url):
    """Parameters of the query, decoded, in their order."""
    parts = [part.partition("=") for part in urlsplit(url).query.split("&") if part]
    return [(unquote_plus(name), unquote_plus(value)) for name, _, value in parts]


def oauth_of(headers):
    """oauth_ values of the header; None when there are none or they stand twice."""
    scheme, _, rest = headers.get("authorization", "").partition(" ")
    found = re.findall(r'([a-z_]+)="([^"]*)"(?:,\s*|$)', rest)
    if scheme != "OAuth" or len(dict(found)) != len(found):
        return None
    return {name: unquote(value) for name, value in found}


class Access:
    """Apps, tokens and used nonces."""

    def __init__(self):
        self.apps = {"ck": App("cs")}
        self.tokens = {"tk": Token("ts", "ck", "u1")}
        self.screen_names = {"u1": "ann"}
        self.waiting = {}
        self.seen = set()
        self.made = 0

    def checked(self, method, url, headers, body, now, tokens):
        """The app's key, the token's name or "" and the oauth values, if the signature is right."""
        oauth = oauth_of(headers)
        if oauth is None:
            raise Refused(401, "UNAUTHORIZED_ACCESS", "This request is not properly authenticated")
        app = self.apps.get(oauth.get("oauth_consumer_key", ""))
        token = tokens.get(oauth.get("oauth_token", ""))
        if app is None or ("oauth_token" in oauth and token is None):
            raise Refused(401, "UNAUTHORIZED_ACCESS", "Invalid or expired token")
        if token is not None and self.apps[token.app] is not app:
            raise Refused(401, "UNAUTHORIZED_ACCESS", "The token belongs to another app")
        self.prove(method, url, headers, body, oauth, app.secret, token.secret if token else "")
        self.fresh(oauth, now)
        return oauth["oauth_consumer_key"], oauth.get("oauth_token", ""), oauth

    @staticmethod
    def prove(method, url, headers, body, oauth, consumer_secret, token_secret):
        if oauth.get("oauth_signature_method") != "HMAC-SHA1" or oauth.get("oauth_version") != "1.0":
            raise Refused(401, "UNAUTHORIZED_ACCESS", "Only HMAC-SHA1 of OAuth 1.0 is known")
        given = [(name, value) for name, value in oauth.items() if name != "oauth_signature"]
        form = headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
        sent = query_of(url) + (parse_qsl(body.decode(), keep_blank_values=True) if form else [])
        if len({name for name, _ in given + sent}) != len(given + sent):
            raise Refused(401, "UNAUTHORIZED_ACCESS", "Duplicate parameters")
        split = urlsplit(url)
        address = f"{split.scheme}://{split.netloc}{split.path}"
        if signature_of(method, address, given + sent, consumer_secret, token_secret) != oauth.get("oauth_signature"):
            raise Refused(401, "UNAUTHORIZED_ACCESS", "The signature does not match")

    def fresh(self, oauth, now):
        stamp, nonce = oauth.get("oauth_timestamp", ""), oauth.get("oauth_nonce", "")
        if not stamp.isdigit() or abs(int(stamp) - now // 1000) > MOST_SKEW:
            raise Refused(401, "UNAUTHORIZED_ACCESS", "Timestamp out of bounds")
        used = (oauth["oauth_consumer_key"], oauth.get("oauth_token"), stamp, nonce)
        if not re.fullmatch("[A-Za-z0-9]+", nonce) or used in self.seen:
            raise Refused(401, "UNAUTHORIZED_ACCESS", "The nonce was used before")
        self.seen.add(used)

    def user(self, method, url, headers, body, now):
        """The user who asks, if the app may speak to the Ads API for them."""
        app, token, _ = self.checked(method, url, headers, body, now, self.tokens)
        if not token:
            raise Refused(401, "UNAUTHORIZED_ACCESS", "A user's token is needed")
        if not self.apps[app].approved:
            raise Refused(403, "UNAUTHORIZED_CLIENT_APPLICATION", "The client application is not approved")
        if self.apps[app].read_only and method != "GET":
            raise Refused(403, "READONLY_CLIENT_APPLICATION", "The client application may only read")
        return self.tokens[token].user

    # The login.

    def request_token(self, url, headers, body, now):
        app, _, oauth = self.login_checked(url, headers, body, now, {})
        callback = oauth.get("oauth_callback") or dict(query_of(url)).get("oauth_callback")
        if callback != "oob" and callback not in self.apps[app].callbacks:
            raise Refused(403, 415, "Callback URL not approved for this client application.")
        name = self.named("rt")
        self.waiting[name] = Token(f"{name}-secret", app, callback=callback)
        return f"oauth_token={name}&oauth_token_secret={name}-secret&oauth_callback_confirmed=true"

    def allow(self, name, user="u1"):
        """The user chooses Authorize: the address that the browser goes to, or the PIN."""
        waiting = self.waiting[name]
        waiting.user, waiting.verifier = user, f"{1_000_000 + len(self.waiting)}"
        if waiting.callback == "oob":
            return waiting.verifier
        return f"{waiting.callback}?oauth_token={name}&oauth_verifier={waiting.verifier}"

    def deny(self, name):
        """The user chooses Cancel."""
        waiting = self.waiting.pop(name)
        return None if waiting.callback == "oob" else f"{waiting.callback}?denied={name}"

    def access_token(self, url, headers, body, now):
        app, name, oauth = self.login_checked(url, headers, body, now, self.waiting)
        given = oauth.get("oauth_verifier") or dict(query_of(url)).get("oauth_verifier")
        if not name or not given or given != self.waiting[name].verifier:
            raise Refused(401, 0, "Error processing your OAuth request: Invalid oauth_verifier parameter")
        user = self.waiting.pop(name).user
        token = self.named(f"{user}-")
        self.tokens[token] = Token(f"{token}-secret", app, user)
        name = self.screen_names[user]
        return f"oauth_token={token}&oauth_token_secret={token}-secret&user_id={user}&screen_name={name}"

    def login_checked(self, url, headers, body, now, tokens):
        """As `checked`; api.x.com has codes in digits."""
        try:
            return self.checked("POST", url, headers, body, now, tokens)
        except Refused as refused:
            code = {"Timestamp out of bounds": 135, "Invalid or expired token": 89}.get(refused.message, 32)
            raise Refused(401, code, refused.message) from refused

    def named(self, start):
        self.made += 1
        return f"{start}{self.made}"
