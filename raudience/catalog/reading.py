"""From plain values to structs, collecting every fault on the way.

msgspec stops at the first fault of a document; people who write definitions want all of them. A part that cannot be
read is replaced by a harmless one, so that the rest of the document can still be judged.
"""

from __future__ import annotations

import math
from difflib import get_close_matches
from functools import cache
from types import NoneType, UnionType
from typing import Any, Final, Literal, get_args, get_origin

import msgspec

from raudience.catalog.audiences import Audience
from raudience.catalog.parsing import Mapping, described
from raudience.catalog.places import Place
from raudience.clock import DAY
from raudience.criteria.definition import And, Criterion, Exclude, Identity, Or
from raudience.criteria.durations import Duration
from raudience.criteria.operators import Exists, On
from raudience.errors import Fault, FixDefinition

__all__ = ["Reader"]

_MOST_VALUES: Final = 1_000_000
"""More values than any document written by hand has; YAML can name a part again and again."""

_OPERATORS: Final[dict[str, type[And] | type[Or] | type[Exclude]]] = {"and": And, "or": Or, "exclude": Exclude}
_NAMES: Final = {str: "a text", int: "a whole number", float: "a number", bool: "true or false"}
_DURATION: Final = "a length of time such as `6 hours`"
_FILLERS: Final[dict[Any, Any]] = {
    str: "filler", int: 1, float: 1.0, bool: False, Duration: Duration(DAY), Criterion: Identity("email", Exists()),
    Audience: Audience("filler", "filler", Identity("email", Exists())),
}  # fmt: skip


