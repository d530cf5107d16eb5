"""Criteria on user profiles as leaves: tests on the latest value of a field in one workspace."""

from __future__ import annotations

import math
from typing import Final, TypeAlias

from raudience.criteria.definition import (
    Attribution,
    CalculatedAttribute,
    Consent,
    Device,
    FirstSeen,
    Identity,
    LocationEquals,
    LocationWithin,
    UserAttribute,
)
from raudience.criteria.draft import Draft, Scope, negation
from raudience.criteria.identities import DEVICE_IDENTITIES, USER_IDENTITIES, identity_field, similar_identity
from raudience.criteria.leaves import FieldTest, FirstSeenTest, Formula, Place
from raudience.criteria.normal_tests import normal_moment, normal_test, operator_name
from raudience.criteria.operators import (
    Contains,
    ExactMatch,
    Exists,
    Includes,
    IsFalse,
    IsTrue,
    NoneOf,
    NotContains,
    NotExists,
    NotIncludes,
    NotMatch,
    NotPattern,
    OneOf,
    PartialMatch,
    Pattern,
    Test,
)
from raudience.criteria.places import KILOMETER, MILE, find_city
from raudience.criteria.text import attribute_key, fold
from raudience.records import Field

__all__ = ["ProfileCriterion", "normal_consent", "normal_profile"]

ProfileCriterion: TypeAlias = (
    UserAttribute | CalculatedAttribute | Consent | Device | FirstSeen | LocationEquals | LocationWithin | Attribution
)

_APPLICATION: Final = frozenset(
    {"application_name", "application_version", "application_build_number", "install_referrer", "package", "os"}
)
_TEXT_TESTS: Final = (
    Contains | NotContains | ExactMatch | NotMatch | Pattern | NotPattern | OneOf | NoneOf | Exists | NotExists
)
_LIST_TESTS: Final = Includes | NotIncludes | PartialMatch
_OPT_OUT: Final = "data_sale_opt_out"


def normal_profile(draft: Draft, scope: Scope, criterion: ProfileCriterion, path: str) -> Formula:
    """A test on a field of the profile in the criterion's workspace."""
    workspace = _workspace(draft, scope, criterion.workspace, f"{path}.workspace")
    match criterion:
        case Consent():
            return normal_consent(draft, workspace, criterion, path)
        case FirstSeen():
            return draft.leaf(FirstSeenTest(workspace, normal_moment(draft, criterion.test, f"{path}.test")))
        case LocationWithin():
            return _place(draft, workspace, criterion, path)
        case LocationEquals():
            if not criterion.value:
                draft.fault(f"{path}.value", "a text", "an empty one")
            test = ExactMatch(fold(criterion.value))
            return draft.leaf(FieldTest(workspace, Field("location", criterion.field), test))
        case UserAttribute() | CalculatedAttribute() | Device() | Attribution():
            field = _field(draft, criterion, path)
            return _field_test(draft, workspace, field, criterion.test, path)


def normal_identity(draft: Draft, identity: Identity, path: str) -> Formula:
    """A text test on an identity of the account, whatever workspace it was seen in (semantics rows 15, 19)."""
    field = identity_field(identity.name)
    if field is None:
        close = similar_identity(identity.name)
        hint = f"did you mean `{close}`?" if close else f"known are {', '.join(USER_IDENTITIES + DEVICE_IDENTITIES)}"
        draft.wrong(f"{path}.name", "the name of an identity", identity.name, hint)
        field = Field("identity", identity.name)
    if not isinstance(identity.test, _TEXT_TESTS):
        expected, got = "an operator on texts, exists or does_not_exist", operator_name(identity.test)
        draft.wrong(f"{path}.test.op", expected, got, "identities are texts")
    return draft.leaf(FieldTest("", field, normal_test(draft, identity.test, f"{path}.test")))


