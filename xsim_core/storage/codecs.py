"""zstd that cannot be made to fill the memory: a chunk unpacks to its own size, or not at all."""

from math import prod
from typing import Any

import zarr
from zarr.codecs import ZstdCodec
from zarr.registry import register_codec

from xsim_core.errors import CorruptArtifactError

_MAGIC = b"\x28\xb5\x2f\xfd"
_HEADER_BYTES = 18
_SLACK_BYTES = 64
"""For a checksum under the compression."""


def unpacked_size(frame: bytes) -> int | None:
    """Bytes that a zstd frame says it unpacks to; None when it does not say, or is none.

    RFC 8878, section 3.1.1.1: magic number, descriptor, window, dictionary, content size.
    """
    if len(frame) < 5 or frame[:4] != _MAGIC:
        return None
    descriptor = frame[4]
    is_single = bool(descriptor & 0x20)
    num_bytes = (1 if is_single else 0, 2, 4, 8)[descriptor >> 6]
    start = 5 + (not is_single) + (0, 1, 2, 4)[descriptor & 3]
    field = frame[start : start + num_bytes]
    if not num_bytes or len(field) < num_bytes:
        return None
    return int.from_bytes(field, "little") + (256 if num_bytes == 2 else 0)


class BoundedZstdCodec(ZstdCodec):
    """Zarr's zstd, which by itself believes any size that a frame names."""

    async def _decode_single(self, chunk_bytes: Any, chunk_spec: Any) -> Any:
        size = unpacked_size(chunk_bytes.as_numpy_array()[:_HEADER_BYTES].tobytes())
        itemsize = chunk_spec.dtype.to_native_dtype().itemsize
        limit = prod(chunk_spec.shape) * itemsize + _SLACK_BYTES
        if size is None or size > limit:
            raise CorruptArtifactError(
                f"a chunk of {chunk_spec.shape} names {size} bytes to unpack to; nothing was "
                "allocated. Run 'xsim verify'."
            )
        return await super()._decode_single(chunk_bytes, chunk_spec)


def install() -> None:
    """From here on this process reads zstd chunks no other way."""
    name = f"{BoundedZstdCodec.__module__}.{BoundedZstdCodec.__qualname__}"
    register_codec("zstd", BoundedZstdCodec, qualname=name)
    zarr.config.set({"codecs.zstd": name})
