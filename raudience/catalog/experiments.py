"""A/B tests: shares as people ask for them, the checks of a test, and the names of its variations.

An audience without a test has one variation, Control, with 100 % (semantics rows 142 to 146, 153, 154, D16).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Final

import msgspec

from raudience.criteria.text import fold
from raudience.errors import Fault, FixDefinition, FixRequest
from raudience.hashing import BUCKETS, text_id, text_key

__all__ = [
    "CONTROL", "MOST_VARIATIONS", "Experiment", "Share", "Variation", "check_experiment", "compared", "control_share",
    "forwarded_name", "make_experiment", "own_name", "percent_text", "place_of_variation", "seed_of", "variations",
]  # fmt: skip

CONTROL: Final = "Control"
MOST_VARIATIONS: Final = 5
"""Control included (semantics row 145)."""

_LONGEST: Final = 100
_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,20}(\.[0-9]{0,20})?", re.ASCII)
_HUNDREDTHS: Final = BUCKETS // 100


class _Base(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    pass


class Share(_Base, frozen=True):
    """A variation as people ask for it. percent: more than 0, with at most two decimals, as a number or as text. name:
    without one it is called after its place."""

    percent: int | float | str
    name: str | None = None


class Variation(_Base, frozen=True):
    """share: in hundredths of a percent, which is its number of the 10,000 buckets. Control is a Variation too."""

    name: str
    share: int


class Experiment(_Base, frozen=True):
    """An A/B test. variations: without Control, in the order of their ranges of buckets. created_at: milliseconds since
    1970 in UTC. The id alone decides which user is in which bucket; a test is never edited, it is deleted."""

    id: str
    variations: tuple[Variation, ...]
    created_by: str
    created_at: int


def check_experiment(shares: Sequence[Share], path: str = "variations") -> list[Fault]:
    """Everything that is wrong with the variations of a test, in their order, then what is wrong with all together."""
    read = [_hundredths(share.percent) for share in shares]
    faults: list[Fault] = []
    for place, (share, hundredths) in enumerate(zip(shares, read, strict=True)):
        faults += _check_share(share, hundredths, f"{path}[{place}].percent")
        faults += _check_name(shares, place, path)
    return faults + _check_together(len(shares), [each for each in read if each is not None and each > 0], path)


def make_experiment(audience: str, shares: Sequence[Share], by: str, now: int) -> Experiment:
    """The test of an audience, begun at `now`. Raises FixDefinition with every fault.

    Its id is made of the audience's key and the instant: a test that is deleted and made again splits anew.
    """
    faults = check_experiment(shares)
    if faults:
        source = f"A/B test of {audience}"
        raise FixDefinition(source, tuple(faults))
    names = _names(shares)
    made = tuple(Variation(name, _hundredths(share.percent) or 0) for name, share in zip(names, shares, strict=True))
    return Experiment(text_id(f"experiment\n{audience}\n{now}"), made, by, now)


def control_share(experiment: Experiment | None) -> int:
    """What is left for Control, in hundredths of a percent; all of it without a test."""
    return BUCKETS - sum(each.share for each in experiment.variations) if experiment is not None else BUCKETS


def variations(experiment: Experiment | None) -> tuple[Variation, ...]:
    """All variations in the order of their ranges of buckets, Control last, also when nothing is left for it."""
    control = Variation(CONTROL, control_share(experiment))
    return (*experiment.variations, control) if experiment is not None else (control,)


def place_of_variation(experiment: Experiment | None, name: str) -> int:
    """Where a variation stands in `variations`, found as names are compared. Raises FixRequest for another name."""
    names = [each.name for each in variations(experiment)]
    places = {compared(each): place for place, each in enumerate(names)}
    if compared(name) not in places:
        message = f"variation: expected one of {', '.join(names)}; got {name}"
        raise FixRequest(message)
    return places[compared(name)]


def own_name(experiment: Experiment | None, name: str) -> str:
    """The name of a variation as its test writes it. Raises FixRequest when it has none of the name."""
    return variations(experiment)[place_of_variation(experiment, name)].name


def compared(name: str) -> str:
    """Names differ when people, and partners who do not heed case, tell them apart."""
    return fold(name.strip())


def seed_of(experiment: Experiment) -> int:
    """The seed of the buckets of a test: 32 bits of its id (semantics D16)."""
    return text_key(experiment.id) & 0xFFFFFFFF


def forwarded_name(name: str, external_name: str | None, variation: str | None = None) -> str:
    """What outputs call an audience, or one of its variations (semantics rows 22, 23, 153, 154)."""
    forwarded = external_name or name
    return forwarded if variation is None else f"{forwarded} - {variation}"


def percent_text(share: int) -> str:
    """A share as people read it: `40 %`, `12.5 %`."""
    return f"{Decimal(share).scaleb(-2).normalize():f} %"


def _hundredths(percent: float | str) -> int | None:
    """Hundredths of a percent; None for what is no number with at most two decimals."""
    text = _shown(percent)
    if isinstance(percent, bool) or not _NUMBER.fullmatch(text):
        return None
    hundredths = Decimal(text) * _HUNDREDTHS
    return int(hundredths) if hundredths == hundredths.to_integral_value() else None


def _shown(percent: float | str) -> str:
    """A percentage as it was written; Python writes no whole number of thousands of digits."""
    if isinstance(percent, int) and abs(percent) >= 10**18:
        return "a number of many digits"
    return str(percent).strip().removesuffix("%").rstrip()


def _check_share(share: Share, hundredths: int | None, path: str) -> list[Fault]:
    expected = "a percentage above 0 with at most two decimals"
    got = f"`{_shown(share.percent)[:_LONGEST]}`"
    if hundredths is None:
        return [Fault(path, expected, got, "the smallest step is 0.01 %")]
    if hundredths <= 0:
        return [Fault(path, expected, got, "leave out a variation that nobody is to be in")]
    return []


def _check_name(shares: Sequence[Share], place: int, path: str) -> list[Fault]:
    name = shares[place].name
    if name is None:
        return []
    where = f"{path}[{place}].name"
    if not 0 < len(name.strip()) <= _LONGEST:
        got = f"{len(name)} characters" if name.strip() else "an empty one"
        return [Fault(where, f"a text of 1 to {_LONGEST} characters", got, "leave it out for a name by place")]
    if compared(name) == fold(CONTROL):
        return [Fault(where, f"a name other than {CONTROL}", f"`{name}`", f"{CONTROL} is what the others leave over")]
    first = next(i for i, each in enumerate(shares) if each.name is not None and compared(each.name) == compared(name))
    if first != place:
        hint = f"{path}[{first}] has the same; case and spaces around a name do not count"
        return [Fault(where, "a name of its own", f"`{name}`", hint)]
    return []


def _check_together(count: int, hundredths: list[int], path: str) -> list[Fault]:
    faults = []
    if not count:
        faults.append(Fault(path, f"at least one variation besides {CONTROL}", "none", "an audience without a test has "
                            f"only {CONTROL}"))  # fmt: skip
    if count >= MOST_VARIATIONS:
        expected = f"at most {MOST_VARIATIONS - 1} variations besides {CONTROL}"
        faults.append(Fault(path, expected, str(count), f"a test has up to {MOST_VARIATIONS}, {CONTROL} included"))
    total = sum(hundredths)
    if total > BUCKETS:
        hint = f"take away at least {percent_text(total - BUCKETS)}; {CONTROL} gets what the others leave over"
        faults.append(Fault(path, "at most 100 % in all", percent_text(total), hint))
    return faults


def _names(shares: Sequence[Share]) -> list[str]:
    """The names given, and for others `Variation <place>`, or the next number whose name nobody has."""
    taken = {compared(share.name) for share in shares if share.name is not None}
    names = []
    for place, share in enumerate(shares, 1):
        number = place
        while share.name is None and compared(_by_place(number)) in taken:
            number += 1
        name = _by_place(number) if share.name is None else share.name.strip()
        taken.add(compared(name))
        names.append(name)
    return names


def _by_place(number: int) -> str:
    return f"Variation {number}"
