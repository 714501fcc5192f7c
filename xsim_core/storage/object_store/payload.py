"""Judging bytes that somebody else may have planted or altered, before anything uses them.

Zarr metadata can name codecs (one of them is pickle) and shapes; both are judged before Zarr sees
them. A manifest ends with the digest of all that stands before it.
"""

import hashlib
import json
import re
from collections.abc import Iterable
from math import prod
from typing import Any

import google_crc32c
from pydantic import ValidationError

from xsim_core.artifacts.base import ArtifactRef, Manifest, ObjectRecord
from xsim_core.errors import CorruptArtifactError

MANIFEST_LIMIT_BYTES = 64 << 20
METADATA_LIMIT_BYTES = 1 << 20
OBJECTS_LIMIT = 200_000
ARRAY_LIMIT_BYTES = 64 << 30
CHUNK_LIMIT_BYTES = 8 << 30
NUM_READS = 3
"""So often bytes are read that are not what they should be, before they count as damaged."""

CODECS = {"bytes", "crc32c", "zstd", "sharding_indexed"}
DTYPES = {f"{kind}{bits}": bits // 8 for kind in ("int", "uint") for bits in (8, 16, 32, 64)}
DTYPES |= {"bool": 1, "float16": 2, "float32": 4, "float64": 8}
"""Bytes of a number, by the name of its kind; nothing else is stored."""

_ATTEMPT = re.compile(r"[0-9a-f]{1,32}")
_SEAL = b',\n "sha256": "'


def mend_of(path: str) -> str:
    """What to do about damage below ``kind/fingerprint/…``."""
    return f"Run 'xsim forget {'/'.join(path.split('/')[:2])}' and the run again: it is made anew."


def seal(manifest: Manifest) -> bytes:
    """A manifest as it is stored: JSON whose last entry is the sha256 of everything before it."""
    body = manifest.model_dump_json(indent=1).encode().removesuffix(b"\n}")
    return body + _SEAL + hashlib.sha256(body).hexdigest().encode() + b'"\n}'


def _unseal(raw: bytes, ref: ArtifactRef) -> bytes:
    """The manifest's JSON; as it is where it was written before manifests were sealed."""
    body, found, rest = raw.rpartition(_SEAL)
    if not found:
        return raw
    if rest != hashlib.sha256(body).hexdigest().encode() + b'"\n}':
        raise CorruptArtifactError(
            f"{ref}/manifest.json was altered (sha256 differs). {mend_of(str(ref))}"
        )
    return body + b"\n}"


def parse_manifest(raw: bytes, ref: ArtifactRef) -> Manifest:
    """The manifest of ``ref``, if it is well formed and names nothing outside its own attempt.

    Raises:
        CorruptArtifactError: otherwise.
    """
    try:
        manifest = Manifest.model_validate_json(_unseal(raw, ref))
    except ValidationError as error:
        raise CorruptArtifactError(
            f"the manifest of {ref} is not one ({error.error_count()} errors, first: "
            f"{error.errors()[0]['msg']}). {mend_of(str(ref))}"
        ) from None
    if manifest.kind != ref.kind or manifest.fingerprint != ref.fingerprint:
        raise CorruptArtifactError(f"the manifest of {ref} says it is of {manifest.ref}")
    if not _ATTEMPT.fullmatch(manifest.attempt):
        raise CorruptArtifactError(f"the manifest of {ref} names attempt {manifest.attempt!r:.60}")
    if len(manifest.objects) > OBJECTS_LIMIT:
        raise CorruptArtifactError(f"the manifest of {ref} lists {len(manifest.objects)} objects")
    for record in manifest.objects:
        parts = record.path.split("/")
        plain = all(p not in ("", ".", "..") and p.isprintable() for p in parts)
        if parts[0] != manifest.attempt or not plain or "\\" in record.path:
            raise CorruptArtifactError(
                f"the manifest of {ref} lists {record.path!r:.80}, which is not in its own folder"
            )
    return manifest


def check_bytes(data: Any, record: ObjectRecord, path: str) -> None:
    """Compare an object with what the manifest promises.

    Raises:
        CorruptArtifactError: when size or digest differ.
    """
    if len(data) != record.size:
        raise CorruptArtifactError(
            f"{path} has {len(data)} bytes, expected {record.size}. {mend_of(path)}"
        )
    if hashlib.sha256(data).hexdigest() != record.sha256:
        raise CorruptArtifactError(f"{path} was altered (sha256 differs). {mend_of(path)}")


def altered_attempt(path: str) -> CorruptArtifactError:
    """What a writer says that does not find what it wrote."""
    return CorruptArtifactError(
        f"{path} is not what this attempt wrote: it was altered in the store or on the way there. "
        "Run again."
    )


def is_whole_part(part: Any) -> bool:
    """Whether a part of a shard, a chunk or the index, ends with the crc32c of the rest."""
    return google_crc32c.value(bytes(part[:-4])).to_bytes(4, "little") == bytes(part[-4:])


def check_metadata(raw: bytes, path: str) -> dict[str, Any]:
    """Judge a ``zarr.json`` before Zarr does: plain numbers, known codecs, bounded sizes.

    Raises:
        CorruptArtifactError: naming what is not allowed.
    """
    if len(raw) > METADATA_LIMIT_BYTES:
        raise CorruptArtifactError(f"{path} is larger than {METADATA_LIMIT_BYTES} bytes")
    try:
        meta = json.loads(raw)
        if meta.get("zarr_format") != 3 or meta.get("node_type") not in ("array", "group"):
            raise CorruptArtifactError(f"{path} is not Zarr v3 metadata")
        if meta.get("consolidated_metadata") or meta.get("storage_transformers"):
            raise CorruptArtifactError(f"{path} uses extensions that no X-Sim writer uses")
        if meta["node_type"] == "array":
            _check_array(meta, path)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise CorruptArtifactError(f"{path} is malformed ({type(error).__name__})") from None
    return meta


def _check_array(meta: dict[str, Any], path: str) -> None:
    if meta["data_type"] not in DTYPES:
        raise CorruptArtifactError(f"{path}: data type {meta['data_type']!r:.60} is not allowed")
    for name in _codec_names(meta["codecs"]):
        if name not in CODECS:
            raise CorruptArtifactError(
                f"{path}: codec {name!r:.60} is not allowed (only {', '.join(sorted(CODECS))})"
            )
    itemsize = DTYPES[meta["data_type"]]
    grid = meta["chunk_grid"]
    if grid["name"] != "regular":
        raise CorruptArtifactError(f"{path}: chunk grid {grid['name']!r:.60} is not allowed")
    for shape, limit in (
        (meta["shape"], ARRAY_LIMIT_BYTES),
        (grid["configuration"]["chunk_shape"], CHUNK_LIMIT_BYTES),
    ):
        sizes = [int(s) for s in shape]
        if len(sizes) > 32 or min(sizes, default=0) < 0 or prod(sizes) * itemsize > limit:
            raise CorruptArtifactError(
                f"{path}: shape {str(tuple(sizes))[:80]} of {meta['data_type']} is more than "
                f"{limit} bytes; nothing was allocated"
            )


def _codec_names(codecs: Any) -> Iterable[str]:
    """All names, those inside shards too."""
    for codec in codecs:
        yield str(codec if isinstance(codec, str) else codec["name"])
        inner = {} if isinstance(codec, str) else codec.get("configuration") or {}
        for nested in ("codecs", "index_codecs"):
            yield from _codec_names(inner.get(nested, ()))
