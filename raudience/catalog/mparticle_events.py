"""mParticle's aggregates over a child model, and its sequences, as criteria on events."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, Literal

import msgspec

from raudience.catalog.mparticle_values import absolute_date, number_test, refuse, value_test
from raudience.catalog.parsing import described
from raudience.clock import DAY, HOUR, MINUTE, SECOND, WEEK
from raudience.criteria.dates import read_moment, write_moment
from raudience.criteria.definition import Aggregate, Condition, Event, EventKind, Frequency, Recency, Sequence, Step
from raudience.criteria.durations import UNLIMITED, Duration
from raudience.criteria.operators import After, Before, BetweenAgo, BetweenDates, Exists, NotExists, On, Within

__all__ = ["EventModel", "aggregate", "sequence"]

_UNITS: Final = {"second": SECOND, "minute": MINUTE, "hour": HOUR, "day": DAY, "week": WEEK}
_COUNTS: Final[dict[str, Callable[[int], Frequency]]] = {
    "equals": lambda count: Frequency(exactly=count),
    "less_than": lambda count: Frequency(fewer_than=count),
    "less_than_equal": lambda count: Frequency(at_most=count),
    "greater_than": lambda count: Frequency(more_than=count),
    "greater_than_equal": lambda count: Frequency(at_least=count),
}
_FUNCTIONS: Final[dict[str, Literal["sum", "average", "min", "max"]]] = {
    "sum": "sum",
    "avg": "average",
    "min": "min",
    "max": "max",
}


class EventModel(msgspec.Struct, frozen=True):
    """What a model of the other side is here: which events, where their attributes are, and the path of their time."""

    kind: EventKind
    name: str | None = None
    category: str | None = None
    level: Literal["custom", "event", "product"] = "custom"
    time: str = "timestamp_unixtime_ms"


class _Bounds(msgspec.Struct):
    """What a condition says of the time of its events: ages in milliseconds, days as texts."""

    least: int | None = None
    most: int | None = None
    first: str | None = None
    end: str | None = None


def aggregate(models: Mapping[str, EventModel], raw: Mapping[str, Any], path: str) -> Event | Aggregate:
    """A comparison whose left side counts or sums over a model."""
    left = raw["left"]
    operand, function = left.get("operand"), left.get("operator")
    if not isinstance(operand, Mapping):
        return refuse(f"{path}.left.operand", "a model", described(operand))
    if left.get("group_by_model", "user") != "user":
        return refuse(f"{path}.left.group_by_model", "`user`", described(left["group_by_model"]))
    model = _model(models, operand.get("model"), f"{path}.left.operand.model")
    where, recency = _conditions(models, model, operand["model"], left.get("condition"), f"{path}.left.condition")
    if function == "count":
        frequency = _frequency(raw.get("operator"), raw.get("right"), path)
        return Event(model.kind, model.name, model.category, where, frequency, recency)
    if not isinstance(function, str) or function not in _FUNCTIONS or "path" not in operand:
        expected = "count, or sum, avg, min, max of a path"
        return refuse(f"{path}.left.operator", expected, described(function))
    compare, attribute = number_test(raw.get("operator"), raw.get("right"), path), str(operand["path"])
    return Aggregate(
        model.kind, _FUNCTIONS[function], attribute, compare, model.level, model.name, model.category, where, recency
    )


def sequence(models: Mapping[str, EventModel], raw: Mapping[str, Any], path: str) -> Sequence:
    """Steps that follow one another; times between steps have no equal here, as theirs run from any earlier step."""
    steps = raw.get("sequence")
    if not isinstance(steps, list) or len(steps) < 2:
        return refuse(f"{path}.sequence", "a list of at least two steps", described(steps))
    return Sequence(tuple(_step(models, step, f"{path}.sequence[{place}]") for place, step in enumerate(steps)))


def _step(models: Mapping[str, EventModel], raw: Any, path: str) -> Step:
    if not isinstance(raw, Mapping) or not isinstance(raw.get("operand"), Mapping):
        return refuse(path, "a step with an operand", described(raw))
    name = raw["operand"].get("model")
    model = _model(models, name, f"{path}.operand.model")
    where, recency = _conditions(models, model, name, raw.get("condition"), f"{path}.condition")
    if recency is not None:
        return refuse(f"{path}.condition", "no time in a step", "one", "the window is that of the whole sequence")
    return Step(model.kind, model.name, model.category, where)


def _model(models: Mapping[str, EventModel], name: Any, path: str) -> EventModel:
    model = models.get(name) if isinstance(name, str) else None
    if model is None:
        known = ", ".join(models) or "none"
        return refuse(path, f"a model that is mapped to events ({known})", described(name), "say which events it means")
    return model


def _frequency(operator: Any, right: Any, path: str) -> Frequency:
    whole = isinstance(right, int | float) and not isinstance(right, bool) and float(right).is_integer()
    if not whole or right < 0:
        return refuse(f"{path}.right", "a whole number", described(right))
    make = _COUNTS.get(operator) if isinstance(operator, str) else None
    if make is None:
        return refuse(f"{path}.operator", f"an operator on counts ({', '.join(_COUNTS)})", described(operator))
    return make(int(right))


def _conditions(
    models: Mapping[str, EventModel], model: EventModel, name: str, raw: Any, path: str
) -> tuple[tuple[Condition, ...], Recency | None]:
    """Conditions on the attributes of the events, and when they happened."""
    bounds, where = _Bounds(), []
    for part, place in _conjunction(raw, path):
        left = part.get("left", part.get("operand"))
        if not isinstance(left, Mapping) or set(left) != {"model", "path"} or left["model"] != name:
            return refuse(place, f"a comparison of a path of `{name}`", described(left))
        if left["path"] == model.time:
            _narrow(bounds, part, place)
        else:
            where.append(Condition(str(left["path"]), _test(part, place), model.level))
    return tuple(where), _recency(bounds, path)


def _test(part: Mapping[str, Any], place: str) -> Any:
    if "operand" not in part:
        return value_test(part.get("operator"), part.get("right"), place)
    match part.get("operator"):
        case "exists":
            return Exists()
        case "not_exists":
            return NotExists()
        case other:
            return refuse(f"{place}.operator", "exists or not_exists", described(other))


def _conjunction(raw: Any, path: str) -> list[tuple[Mapping[str, Any], str]]:
    """The parts of a condition that all must hold, with their paths."""
    match raw:
        case None:
            return []
        case {"operator": "and", "expressions": list(parts)}:
            return [
                found
                for place, part in enumerate(parts)
                for found in _conjunction(part, f"{path}.expressions[{place}]")
            ]
        case {"operator": "or"}:
            return refuse(path, "conditions joined with `and`", "`or`", "write two criteria joined with `or`")
        case Mapping():
            return [(raw, path)]
        case _:
            return refuse(path, "a condition", described(raw))


def _narrow(bounds: _Bounds, part: Mapping[str, Any], path: str) -> None:
    """Take a comparison of the time of the event into the bounds."""
    name, value = _bound(part, path)
    if getattr(bounds, name) is not None:
        refuse(path, "each edge of the time once", "it twice")
    setattr(bounds, name, value)


def _bound(part: Mapping[str, Any], path: str) -> tuple[str, int | str]:
    """The field of `_Bounds` that a comparison sets, and its value."""
    match part.get("operator"), part.get("right"):
        case "greater_than_equal", {"date": {"relative": relative}}:
            return "most", _age(relative, f"{path}.right.date.relative")
        case "less_than_equal", {"date": {"relative": relative}}:
            return "least", _age(relative, f"{path}.right.date.relative")
        case "greater_than_equal", {"date": {"absolute": str(date)}}:
            return "first", absolute_date(date, f"{path}.right.date.absolute")
        case "less_than", {"date": {"absolute": str(date)}}:
            return "end", absolute_date(date, f"{path}.right.date.absolute")
        case operator, _:
            expected = "greater_than_equal or less_than_equal a relative date, greater_than_equal or less_than a date"
            return refuse(path, expected, described(operator), "other edges have no equal here")


def _age(relative: Any, path: str) -> int:
    match relative:
        case {"offset": int() | float() as offset, "unit": str(unit)} if len(relative) == 2 and unit in _UNITS:
            age = -offset * _UNITS[unit]
            if age >= 0 and float(age).is_integer():
                return int(age)
            return refuse(f"{path}.offset", "whole units in the past", f"`{offset}`")
        case {"unit": unit} if unit not in _UNITS:
            return refuse(
                f"{path}.unit", f"a fixed length ({', '.join(_UNITS)})", described(unit), "lengths of months differ"
            )
        case _:
            return refuse(path, "an offset and a unit, nothing else", "something else", "boundaries have no equal here")


def _recency(bounds: _Bounds, path: str) -> Recency | None:
    ages, days = (bounds.least, bounds.most), (bounds.first, bounds.end)
    if ages != (None, None) and days != (None, None):
        return refuse(path, "either relative dates or absolute ones", "both")
    if ages != (None, None):
        return _within(bounds)
    match days:
        case None, None:
            return None
        case str(first), None:
            return After(first)
        case None, str(end):
            return Before(end)
        case str(first), str(end):
            last = _day_before(end)
            return On(first) if first == last else BetweenDates(first, last)
    return None


def _within(bounds: _Bounds) -> Recency:
    most = Duration(UNLIMITED if bounds.most is None else bounds.most)
    return Within(most) if not bounds.least else BetweenAgo(Duration(bounds.least), most)


def _day_before(date: str) -> str:
    moment = read_moment(date)
    return write_moment((moment or 0) - DAY)[:10]
