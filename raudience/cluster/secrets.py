"""Secrets of outputs, encrypted as they are kept in the catalog.

Fernet (AES-128-CBC with HMAC-SHA256) of the library `cryptography`. What is encrypted names its output and its setting,
so that a secret put elsewhere is not accepted there. Keys come from RAUDIENCE_SECRET_KEY, or from the file that
RAUDIENCE_SECRET_KEY_FILE names, which nobody but its owner may read. Of several keys, each on a line or between commas,
the first encrypts and all decrypt: so keys are changed.
"""

from __future__ import annotations

import importlib
import os
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from raudience.catalog.outputs import Output, Value
from raudience.errors import FixRequest

__all__ = ["KEY", "KEY_FILE", "Secrets", "handed_over", "write_key"]

KEY: Final = "RAUDIENCE_SECRET_KEY"
KEY_FILE: Final = "RAUDIENCE_SECRET_KEY_FILE"

_KEY_BYTES: Final = 32
_OTHERS: Final = 0o077
"""Rights of a file that are not its owner's."""


class _Secret(msgspec.Struct, frozen=True, array_like=True):
    output: str
    name: str
    value: str | bool | int


class Secrets:
    """Encrypts and decrypts with the keys of an environment. They are looked for when the first secret comes."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        self._environment = environment

    def seal(self, output: str, secrets: Mapping[str, Value]) -> dict[str, str]:
        """Secret settings of an output, encrypted. Raises FixRequest without a key."""
        if not secrets:
            return {}
        keys = self._keys()
        plain = {name: msgspec.json.encode(_Secret(output, name, value)) for name, value in secrets.items()}
        return {name: keys.encrypt(text).decode() for name, text in plain.items()}

    def settings(self, output: Output) -> dict[str, Value]:
        """All settings of an output, the secret ones decrypted: for who sends to it, and for nobody else. Raises
        FixRequest without the key, or when a secret was encrypted with another one."""
        opened = {name: self._opened(output.key, name, sealed) for name, sealed in output.sealed.items()}
        return {**output.settings, **opened}

    def _opened(self, output: str, name: str, sealed: str) -> Value:
        keys = self._keys()
        try:
            secret = msgspec.json.decode(keys.decrypt(sealed), type=_Secret)
        except _fernet().InvalidToken:
            message = (
                f"output {output}, {name}: expected a secret that the keys in {KEY} open, got another; set it anew"
            )
            raise FixRequest(message) from None
        if (secret.output, secret.name) != (output, name):
            message = f"output {output}, {name}: expected its own secret, got that of another output; set it anew"
            raise FixRequest(message)
        return secret.value

    def _keys(self) -> Any:
        fernet, words = _fernet(), _words(self._environment)
        try:
            return fernet.MultiFernet([fernet.Fernet(word) for word in words])
        except ValueError:
            message = f"{KEY}: expected 32 bytes in URL-safe base64, got something else; `raudience outputs new-key`"
            raise FixRequest(message) from None


def _fernet() -> Any:
    """What encrypts, loaded when the first secret comes."""
    try:
        return importlib.import_module("cryptography.fernet")
    except ImportError as error:
        message = "secrets of outputs need cryptography, which is not installed; `pip install raudience[outputs]`"
        raise FixRequest(message) from error


def handed_over(environment: Mapping[str, str] = os.environ) -> str:
    """The keys of an environment, for who sends from another one; "" when it has none."""
    return environment.get(KEY) or _read(environment.get(KEY_FILE, ""))


def write_key(path: Path) -> None:
    """A new key in a new file that only its owner may read. Raises FixRequest when there is one already."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        message = f"{path}: expected a path where nothing is, got a file; a key that is lost opens nothing any longer"
        raise FixRequest(message) from None
    with os.fdopen(handle, "wb") as file:
        file.write(urlsafe_b64encode(os.urandom(_KEY_BYTES)) + b"\n")


def _words(environment: Mapping[str, str]) -> list[str]:
    text = handed_over(environment)
    words = text.replace(",", " ").split()
    if not words:
        message = f"{KEY}, {KEY_FILE}: expected a key for the secrets of outputs, got none; `raudience outputs new-key`"
        raise FixRequest(message)
    return words


def _read(path: str) -> str:
    if not path:
        return ""
    try:
        rights = Path(path).stat().st_mode
        text = Path(path).read_text(encoding="ascii")
    except (OSError, ValueError) as error:
        message = f"{KEY_FILE}: expected a file with a key, got: {error}"
        raise FixRequest(message) from None
    if rights & _OTHERS:
        message = f"{path}: expected a file that only its owner may read, got rights {rights & 0o777:o}; chmod 600 it"
        raise FixRequest(message)
    return text
