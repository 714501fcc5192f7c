"""Whether a store keeps what the commit protocol lives on: an object is created once only."""

import contextlib
import uuid
from typing import Any

from obstore.exceptions import BaseError

from xsim_core.errors import BadInputError, StoreUnreachableError, XSimError

from .backends import first_line
from .objects import Objects


def check_create_if_absent(backend: Any, url: str) -> None:
    """Create a probe twice on the very bucket; the second must be refused, and the first stay.

    Two workers that race on one fingerprint are kept apart by this alone. Ceph ignores it on
    versioned buckets, some servers always.

    Raises:
        BadInputError: when the server accepts the second, or cannot be written to at all.
    """
    objects = Objects(backend)
    path = f"probes/{uuid.uuid4().hex}"
    try:
        # Either may meet its own object, when the answer to a first try was lost.
        is_new, is_second = objects.create(path, b"first"), objects.create(path, b"second")
        kept = objects.read(path) == b"first"
        with contextlib.suppress(BaseError, OSError, XSimError):  # Writers may not be let delete.
            objects.delete([path])
    except StoreUnreachableError as error:
        raise BadInputError(f"the store {url} cannot be used: {error}") from error
    except (BaseError, OSError, NotImplementedError) as error:
        raise BadInputError(
            f"the store {url} cannot be used: {first_line(error)}. Check its address, the bucket "
            "and the credentials (xsim doctor)."
        ) from error
    if not is_new or is_second or not kept:
        raise BadInputError(
            f"the store {url} lets two writers create the same object: it ignores If-None-Match. "
            "Use a bucket without versioning, or another server (docs/storage.md)."
        )
