"""TensorFlow's record files and its ``Example`` message, written without TensorFlow.

Formats: https://www.tensorflow.org/tutorials/load_data/tfrecord and ``example.proto`` there; the
encoding of messages is https://protobuf.dev/programming-guides/encoding/.
"""

import struct
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import google_crc32c
import numpy as np
from numpy.typing import NDArray

BYTES_LIST, FLOAT_LIST, INT64_LIST = 1, 2, 3
"""Fields of ``Feature``."""
MASK_DELTA = 0xA282EAD8


def record(data: bytes) -> bytes:
    """A record: length, its checksum, the data, its checksum."""
    length = struct.pack("<Q", len(data))
    return length + _masked_crc(length) + data + _masked_crc(data)


def example(features: Mapping[str, NDArray[Any] | Sequence[bytes]]) -> bytes:
    """A serialised ``Example``: floats and integers flattened, bytes as they are, names in order.

    Args:
        features: float32 arrays, bool or integer arrays, or several bytes.
    """
    entries = (
        field(1, field(1, name.encode()) + field(2, _feature(features[name])))
        for name in sorted(features)
    )
    return field(1, b"".join(entries))


def _feature(values: NDArray[Any] | Sequence[bytes]) -> bytes:
    if not isinstance(values, np.ndarray):
        return field(BYTES_LIST, b"".join(field(1, value) for value in values))
    if values.dtype.kind == "f":
        return field(FLOAT_LIST, field(1, values.astype("<f4").tobytes()))
    return field(INT64_LIST, field(1, varints(values.ravel().tolist())))


def field(number: int, data: bytes) -> bytes:
    """A field of bytes: its number, wire type 2, the length, the data."""
    return varints([number << 3 | 2, len(data)]) + data


def varints(numbers: Iterable[int]) -> bytes:
    """Integers one after the other, seven bits a byte; negative ones in two's complement of 64."""
    made = bytearray()
    for number in numbers:
        left = int(number) & 0xFFFFFFFFFFFFFFFF
        while left > 0x7F:
            made.append(left & 0x7F | 0x80)
            left >>= 7
        made.append(left)
    return bytes(made)


def _masked_crc(data: bytes) -> bytes:
    crc = google_crc32c.value(data)
    rotated = (crc >> 15 | crc << 17) & 0xFFFFFFFF
    return struct.pack("<I", (rotated + MASK_DELTA) & 0xFFFFFFFF)
