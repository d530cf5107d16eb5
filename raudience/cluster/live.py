"""Batches as they arrive."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

import msgspec

from raudience.ingest.batches import Decoder
from raudience.ingest.identity import Resolver
from raudience.ingest.refusals import Refusal
from raudience.records import Block, Changes

__all__ = ["Arrivals", "Batch", "Ingested"]

Batch: TypeAlias = bytes | Mapping[str, Any]
"""JSON of one batch, or what it stands for."""

SOURCE = "batches"


class Ingested(msgspec.Struct, frozen=True):
    """What came of some batches: the changes up to their instant, and the batches that were refused."""

    changes: Changes
    refusals: tuple[Refusal, ...]


class Arrivals:
    """Decodes batches as they come and finds the users of those without MPID; `resolver` holds what it has learned."""

    def __init__(self, resolver: Resolver | None = None) -> None:
        self.resolver = resolver or Resolver()
        self._decoder = Decoder()

    def take(self, batches: Iterable[Batch], now: int) -> tuple[Block, tuple[Refusal, ...]]:
        """The block of the batches that can be taken, all effective at `now`, and the refusals of the others: `line`
        is the position among the batches, from 1 on."""
        documents = [_document(batch) for batch in batches]
        decoded = self._decoder.decode(documents, now)
        refusals = tuple(
            Refusal(SOURCE, position + 1, None, fault, documents[position]) for position, fault in decoded.faults
        )
        return self.resolver.resolve(decoded.block, decoded.nameless), refusals


def _document(batch: Batch) -> bytes:
    return batch.strip() if isinstance(batch, bytes) else msgspec.json.encode(batch)
