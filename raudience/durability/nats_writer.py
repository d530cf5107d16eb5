"""What writes to a stream: one task, several messages under way."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import Future
from threading import Lock
from typing import Any, Final, TypeAlias, TypeVar

from raudience.durability.log import again
from raudience.durability.nats_connection import NotYet, wrong_sequence
from raudience.durability.nats_messages import HEAD, Message, cut, pack
from raudience.durability.nats_stream import Stream
from raudience.errors import FixStore, Superseded

__all__ = ["Writer"]

_WINDOW: Final = 8
"""Messages that are under way at a time."""

T = TypeVar("T")
_Waiting: TypeAlias = Sequence[tuple[Future[int], int]]
"""Who waits for a message, with the number that each is told: nobody, but for the last message of a commit."""


class _Sent:
    """A message under way, and the number it is to get."""

    def __init__(self, number: int, data: bytes, waiting: _Waiting) -> None:
        self.number, self.data, self.waiting = number, data, waiting
        self.answer: asyncio.Future[Any] | None = None


class Writer:
    """Takes records and questions from any thread; everything else happens in the thread of the connection.

    settled: number of the last message that is known to be durable (0: none is known).
    """

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._connection = stream.connection
        self._refusal: Exception | None = Superseded(f"{stream.where}: nothing is taken before `take_over`")
        self._gate = Lock()
        self._closing = False
        self._appends: deque[tuple[tuple[bytes, ...], Future[int]]] = deque()
        self._turns: deque[tuple[Callable[[], Coroutine[Any, Any, Any]], Future[Any]]] = deque()
        self._more = asyncio.Event()
        self._cut: deque[tuple[Message, _Waiting]] = deque()
        self._sent: deque[_Sent] = deque()
        self._name = b""
        self._last = self._trimmed = self._number = self.settled = 0
        self._task = self._connection.spawn(self._write())

    def submit(self, records: Sequence[bytes]) -> Future[int]:
        future: Future[int] = Future()
        # From here on it cannot be cancelled: nobody could say whether it is kept.
        future.set_running_or_notify_cancel()
        with self._gate:
            if self._closing:
                future.set_exception(self._closed())
            else:
                self._appends.append((tuple(records), future))
                self._connection.call(self._more.set)
        return future

    def take_over(self) -> int:
        return self._in_turn(self._take_over)

    def mark(self, through: int) -> int | None:
        """Write down that records up to a number are forgotten; number of the message that says so, None when all of
        them were before."""
        return self._in_turn(lambda: self._mark(through))

    def close(self) -> None:
        with self._gate:
            if not self._closing:
                self._closing = True
                self._connection.call(self._more.set)
        self._task.result()

    def _in_turn(self, function: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Wait for what is done while no message is under way."""
        future: Future[T] = Future()
        with self._gate:
            if self._closing:
                raise self._closed()
            self._turns.append((function, future))
            self._connection.call(self._more.set)
        return future.result()

    def _closed(self) -> FixStore:
        return FixStore(f"{self._stream.where}: the log is closed")

    async def _write(self) -> None:
        while await self._work():
            if self._refusal:
                self._refuse()
            while len(self._sent) < _WINDOW and (self._cut or (self._appends and not self._turns)):
                await self._send()
            if self._sent:
                await self._settle()
            elif self._turns:
                await self._serve()

    async def _work(self) -> bool:
        while True:
            self._more.clear()
            if self._appends or self._turns or self._cut or self._sent:
                return True
            if self._closing:
                return False
            await self._more.wait()

    async def _serve(self) -> None:
        function, future = self._turns.popleft()
        try:
            future.set_result(await function())
        except Exception as error:
            future.set_exception(error)

    async def _take_over(self) -> int:
        name = self._connection.unique()
        self._number, fence = await self._connection.persist(lambda: self._fence(name))
        self.settled = self._number
        self._name, self._last, self._trimmed, self._refusal = name, fence.last, fence.trimmed, None
        return fence.last

    async def _fence(self, name: bytes) -> tuple[int, Message]:
        tail = await self._stream.tail(self.settled)
        if tail and tail[1].writer == name:
            # It arrived, but the answer did not.
            return tail
        last, trimmed = (tail[1].last, tail[1].trimmed) if tail else (0, 0)
        number = tail[0] + 1 if tail else await self._stream.beginning()
        fence = Message(True, name, last + 1, 0, 1, 1, trimmed, b"")
        try:
            await self._arrive(pack(fence), number)
        except Exception as error:
            if wrong_sequence(error):
                raise NotYet(str(error)) from error
            raise
        return number, fence

    async def _mark(self, through: int) -> int | None:
        if self._refusal:
            raise again(self._refusal)
        through = min(through, self._last)
        if through <= self._trimmed:
            return None
        self._trimmed = through
        self._cut.extend((message, ()) for message in cut(self._name, self._last + 1, (), through, 1))
        await self._send()
        await self._settle()
        if self._refusal:
            raise again(self._refusal)
        return self._number

    async def _send(self) -> None:
        """Send one message, of the commit that is cut or of a new one with all records that fit."""
        try:
            if not self._cut:
                self._take()
            message, waiting = self._cut.popleft()
            self._number += 1
            sent = _Sent(self._number, pack(message), waiting)
        except Exception as error:
            self._fail(error)
            return
        self._sent.append(sent)
        try:
            sent.answer = await self._stream.publish(sent.data, sent.number)
        except Exception:
            # It is sent again when its turn to be settled comes: then it is seen whether that may help.
            sent.answer = None

    def _take(self) -> None:
        room = self._connection.room - HEAD
        records: list[bytes] = []
        waiting: list[tuple[Future[int], int]] = []
        size = 0
        first = self._last + 1
        while self._appends and size < room:
            more, future = self._appends.popleft()
            records += more
            size += sum(map(len, more))
            waiting.append((future, self._last + len(more)))
            self._last += len(more)
        try:
            *early, last = cut(self._name, first, records, self._trimmed, room)
        except Exception as error:
            _tell(waiting, error)
            raise
        self._cut.extend((message, ()) for message in early)
        self._cut.append((last, waiting))

    async def _settle(self) -> None:
        """Wait for the first message under way; when its answer is bad or missing, send all of them again."""
        try:
            answer = self._sent[0].answer
            if answer is not None and await self._arrived(answer):
                self._done()
                return
            while self._sent:
                await self._connection.persist(lambda: self._again(self._sent[0]))
                self._done()
        except Exception as error:
            self._fail(error)

    async def _arrived(self, answer: asyncio.Future[Any]) -> bool:
        try:
            await self._stream.arrived(answer)
        except Exception:
            return False
        return True

    async def _arrive(self, data: bytes, number: int) -> None:
        await self._stream.arrived(await self._stream.publish(data, number))

    async def _again(self, sent: _Sent) -> None:
        try:
            await self._arrive(sent.data, sent.number)
        except Exception as error:
            if not wrong_sequence(error):
                raise
            found = await self._stream.at(sent.number)
            if found is None:
                raise NotYet(str(error)) from error
            if found != sent.data:
                message = f"{self._stream.where}: another writer has taken over (message {sent.number} is not ours)"
                raise Superseded(message) from error

    def _done(self) -> None:
        sent = self._sent.popleft()
        self.settled = sent.number
        for future, number in sent.waiting:
            future.set_result(number)

    def _fail(self, error: Exception) -> None:
        self._refusal = error
        for sent in self._sent:
            if sent.answer is not None:
                sent.answer.cancel()
            _tell(sent.waiting, error)
        for _, waiting in self._cut:
            _tell(waiting, error)
        self._sent.clear()
        self._cut.clear()

    def _refuse(self) -> None:
        while self._appends and self._refusal:
            self._appends.popleft()[1].set_exception(again(self._refusal))


def _tell(waiting: _Waiting, error: Exception) -> None:
    for future, _ in waiting:
        future.set_exception(again(error))
