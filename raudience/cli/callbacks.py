"""A page on this machine to which a browser comes back after a login elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, Final, Self
from urllib.parse import parse_qsl, urlsplit

from raudience.errors import FixRequest

__all__ = ["PORT", "Callback"]

PORT: Final = 8756
_PATH: Final = "/callback"
_STALE: Final = 10
"""Seconds after which a connection on which nothing comes is closed."""
_POLL: Final = 0.1


class Callback:
    """Takes one answer at `address`: `with Callback(port) as page`. Raises FixRequest when the port is taken."""

    def __init__(self, port: int) -> None:
        self._read: Callable[[Mapping[str, str]], str] | None = None
        self._found: SimpleQueue[str | FixRequest] = SimpleQueue()
        try:
            self._server = ThreadingHTTPServer(("127.0.0.1", port), self._handler())
        except OSError as error:
            message = f"--callback {port}: expected a free port, got: {error}; choose another that the app has as well"
            raise FixRequest(message) from error
        self._server.daemon_threads = True
        self._thread = Thread(target=self._server.serve_forever, args=(_POLL,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def address(self) -> str:
        """Where the browser has to go."""
        return f"http://127.0.0.1:{self._server.server_port}{_PATH}"

    def expect(self, read: Callable[[Mapping[str, str]], str]) -> None:
        """Take the next answer. read: what is found in the query of the browser; it may raise FixRequest."""
        self._read = read

    def wait(self, seconds: float) -> str:
        """What was found. Raises FixRequest as `read` did, or when nobody comes in time."""
        try:
            found = self._found.get(timeout=seconds)
        except Empty:
            message = (
                f"login: expected a browser at {self.address} within {seconds:g} s, got none; begin again, or use "
                "--pin when the browser is on another machine"
            )
            raise FixRequest(message) from None
        if isinstance(found, FixRequest):
            raise found
        return found

    def answer(self, target: str) -> tuple[int, str]:
        """What a browser is told that asks for something: status and text."""
        parts = urlsplit(target)
        if parts.path != _PATH or self._read is None:
            return 404, "There is nothing here."
        try:
            self._found.put(self._read(dict(parse_qsl(parts.query))))
        except FixRequest as error:
            self._found.put(error)
            return 400, str(error)
        return 200, "You have signed in. Go on where you began; this page can be closed."

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        page = self

        class Handler(BaseHTTPRequestHandler):
            timeout = _STALE

            def do_GET(self) -> None:
                status, text = page.answer(self.path)
                body = f"<!doctype html><meta charset=utf-8><title>raudience</title><p>{escape(text)}</p>".encode()
                self.send_response(status)
                for name, value in (("Content-Type", "text/html; charset=utf-8"), ("Content-Length", str(len(body)))):
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                """The address has the verifier in it: it stands in no log."""

        return Handler
