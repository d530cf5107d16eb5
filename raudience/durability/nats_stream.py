"""A stream of NATS JetStream as numbered messages.

Coroutines run in the thread of the connection and raise what the servers say, to be asked again with `persist`.
"""

from __future__ import annotations

import asyncio
import json
import zlib
from functools import partial
from typing import Any, Final

from raudience.durability.nats_connection import Connection, NotYet
from raudience.durability.nats_messages import Message, unpack
from raudience.errors import FixStore, StateDamaged

try:
    import nats.js.api
    import nats.js.errors
except ImportError:
    nats = None  # the connection has said what to install

__all__ = ["Stream", "streams_of"]

_DESCRIPTION: Final = "raudience log, format 1"
_NO_CLUSTER: Final = 10074
_PIECE: Final = 8 << 20
"""Bytes that are asked for at once."""
_MOST: Final = 1000
"""Messages that are asked for at once; servers give no more."""


async def streams_of(connection: Connection, subject: str) -> list[str]:
    """Names of the streams with a subject, which may have a `*`."""
    found: list[str] = []
    while True:
        request = json.dumps({"subject": subject, "offset": len(found)}).encode()
        answer = json.loads(
            (await connection.client.request("$JS.API.STREAM.NAMES", request, timeout=connection.answer)).data
        )
        if "error" in answer:
            raise nats.js.errors.APIError.from_error(answer["error"])
        found += answer.get("streams") or []
        if not answer.get("streams") or len(found) >= answer["total"]:
            return found


class Stream:
    """One stream with one subject."""

    def __init__(self, connection: Connection, name: str, subject: str) -> None:
        self.connection, self._name, self._subject = connection, name, subject
        self.where = f"{connection.address} stream {name}"

    async def make(self) -> None:
        """See that the stream is there and is a log."""
        try:
            info = await self.connection.streams.stream_info(self._name)
        except nats.js.errors.NotFoundError:
            await self._add()
            return
        if info.config.description != _DESCRIPTION:
            message = f"{self.where}: expected a {_DESCRIPTION!r}, got {info.config.description!r}: name another prefix"
            raise FixStore(message)

    async def _add(self) -> None:
        replicas = self.connection.address.replicas
        config = nats.js.api.StreamConfig(
            name=self._name, subjects=[self._subject], description=_DESCRIPTION, allow_direct=True,
            storage=nats.js.api.StorageType.FILE, discard=nats.js.api.DiscardPolicy.NEW,
            retention=nats.js.api.RetentionPolicy.LIMITS, num_replicas=replicas or 3,
            # A writer to a removed stream of this name must not find the number it expects in this one.
            first_seq=1 + (zlib.crc32(self.connection.unique()) << 8),
        )  # fmt: skip
        try:
            await self.connection.streams.add_stream(config)
        except nats.js.errors.APIError as error:
            if error.err_code != _NO_CLUSTER or replicas:
                raise
            await self.connection.streams.add_stream(config.evolve(num_replicas=1))

    async def drop(self) -> None:
        """Remove the stream; one that is not there is removed already."""
        try:
            await self.connection.streams.delete_stream(self._name)
        except nats.js.errors.NotFoundError:
            return

    async def purge(self, keep: int) -> None:
        """Remove the messages before a number."""
        await self.connection.streams.purge_stream(self._name, seq=keep)

    async def beginning(self) -> int:
        """Number that the very first message gets. Raises StateDamaged when there were messages once."""
        info = await self.connection.streams.stream_info(self._name)
        if info.state.messages:
            message = "somebody else was faster"
            raise NotYet(message)
        if info.state.last_seq + 1 != info.config.first_seq:
            message = f"{self.where}: somebody has removed its last message; restore the state"
            raise StateDamaged(message)
        return int(info.config.first_seq)

    async def publish(self, data: bytes, number: int) -> asyncio.Future[Any]:
        """Send a message that is to get a number; what `arrived` waits for. The order of the calls is kept."""
        return await self.connection.ask(self._subject, data, {"Nats-Expected-Last-Sequence": str(number - 1)})

    async def arrived(self, answer: asyncio.Future[Any]) -> None:
        """Wait until a message is durable."""
        message = await asyncio.wait_for(answer, self.connection.answer)
        if (message.headers or {}).get("Status"):
            text = "the stream has no leader"
            raise NotYet(text)
        if error := json.loads(message.data).get("error"):
            nats.js.errors.APIError.from_error(error)

    async def tail(self, least: int) -> tuple[int, Message] | None:
        """Number and contents of the last message, by the word of the leader; None when there is none. least: a number
        that is known to be there."""
        try:
            found = await self.connection.streams.get_last_msg(self._name, self._subject)
        except nats.js.errors.NotFoundError:
            found = None
        if least and (found is None or found.seq < least):
            # This leader has not caught up, or does not know yet that it leads no more.
            message = f"message {least} is not there"
            raise NotYet(message)
        return (found.seq, self._message(found.seq, found.data or b"")) if found else None

    async def at(self, number: int) -> bytes | None:
        """Contents of a message, by the word of the leader; None when it is not there."""
        try:
            return (await self.connection.streams.get_msg(self._name, seq=number)).data or b""
        except nats.js.errors.NotFoundError:
            return None

    async def holding(self, record: int, last: int) -> int:
        """Number of the message where the commit with a record begins, when messages go up to `last`."""
        persist = self.connection.persist
        first = (await persist(lambda: self.connection.streams.stream_info(self._name))).state.first_seq
        low, high, place = first, last + 1, 1
        while low + 1 < high:
            middle = (low + high) // 2
            data = await persist(partial(self.at, middle))
            # What is not there has been trimmed meanwhile.
            message = self._message(middle, data) if data is not None else None
            if message and message.first > record:
                high = middle
            else:
                low, place = middle, message.place if message else 1
        return int(max(first, low - place + 1))

    async def some(self, first: int, last: int) -> list[Message]:
        """Messages from a number on, at most up to another one; none when the first is not there any more. Any server
        that holds the stream answers."""
        client = self.connection.client
        inbox, most = client.new_inbox(), min(last - first + 1, _MOST)
        answers = await client.subscribe(inbox)
        found: list[Message] = []
        try:
            request = json.dumps({"seq": first, "batch": most, "max_bytes": _PIECE}).encode()
            await client.publish(f"$JS.API.DIRECT.GET.{self._name}", request, reply=inbox)
            while len(found) < most:
                answer = await answers.next_msg(timeout=self.connection.answer)
                headers = answer.headers or {}
                if "Nats-Sequence" not in headers:
                    break
                if int(headers["Nats-Sequence"]) != first + len(found):
                    return found
                found.append(self._message(first + len(found), answer.data))
        finally:
            await answers.unsubscribe()
        if not found:
            # This server is behind, or the stream has no leader just now.
            raise NotYet(headers.get("Description", "no message yet"))
        return found

    def _message(self, number: int, data: bytes) -> Message:
        return unpack(data, f"{self.where} message {number}")
