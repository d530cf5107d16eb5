"""Requests to partners, over HTTP or to where files, objects and streams are."""

from __future__ import annotations

import importlib
import logging
from collections.abc import Mapping
from email.utils import formatdate
from typing import Any, Final
from urllib.parse import quote, urlsplit

from raudience.clock import SECOND, now_ms
from raudience.cluster.elsewhere import Elsewhere
from raudience.errors import FixRequest
from raudience.forward.partner import Request, Response

__all__ = ["Wire", "address_of"]

_LOG: Final = logging.getLogger(__name__)
_CONNECT: Final = 10.0
_READ: Final = 60.0
"""Seconds."""
_KEPT: Final = 32
"""Connections to a host that stay open: as many as requests may be under way."""
_LARGEST: Final = 1 << 20
"""Bytes of an answer that are read."""


class Wire:
    """Sends requests; keeps connections open between them. instead: another address for that of a host, for tests and
    for proxies: `{"https://ads-api.x.com": "http://127.0.0.1:8099"}`."""

    def __init__(self, instead: Mapping[str, str] | None = None) -> None:
        self._instead, self._elsewhere = dict(instead or {}), Elsewhere()
        self._pool: Any = None
        self._errors: tuple[type[Exception], ...] = (OSError,)

    def send(self, request: Request) -> Response | None:
        """The answer; None when there was none: nobody knows then whether the request arrived. Raises FixRequest
        without the extra that HTTP needs."""
        try:
            # Before it stands a name and a password, if somebody writes addresses like that.
            host = urlsplit(request.url).netloc.rpartition("@")[2]
        except ValueError:
            _LOG.warning("no answer from an address that nobody can read")
            return None
        if self._elsewhere.takes(request):
            return self._elsewhere.send(request)
        self._open()
        try:
            answer = self._pool.request(
                request.method,
                self._address(request),
                body=request.body or None,
                headers=dict(request.headers),
                redirect=False,
                preload_content=False,
            )
            body = answer.read(_LARGEST)
            answer.release_conn()
        except self._errors as error:
            # The address and the body of a request may hold what is nobody's business.
            _LOG.warning("no answer from %s: %s", host, type(error).__name__)
            return None
        told = {name.lower(): value for name, value in answer.headers.items()}
        return Response(answer.status, {"date": formatdate(now_ms() / SECOND, usegmt=True), **told}, body)

    def close(self) -> None:
        if self._pool is not None:
            self._pool.clear()

    def _open(self) -> None:
        if self._pool is not None:
            return
        try:
            # Only who sends over HTTP needs it.
            urllib3 = importlib.import_module("urllib3")
        except ImportError as error:
            message = "outputs: expected the extra `raudience[outputs]`, got an installation without it"
            raise FixRequest(message) from error
        # Several hands may send: with the pool they need its errors.
        self._errors = (urllib3.exceptions.HTTPError, OSError)
        patience = urllib3.Timeout(connect=_CONNECT, read=_READ)
        self._pool = urllib3.PoolManager(maxsize=_KEPT, retries=False, timeout=patience)

    def _address(self, request: Request) -> str:
        parts = urlsplit(request.url)
        host = f"{parts.scheme}://{parts.netloc}"
        return self._instead.get(host, host) + address_of(request).removeprefix(host)


def address_of(request: Request) -> str:
    """The address of a request with its query, encoded as RFC 3986 says: what was signed is what is sent."""
    query = "&".join(f"{_encoded(name)}={_encoded(value)}" for name, value in request.query)
    return f"{request.url}?{query}" if query else request.url


def _encoded(text: str) -> str:
    return quote(text, safe="-._~")
