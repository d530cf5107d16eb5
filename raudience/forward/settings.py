"""Settings of outputs and connections, read and checked by the tables of their partner."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Final

from raudience.catalog.nearest import unknown
from raudience.catalog.outputs import Value
from raudience.errors import Fault
from raudience.forward.partner import Setting

__all__ = ["apart", "faults_of", "filled", "read_texts"]

_FLAGS: Final = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
_TYPES: Final = {"text": str, "choice": str, "flag": bool, "number": int, "names": str}
_EXPECTED: Final = {"text": "a text", "flag": "true or false", "number": "a whole number", "names": "names, as a text"}


def read_texts(table: Iterable[Setting], texts: Mapping[str, str]) -> dict[str, Value]:
    """Settings as people type them: flags and numbers become such; what cannot is left for `faults_of`."""
    types = {each.name: each.type for each in table}
    return {name: _read(types.get(name, "text"), text) for name, text in texts.items()}


def filled(table: Iterable[Setting], given: Mapping[str, Value], kept: Collection[str] = ()) -> dict[str, Value]:
    """What was given, and the defaults of the rest. kept: names of secrets that are there already."""
    defaults = {each.name: each.default for each in table if each.default is not None and each.name not in kept}
    return {**defaults, **given}


def faults_of(
    table: Collection[Setting], given: Mapping[str, object], kept: Collection[str] = (), path: str = "settings"
) -> list[Fault]:
    """All that is wrong with settings, in the order of the table, then what it does not have. kept: names of secrets
    that are there already. No value of a secret stands in a fault."""
    known = {each.name: each for each in table}
    wrong = [fault for each in table for fault in _wrong(each, given, each.name in kept, f"{path}.{each.name}")]
    strange = (name for name in given if name not in known)
    return [*wrong, *(unknown(f"{path}.{name}", "a setting of this partner", name, known) for name in strange)]


def apart(table: Iterable[Setting], given: Mapping[str, Value]) -> tuple[dict[str, Value], dict[str, Value]]:
    """What may be seen, and the secrets."""
    secret = {each.name for each in table if each.secret}
    seen = {name: value for name, value in given.items() if name not in secret}
    return seen, {name: value for name, value in given.items() if name in secret}


def _read(kind: str, text: str) -> Value:
    if kind == "flag":
        return _FLAGS.get(text.strip().lower(), text)
    if kind == "number":
        try:
            return int(text)
        except ValueError:
            return text
    return text


def _wrong(setting: Setting, given: Mapping[str, object], kept: bool, path: str) -> list[Fault]:
    value = given.get(setting.name, setting.default)
    if setting.name not in given and kept:
        return []
    if value is None or value == "":
        return [Fault(path, f"a value: {setting.label}", "none", setting.help)] if setting.required else []
    if setting.type == "names" and isinstance(value, str):
        strange = [name.strip() for name in value.split(",") if name.strip() not in setting.choices]
        return [unknown(path, "names between commas", name, setting.choices) for name in strange]
    expected = _expected(setting)
    if type(value) is not _TYPES[setting.type] or (setting.type == "choice" and value not in setting.choices):
        return [Fault(path, expected, _told(setting, value), setting.help)]
    if (bounds := _bounds(setting, value)) is not None:
        return [Fault(path, f"{expected} {bounds}", _told(setting, value), setting.help)]
    return []


def _told(setting: Setting, value: object) -> str:
    return "another one, which is secret" if setting.secret else f"`{value}`"


def _bounds(setting: Setting, value: object) -> str | None:
    """What a value of the right type does not keep to."""
    if setting.begins and not str(value).strip().startswith(setting.begins):
        return f"that begins with one of {', '.join(setting.begins)}"
    size, unit = (len(str(value)), " letters") if setting.type == "text" else (value, "")
    if setting.least is not None and isinstance(size, int) and size < setting.least:
        return f"of {setting.least:,}{unit} or more"
    if setting.most is not None and isinstance(size, int) and size > setting.most:
        return f"of {setting.most:,}{unit} at most"
    return None


def _expected(setting: Setting) -> str:
    return f"one of {', '.join(setting.choices)}" if setting.type == "choice" else _EXPECTED[setting.type]
