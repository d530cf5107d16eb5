"""The connection to NATS: one thread that talks, and patience with servers that come and go."""

from __future__ import annotations

import asyncio
import itertools
import ssl
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import Future
from threading import Thread
from typing import Any, Final, TypeVar

from raudience.durability.nats_address import Address
from raudience.errors import FixRequest, FixStore

try:
    import nats
    import nats.errors
    import nats.js.errors
    import nats.nuid
except ImportError:
    nats = None  # the extra `cluster` is not installed: said when the first connection is to be made

__all__ = ["Address", "Connection", "NotYet", "wrong_sequence"]

_ANSWER: Final = 5.0
_PAUSE: Final = 0.1
_OLDEST: Final = (2, 11)
"""Earlier servers do not send several messages for one request."""
_WRONG_SEQUENCE: Final = frozenset({10071, 10164})
_NO_SPACE: Final = frozenset({10023, 10028, 10047, 10077, 10122})

T = TypeVar("T")


class NotYet(Exception):
    """Ask again: what is asked for is under way."""


def wrong_sequence(error: Exception) -> bool:
    """Whether a message was refused because it was not to follow the last one."""
    return getattr(error, "err_code", None) in _WRONG_SEQUENCE


def _passes(error: Exception) -> bool:
    """Whether asking again may help: there is no leader, no connection, no answer."""
    if isinstance(error, nats.js.errors.APIError):
        return error.code in (None, 500, 503) and error.err_code not in _NO_SPACE
    return isinstance(error, NotYet | TimeoutError | OSError | nats.errors.Error)


class Connection:
    """One connection, in a thread with an event loop; all logs of a state share it.

    Coroutines run in that thread, and only there may `client` and `streams` (JetStream) be used. `persist` asks servers
    that come and go again, until the patience ends. answer: seconds to wait for one answer before asking again.
    """

    def __init__(self, address: Address) -> None:
        if nats is None:
            message = f"{address}: NATS needs nats-py, which is not installed; `pip install raudience[cluster]`"
            raise FixRequest(message)
        self.address = address
        self.answer = min(_ANSWER, address.patience)
        self._latest: Exception | None = None
        self._asked: dict[str, asyncio.Future[Any]] = {}
        self._ids = nats.nuid.NUID()
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, name="nats", daemon=True)
        self._thread.start()
        try:
            self.client = self.run(self._connect())
            self.streams = self.client.jetstream(timeout=self.answer)
            self.run(self._listen())
        except BaseException:
            self._stop()
            raise

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Wait for a coroutine, from another thread."""
        return self.spawn(coroutine).result()

    def spawn(self, coroutine: Coroutine[Any, Any, T]) -> Future[T]:
        """Begin a coroutine, from another thread. Raise FixStore when the connection is closed."""
        if self._loop.is_closed():
            coroutine.close()
            message = f"{self.address}: the connection is closed"
            raise FixStore(message)
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop)

    def call(self, function: Callable[[], object]) -> None:
        """Do something in the thread of the connection, without waiting for it."""
        self._loop.call_soon_threadsafe(function)

    def close(self) -> None:
        if not self._loop.is_closed():
            self.run(self.client.close())
            self._stop()

    @property
    def room(self) -> int:
        """Bytes that fit into a message besides its headers."""
        return int(self.client.max_payload) - 256

    def unique(self) -> bytes:
        """22 bytes that nobody else has."""
        return bytes(self._ids.next())

    async def ask(self, subject: str, data: bytes, headers: dict[str, str]) -> asyncio.Future[Any]:
        """Send a message and go on; the message that answers it. What is sent one after the other arrives so."""
        token = str(next(self._tokens))
        answer = self._loop.create_future()
        answer.add_done_callback(lambda _: self._asked.pop(token))
        self._asked[token] = answer
        await self.client.publish(subject, data, reply=f"{self._inbox}.{token}", headers=headers)
        return answer

    async def _listen(self) -> None:
        self._inbox, self._tokens = self.client.new_inbox(), itertools.count()
        await self.client.subscribe(f"{self._inbox}.*", cb=self._answered)

    async def _answered(self, message: Any) -> None:
        answer = self._asked.get(message.subject.rpartition(".")[2])
        if answer and not answer.done():
            answer.set_result(message)

    async def persist(self, attempt: Callable[[], Awaitable[T]]) -> T:
        """What an attempt gives; it is made again while servers come and go. Raises FixStore when they do not come back
        in time, or refuse for good."""
        end = self._loop.time() + self.address.patience
        while True:
            try:
                return await attempt()
            except Exception as error:
                if isinstance(error, nats.js.errors.APIError) and not _passes(error):
                    raise self._refused(error) from error
                if not _passes(error):
                    raise
                if self._loop.time() > end:
                    reason = str(error) or self._latest or type(error).__name__
                    message = f"{self.address}: no answer for {self.address.patience:g} seconds ({reason})"
                    raise FixStore(message) from error
                await asyncio.sleep(_PAUSE)

    def _refused(self, error: Any) -> FixStore:
        hint = "there is no space left: give JetStream more or trim" if error.err_code in _NO_SPACE else "NATS refuses"
        return FixStore(f"{self.address}: {hint} ({error.description}, error {error.err_code})")

    async def _connect(self) -> Any:
        address = self.address
        servers = [f"{'tls' if address.tls else 'nats'}://{server}" for server in address.servers]
        options: dict[str, Any] = {"tls": ssl.create_default_context(cafile=address.ca)} if address.tls else {}
        if address.creds:
            options["user_credentials"] = address.creds
        # A server that stopped to answer is left after four seconds.
        connecting = nats.connect(
            servers, name="raudience", user=address.user, password=address.password, error_cb=self._note,
            connect_timeout=2, reconnect_time_wait=0.25, max_reconnect_attempts=-1, ping_interval=2,
            max_outstanding_pings=2, **options,
        )  # fmt: skip
        try:
            client = await asyncio.wait_for(connecting, address.patience)
        except (TimeoutError, nats.errors.Error, OSError) as error:
            message = f"{address}: no server lets us in within {address.patience:g} seconds ({self._latest or error})"
            raise FixStore(message) from error
        version = client.connected_server_version
        if (version.major, version.minor) < _OLDEST:
            await client.close()
            message = f"{address}: NATS {version.major}.{version.minor} is too old: 2.11 or later is needed"
            raise FixStore(message)
        return client

    async def _note(self, error: Exception) -> None:
        # What a server said says more than that it hung up afterwards.
        if self._latest is None or not isinstance(error, OSError):
            self._latest = error

    def _stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
