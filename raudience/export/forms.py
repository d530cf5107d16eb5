"""Identities in the form that was asked for: as they are, or hashed as partners take them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Final

import numpy as np

from raudience.catalog.downloads import IdentityForm
from raudience.records.listings import Named
from raudience.records.texts import Texts, each_text

__all__ = ["hashing_text", "in_form"]

# None of them protects anything here: a partner looks up the same hash.
_HASHES: Final[dict[str, Callable[[bytes], bytes]]] = {
    "md5": lambda text: hashlib.md5(text, usedforsecurity=False).digest(),
    "sha1": lambda text: hashlib.sha1(text, usedforsecurity=False).digest(),
    "sha256": lambda text: hashlib.sha256(text).digest(),
}
_HEX: Final = np.array([f"{byte:02x}".encode() for byte in range(256)], "S2")


def in_form(named: Named, form: IdentityForm) -> Named:
    """Values of an identity in a form. Hashes are of the value without spaces around it and in lower case, in
    hexadecimal digits in lower case; of a value that is nothing but spaces there is none."""
    if form.hash is None:
        return named
    texts = [_normalised(text) for text in each_text(named.texts)]
    places = np.array([place for place, text in enumerate(texts) if text], np.int64)
    hashed = _HASHES[form.hash]
    digests = np.frombuffer(b"".join(hashed(text) for text in texts if text), np.uint8)
    matrix = _HEX[digests].view(np.uint8).reshape(len(places), -1) if len(places) else np.zeros((0, 0), np.uint8)
    return Named(named.user[places], Texts(matrix, {}))


def hashing_text(form: IdentityForm) -> str:
    """What a form is, in words, for those who get it."""
    return f"{form.hash} of the value trimmed and lower-cased, in hexadecimal digits"


def _normalised(text: bytes) -> bytes:
    if text.isascii():
        return text.strip().lower()
    return text.decode("utf-8", "surrogatepass").strip().lower().encode("utf-8", "surrogatepass")
