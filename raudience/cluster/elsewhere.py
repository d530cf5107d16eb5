"""Requests to partners that are no HTTP, by what their address begins with."""

from __future__ import annotations

from urllib.parse import urlsplit

from raudience.cluster.objects import SCHEMES, Objects
from raudience.cluster.streams import SCHEME, Streams
from raudience.forward.partner import Request, Response

__all__ = ["Elsewhere"]


class Elsewhere:
    """Files, objects, streams."""

    def __init__(self) -> None:
        self._places: dict[str, Objects | Streams] = dict.fromkeys(SCHEMES, Objects())
        self._places[SCHEME] = Streams()

    def takes(self, request: Request) -> bool:
        """Whether a request is no HTTP."""
        return urlsplit(request.url).scheme in self._places

    def send(self, request: Request) -> Response | None:
        """The answer; None: nobody knows whether it was carried out."""
        return self._places[urlsplit(request.url).scheme].send(request)
