"""What speaks for the answer of a criterion, for one user."""

from __future__ import annotations

from typing import assert_never

from raudience.criteria.leaves import (
    Alive,
    Cart,
    Count,
    Distinct,
    FieldTest,
    FirstSeenTest,
    Leaf,
    Place,
    SequenceOf,
    Sum,
    profile_fields,
)
from raudience.records import EventKey, Evidence, Field
from raudience.shard.compiled import OPTED_OUT
from raudience.shard.facts import UserEvents
from raudience.shard.profiles import NOT_YET, Profiles

__all__ = ["Findings"]

_SHOWN = 10


class Findings:
    """Findings about the user of a row at one moment."""

    def __init__(self, row: int, profiles: Profiles, events: UserEvents, now: int) -> None:
        self._row, self._profiles, self._events, self._now = row, profiles, events, now

    def of(self, leaf: Leaf) -> tuple[str, tuple[Evidence, ...]]:
        """What was found, in words, and the latest of it."""
        match leaf:
            case Count() | Sum() | Distinct():
                window = leaf.window
                events = [
                    e for e in self._events.matching(leaf.matcher) if window.low <= self._now - e.time <= window.high
                ]
                return _counted_text(len(events), "event"), _evidence([(e.time, e.key) for e in events])
            case SequenceOf():
                matched = [e for step in leaf.steps for e in self._events.matching(step.matcher)]
                return _counted_text(len(matched), "event"), _evidence([(e.time, e.key) for e in matched])
            case Cart():
                events = self._events.matching(leaf.added)
                return _counted_text(len(events), "add"), _evidence([(e.time, e.key) for e in events])
            case FieldTest():
                return self._field_found(leaf.workspace, leaf.field)
            case Place():
                words = [self._profiles.words_of(*read, self._row) for read in profile_fields(leaf)]
                return ", ".join(word[0] for word in words if word) or "no location", ()
            case FirstSeenTest():
                first = int(self._profiles.first_seen[leaf.workspace][self._row])
                return ("not seen", ()) if first == NOT_YET else ("first seen", (Evidence("first seen", first),))
            case Alive():
                return self._activity()
            case _:
                assert_never(leaf)

    def _activity(self) -> tuple[str, tuple[Evidence, ...]]:
        evidence = (Evidence("latest activity", int(self._profiles.last[self._row])),)
        _, told = self._field_found(OPTED_OUT.workspace, OPTED_OUT.field)
        return ("opted out", (*evidence, *told)) if told and told[0].what.endswith("true") else ("known", evidence)

    def _field_found(self, workspace: str, field: Field) -> tuple[str, tuple[Evidence, ...]]:
        words = self._profiles.words_of(workspace, field, self._row)
        if words is None:
            return "absent", ()
        register = self._profiles.registers.get((workspace, field))
        stamp = register.stamp_of(self._row) if register else None
        text = ", ".join(words) if words else "no value"
        return text, (Evidence(f"{field.namespace} {field.name} = {text}", stamp),)


def _counted_text(count: int, noun: str) -> str:
    return f"{count} {noun}" + ("" if count == 1 else "s")


def _evidence(events: list[tuple[int, EventKey]]) -> tuple[Evidence, ...]:
    latest = sorted(events, key=lambda event: event[0])[-_SHOWN:]
    return tuple(Evidence(" ".join(filter(None, (key.kind, key.category, key.name))), time) for time, key in latest)
