"""A log: what one writer has told, durable before anybody hears of it (design 1.1, 7)."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from typing import Final

from raudience.durability.holding import Holder
from raudience.errors import FixRequest, RaudienceError

__all__ = ["Log", "Logs", "again", "check_name"]

_NAME: Final = re.compile(r"[A-Za-z0-9-]+")


class Log(ABC):
    """Records of one key-group range, numbered 1, 2, 3 ... without gaps. One writer at a time: who took over last.

    Methods may be called from several threads. Every method raises FixStore when the place where the log is kept does
    not answer or takes no more, and StateDamaged when what it holds is not what was written.
    """

    @abstractmethod
    def take_over(self) -> int:
        """Become the writer, and the number of the last record (0: none). What an earlier writer submits from now on is
        refused with Superseded, wherever that writer runs."""

    @abstractmethod
    def submit(self, records: Sequence[bytes]) -> Future[int]:
        """Write records behind the last one, all of them or none; done, with the number of the last of them, when they
        are durable. Of what is submitted close together many share one commit, in the order of the calls.

        The future raises Superseded when another writer has taken over. After an error nothing more is taken: whether
        what was under way is kept is known again after `take_over`.
        """

    @abstractmethod
    def read(self, after: int) -> Iterator[tuple[int, bytes]]:
        """Number and contents of the records behind `after`, in order, up to the last one there is at the call. Raises
        StateDamaged when some of them have been trimmed away."""

    @abstractmethod
    def first(self) -> int:
        """Number of the first record that is still there; one more than the last one when there is none."""

    @abstractmethod
    def trim(self, through: int) -> None:
        """Forget the records up to and including a number; numbers go on as before. Only the writer may: raises
        Superseded."""

    def shred(self, through: int) -> None:
        """`trim` so that the place itself keeps nothing of the records, as far as it can tell."""
        self.trim(through)

    @abstractmethod
    def close(self) -> None:
        """Wait for what is under way, and let go. What is asked for afterwards raises FixStore."""

    def append(self, records: Sequence[bytes]) -> int:
        """`submit`, and wait until it is durable."""
        return self.submit(records).result()


class Logs(ABC):
    """All logs of one state."""

    @abstractmethod
    def open(self, name: str) -> Log:
        """The log of a name (letters, digits and `-`), made when it is not there."""

    @abstractmethod
    def names(self) -> tuple[str, ...]:
        """Names of the logs there are, ascending."""

    @abstractmethod
    def remove(self, name: str) -> None:
        """Forget a log and its records."""

    def hold(self, holder: Holder, patience: float = 0) -> Holder | None:
        """Tell others who is at work here, until `close`. None, or who else is and is alive, after `patience` seconds,
        where that can be known. It keeps nobody from writing: `Log.take_over` does."""
        return None

    @abstractmethod
    def close(self) -> None:
        """Let go of what all logs share."""


def check_name(name: str) -> None:
    """Raise FixRequest when a name of a log has anything but letters, digits and `-`."""
    if not _NAME.fullmatch(name):
        message = f"name of a log: expected letters, digits and `-`, got {name!r}"
        raise FixRequest(message)


def again(error: Exception) -> Exception:
    """The same error for one more waiter: raised in several threads, one object would mix their traces."""
    return type(error)(*error.args) if isinstance(error, RaudienceError) else error