class Reader:
    """Reads one document. faults: in the order of the document; places: by built path, where each value stands."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []
        self.places: dict[str, str] = {}

    def read(self, raw: object, kind: Any, place: Place) -> Any:
        """The value of a kind (a struct, a union of tagged structs, a tuple, a scalar); a harmless one with a fault."""
        self.places[place.built] = place.written
        if len(self.places) > _MOST_VALUES:
            message = "a document repeats its parts without end"
            raise OverflowError(message)
        members = get_args(kind) if get_origin(kind) is UnionType else (kind,)
        if raw is None and NoneType in members:
            return None
        members = tuple(member for member in members if member is not NoneType)
        if And in members and isinstance(raw, list):
            return self._infix(raw, place)
        if len(members) > 1:
            return self._tagged(raw, members, place)
        return self._single(raw, members[0], place)

    def read_document(self, raw: object, kind: Any, source: str) -> Any:
        """`read` of a whole document. Raises FixDefinition when it is too deep, or has no end."""
        try:
            return self.read(raw, kind, Place())
        except RecursionError:
            fault = Fault("document", "a document of moderate depth", "one that is nested too deep")
        except OverflowError:
            fault = Fault("document", f"at most {_MOST_VALUES} values", "more")
        raise FixDefinition(source, (fault,))

    def fault(self, place: Place, expected: str, got: str, hint: str = "") -> None:
        self.faults.append(Fault(place.written or "document", expected, got, hint))

    def _single(self, raw: object, kind: Any, place: Place) -> Any:
        origin = get_origin(kind)
        if origin is tuple:
            return self._tuple(raw, get_args(kind), place)
        if origin is Literal:
            return self._choice(raw, get_args(kind), place)
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
            return self._struct(raw, kind, place)
        return self._duration(raw, place) if kind is Duration else self._scalar(raw, kind, place)

    def _scalar(self, raw: object, kind: type, place: Place) -> Any:
        if kind is float and isinstance(raw, int | float) and not isinstance(raw, bool):
            return self._number(raw, place)
        if type(raw) is not kind:
            quoted = "write it in quotes" if kind is str and isinstance(raw, int | float) else ""
            self.fault(place, _NAMES[kind], described(raw), quoted)
            return _FILLERS[kind]
        if kind is str and not _is_unicode(str(raw)):
            self.fault(place, "a text of Unicode characters", "half of a surrogate pair")
            return _FILLERS[str]
        return raw

    def _number(self, raw: float, place: Place) -> float:
        try:
            number = float(raw)
        except OverflowError:
            number = math.inf
        if not math.isfinite(number):
            self.fault(place, "a finite number", described(raw))
            return 1.0
        return number

    def _duration(self, raw: object, place: Place) -> Duration:
        if isinstance(raw, str):
            try:
                return Duration.parse(raw)
            except ValueError:
                self.fault(place, _DURATION, described(raw), "units are seconds, minutes, hours, days and weeks")
        else:
            hint = "write its unit too" if isinstance(raw, int | float) else ""
            self.fault(place, _DURATION, described(raw), hint)
        return Duration(DAY)

    def _choice(self, raw: object, names: tuple[str, ...], place: Place) -> str:
        if raw in names:
            return str(raw)
        self.fault(place, f"one of {', '.join(names)}", _quoted(raw), _suggestion(raw, names))
        return names[0]

    def _tuple(self, raw: object, kinds: tuple[Any, ...], place: Place) -> tuple[Any, ...]:
        if not isinstance(raw, list):
            self.fault(place, "a list", described(raw))
            return () if Ellipsis in kinds else tuple(map(_filler, kinds))
        if Ellipsis in kinds:
            return tuple(self.read(value, kinds[0], place.item(index)) for index, value in enumerate(raw))
        if len(raw) != len(kinds):
            self.fault(place, f"a list of {len(kinds)}", f"a list of {len(raw)}")
            return tuple(map(_filler, kinds))
        return tuple(self.read(value, kinds[index], place.item(index)) for index, value in enumerate(raw))

    def _tagged(self, raw: object, members: tuple[Any, ...], place: Place) -> Any:
        field = members[0].__struct_config__.tag_field
        kinds = {member.__struct_config__.tag: member for member in members}
        filler = _union_filler(members)
        if not isinstance(raw, Mapping):
            self.fault(place, f"a mapping with `{field}`", described(raw))
            return filler
        if field not in raw:
            self.fault(place.field(field), f"one of {', '.join(kinds)}", "nothing")
            return filler
        kind = kinds.get(raw[field]) if isinstance(raw[field], str) else None
        if kind is None:
            got, hint = _quoted(raw[field]), _suggestion(raw[field], tuple(kinds))
            self.fault(place.field(field), f"one of {', '.join(kinds)}", got, hint)
            return filler
        return self._struct(raw, kind, place)

    def _struct(self, raw: object, kind: type[msgspec.Struct], place: Place) -> Any:
        if not isinstance(raw, Mapping):
            self.fault(place, "a mapping", described(raw))
            return _filler(kind)
        fields = _fields(kind)
        for key in raw.repeated:
            self.fault(place.field(key), "one value", "the same key twice")
        suggested = self._unknown(raw, kind, tuple(fields), place)
        values = {name: self.read(raw[name], fields[name].type, place.field(name)) for name in raw if name in fields}
        for name, field in fields.items():
            if field.required and name not in raw:
                if name not in suggested:
                    self.fault(place.field(name), _expected(field.type), "nothing")
                values[name] = _filler(field.type)
        return kind(**values)

    def _unknown(self, raw: Mapping, kind: type[msgspec.Struct], names: tuple[str, ...], place: Place) -> set[str]:
        """Refuse fields that the struct does not have; the names that were probably meant."""
        meant: set[str] = set()
        tag = kind.__struct_config__.tag_field
        for key in raw:
            if key in names or key == tag:
                continue
            close = get_close_matches(key, [name for name in names if name not in raw], 1)
            meant.update(close)
            expected = f"one of the fields {', '.join(names)}" if names else "no field here"
            hint = f"did you mean `{close[0]}`?" if close else ""
            self.fault(place.field(key), expected, "an unknown field", hint)
        return meant

    def _infix(self, raw: list[Any], place: Place) -> Any:
        """A group written as a list: criteria with one operator between them (semantics D9)."""
        operands = [
            self.read(value, Criterion, place.operand(index, index // 2))
            for index, value in enumerate(raw)
            if index % 2 == 0
        ]
        wrong = [index for index in range(1, len(raw), 2) if raw[index] not in tuple(_OPERATORS)]
        for index in wrong:
            got, hint = _quoted(raw[index]), _suggestion(raw[index], tuple(_OPERATORS))
            self.fault(place.operand(index, index), "and, or, exclude between two criteria", got, hint)
        operators = raw[1::2]
        if len(raw) % 2 == 0:
            self.fault(place, "criteria with an operator between each two", f"a list of {len(raw)}")
        elif not wrong and len(set(operators)) > 1:
            got = " ".join(_interleaved(operators))
            self.fault(place, "one operator in a list, or lists in the list", got, _two_readings(operators))
        elif not wrong:
            return _OPERATORS[operators[0] if operators else "and"](tuple(operands))
        return _FILLERS[Criterion]


@cache
def _fields(kind: type[msgspec.Struct]) -> dict[str, msgspec.structs.FieldInfo]:
    return {field.encode_name: field for field in msgspec.structs.fields(kind)}


def _expected(kind: Any) -> str:
    origin = get_origin(kind)
    if origin is Literal:
        return f"one of {', '.join(get_args(kind))}"
    if origin is UnionType and NoneType not in get_args(kind):
        return f"a mapping with `{get_args(kind)[0].__struct_config__.tag_field}`"
    if kind is Duration:
        return _DURATION
    return _NAMES.get(kind, "a list" if origin is tuple else "a mapping")


def _filler(kind: Any) -> Any:
    """A harmless value of a kind; faults of a place that was refused already are not told."""
    if kind in _FILLERS:
        return _FILLERS[kind]
    origin, members = get_origin(kind), get_args(kind)
    if origin is Literal:
        return members[0]
    if origin is UnionType:
        return _union_filler(members)
    if origin is tuple:
        return () if Ellipsis in members else tuple(map(_filler, members))
    return kind(**{name: _filler(field.type) for name, field in _fields(kind).items() if field.required})


def _union_filler(members: tuple[Any, ...]) -> Any:
    if NoneType in members:
        return None
    if And in members:
        return _FILLERS[Criterion]
    return Exists() if Exists in members else On("2000-01-01")


def _quoted(raw: object) -> str:
    return described(raw).removeprefix("text ")


def _suggestion(raw: object, names: tuple[str, ...]) -> str:
    close = get_close_matches(raw, names, 1) if isinstance(raw, str) else []
    return f"did you mean `{close[0]}`?" if close else ""


def _is_unicode(text: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _interleaved(operators: list[str]) -> list[str]:
    return ["c1", *(part for number, name in enumerate(operators, 2) for part in (name, f"c{number}"))]


def _two_readings(operators: list[str]) -> str:
    """The list read from the left and from the right."""
    left = "c1"
    for number, operator in enumerate(operators, 2):
        left = f"[{left}, {operator}, c{number}]"
    right = f"c{len(operators) + 1}"
    for number in range(len(operators), 0, -1):
        right = f"[c{number}, {operators[number - 1]}, {right}]"
    return f"write {left} or {right}"
