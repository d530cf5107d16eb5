"""Objects that many batches repeat: device and application.

They are told apart by their bytes as they stand in the batch, with the values of device identities cut out, and each
distinct one is decoded once. So a batch costs one look into a dict instead of one cell per field.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from raudience.ingest.cells import present, spread
from raudience.ingest.sheets import Sheet
from raudience.ingest.spellings import DEVICE_IDS, canonical
from raudience.ingest.wanted import Wanted
from raudience.records import Column, Field

__all__ = ["Ids", "Templates", "Told"]

Ints: TypeAlias = NDArray[np.int32]
Ids: TypeAlias = tuple[tuple[str, Ints, Sequence[str]], ...]

_ABSENT: Final = -9
_DEVICE_ID: Final = frozenset(DEVICE_IDS)
_DECODE: Final[Callable[[bytes], dict[str, Any] | None]] = msgspec.json.Decoder(dict[str, Any] | None).decode


class Told(msgspec.Struct, frozen=True, gc=False):
    """The objects of a slice of batches. templates: int32[n], position of the template of each; ids: name of a device
    identity, the batches that have it, their values."""

    templates: Ints
    ids: Ids


class Templates:
    """The distinct objects of one kind, remembered from block to block."""

    def __init__(self, namespace: str, wanted: Wanted) -> None:
        self._namespace, self._wanted = namespace, wanted
        self._marks: dict[bytes, str] = {}
        self.forget()

    def forget(self) -> None:
        """Start again; not within a block."""
        self._codes: dict[bytes, int] = {b"": 0}
        self._maps: list[dict[str, Any]] = [{}]

    def read(self, objects: Sequence[msgspec.Raw]) -> Told:
        """Read the objects of a slice, which `add` takes in; raise ValueError when one of them is no JSON object."""
        texts = [*map(bytes, objects)]
        ids = [_cut(texts, mark, name) for mark, name in self._marks.items()]
        try:
            codes = np.fromiter(map(self._codes.__getitem__, texts), np.int32, len(texts))
        except KeyError:
            while marks := self._learn(texts):
                self._marks |= marks
                ids += [_cut(texts, mark, name) for mark, name in marks.items()]
            codes = np.fromiter(map(self._codes.__getitem__, texts), np.int32, len(texts))
        return Told(codes, tuple(ids))

    def _learn(self, texts: Sequence[bytes]) -> dict[bytes, str]:
        """Decode what is new; when it has identities that can be cut out, the marks that stand before them instead."""
        for text in dict.fromkeys(texts):
            if text not in self._codes:
                found = _DECODE(text) or {}
                if marks := _marks(text, found).items() - self._marks.items():
                    return dict(marks)
                self._codes[text] = len(self._maps)
                self._maps.append(found)
        return {}

    def columns(self, of: Ints, ids: Sheet) -> Iterator[tuple[Field, Column]]:
        """A column per field for the batches of a block with the templates `of`: int32[n]; identities that could not
        be cut out go to `ids`."""
        used = np.flatnonzero(np.bincount(of, minlength=1))
        count = len(used)
        of = np.searchsorted(used, of).astype(np.int32)
        maps = [self._maps[template] for template in used.tolist()]
        sheet = Sheet()
        for name, index, values in spread(*present(np.arange(count, dtype=np.int32), maps)):
            if canonical(name) in _DEVICE_ID:
                _add_ids(ids, canonical(name), of, index, values)
            elif self._wanted.has(Field(self._namespace, name)) or self._wanted.has(Field("event", name)):
                sheet.add_scalars(Field(self._namespace, name), index, values)
        for field, column in sheet.columns(count):
            yield field, _expand(column, of, count)


def _cut(texts: list[bytes], mark: bytes, name: str) -> tuple[str, Ints, Sequence[str]]:
    """Empty the text that stands after the mark in each of the texts; the values taken out."""
    places: list[int] = []
    values: list[bytes] = []
    for place, text in enumerate(texts):
        start = text.find(mark)
        if start >= 0:
            start += len(mark)
            end = text.find(b'"', start)
            value = text[start:end]
            # An escape would need decoding, and its quote may not be the end.
            if value and b"\\" not in value:
                texts[place] = text[:start] + text[end:]
                places.append(place)
                values.append(value)
    # No text holds a line end, so together they are decoded at once.
    return name, np.array(places, np.int32), b"\n".join(values).decode().split("\n") if values else []


def _marks(text: bytes, found: dict[str, Any]) -> dict[bytes, str]:
    """What stands before each identity of an object, in compact JSON and with a space after the colon."""
    names = [name for name, value in found.items() if canonical(name) in _DEVICE_ID and value and type(value) is str]
    forms = {form % name.encode(): canonical(name) for name in names for form in (b'"%s":"', b'"%s": "')}
    return {mark: name for mark, name in forms.items() if mark in text}


def _add_ids(ids: Sheet, name: str, of: Ints, index: Ints, values: Sequence[Any]) -> None:
    for template, value in zip(index, values, strict=True):
        if value != "":
            rows = np.flatnonzero(of == template).astype(np.int32)
            ids.add_scalars(Field("device_id", name), rows, [value] * len(rows))


def _expand(column: Column, of: Ints, count: int) -> Column:
    """A column over templates as a column over batches."""
    index = np.arange(count, dtype=np.int32) if column.index is None else column.index
    codes, numbers = np.full(count, _ABSENT, np.int32), np.zeros(count)
    codes[index] = column.codes
    cells = codes[of]
    there = np.flatnonzero(cells != _ABSENT).astype(np.int32)
    if len(column.numbers):
        numbers[index] = column.numbers
    values = numbers[of[there]] if len(column.numbers) else column.numbers
    return Column(None if len(there) == len(of) else there, cells[there], values, column.words)
