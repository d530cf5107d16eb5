"""Calls to the shells of an engine, wherever the key groups are."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from raudience.cluster.carrier import COORDINATOR, Carrier
from raudience.cluster.entries import Defined
from raudience.cluster.ledger import EngineState

__all__ = ["Calls"]

Result = TypeVar("Result")

_LOOKS: Final = 20
_PAUSE: Final = 0.05
"""Seconds between two looks at key groups that move."""


class Calls:
    """What a writer asks. state: the engine as it was last read. `_surely` brings back who was lost."""

    state: EngineState
    _carrier: Carrier
    _epoch: int
    _surely: Callable[[Callable[[], Any]], Any]
    _stand: Callable[[EngineState], None]

    @property
    def shards(self) -> int:
        return self.state.shards

    @property
    def owner(self) -> NDArray[np.int32]:
        """Shard of each key group, int32[KEY_GROUPS]."""
        return np.array(self.state.owner, np.int32)

    def ask(self, where: int, method: str, *values: Any) -> Any:
        """Call one shell, which may have to come back first."""
        return self._surely(lambda: self._wait(where, method, *values))

    def ask_owner(self, group: int, method: str, *values: Any) -> Any:
        """Call the shard that has a key group."""
        return self._surely(lambda: self._wait(self.state.owner[group], method, *values))

    def ask_owners(
        self, groups: NDArray[np.int32], method: str, values: Callable[[NDArray[np.int64]], Sequence[Any]]
    ) -> list[tuple[NDArray[np.int64], Any]]:
        """Call at once the shards that have some key groups, each with what `values` makes of the positions of its
        own among them; those positions, int64[k], and the answer."""
        return self._surely(lambda: self._wait_owners(groups, method, values))

    def ask_all(self, method: str, *values: Any) -> list[Any]:
        """Call all shards at once."""
        return self._surely(lambda: self._wait_all(method, *values))

    def steadily(self, read: Callable[[], Result]) -> Result:
        """What a reading says that no move of key groups came between, when another driver writes. A move that does not
        end in a second is not waited for: whoever made it may be dead."""
        if self._epoch:
            return read()
        pause = threading.Event()
        for _ in range(_LOOKS):
            before = self._placed()
            found = read()
            if before is not None and self._placed() == before:
                return found
            pause.wait(_PAUSE)
        return found

    def _placed(self) -> tuple[int, ...] | None:
        """The shard of each key group, read anew; None while they move."""
        found: EngineState = self.ask(COORDINATOR, "standing")
        self._stand(msgspec.structs.replace(found, book=self.state.book, plan=self.state.plan))
        moves = found.intended is not None and not isinstance(found.intended.intent, Defined)
        return None if moves else found.owner

    def _wait(self, where: int, method: str, *values: Any) -> Any:
        return self._carrier.wait(self._carrier.call(where, method, *values))

    def _wait_all(self, method: str, *values: Any) -> list[Any]:
        answers = [self._carrier.call(shard, method, *values) for shard in range(self.shards)]
        return [self._carrier.wait(answer) for answer in answers]

    def _wait_owners(
        self, groups: NDArray[np.int32], method: str, values: Callable[[NDArray[np.int64]], Sequence[Any]]
    ) -> list[tuple[NDArray[np.int64], Any]]:
        owner = self.owner[groups]
        places = [(shard, np.flatnonzero(owner == shard)) for shard in np.unique(owner).tolist()]
        answers = [(place, self._carrier.call(shard, method, *values(place))) for shard, place in places]
        return [(place, self._carrier.wait(answer)) for place, answer in answers]
