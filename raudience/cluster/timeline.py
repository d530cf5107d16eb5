"""Rounds read up to a moment, never past it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from raudience.cluster.rounds import Round
from raudience.records.slicing import cut

__all__ = ["Timeline"]


class Timeline:
    """Rounds in the order of time, taken piece by piece: a round that reaches past a moment is cut there."""

    def __init__(self, rounds: Iterable[Round]) -> None:
        self._rounds = iter(rounds)
        self._rest: Round | None = None

    def first(self) -> int | None:
        """The instant of the next batch; None when there is none left."""
        following = self._next()
        self._rest = following
        return None if following is None else int(following.block.batches.at[0])

    def up_to(self, moment: int) -> Iterator[Round]:
        """What takes effect at or before the moment. The rest stays for the next call."""
        while (following := self._next()) is not None:
            at = following.block.batches.at
            position = int(np.searchsorted(at, moment, "right"))
            if position == len(at):
                yield following
                continue
            self._rest = Round(cut(following.block, position, len(at)), following.now)
            if position:
                yield Round(cut(following.block, 0, position), int(at[position - 1]))
            return

    def _next(self) -> Round | None:
        following, self._rest = self._rest or next(self._rounds, None), None
        return following
