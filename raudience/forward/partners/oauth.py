"""OAuth 1.0a with HMAC-SHA1 (RFC 5849), as far as partners ask for it. Nonce and time come in."""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Iterable, Sequence
from typing import Final, TypeAlias
from urllib.parse import quote

import msgspec

from raudience.forward.partner import Request

__all__ = ["Keys", "Pairs", "base_string", "percent", "signature", "signed"]

Pairs: TypeAlias = Sequence[tuple[str, str]]

_METHOD: Final = "HMAC-SHA1"
_VERSION: Final = "1.0"


class Keys(msgspec.Struct, frozen=True):
    """Who asks: the application, and the user it acts for, if there is one yet. Not shown by repr."""

    consumer_key: str
    consumer_secret: str
    token: str = ""
    token_secret: str = ""

    def __repr__(self) -> str:
        return f"Keys({self.consumer_key!r}, ...)"


def percent(text: str) -> str:
    """RFC 3986: everything but letters, digits and -._~ is encoded, in UTF-8."""
    return quote(text, safe="")


def base_string(method: str, url: str, pairs: Pairs) -> str:
    """What is signed (RFC 5849, 3.4.1). url: without a query; pairs: query and oauth values, not encoded."""
    return "&".join((method.upper(), percent(url), percent(_joined(sorted(_encoded(pairs))))))


def signature(method: str, url: str, pairs: Pairs, keys: Keys) -> str:
    """The value of `oauth_signature`, not percent-encoded."""
    key = f"{percent(keys.consumer_secret)}&{percent(keys.token_secret)}"
    base = base_string(method, url, pairs)
    return b64encode(hmac.digest(key.encode(), base.encode(), hashlib.sha1)).decode()


def signed(request: Request, keys: Keys, nonce: str, now: int, more: Pairs = ()) -> Request:
    """The request with its header `authorization`, and its query in the URL, encoded as it was signed.

    The body is not signed, so it must not be a form. nonce: letters and digits; now: milliseconds; more: further
    oauth values, such as `oauth_callback`.
    """
    values = [*_oauth_values(keys, nonce, now), *more]
    proof = signature(request.method, request.url, [*request.query, *values], keys)
    header = ", ".join(f'{name}="{value}"' for name, value in _encoded([*values, ("oauth_signature", proof)]))
    return msgspec.structs.replace(
        request,
        url=f"{request.url}?{_joined(_encoded(request.query))}" if request.query else request.url,
        query=(),
        headers=(*request.headers, ("authorization", f"OAuth {header}")),
    )


def _oauth_values(keys: Keys, nonce: str, now: int) -> list[tuple[str, str]]:
    token = [("oauth_token", keys.token)] if keys.token else []
    return [
        ("oauth_consumer_key", keys.consumer_key),
        ("oauth_nonce", nonce),
        ("oauth_signature_method", _METHOD),
        ("oauth_timestamp", str(now // 1_000)),
        *token,
        ("oauth_version", _VERSION),
    ]


def _encoded(pairs: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(percent(name), percent(value)) for name, value in pairs]


def _joined(pairs: Iterable[tuple[str, str]]) -> str:
    return "&".join(f"{name}={value}" for name, value in pairs)
