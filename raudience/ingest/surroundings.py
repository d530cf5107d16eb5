"""What a batch says around its events: device, application, attributes and identities of its user.

Most batches of a user say the same as an earlier one, so the four are told apart together, by their bytes as they stand
in the batch: of what is known a batch costs one look into a dict.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Final, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from raudience.ingest.cells import present
from raudience.ingest.repeated import FRESH, MANY, Lay, Repeated
from raudience.ingest.sheets import Sheet
from raudience.ingest.templates import Ids, Templates
from raudience.ingest.wanted import Wanted
from raudience.ingest.wire import Batch, read_attributes, read_identities
from raudience.records import Column, Field

__all__ = ["Said", "Surroundings"]

Ints: TypeAlias = NDArray[np.int32]

_NOBODY: Final = np.empty(0, np.int32)


class Said(msgspec.Struct, frozen=True, gc=False):
    """What the batches of a slice say. codes: int32[n], number of the surroundings of each; ids: see `templates.Told`,
    those of devices before those of applications."""

    codes: Ints
    ids: Ids


class Surroundings:
    """Those that were seen, remembered from block to block."""

    def __init__(self, wanted: Wanted, lay_attribute: Lay, lay_identity: Lay) -> None:
        """lay_attribute, lay_identity: put the attributes and identities of users into a sheet."""
        self._devices, self._applications = Templates("device", wanted), Templates("application", wanted)
        self._attributes = Repeated(read_attributes, lay_attribute, wanted)
        self._identities = Repeated(read_identities, lay_identity, wanted)
        self._start()

    def forget(self, above: int) -> None:
        """Start again when more than `above` are remembered; not within a block."""
        if self._count > above:
            for each in (self._devices, self._applications, self._attributes, self._identities):
                each.forget()
            self._start()

    def _start(self) -> None:
        self._codes: dict[bytes, int] = {}
        self._count = self._seen = 0
        # Of each: device, application, attributes, identities.
        self._parts: list[tuple[Ints, ...]] = [(_NOBODY,) * 4]
        # Device identities of those that have a code, by name and where they stand among the ids of their kind.
        self._ids: tuple[dict[tuple[int, str], dict[int, str]], ...] = ({}, {})

    def read(self, batches: Sequence[Batch]) -> Said:
        """Look into a slice of batches; raise ValueError when something is not what it should be."""
        self._seen += len(batches)
        if self._seen > MANY and self._count > FRESH * self._seen:
            codes, ids = self._learn(batches)
            return Said(codes, ids[0] + ids[1])
        texts = [
            b"\0".join((batch.user_identities, batch.user_attributes, batch.device_info, batch.application_info))
            for batch in batches
        ]
        new = {text: batch for text, batch in zip(texts, batches, strict=True) if text not in self._codes}
        if new:
            codes, ids = self._learn([*new.values()])
            self._codes |= zip(new, codes.tolist(), strict=True)
            self._keep(codes, ids)
        known = [*map(self._codes.__getitem__, texts)]
        return Said(np.array(known, np.int32), tuple(self._ids_of(known)))

    def _learn(self, batches: Sequence[Batch]) -> tuple[Ints, tuple[Ids, Ids]]:
        """Look into new ones; their numbers, and the identities of devices and of applications."""
        devices = self._devices.read([batch.device_info for batch in batches])
        applications = self._applications.read([batch.application_info for batch in batches])
        attributes = self._attributes.read([batch.user_attributes for batch in batches])
        identities = self._identities.read([batch.user_identities for batch in batches])
        self._parts.append((devices.templates, applications.templates, attributes, identities))
        first, self._count = self._count, self._count + len(batches)
        return np.arange(first, self._count, dtype=np.int32), (devices.ids, applications.ids)

    def _keep(self, codes: Ints, ids: tuple[Ids, Ids]) -> None:
        for kept, told in zip(self._ids, ids, strict=True):
            for number, (name, places, values) in enumerate(told):
                if values:
                    kept.setdefault((number, name), {}).update(zip(codes[places].tolist(), values, strict=True))

    def _ids_of(self, codes: Sequence[int]) -> Iterator[tuple[str, Ints, Sequence[str]]]:
        everywhere = np.arange(len(codes), dtype=np.int32)
        for (_, name), kept in chain.from_iterable(each.items() for each in self._ids):
            yield name, *present(everywhere, [*map(kept.get, codes)])

    def tell(self, sheet: Sheet, codes: Ints) -> list[tuple[Field, Column]]:
        """Put what the batches of a block say of their users into the sheet, before all other cells of their rows; the
        columns of devices and applications. codes: int32[n], from `read`."""
        self._parts = [tuple(map(np.concatenate, zip(*self._parts, strict=True)))]
        devices, applications, attributes, identities = (part[codes] for part in self._parts[0])
        around = [*self._devices.columns(devices, sheet), *self._applications.columns(applications, sheet)]
        self._attributes.tell(sheet, attributes)
        self._identities.tell(sheet, identities)
        return around
