"""Maps that batches of one user repeat: attributes and identities.

They are told apart by their bytes as they stand in the batch, and each distinct one is decoded and coded once, however
many batches repeat it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from raudience.ingest.cells import present, spread
from raudience.ingest.sheets import Sheet
from raudience.ingest.wanted import Wanted

__all__ = ["FRESH", "MANY", "Lay", "Repeated"]

Ints: TypeAlias = NDArray[np.int32]
Lay: TypeAlias = Callable[[Sheet, str, Ints, Sequence[Any]], None]
"""Puts the values of a key at some rows into a sheet."""

MANY: Final = 1_024
"""Maps after which it shows whether they repeat."""
FRESH: Final = 0.7
"""Share of new ones among all from which on looking for the others costs more than decoding them again."""


_EMPTY: Final[dict[str, Any]] = {}


class Repeated:
    """The distinct maps of one key of a batch, remembered from block to block."""

    def __init__(self, decode: Callable[[bytes], dict[str, Any]], lay: Lay, wanted: Wanted) -> None:
        """decode: raises ValueError when the bytes are none of these maps."""
        self._decode, self._lay, self._wanted = decode, lay, wanted
        self.forget()

    def forget(self) -> None:
        """Start again; not within a block."""
        self._codes: dict[bytes, int] = {}
        self._sheet = Sheet(self._wanted)
        self._count = self._seen = 0
        # Decoded, not laid out yet.
        self._maps: list[dict[str, Any]] = []

    def read(self, maps: Sequence[msgspec.Raw]) -> Ints:
        """Position of each map among the distinct ones, int32[n]; raise ValueError when one of them is no such map."""
        texts = [*map(bytes, maps)]
        self._seen += len(texts)
        if self._seen > MANY and self._count > FRESH * self._seen:
            return self._learn(texts)
        try:
            return np.fromiter(map(self._codes.__getitem__, texts), np.int32, len(texts))
        except KeyError:
            new = [text for text in dict.fromkeys(texts) if text not in self._codes]
            self._codes |= zip(new, self._learn(new).tolist(), strict=True)
            return np.fromiter(map(self._codes.__getitem__, texts), np.int32, len(texts))

    def _learn(self, texts: Sequence[bytes]) -> Ints:
        """Decode new ones; their positions."""
        found = [self._decode(text) if text else _EMPTY for text in texts]
        first = self._count
        self._count += len(found)
        self._maps += found
        return np.arange(first, self._count, dtype=np.int32)

    def tell(self, sheet: Sheet, of: Ints) -> None:
        """Put the cells of the batches into the sheet, before all others of their rows; of: int32[n], from `read`."""
        rows = np.arange(self._count - len(self._maps), self._count, dtype=np.int32)
        for name, index, values in spread(*present(rows, self._maps)):
            self._lay(self._sheet, name, index, values)
        self._maps.clear()
        sheet.repeat(self._sheet, of, self._count)
