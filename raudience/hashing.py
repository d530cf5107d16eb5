"""The only mmh3: key groups, buckets of A/B tests, keys for remembering what was seen, ids of criteria and changes."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b
from typing import Any

import mmh3
import numpy as np
from numpy.typing import NDArray

__all__ = [
    "BUCKETS", "KEY_GROUPS", "buckets", "change_ids", "first_by_hash", "group_of_keys", "in_sample", "key_groups",
    "keyed_hash", "keys_in_groups", "keys_of_users", "mix64", "text_id", "text_key", "text_keys",
]  # fmt: skip

KEY_GROUPS = 256

BUCKETS = 10_000
"""Buckets of an A/B test: one for each hundredth of a percent (semantics D16)."""

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xFF51AFD7ED558CCD)
_MIX_2 = np.uint64(0xC4CEB9FE1A85EC53)
_HALF = np.uint64(33)
_GROUP = np.uint64(KEY_GROUPS - 1)
_SAMPLE = np.uint64(0xD6E8FEB86659FD93)

# MurmurHash3 x64 128-bit of a key of 8 bytes.
_FACTOR_1 = np.uint64(0x87C37B91114253D5)
_FACTOR_2 = np.uint64(0x4CF5AD432745937F)
_LEFT = np.uint64(31)
_RIGHT = np.uint64(64 - 31)
_LENGTH = np.uint64(8)
_PIECE = 1 << 14
"""MPIDs whose hashes stay in the cache while they are worked out."""


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


def keyed_hash(mpid: int, key: bytes) -> str:
    """32 hex digits that stand for a user to who has the key (up to 64 bytes), and say nothing without it."""
    return blake2b(mpid.to_bytes(8, "little", signed=True), digest_size=16, key=key).hexdigest()


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


def buckets(mpids: NDArray[np.int64], seed: int) -> NDArray[np.uint16]:
    """Bucket of each MPID in the A/B test of a seed (its lowest 32 bits), uint16[n] in 0 to 9,999.

    The low 64 bits of mmh3 x64 128-bit of the 8 little-endian bytes of the MPID, modulo 10,000 (semantics D16). What
    this returns never changes: users would move between variations.
    """
    found = np.empty(len(mpids), np.uint16)
    for first in range(0, len(mpids), _PIECE):
        hashes = _low_hashes(mpids[first : first + _PIECE].view(np.uint64), seed & 0xFFFFFFFF)
        found[first : first + _PIECE] = hashes % np.uint64(BUCKETS)
    return found


def _low_hashes(keys: NDArray[np.uint64], seed: int) -> NDArray[np.uint64]:
    high = np.uint64(seed) ^ _LENGTH
    low = keys * _FACTOR_1
    low = (low << _LEFT) | (low >> _RIGHT)
    low *= _FACTOR_2
    low ^= high
    low += high
    return mix64(low) + mix64(low + high)


def in_sample(mpids: NDArray[np.int64], level: int) -> NDArray[np.bool_]:
    """bool[n]: who is in the sample of one user in 2**level. It depends on the MPID alone, has nothing to do with key
    groups, and the sample of a higher level is part of that of a lower one."""
    mixed = mix64(mpids.view(np.uint64) * _GOLDEN ^ _SAMPLE)
    return mixed <= np.uint64((1 << 64 - level) - 1)


def change_ids(
    audience: NDArray[np.uint64],
    version: NDArray[np.int64],
    mpids: NDArray[np.int64],
    at: NDArray[np.int64],
    entered: NDArray[np.bool_],
) -> NDArray[np.uint64]:
    """Ids of changes, uint64[n]: the same change has the same id in every replay.

    audience: of each, the text key of the audience's key; version: of its definition.
    """
    mixed = mix64(mpids.view(np.uint64) ^ (audience + version.view(np.uint64) * _GOLDEN))
    moment = at.view(np.uint64) * np.uint64(2) + entered.astype(np.uint64)
    return mix64(mixed + moment * _GOLDEN)
