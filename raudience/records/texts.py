"""Texts as rows of bytes: made, taken and joined many at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

__all__ = ["FILLER", "WIDEST", "Texts", "each_text", "joined", "merged", "taken", "texts_in", "texts_of", "words_in"]

FILLER: Final = 0xFF
"""Fills up rows of bytes: no UTF-8 text holds it."""
WIDEST: Final = 128
"""Bytes of a text that stands in a row; a longer one stands aside."""
_NOTHING: Final = bytes([FILLER])


class Texts(msgspec.Struct, frozen=True):
    """UTF-8 texts. matrix: uint8[k, width], a text from the left of each row, FILLER behind it; long: texts longer than
    WIDEST bytes by their place, where the row holds FILLER alone."""

    matrix: NDArray[np.uint8]
    long: dict[int, bytes]

    def __len__(self) -> int:
        return len(self.matrix)


def texts_of(words: Sequence[str]) -> Texts:
    """Texts of words, in their order."""
    texts = [word.encode("utf-8", "surrogatepass") for word in words]
    long = {place: text for place, text in enumerate(texts) if len(text) > WIDEST}
    for place in long:
        texts[place] = b""
    sizes = np.fromiter(map(len, texts), np.int64, len(texts))
    width = int(sizes.max(initial=0))
    held = np.array(texts, f"S{max(width, 1)}").view(np.uint8).reshape(len(texts), max(width, 1))[:, :width]
    return Texts(_filled(held, sizes), long)


def each_text(texts: Texts) -> list[bytes]:
    """Texts one by one, in their order."""
    width = texts.matrix.shape[1]
    whole = texts.matrix.tobytes()
    each = [whole[at : at + width].rstrip(_NOTHING) for at in range(0, len(whole), width)] if width else []
    each = each or [b""] * len(texts)
    for place, text in texts.long.items():
        each[place] = text
    return each


def words_in(texts: Texts) -> list[str]:
    """Words of texts, in their order."""
    return [text.decode("utf-8", "surrogatepass") for text in each_text(texts)]


def texts_in(buffer: NDArray[np.uint8], first: NDArray[np.int64], stop: NDArray[np.int64]) -> Texts:
    """Texts that stand in a buffer, each from `first` to before `stop` (int64[k])."""
    sizes = stop - first
    long = {place: buffer[first[place] : stop[place]].tobytes() for place in (sizes > WIDEST).nonzero()[0].tolist()}
    sizes[sizes > WIDEST] = 0
    width = int(sizes.max(initial=0))
    if not width:
        return Texts(np.zeros((len(first), 0), np.uint8), long)
    # A window at every place of the buffer, whose bytes are copied as one item. The last texts would reach over it.
    last = len(buffer) - width
    windows: NDArray[Any] = np.ndarray((last + 1,), f"V{width}", buffer, 0, (1,))
    matrix = windows[np.minimum(first, last)].view(np.uint8).reshape(len(first), width)
    for place in (first > last).nonzero()[0].tolist():
        matrix[place, : sizes[place]] = buffer[first[place] : first[place] + sizes[place]]
    return Texts(_filled(matrix, sizes), long)


def taken(texts: Texts, places: NDArray[np.int64]) -> Texts:
    """Texts at some places, in that order."""
    long: dict[int, bytes] = {}
    if texts.long:
        among = np.isin(places, np.fromiter(texts.long, np.int64, len(texts.long))).nonzero()[0]
        long = {to: texts.long[place] for to, place in zip(among.tolist(), places[among].tolist(), strict=True)}
    return Texts(texts.matrix.take(places, axis=0), long)


def joined(parts: Sequence[Texts]) -> Texts:
    """All texts of some parts, one part behind the other."""
    if len(parts) == 1:
        return parts[0]
    width = max((part.matrix.shape[1] for part in parts), default=0)
    matrix = np.full((sum(map(len, parts)), width), FILLER, np.uint8)
    long: dict[int, bytes] = {}
    first = 0
    for part in parts:
        matrix[first : first + len(part), : part.matrix.shape[1]] = part.matrix
        long.update({first + place: text for place, text in part.long.items()})
        first += len(part)
    return Texts(matrix, long)


def merged(parts: Sequence[tuple[NDArray[np.int64], Texts]]) -> tuple[NDArray[np.int64], Texts]:
    """Texts with the number, int64[k], of whom each belongs to: ascending by number, equal ones in the order of the
    parts."""
    if len(parts) == 1:
        return parts[0]
    owners = np.concatenate([np.zeros(0, np.int64), *(owner for owner, _ in parts)])
    order = owners.argsort(kind="stable")
    return owners.take(order), taken(joined([texts for _, texts in parts]), order)


def _filled(matrix: NDArray[np.uint8], sizes: NDArray[np.int64]) -> NDArray[np.uint8]:
    """The matrix with FILLER behind the first so many bytes of each row."""
    width = matrix.shape[1]
    filling = np.where(np.arange(width) < np.arange(width + 1)[:, None], 0, FILLER).astype(np.uint8)
    return matrix | filling.take(sizes, axis=0)
