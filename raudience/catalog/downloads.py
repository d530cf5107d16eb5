"""Downloads as people ask for them: audiences or variations, forms of identities, a sample; what is refused, and names.

Semantics rows 157 to 170.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Final

import msgspec

from raudience.catalog.entries import CatalogState
from raudience.catalog.experiments import Experiment, forwarded_name, own_name, place_of_variation, variations
from raudience.catalog.nearest import no_audience
from raudience.criteria.identities import identity_field, similar_identity
from raudience.criteria.text import fold
from raudience.errors import Fault, FixDefinition, FixRequest

__all__ = [
    "ALL_VARIATIONS", "HASHES", "Download", "IdentityForm", "Selection", "archive_name", "check_calculated",
    "check_download", "download_of", "file_names", "identity_form",
]  # fmt: skip

ALL_VARIATIONS: Final = ("*",)
"""Stands for every variation of each audience, Control included; an audience without a test is one file."""
HASHES: Final = ("md5", "sha1", "sha256")

_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_UNSAFE: Final = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|]')
_LONGEST: Final = 150


class _Base(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    pass


class Selection(_Base, frozen=True):
    """What is downloaded of an audience. key: how the engine calls it; id, name: how people and partners call it (the
    external name where there is one); variations: a file for each, none: one file for all members."""

    key: str
    id: int | str
    name: str
    experiment: Experiment | None = None
    variations: tuple[str, ...] = ()


class Download(_Base, frozen=True):
    """A download. identities: their names, for a hashed form with it behind a colon: `email:sha256`. sample: how many
    users of each file, none: all. compressed: archives are about a third as large and take about twice the work."""

    selections: tuple[Selection, ...]
    identities: tuple[str, ...]
    sample: int | None = None
    compressed: bool = True

    @property
    def forms(self) -> list[IdentityForm]:
        """The identities, without what is none."""
        return [form for form in map(identity_form, self.identities) if form is not None]


class IdentityForm(msgspec.Struct, frozen=True):
    """An identity by its canonical name, and the hash of its values that is written, None: as they are."""

    name: str
    hash: str | None = None

    def __str__(self) -> str:
        return self.name if self.hash is None else f"{self.name}:{self.hash}"


def identity_form(text: str) -> IdentityForm | None:
    """`email`, `customerId`, `email:sha256`; None for what is none of the kind."""
    name, colon, hashed = text.partition(":")
    field = identity_field(name.strip())
    hashed = hashed.strip().lower().replace("-", "")
    if field is None or (colon and hashed not in HASHES):
        return None
    return IdentityForm(field.name, hashed or None)


def download_of(
    state: CatalogState,
    audiences: Sequence[str],
    identities: Sequence[str],
    wanted: Sequence[str] = (),
    sample: int | None = None,
    compressed: bool = True,
) -> Download:
    """A download of audiences by their keys, each whole or by the `wanted` variations. Raises FixDefinition with every
    fault, also when an audience is not there or not calculated."""
    faults: list[Fault] = []
    selections = []
    for place, key in enumerate(audiences):
        entry = state.living_one(key)
        path = f"audiences[{place}]"
        if entry is None:
            faults.append(no_audience(state, key, path))
            continue
        faults += check_calculated(key, entry.status, entry.in_force > 0, path)
        chosen = _chosen(entry.experiment, wanted)
        name = forwarded_name(entry.name, entry.external_name)
        selections.append(Selection(key, key, name, entry.experiment, chosen))
    asked = Download(tuple(selections), tuple(identities), sample, compressed)
    faults += check_download(asked) if selections or not audiences else _check_rest(asked)
    if faults:
        source = "download"
        raise FixDefinition(source, tuple(faults))
    return asked


def check_download(asked: Download) -> list[Fault]:
    """Everything that is wrong with a download, but for whether its audiences are calculated."""
    faults = [] if asked.selections else [Fault("audiences", "at least one audience", "none")]
    keys = [selection.key for selection in asked.selections]
    for place, selection in enumerate(asked.selections):
        path = f"audiences[{place}]"
        if keys.index(selection.key) != place:
            hint = f"audiences[{keys.index(selection.key)}] is the same"
            faults.append(Fault(path, "each audience once", f"`{selection.key}`", hint))
        faults += _check_variations(selection, f"{path}.variations")
    return faults + _check_rest(asked)


def check_calculated(audience: str, status: str, calculated: bool, path: str = "audiences") -> list[Fault]:
    """Only audiences whose members are known can be downloaded (semantics row 170)."""
    expected = "an audience that is active and calculated"
    if status != "active":
        return [Fault(path, expected, f"`{audience}`, which is {status}", "activate it first")]
    if not calculated:
        return [Fault(path, expected, f"`{audience}`, which is being filled", "try again when it is filled")]
    return []


def file_names(asked: Download, at: int) -> list[str]:
    """Name of the CSV of each file, in order: `8754_PotentialParisians_172136Nov292018.csv` (semantics row 168).

    at: the instant of the download, milliseconds since 1970; it is written in UTC. What a file system or a reader may
    not take becomes `_`; equal names are told apart by numbers.
    """
    told: list[str] = []
    taken: set[str] = set()
    for selection in asked.selections:
        for variation in selection.variations or (None,):
            own = None if variation is None else own_name(selection.experiment, variation)
            name = forwarded_name(selection.name, None, own)
            first = _UNSAFE.sub("_", "".join(f"{selection.id}_{name}".split()))[:_LONGEST]
            told.append(f"{_distinct(first, taken)}_{_stamp(at)}.csv")
    return told


def archive_name(id: str, at: int) -> str:
    """Name of the archive of a download: when it was asked for, and how its id begins."""
    return f"Audiences_{_stamp(at)}_{id[:4]}.zip"


def _stamp(at: int) -> str:
    moment = datetime.fromtimestamp(at // 1_000, UTC)
    return f"{moment:%H%M%S}{_MONTHS[moment.month - 1]}{moment:%d}{moment.year:04}"


def _distinct(name: str, taken: set[str]) -> str:
    """The name, or one with a number behind it; some file systems do not tell upper from lower case."""
    number, made = 1, name
    while fold(made) in taken:
        number += 1
        made = f"{name}-{number}"
    taken.add(fold(made))
    return made


def _chosen(experiment: Experiment | None, wanted: Sequence[str]) -> tuple[str, ...]:
    if tuple(wanted) != ALL_VARIATIONS:
        return tuple(wanted)
    return tuple(each.name for each in variations(experiment)) if experiment is not None else ()


def _check_rest(asked: Download) -> list[Fault]:
    faults = list(_check_identities(asked.identities))
    if asked.sample is not None and asked.sample < 1:
        faults.append(Fault("sample", "a whole number of users from 1 on", f"`{asked.sample}`", "leave it out for all"))
    return faults


def _check_variations(selection: Selection, path: str) -> Iterable[Fault]:
    seen: dict[int, int] = {}
    for place, name in enumerate(selection.variations):
        try:
            found = place_of_variation(selection.experiment, name)
        except FixRequest:
            known = ", ".join(each.name for each in variations(selection.experiment))
            yield Fault(f"{path}[{place}]", f"a variation of `{selection.key}` ({known})", f"`{name}`")
            continue
        if found in seen:
            yield Fault(f"{path}[{place}]", "each variation once", f"`{name}`", f"{path}[{seen[found]}] is the same")
        seen.setdefault(found, place)


def _check_identities(names: tuple[str, ...]) -> Iterable[Fault]:
    if not names:
        yield Fault("identities", "at least one identity, such as email or email:sha256", "none")
    forms = [identity_form(name) for name in names]
    for place, (name, form) in enumerate(zip(names, forms, strict=True)):
        path = f"identities[{place}]"
        if form is None:
            yield _unknown_form(name, path)
        elif forms.index(form) != place:
            yield Fault(path, "each identity once", f"`{name}`", f"identities[{forms.index(form)}] is the same")


def _unknown_form(text: str, path: str) -> Fault:
    name = text.partition(":")[0].strip()
    if identity_field(name) is not None:
        return Fault(path, f"a hash after the colon ({', '.join(HASHES)})", f"`{text}`")
    close = similar_identity(name)
    hint = f"did you mean `{close}`?" if close else ""
    return Fault(path, "a user or device identity, such as email or email:sha256", f"`{text}`", hint)