def normal_consent(draft: Draft, workspace: str, consent: Consent, path: str) -> Formula:
    """GDPR: what the record of a purpose says. CCPA: whether a record says that the user opted out of the sale."""
    states = ("given", "rejected") if consent.regulation == "gdpr" else ("present", "not_present")
    if consent.state not in states:
        draft.wrong(f"{path}.state", f"{' or '.join(states)} for {consent.regulation}", consent.state)
    if (consent.regulation == "ccpa") != (consent.purpose == _OPT_OUT) or not consent.purpose:
        expected = f"{_OPT_OUT}, the only one of ccpa" if consent.regulation == "ccpa" else "the purpose of the consent"
        draft.wrong(f"{path}.purpose", expected, consent.purpose)
    field = Field("consent", f"{consent.regulation}.{consent.purpose.lower()}")
    leaf = draft.leaf(FieldTest(workspace, field, IsFalse() if consent.state == "rejected" else IsTrue()))
    return negation(leaf) if consent.state == "not_present" else leaf


def _field_test(draft: Draft, workspace: str, field: Field, test: Test, path: str) -> Formula:
    if isinstance(test, _LIST_TESTS) and field.namespace not in ("user", "calculated"):
        draft.wrong(
            f"{path}.test.op", "an operator on single values", operator_name(test), "only attributes hold lists"
        )
        return 0
    return draft.leaf(FieldTest(workspace, field, normal_test(draft, test, f"{path}.test")))


def _field(draft: Draft, criterion: UserAttribute | CalculatedAttribute | Device | Attribution, path: str) -> Field:
    if isinstance(criterion, Attribution):
        return Field("attribution", f"{criterion.of}.{criterion.field}")
    if not criterion.name:
        draft.fault(f"{path}.name", "the name of an attribute", "an empty one")
    match criterion:
        case UserAttribute():
            return Field("user", attribute_key(criterion.name))
        case CalculatedAttribute():
            return Field("calculated", criterion.name)
        case Device():
            return Field("application" if criterion.name in _APPLICATION else "device", criterion.name)


def _workspace(draft: Draft, scope: Scope, name: str | None, path: str) -> str:
    """The workspace that a user criterion reads: its own, or the only one of the audience."""
    if name is None:
        if len(scope.workspaces) > 1:
            expected = f"one of the workspaces of the audience ({', '.join(scope.workspaces)})"
            draft.wrong(path, expected, "", "an audience of several workspaces names one in each user criterion")
        return scope.workspaces[0]
    if name not in scope.workspaces:
        draft.wrong(path, f"one of the workspaces of the audience ({', '.join(scope.workspaces)})", name)
    return name


def _place(draft: Draft, workspace: str, within: LocationWithin, path: str) -> Formula:
    if not (within.distance > 0 and math.isfinite(within.distance)):
        draft.wrong(f"{path}.distance", "a distance above 0", within.distance)
    latitude, longitude = _center(draft, within, path)
    meters = within.distance * (KILOMETER if within.unit == "km" else MILE)
    return draft.leaf(Place(workspace, latitude, longitude, meters))


def _center(draft: Draft, within: LocationWithin, path: str) -> tuple[float, float]:
    given = [name for name in ("city", "latitude", "longitude") if getattr(within, name) is not None]
    if within.city is not None and given == ["city"]:
        return _city(draft, within.city, f"{path}.city")
    if within.latitude is not None and within.longitude is not None and within.city is None:
        _check_degrees(draft, within.latitude, 90, f"{path}.latitude")
        _check_degrees(draft, within.longitude, 180, f"{path}.longitude")
        return within.latitude + 0.0, within.longitude + 0.0
    draft.wrong(path, "either a city, or latitude and longitude", " and ".join(given))
    return 0.0, 0.0


def _city(draft: Draft, name: str, path: str) -> tuple[float, float]:
    try:
        return find_city(name)
    except LookupError as missing:
        draft.wrong(path, "a city", name, str(missing))
        return 0.0, 0.0


def _check_degrees(draft: Draft, degrees: float, most: int, path: str) -> None:
    if not -most <= degrees <= most:
        draft.wrong(path, f"degrees from -{most} to {most}", degrees)
