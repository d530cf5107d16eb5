"""Suggestions of all shards, joined."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from raudience.criteria.text import fold
from raudience.records.suggestions import Suggestion

__all__ = ["merge_suggestions"]


def merge_suggestions(parts: Iterable[Iterable[Suggestion]], typed: str, most: int) -> tuple[Suggestion, ...]:
    """Up to `most` texts: first those that begin with what was typed, each time the most frequent first."""
    counts: Counter[str] = Counter()
    for part in parts:
        for each in part:
            counts[each.text] += each.count
    wanted = fold(typed)
    ordered = sorted(counts, key=lambda text: (not fold(text).startswith(wanted), -counts[text], text))
    return tuple(Suggestion(text, counts[text]) for text in ordered[:most])
