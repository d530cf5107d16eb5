"""The story of one user, told by an engine that sees nobody else and is asked at every change."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from raudience.catalog import Book
from raudience.catalog.planning import plan
from raudience.cluster.engine import Engine
from raudience.cluster.happened import happenings, lessons
from raudience.cluster.inline import InlineEngine
from raudience.cluster.rounds import Round
from raudience.cluster.stories import Crossing, Entry, Happening, Learned, Standing, Story
from raudience.cluster.timeline import Timeline
from raudience.records import Block, Change, Explanation, Truth

__all__ = ["tell_story"]


class Span(msgspec.Struct, frozen=True):
    """From when on an engine knows the book, and what of that is told: from `first` to `last`."""

    beginning: int
    first: int
    last: int


def tell_story(book: Book, block: Block, changes: Sequence[Change], span: Span, mpid: int) -> Story:
    """The story of a user. block: all batches of the user up to `span.last`, in order; changes: of the user, in order,
    as an engine told them that knew the book from `span.beginning` on."""
    planned = plan(book)
    engine, timeline = _beginning(book, block, span)
    crossings = _crossings(engine, timeline, changes, span, mpid)
    _go(engine, timeline, span.last)
    entries: list[Entry] = [*lessons(block, planned), *happenings(block, planned), *crossings]
    before = {each.audience: each.entered for each in changes if each.at < span.first}
    return Story(
        mpid=mpid,
        first=span.first,
        last=span.last,
        entries=tuple(sorted((entry for entry in entries if span.first <= entry.at <= span.last), key=_place)),
        standings=_standings(engine, book, changes, mpid),
        before=tuple(sorted(key for key, entered in before.items() if entered)),
    )


def _place(entry: Entry) -> tuple[int, int, int]:
    """What came in stands before what it did."""
    match entry:
        case Happening():
            return entry.at, 1, entry.time
        case Learned():
            return entry.at, 0, 0
        case Crossing():
            return entry.at, 2, 0


def _crossings(engine: Engine, timeline: Timeline, changes: Sequence[Change], span: Span, mpid: int) -> list[Crossing]:
    found = []
    for at in sorted({each.at for each in changes if span.first <= each.at <= span.last}):
        turned = [each for each in changes if each.at == at]
        _go(engine, timeline, at - 1)
        before = [engine.why(mpid, each.audience) for each in turned]
        came = timeline.first() == at
        _go(engine, timeline, at)
        for each, past in zip(turned, before, strict=True):
            reasons = _turned(past, engine.why(mpid, each.audience))
            found.append(Crossing(at, each.audience, each.entered, "event" if came else "time", reasons))
    return found


def _standings(engine: Engine, book: Book, changes: Sequence[Change], mpid: int) -> tuple[Standing, ...]:
    since = {each.audience: each.at for each in changes}
    asked = [engine.why(mpid, key) for key in sorted(audience.key for audience in book.audiences)]
    return tuple(Standing(each.audience, each.member, since.get(each.audience), each.flips_at) for each in asked)


def _beginning(book: Book, block: Block, span: Span) -> tuple[Engine, Timeline]:
    engine = InlineEngine()
    engine.define(book, span.beginning)
    at = block.batches.at
    return engine, Timeline([Round(block, int(at[-1]))] if len(at) else [])


def _go(engine: Engine, timeline: Timeline, moment: int) -> None:
    for each in timeline.up_to(moment):
        engine.apply(each.block, each.now)
    if engine.now is None or engine.now < moment:
        engine.advance(moment)


def _turned(before: Explanation, after: Explanation) -> tuple[Truth, ...]:
    """Criteria whose answer is another one now."""
    if not before.known:
        return tuple(truth for truth in after.criteria if truth.holds)
    return tuple(now for then, now in zip(before.criteria, after.criteria, strict=False) if then.holds != now.holds)
