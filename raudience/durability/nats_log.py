"""Logs in NATS JetStream: they survive the loss of a node, one stream for each.

A writer sends every message with the number it is to get, so whoever does not know the last message is refused. Taking
over is a message as well, a fence: from then on the earlier writer expects a number that is taken.

An answer that does not come leaves open whether a message is kept. It is sent again for the same number: either it gets
it, or what has the number is looked at. It is ours, or another writer has taken over.

What the servers acknowledge is as durable as they are told to make it: see `sync_interval: always` in docs/deploy.md.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator, Sequence
from concurrent.futures import Future
from typing import Any, TypeVar
from weakref import WeakSet

from raudience.durability.log import Log, Logs, check_name
from raudience.durability.nats_connection import Address, Connection
from raudience.durability.nats_messages import Message, missing, records_of
from raudience.durability.nats_stream import Stream, streams_of
from raudience.durability.nats_writer import Writer

__all__ = ["NatsLog", "NatsLogs"]

T = TypeVar("T")


class NatsLogs(Logs):
    """Streams `<prefix>_<name>` with the subjects `<prefix>.log.<name>`, over one connection."""

    def __init__(self, address: Address) -> None:
        self._connection = Connection(address)
        self._prefix = address.prefix
        self._logs: WeakSet[NatsLog] = WeakSet()

    def open(self, name: str) -> NatsLog:
        log = NatsLog(self._stream(name))
        self._logs.add(log)
        return log

    def names(self) -> tuple[str, ...]:
        connection = self._connection
        found = connection.run(connection.persist(lambda: streams_of(connection, f"{self._prefix}.log.*")))
        return tuple(sorted(stream.removeprefix(f"{self._prefix}_") for stream in found))

    def remove(self, name: str) -> None:
        self._connection.run(self._connection.persist(self._stream(name).drop))

    def close(self) -> None:
        for log in list(self._logs):
            log.close()
        self._connection.close()

    def _stream(self, name: str) -> Stream:
        check_name(name)
        return Stream(self._connection, f"{self._prefix}_{name}", f"{self._prefix}.log.{name}")


class NatsLog(Log):
    """One stream. Records that wait while messages are under way share the next one.

    While servers come and go, futures are late, up to the patience of the address; then they raise FixStore. `done`
    callbacks of the futures run in the thread of the connection.
    """

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._run(stream.make)
        self._writer = Writer(stream)

    def take_over(self) -> int:
        return self._writer.take_over()

    def submit(self, records: Sequence[bytes]) -> Future[int]:
        return self._writer.submit(records)

    def read(self, after: int) -> Iterator[tuple[int, bytes]]:
        tail = self._run(lambda: self._stream.tail(self._writer.settled))
        if tail is None or after >= tail[1].last:
            return iter(())
        number, message = tail
        if after < message.trimmed:
            raise missing(self._stream.where, after + 1)
        start = self._stream.connection.run(self._stream.holding(after + 1, number))
        return records_of(self._messages(start, number), after, message.last, self._stream.where)

    def first(self) -> int:
        tail = self._run(lambda: self._stream.tail(self._writer.settled))
        return tail[1].trimmed + 1 if tail else 1

    def trim(self, through: int) -> None:
        if (number := self._writer.mark(through)) is not None:
            keep = self._stream.connection.run(self._stream.holding(through + 1, number))
            self._run(lambda: self._stream.purge(keep))

    def close(self) -> None:
        self._writer.close()

    def _run(self, attempt: Callable[[], Coroutine[Any, Any, T]]) -> T:
        return self._stream.connection.run(self._stream.connection.persist(attempt))

    def _messages(self, number: int, last: int) -> Iterator[Message]:
        coming = self._some(number, last)
        while number <= last:
            piece = coming.result()
            if not piece:
                raise missing(self._stream.where, number)
            number += len(piece)
            if number <= last:
                coming = self._some(number, last)
            yield from piece

    def _some(self, number: int, last: int) -> Future[list[Message]]:
        connection = self._stream.connection
        return connection.spawn(connection.persist(lambda: self._stream.some(number, last)))
