"""Import of the audience definitions that mParticle publishes a schema for (schema version 1).

Operators with the same meaning here are taken over. Everything else is named and refused, all at once: an audience
that would mean something slightly different is worse than none. `docs/criteria.md` has the table.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from raudience.catalog import parsing
from raudience.catalog.mparticle_events import EventModel, aggregate, sequence
from raudience.catalog.mparticle_values import Refused, refuse, value_test
from raudience.catalog.parsing import described
from raudience.criteria.definition import (
    And,
    AudienceMembership,
    Criterion,
    Exclude,
    LocationWithin,
    Or,
    UserAttribute,
)
from raudience.criteria.operators import Exists, NotExists
from raudience.errors import Fault, FixDefinition

__all__ = ["EventModel", "import_audience"]

_FILLER: Final = UserAttribute("filler", Exists())
_KILOMETERS: Final = {"meters": 0.001, "kilometers": 1.0}


def import_audience(data: bytes, source: str, models: Mapping[str, EventModel] | None = None) -> Criterion:
    """The criteria of a definition in mParticle's published schema.

    The model `user` stands for user attributes; `models` says which events the other models stand for. Raise
    FixDefinition that names everything that does not map, each with its path.
    """
    importer = _Importer(models or {})
    criterion = importer.document(parsing.parse(data, source, "json"))
    if importer.faults:
        raise FixDefinition(source, tuple(importer.faults))
    return criterion


class _Importer:
    def __init__(self, models: Mapping[str, EventModel]) -> None:
        self.models = models
        self.faults: list[Fault] = []

    def document(self, raw: object) -> Criterion:
        if not isinstance(raw, Mapping):
            self.faults.append(Fault("document", "a mapping with schema_version and audience", described(raw)))
            return _FILLER
        version = raw.get("schema_version")
        if not isinstance(version, str) or version.split(".")[0] != "1":
            self.faults.append(Fault("schema_version", "a version 1, such as `1.6.0`", described(version)))
        return self.expression(raw.get("audience"), "audience")

    def expression(self, raw: Any, path: str) -> Criterion:
        """The criterion of an expression; a harmless one when it was refused."""
        try:
            return self._expression(raw, path)
        except Refused as refused:
            self.faults.append(refused.fault)
            return _FILLER

    def _expression(self, raw: Any, path: str) -> Criterion:
        if not isinstance(raw, Mapping):
            return refuse(path, "an expression", described(raw))
        match raw.get("operator"):
            case "and" | "or":
                return self._logical(raw, path)
            case "then":
                return sequence(self.models, raw, path)
            case "null" | "not_null" as operator:
                hint = "a key that is there without a value exists here; write `exists` or `does_not_exist`"
                return refuse(f"{path}.operator", "an operator that means the same here", f"`{operator}`", hint)
            case "exists" | "not_exists" as operator:
                test = Exists() if operator == "exists" else NotExists()
                return UserAttribute(_user_path(raw.get("operand"), f"{path}.operand"), test)
            case "within":
                return _location(raw, path)
            case _:
                return self._binary(raw, path)

    def _logical(self, raw: Mapping[str, Any], path: str) -> Criterion:
        parts = raw.get("expressions")
        if not isinstance(parts, list) or not parts:
            return refuse(f"{path}.expressions", "a list of at least one expression", described(parts))
        places = [(part, f"{path}.expressions[{place}]") for place, part in enumerate(parts)]
        if raw["operator"] == "or":
            return Or(tuple(self.expression(part, place) for part, place in places))
        kept = [self.expression(part, place) for part, place in places if not _is_without(part)]
        without = [AudienceMembership(part["right"]["audience"]) for part in parts if _is_without(part)]
        if without and not kept:
            return refuse(path, "something to exclude members from", "audiences to exclude only")
        return Exclude((And(tuple(kept)), *without)) if without else And(tuple(kept))

    def _binary(self, raw: Mapping[str, Any], path: str) -> Criterion:
        left, right = raw.get("left"), raw.get("right")
        match left, right:
            case _, {"audience": str(key)}:
                if raw.get("operator") != "in":
                    hint = "exclude the audience, or write it next to something in an `and`"
                    return refuse(f"{path}.operator", "`in` with an audience", described(raw.get("operator")), hint)
                return AudienceMembership(key)
            case {"group_by_model": _}, _:
                return aggregate(self.models, raw, path)
            case {"operator": str(operator)}, _:
                return refuse(f"{path}.left", "a path or an aggregate over a model", f"arithmetic (`{operator}`)")
            case _:
                name = _user_path(left, f"{path}.left")
                return UserAttribute(name, value_test(raw.get("operator"), right, path))


def _is_without(raw: Any) -> bool:
    """`not_in` an audience, which `and` turns into an exclusion."""
    match raw:
        case {"operator": "not_in", "right": {"audience": str()}}:
            return True
        case _:
            return False


def _user_path(operand: Any, path: str) -> str:
    match operand:
        case {"model": "user", "path": str(name)} if len(operand) == 2:
            return name
        case {"model": model, "path": _}:
            hint = "events of another model are asked for by an aggregate (count, sum ...)"
            return refuse(f"{path}.model", "`user`", described(model), hint)
        case _:
            return refuse(path, "a path of the model `user`", described(operand))


def _location(raw: Mapping[str, Any], path: str) -> LocationWithin:
    match raw.get("left"):
        case {
            "location": {
                "latitude": int() | float() as latitude,
                "longitude": int() | float() as longitude,
                "distance": {"value": int() | float() as value, "unit": str(unit)},
            }
        }:
            if unit == "miles":
                return LocationWithin(float(value), "miles", None, float(latitude), float(longitude))
            if unit in _KILOMETERS:
                return LocationWithin(value * _KILOMETERS[unit], "km", None, float(latitude), float(longitude))
            return refuse(f"{path}.left.location.distance.unit", "meters, kilometers or miles", described(unit))
        case left:
            return refuse(f"{path}.left", "a location with latitude, longitude and distance", described(left))
