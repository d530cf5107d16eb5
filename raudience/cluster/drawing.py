"""A story as people read it: a lane for each audience the user was in, beside what happened."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, assert_never

from raudience.cluster.stories import Crossing, Entry, Happening, Learned, Standing, Story
from raudience.criteria.dates import write_moment
from raudience.records import Explanation, Truth

__all__ = ["draw", "in_short"]

_OUT, _ENTERS, _IN, _LEAVES = "·┏┃┗"
_LETTERS: Final = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_KNOWN: Final = frozenset({"", "known", "first seen"})
"""What is found where there is nothing to be found out."""
_INDENT: Final = " " * 27


def draw(story: Story, name: str = "") -> list[str]:
    """Lines of text; name: what to call the user, the MPID when there is none."""
    drawing = _Drawing(story)
    span = f"{_moment(story.first).strip()} to {_moment(story.last).strip()} UTC"
    return [f"user {name or story.mpid}, {span}", *drawing.legend(), "", *drawing.past(), *drawing.future()]


def in_short(explanation: Explanation) -> list[str]:
    """One line for each criterion of an audience, those first that alone would turn the answer, and the next flip."""
    lines = [_reason(truth) for truth in sorted(explanation.criteria, key=lambda truth: not truth.decides)]
    if explanation.flips_at is not None:
        turn = "leaves" if explanation.member else "joins"
        lines.append(f"if nothing happens, {turn} at {_moment(explanation.flips_at).strip()}")
    return lines if explanation.known else ["nothing is known of this user"]


class _Drawing:
    def __init__(self, story: Story) -> None:
        self._story = story
        crossed = {entry.audience for entry in story.entries if isinstance(entry, Crossing)}
        coming = {each.audience for each in story.standings if each.member or each.flips_at is not None}
        self._keys = sorted(crossed | coming | set(story.before))
        self._inside = set(story.before)
        self._told: int | None = None

    def legend(self) -> list[str]:
        return [f"  {letter}  {key}" for letter, key in zip(_lettered(len(self._keys)), self._keys, strict=True)]

    def past(self) -> Iterator[str]:
        yield from self._line({}, " ".join(_lettered(len(self._keys)))) if self._keys else ()
        for entry in self._story.entries:
            yield from self._entry(entry)
        yield from self._line(self._lanes(), _moment(self._story.last) + "now")

    def future(self) -> list[str]:
        """What comes next if nothing happens."""
        flips = sorted(
            (each.flips_at, each.audience, each) for each in self._story.standings if each.flips_at is not None
        )
        coming = [line for _, _, each in flips for line in self._coming(each)]
        return ["", "if nothing happens:", *coming] if coming else ["", "if nothing happens, nothing changes"]

    def _coming(self, each: Standing) -> Iterator[str]:
        assert each.flips_at is not None
        text = f"out of {each.audience}" if each.member else f"into {each.audience}"
        yield from self._line(
            self._lanes() | {each.audience: _LEAVES if each.member else _ENTERS}, _moment(each.flips_at) + text
        )

    def _entry(self, entry: Entry) -> Iterator[str]:
        match entry:
            case Happening():
                yield from self._line(self._lanes(), self._at(entry.at) + _happening(entry))
            case Learned():
                yield from self._line(self._lanes(), self._at(entry.at) + _learned(entry))
            case Crossing():
                yield from self._crossing(entry)
            case _:
                assert_never(entry)

    def _crossing(self, entry: Crossing) -> Iterator[str]:
        turn = _ENTERS if entry.entered else _LEAVES
        text = f"{'into' if entry.entered else 'out of'} {entry.audience}" + (
            ", by time" if entry.cause == "time" else ""
        )
        yield from self._line(self._lanes() | {entry.audience: turn}, self._at(entry.at) + text)
        (self._inside.add if entry.entered else self._inside.discard)(entry.audience)
        reasons = [_reason(truth) for truth in entry.reasons]
        for line in reasons or ["the profile was forgotten: nothing was heard of the user"]:
            yield from self._line(self._lanes(), _INDENT + line)

    def _at(self, moment: int) -> str:
        """The moment, once for all that happens at it."""
        told, self._told = self._told, moment
        return " " * 25 if told == moment else _moment(moment)

    def _lanes(self) -> dict[str, str]:
        return {key: _IN if key in self._inside else _OUT for key in self._keys}

    def _line(self, lanes: Mapping[str, str], text: str) -> list[str]:
        drawn = " ".join(lanes[key] for key in self._keys) if lanes else ""
        return [f"{drawn}  {text}".rstrip() if drawn else text]


def _lettered(count: int) -> list[str]:
    return [_LETTERS[place] if place < len(_LETTERS) else "*" for place in range(count)]


def _moment(at: int) -> str:
    """The instant in 23 characters, and two spaces; no milliseconds when there are none."""
    return write_moment(at).replace("T", " ").removesuffix("Z").removesuffix(".000").ljust(25)


def _happening(entry: Happening) -> str:
    parts = [
        entry.what,
        *_pairs(entry.details),
        *(f"[{' '.join(_pairs(product))}]" for product in entry.products if product),
    ]
    if entry.time != entry.at:
        parts.append(f"(of {_moment(entry.time).strip()})")
    if not entry.counted:
        parts.append("(repeated, does not count)")
    return " ".join(parts)


def _learned(entry: Learned) -> str:
    was = "" if entry.before is None else f" (was {entry.before or 'there without a value'})"
    return f"{entry.name} " + ("taken away" if entry.value is None else f"= {entry.value or 'no value'}") + was


def _pairs(details: Mapping[str, str]) -> list[str]:
    return [f"{name}={value}" for name, value in details.items()]


def _reason(truth: Truth) -> str:
    found = "" if truth.found in _KNOWN else f" (found: {truth.found})"
    return f"{'yes' if truth.holds else 'no':<3}  {truth.criterion}{found}"
