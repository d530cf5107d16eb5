"""The only mmh3: key groups, keys for remembering what was seen, ids of criteria and changes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import mmh3
import numpy as np
from numpy.typing import NDArray

__all__ = [
    "KEY_GROUPS", "change_ids", "first_by_hash", "group_of_keys", "key_groups", "keys_in_groups", "keys_of_users",
    "mix64", "text_id", "text_key", "text_keys",
]  # fmt: skip

KEY_GROUPS = 256

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xFF51AFD7ED558CCD)
_MIX_2 = np.uint64(0xC4CEB9FE1A85EC53)
_HALF = np.uint64(33)
_GROUP = np.uint64(KEY_GROUPS - 1)


def text_key(text: bytes | str, seed: int = 0) -> int:
    """Unsigned 64-bit key of a text; never 0, which stands for "no key"."""
    return mmh3.hash64(text, seed, signed=False)[0] or 1


def text_keys(texts: Iterable[bytes]) -> NDArray[np.uint64]:
    """`text_key` of each text, uint64[n]; several times faster than one by one."""
    digests = b"".join(map(mmh3.mmh3_x64_128_digest, texts))
    keys = np.frombuffer(digests, "<u8")[::2].astype(np.uint64)
    keys[keys == 0] = 1
    return keys


def text_id(text: bytes | str) -> str:
    """32 hex digits that stand for a text: id of a criterion from its canonical form."""
    low, high = mmh3.hash64(text, signed=False)
    return f"{high:016x}{low:016x}"


def mix64(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The 64-bit finalizer of MurmurHash3, element by element: one-to-one, every input bit moves every output bit."""
    mixed = values ^ (values >> _HALF)
    mixed *= _MIX_1
    mixed ^= mixed >> _HALF
    mixed *= _MIX_2
    mixed ^= mixed >> _HALF
    return mixed


def keys_of_users(keys: NDArray[np.uint64], mpids: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Keys, uint64[n], of what each user sent, so that equal keys of two users differ; 0 stays 0."""
    mixed = keys ^ (mpids.view(np.uint64) * _GOLDEN)
    mixed[mixed == 0] = 1
    mixed[keys == 0] = 0
    return mixed


def keys_in_groups(keys: NDArray[np.uint64], groups: NDArray[np.integer[Any]]) -> NDArray[np.uint64]:
    """Keys, uint64[n], that say in their lowest byte which key group they belong to; 0 stays 0."""
    marked = keys & ~_GROUP
    marked |= groups.astype(np.uint64)
    marked[marked == 0] = KEY_GROUPS
    marked[keys == 0] = 0
    return marked


def group_of_keys(keys: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Key group, int64[n], of keys that say it."""
    return (keys & _GROUP).view(np.int64)


def key_groups(mpids: NDArray[np.int64], groups: int = KEY_GROUPS) -> NDArray[np.int32]:
    """Key group of each MPID, int32[n]; depends on nothing but the MPID and the number of groups."""
    return (mix64(mpids.view(np.uint64) ^ _GOLDEN) % np.uint64(groups)).astype(np.int32)


def first_by_hash(mpids: NDArray[np.int64], most: int) -> NDArray[np.int64]:
    """A fair sample of distinct MPIDs, int64[up to most]: those whose `mix64` is least, in its order. Samples of parts,
    joined and sampled again, give that of the whole."""
    keys = mix64(mpids.view(np.uint64))
    least = np.argpartition(keys, most)[:most] if most < len(keys) else np.arange(len(keys))
    return mpids[least[np.argsort(keys[least])]]


def change_ids(
    audience: int, version: int, mpids: NDArray[np.int64], at: NDArray[np.int64], entered: NDArray[np.bool_]
) -> NDArray[np.uint64]:
    """Ids of changes of one audience, uint64[n]: the same change has the same id in every replay.

    `audience` is the text key of the audience's key.
    """
    seed = np.uint64((audience + version * 0x9E3779B97F4A7C15) & 0xFFFFFFFFFFFFFFFF)
    mixed = mix64(mpids.view(np.uint64) ^ seed)
    moment = at.view(np.uint64) * np.uint64(2) + entered.astype(np.uint64)
    return mix64(mixed + moment * _GOLDEN)
