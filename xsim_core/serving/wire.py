"""openpi's messages: MessagePack, in which an array is a map of its bytes, type and shape.

What openpi-client 0.1.2 sends and reads (https://github.com/Physical-Intelligence/openpi). Nothing
is believed of a message: types are numbers alone, and an array must hold what its shape says.
"""

import math
from typing import Any

import msgpack
import numpy as np

from xsim_core.errors import BadInputError

MAX_ITEMS, MAX_DIMS = 64, 6
"""Entries of a map or list, and axes of an array."""
_ARRAY, _SCALAR = b"__ndarray__", b"__npgeneric__"
_DATA, _DTYPE, _SHAPE = b"data", b"dtype", b"shape"
_KINDS = "biuf"


def pack(message: dict[str, Any]) -> bytes:
    """A message as bytes; arrays and NumPy's numbers are those of the protocol."""
    packed = msgpack.packb(message, default=_pack_array)
    assert isinstance(packed, bytes)
    return packed


def unpack(data: bytes) -> dict[str, Any]:
    """What a client sent. Arrays are read-only views of the bytes.

    Raises:
        BadInputError: for what is no message of the protocol.
    """
    try:
        message = msgpack.unpackb(
            data,
            object_hook=_unpack_array,
            ext_hook=_refuse_extension,
            max_map_len=MAX_ITEMS,
            max_array_len=MAX_ITEMS,
            max_ext_len=0,
        )
    except BadInputError:
        raise
    except (
        ValueError,
        TypeError,
        ArithmeticError,
        RecursionError,
        msgpack.UnpackException,
    ) as error:
        raise BadInputError(f"no MessagePack as openpi-client sends it: {error}") from error
    if not isinstance(message, dict) or not all(isinstance(key, str) for key in message):
        raise BadInputError("the message is no map of observations by name")
    return message


def _pack_array(value: Any) -> dict[bytes, Any]:
    if isinstance(value, np.ndarray) and value.dtype.kind in _KINDS:
        data = np.ascontiguousarray(value).tobytes()
        return {_ARRAY: True, _DATA: data, _DTYPE: value.dtype.str, _SHAPE: value.shape}
    if isinstance(value, np.generic) and value.dtype.kind in _KINDS:
        return {_SCALAR: True, _DATA: value.item(), _DTYPE: value.dtype.str}
    raise TypeError(f"{type(value).__name__} has no form in the protocol")


def _unpack_array(value: dict[Any, Any]) -> Any:
    if _ARRAY in value:
        return _array(value)
    if _SCALAR in value:
        number = value.get(_DATA)
        if not isinstance(number, bool | int | float):
            raise BadInputError(f"a number of type {type(number).__name__}")
        return _dtype(value).type(number)
    return value


def _array(value: dict[Any, Any]) -> np.ndarray[Any, Any]:
    data, shape, dtype = value.get(_DATA), value.get(_SHAPE), _dtype(value)
    if (
        not isinstance(shape, list)
        or len(shape) > MAX_DIMS
        or not all(type(n) is int and n >= 0 for n in shape)
    ):
        raise BadInputError(f"an array of shape {str(shape)[:80]}")
    if not isinstance(data, bytes) or len(data) != math.prod(shape) * dtype.itemsize:
        held = f"{len(data)} bytes" if isinstance(data, bytes) else "no bytes"
        raise BadInputError(f"an array of {dtype} {tuple(shape)} that holds {held}")
    return np.frombuffer(data, dtype).reshape(shape)


def _dtype(value: dict[Any, Any]) -> np.dtype[Any]:
    told = value.get(_DTYPE)
    try:
        dtype = np.dtype(told) if isinstance(told, str) and len(told) <= 4 else None
    except (TypeError, ValueError, SyntaxError):  # NumPy reads some texts as Python.
        dtype = None
    if dtype is None or dtype.kind not in _KINDS:
        raise BadInputError(f"a type {str(told)[:20]!r}; numbers and bool alone are taken")
    return dtype


def _refuse_extension(code: int, data: bytes) -> Any:
    del data
    raise BadInputError(f"an extension type {code}; the protocol has none")
