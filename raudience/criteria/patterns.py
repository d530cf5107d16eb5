"""Patterns over whole values: `*` any number of characters, `?` exactly one, a backslash makes `*`, `?`, `\\` literal.

Case does not matter. `?` takes one character of the value as it was written, also one that folds to several (`ß`).
A pattern is cut at its stars; each piece is looked for once, from left to right, so no pattern takes more steps than
its length times the length of the value (semantics row 52).
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from itertools import chain

import msgspec

from raudience.criteria.text import fold

__all__ = ["canonical", "matches"]

_TOKEN = re.compile(r"\\[*?\\]|.", re.DOTALL)


class _Pieces(msgspec.Struct, frozen=True):
    """head: from the start of the value. middle: anywhere, in order. tail: up to the end; None: head is the whole."""

    head: re.Pattern[str]
    middle: tuple[re.Pattern[str], ...]
    tail: re.Pattern[str] | None


def matches(pattern: str, text: str) -> bool:
    """Whether the pattern covers the whole text; never raises, whatever the pattern."""
    folded = fold(pattern)
    groups = _groups(text)
    if groups is None:
        return _covers(_compile(folded, ""), fold(text))
    edge = next(chr(code) for code in range(len(folded) + len(text) + 1) if not _holds(chr(code), folded, groups))
    return _covers(_compile(folded, edge), edge + "".join(group + edge for group in groups))


def canonical(pattern: str) -> str:
    """The folded pattern with runs of stars as one star: equal for patterns that differ in nothing else."""
    tokens: list[str] = _TOKEN.findall(fold(pattern))
    return "".join(token for token, before in zip(tokens, ["", *tokens], strict=False) if (token, before) != ("*", "*"))


def _holds(character: str, folded: str, groups: list[str]) -> bool:
    return character in folded or any(character in group for group in groups)


def _groups(text: str) -> list[str] | None:
    """What each character of the text folds to, None when each folds to one character."""
    if text.isascii():
        return None
    groups = [fold(character) for character in unicodedata.normalize("NFC", text)]
    return groups if max(map(len, groups)) > 1 and "".join(groups) == fold(text) else None


def _covers(pieces: _Pieces, text: str) -> bool:
    found = pieces.head.match(text)
    for piece in chain(pieces.middle, (pieces.tail,) if pieces.tail else ()):
        found = found and piece.search(text, found.end())
    return found is not None


@lru_cache(maxsize=4096)
def _compile(folded: str, edge: str) -> _Pieces:
    """Pieces of a folded pattern; a non-empty edge stands before, between and after the characters of the value."""
    pieces = [_piece(tokens, re.escape(edge)) for tokens in _cut(folded)]
    head = re.escape(edge) + pieces[0]
    if len(pieces) == 1:
        return _Pieces(re.compile(head + r"\Z", re.DOTALL), (), None)
    middle = tuple(re.compile(piece, re.DOTALL) for piece in pieces[1:-1])
    return _Pieces(re.compile(head, re.DOTALL), middle, re.compile(pieces[-1] + r"\Z", re.DOTALL))


def _cut(folded: str) -> list[list[str]]:
    pieces: list[list[str]] = [[]]
    for token in _TOKEN.findall(folded):
        if token == "*":
            pieces.append([])
        else:
            pieces[-1].append(token)
    return pieces


def _piece(tokens: list[str], edge: str) -> str:
    one = f"(?<={edge})[^{edge}]+{edge}" if edge else "."
    optional = f"{edge}?" if edge else ""
    return "".join(one if token == "?" else re.escape(token[-1]) + optional for token in tokens)
