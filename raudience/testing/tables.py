"""Tests as tables in YAML: given, when, then."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from raudience.catalog.parsing import Mapping, parse
from raudience.cluster.simulating import START
from raudience.errors import Fault, FixDefinition
from raudience.testing.world import User, World

__all__ = ["Case", "Table", "read_table", "run_case"]


class _Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pass


class Given(_Part, frozen=True):
    """Something a user does; the other fields are the arguments of the method of `User` with that name."""

    user: str | int
    does: str | None = None
    times: int = 1
    ago: str = "0 seconds"
    kind: str | None = None
    category: str | None = None
    products: list[str | dict[str, Any]] = []
    attributes: dict[str, Any] = {}
    input: str | None = None
    views: str | None = None
    has: dict[str, Any] | None = None
    lacks: list[str] | None = None
    has_calculated: dict[str, Any] | None = None
    is_known_by: dict[str, str | None] | None = None
    uses: dict[str, Any] | None = None
    is_in: dict[str, Any] | None = None
    agrees_to: str | None = None
    refuses: str | None = None
    opts_out: bool | None = None


class Step(_Part, frozen=True):
    """given: what happens, first. when: how much time passes then. then: who is in which audience, all of them."""

    given: Given | list[Given] = []
    when: str | None = None
    then: dict[str, list[str | int]] = {}


class Case(_Part, frozen=True):
    test: str
    steps: list[Step]
    start: str | int = START


class Table(_Part, frozen=True):
    """audiences: their file or folder, from where the table stands; none: those of the project."""

    tests: list[Case]
    audiences: str | None = None


def read_table(path: Path) -> Table:
    """The table in a file; raise FixDefinition with its first fault."""
    raw = parse(path.read_bytes(), str(path), "yaml")
    repeated = list(_repeated(raw, "$"))
    if repeated:
        raise FixDefinition(str(path), tuple(Fault(place, "one value", "the same key twice") for place in repeated))
    try:
        return msgspec.convert(raw, Table)
    except msgspec.ValidationError as error:
        message, _, place = str(error).partition(" - at ")
        expected, _, got = message.removeprefix("Expected ").partition(", got ")
        fault = Fault(place.strip("`") or "document", expected, got or "something else")
        raise FixDefinition(str(path), (fault,)) from None


def run_case(case: Case, world: World) -> list[str]:
    """Carry out the steps; return what is not as the first step that fails expects, with the reasons."""
    for number, step in enumerate(case.steps, 1):
        for given in [step.given] if isinstance(step.given, Given) else step.given:
            _do(world.user(given.user), given)
        if step.when is not None:
            world.passes(step.when)
        wrong = [line for key, names in step.then.items() for line in _wrong(world, key, names)]
        if wrong:
            return [f"step {number}, at {world.now:%Y-%m-%d %H:%M:%S} UTC:", *wrong]
    return []


def _do(user: User, given: Given) -> None:
    if given.does is not None:
        user.does(
            given.does,
            times=given.times,
            ago=given.ago,
            kind=given.kind,
            category=given.category,
            products=given.products,
            input=given.input,
            attributes=given.attributes,
        )
    if given.views is not None:
        user.views(given.views, **given.attributes)
    if given.opts_out is not None:
        user.opts_out(given.opts_out)
    if given.lacks is not None:
        user.lacks(*given.lacks)
    for name in ("has", "has_calculated"):
        if (values := getattr(given, name)) is not None:
            getattr(user, name)(values)
    for name in ("is_known_by", "uses", "is_in"):
        if (values := getattr(given, name)) is not None:
            getattr(user, name)(**values)
    for name in ("agrees_to", "refuses"):
        if (purpose := getattr(given, name)) is not None:
            getattr(user, name)(purpose)


def _wrong(world: World, key: str, names: Sequence[str | int]) -> Iterator[str]:
    audience = world.audience(key)
    wanted = [world.user(name) for name in names]
    for user in world.users():
        if (user in audience) != (user in wanted):
            yield from (f"  {line}" for line in audience.reasons(user, expected=user in wanted))


def _repeated(raw: object, place: str) -> Iterator[str]:
    match raw:
        case Mapping():
            yield from (f"{place}.{key}" for key in raw.repeated)
            for key, value in raw.items():
                yield from _repeated(value, f"{place}.{key}")
        case list():
            for number, value in enumerate(raw):
                yield from _repeated(value, f"{place}[{number}]")
