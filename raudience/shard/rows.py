"""Events as the matching sees them, whether they just arrived in a block or lie in a chunk of the store."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from raudience.records import Field

__all__ = ["INPUT", "Cells", "EventRows"]

INPUT: Final = Field("scope", "input")
"""The input an event came through, held like an attribute."""


@dataclass(frozen=True, slots=True)
class Cells:
    """Cells of one attribute. index: int[k] ascending positions, None: every row; codes: unsigned or int[k], of the
    dictionary of the attribute; numbers: float64[k] or None."""

    index: NDArray[Any] | None
    codes: NDArray[Any]
    numbers: NDArray[np.float64] | None


class EventRows(Protocol):
    """Some events: keys int[n] (numbers of event keys in the shard), times int64[n], product_event int[q] ascending."""

    @property
    def size(self) -> int: ...

    @property
    def keys(self) -> NDArray[Any]: ...

    @property
    def times(self) -> NDArray[np.int64]: ...

    @property
    def product_event(self) -> NDArray[Any]: ...

    def cells(self, field: Field) -> Cells | None:
        """Cells of an attribute of the events, or, in namespace product, of the products; None when there is none."""
        ...
