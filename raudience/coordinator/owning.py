"""Which shard owns which key groups."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from raudience.hashing import KEY_GROUPS

__all__ = ["owners"]


def owners(shards: int) -> NDArray[np.int32]:
    """Shard of each key group, int32[KEY_GROUPS]: contiguous ranges whose lengths differ by at most one."""
    if not 1 <= shards <= KEY_GROUPS:
        message = f"shards: expected 1 to {KEY_GROUPS}, got {shards}"
        raise ValueError(message)
    return (np.arange(KEY_GROUPS) * shards // KEY_GROUPS).astype(np.int32)
