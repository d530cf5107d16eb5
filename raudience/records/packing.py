"""Records as bytes: MessagePack, arrays as an extension that holds their type and their contents.

A struct is a map from the names of its fields, so a reader of a later version finds what an earlier one wrote: fields
that were added have a default, fields that are gone are skipped, and a name never changes its meaning.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final, Generic, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from raudience.errors import StateDamaged

__all__ = ["Packed", "pack"]

Record = TypeVar("Record")

_ARRAY: Final = 1
_TYPE: Final = 4


def pack(record: Any) -> bytes:
    """Bytes of a record: structs, tuples, texts, numbers and one-dimensional arrays."""
    return _ENCODER.encode(record)


class Packed(Generic[Record]):
    """Reads records of one type."""

    def __init__(self, kind: Any) -> None:
        self._decoder = msgspec.msgpack.Decoder(kind, dec_hook=_as_it_is, ext_hook=_array)

    def unpack(self, data: bytes | memoryview) -> Record:
        """The record. Raises StateDamaged when the bytes are none of this type."""
        try:
            found: Record = self._decoder.decode(data)
        except (msgspec.MsgspecError, ValueError, TypeError) as error:
            message = f"a record of {len(data)} bytes cannot be read: {error}"
            raise StateDamaged(message) from error
        return found


def _extension(value: Any) -> msgspec.msgpack.Ext | int:
    if isinstance(value, np.ndarray) and value.ndim == 1:
        return msgspec.msgpack.Ext(_ARRAY, _type_of(value.dtype) + value.tobytes())
    if isinstance(value, int):
        # A number with a type of its own, such as a length of time.
        return int(value)
    message = f"expected a record, got {type(value)}"
    raise TypeError(message)


@cache
def _type_of(dtype: np.dtype[Any]) -> bytes:
    if dtype.hasobject:
        message = f"expected an array of numbers, got one of {dtype}"
        raise TypeError(message)
    return dtype.str.encode().ljust(_TYPE)


def _array(code: int, data: memoryview) -> NDArray[Any]:
    if code != _ARRAY:
        message = f"expected extension {_ARRAY}, got {code}"
        raise ValueError(message)
    # A copy stands at an address that suits its type, and does not keep the whole message alive.
    return np.frombuffer(data, np.dtype(bytes(data[:_TYPE]).decode().strip()), offset=_TYPE).copy()


def _as_it_is(kind: Any, value: Any) -> Any:
    if isinstance(value, int) and isinstance(kind, type) and issubclass(kind, int):
        return kind(value)
    if not isinstance(value, np.ndarray):
        message = f"expected an array, got {type(value)}"
        raise TypeError(message)
    return value


_ENCODER: Final = msgspec.msgpack.Encoder(enc_hook=_extension)
