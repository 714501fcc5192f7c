"""Listings of a store, whose answers are judged before they are believed.

obstore reads any well-formed XML as a listing: a gateway's page or S3's own ``<Error>``, sent with
status 200, is to it a listing of no objects. An empty listing is what lets a sweep remove things,
so on S3 MinIO's client lists instead: it wants the bucket's name in the answer.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from xml.etree.ElementTree import ParseError

import obstore
from obstore.exceptions import GenericError

from .backends import s3_client
from .first_answer import in_words
from .refusals import coded

Entry = tuple[str, int, datetime]
"""Path, size in bytes and time of last change."""
Listing = list[Entry]


class Lister:
    """Lists the objects of one backend."""

    def __init__(self, backend: Any) -> None:
        """Keep obstore's backend."""
        self._backend = backend
        is_s3 = isinstance(backend, obstore.store.S3Store)
        self._client = s3_client(dict(backend.config)) if is_s3 else None

    def after(self, prefix: str, last: str | None) -> Iterator[Entry]:
        """Every object below the folder ``prefix``, from behind the path ``last`` on.

        Raises:
            GenericError: when there is no answer, or one that is no listing.
        """
        folder = f"{prefix.strip('/')}/".lstrip("/")
        if self._client is None:
            # Nothing lies between us and the data, so nothing is ever asked for again.
            for batch in obstore.list(self._backend, prefix=folder or None):
                yield from ((m["path"], m["size"], m["last_modified"]) for m in batch)
            return
        yield from self._after(folder, last)

    def _after(self, folder: str, last: str | None) -> Iterator[Entry]:
        from minio.error import InvalidResponseError, S3Error, ServerError
        from urllib3.exceptions import HTTPError

        assert self._client is not None
        base = f"{self._backend.prefix.strip('/')}/" if self._backend.prefix else ""
        try:
            for found in self._client.list_objects(
                self._backend.config["bucket"],
                prefix=base + folder,
                recursive=True,
                start_after=None if last is None else base + last,
            ):
                name = found.object_name or ""
                if not name.startswith(base + folder):
                    raise GenericError(f"asked for '{base + folder}', the answer lists '{name}'")
                if name.endswith("/"):  # A folder as consoles make it: an object without bytes.
                    continue
                if found.last_modified is None:
                    raise GenericError(f"the answer lists '{name}' without its time")
                yield name.removeprefix(base), found.size or 0, found.last_modified
        except S3Error as error:
            raise coded(error.code, error.message or "") from error
        except (HTTPError, InvalidResponseError, ServerError) as error:
            raise GenericError(f"listing '{folder}': {in_words(error)}") from error
        except (ParseError, ValueError, TypeError) as error:
            raise GenericError(f"listing '{folder}': the answer is no listing ({error})") from error
