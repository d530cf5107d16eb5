"""An explanation as lines of text: a drawn tree."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, assert_never

from raudience.criteria.dates import write_moment
from raudience.records import (
    AndNode,
    AudienceNode,
    CriterionNode,
    ExcludeNode,
    Explanation,
    Node,
    NotNode,
    OrNode,
    Truth,
)

__all__ = ["lines_of"]

_WIDTH: Final = 5


def lines_of(explanation: Explanation) -> Iterator[str]:
    """The tree with the truth of each part before it; `*` marks what alone would turn the answer."""
    state = "is in" if explanation.member else "is not in"
    known = "" if explanation.known else " (this user was never seen)"
    yield f"{explanation.mpid} {state} {explanation.audience} at {write_moment(explanation.at)}{known}"
    if explanation.tree is not None:
        yield from _drawn(explanation.tree, explanation.criteria, "", "", set())
    if explanation.flips_at is not None:
        turn = "leaves" if explanation.member else "joins"
        by = "; ".join(explanation.criteria[number].criterion for number in explanation.flips_by)
        yield f"If nothing happens, {turn} at {write_moment(explanation.flips_at)}, by: {by}"
    if any(truth.decides for truth in explanation.criteria):
        yield "If only what is marked * were otherwise, the answer would be otherwise"


def _drawn(node: Node, criteria: tuple[Truth, ...], stem: str, branch: str, told: set[int]) -> Iterator[str]:
    """Lines of a node; stem: what stands before its parts, branch: before itself; told: criteria shown already."""
    yield f"{'yes' if node.holds else 'no':<{_WIDTH}}{branch}{_words(node, criteria)}"
    if isinstance(node, CriterionNode):
        if node.number not in told:
            told.add(node.number)
            yield from (f"{'':<{_WIDTH}}{stem}  {line}" for line in _evidence(criteria[node.number]))
        return
    parts = node.of if isinstance(node.of, tuple) else (node.of,)
    for place, part in enumerate(parts):
        last = place == len(parts) - 1
        mark = "except " if isinstance(node, ExcludeNode) and place else ""
        sign, below = ("└─ ", "   ") if last else ("├─ ", "│  ")
        yield from _drawn(part, criteria, stem + below, stem + sign + mark, told)


def _words(node: Node, criteria: tuple[Truth, ...]) -> str:
    match node:
        case CriterionNode():
            truth = criteria[node.number]
            return truth.criterion + (" *" if truth.decides else "")
        case AndNode():
            return "and"
        case OrNode():
            return "or"
        case ExcludeNode():
            return "exclude"
        case NotNode():
            return "not"
        case AudienceNode():
            return f"in audience {node.audience}"
        case _:
            assert_never(node)


def _evidence(truth: Truth) -> Iterator[str]:
    if truth.found:
        yield f"found: {truth.found}"
    for each in truth.evidence:
        yield each.what + ("" if each.at is None else f" at {write_moment(each.at)}")
    if truth.flips_at is not None:
        yield f"turns to {'no' if truth.holds else 'yes'} at {write_moment(truth.flips_at)} if nothing happens"
