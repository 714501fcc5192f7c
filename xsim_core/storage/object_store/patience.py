"""Asking again, a bounded number of times.

obstore itself repeats requests that were answered 500 or 503, or whose connection broke, and
resumes a body torn off while it is read. It does not repeat conditional creates and deletes (a
second try may meet the first one's effect), nor listings whose body is torn, nor the ends of a
multipart upload. Here all of them are repeated.
"""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import obstore
from obstore.exceptions import BaseError, GenericError

from xsim_core.errors import CorruptArtifactError, StoreUnreachableError

from .endpoint import endpoint_of
from .first_answer import await_first_answer, in_words
from .payload import NUM_READS
from .refusals import refusal

T = TypeVar("T")

PAUSES_S = (0.1, 0.3, 1.0, 3.0, 5.0, 10.0, 10.0)
PATIENCE_S = 40.0
"""No new try after this: a dead store is a plain failure within two minutes."""


class _Patience:
    """Pauses between tries; none where nothing lies between us and the data."""

    def __init__(self, backend: Any) -> None:
        self._backend = backend
        self._is_remote = isinstance(backend, obstore.store.S3Store)
        if self._is_remote:
            await_first_answer(backend.config)
        self._pauses = iter(PAUSES_S)
        self._end = time.monotonic() + PATIENCE_S

    def pause_s(self, error: BaseError | FileNotFoundError) -> float:
        """How long to wait before the next try.

        Raises:
            BaseError, FileNotFoundError: ``error``, of data on this machine, or if it is an answer.
            BadInputError: when the server refuses, and would again.
            StoreUnreachableError: when patience is at its end.
        """
        if refused := refusal(self._backend, error):
            raise refused from error
        if not (self._is_remote and isinstance(error, GenericError)):
            raise error
        pause = next(self._pauses, None)
        if pause is None or time.monotonic() > self._end:
            raise self._at_its_end(error) from error
        return pause

    def _at_its_end(self, error: GenericError) -> StoreUnreachableError:
        server, said = endpoint_of(self._backend.config), in_words(error)
        return StoreUnreachableError(
            f"the store at {server} failed {len(PAUSES_S) + 1} times or for more than "
            f"{PATIENCE_S:g} s, at last so: {said}. Check its server, address and credentials "
            "(xsim doctor), then run again: what was committed is reused."
        )


def patiently(backend: Any, ask: Callable[[], T]) -> T:
    """Ask again while the connection or the server fails; other answers are final."""
    patience = _Patience(backend)
    while True:
        try:
            return ask()
        except (BaseError, FileNotFoundError) as error:
            time.sleep(patience.pause_s(error))


async def patiently_async(backend: Any, ask: Callable[[], Awaitable[T]]) -> T:
    """``patiently`` for Zarr's side of the house."""
    patience = _Patience(backend)
    while True:
        try:
            return await ask()
        except (BaseError, FileNotFoundError) as error:
            await asyncio.sleep(patience.pause_s(error))


def reread(ask: Callable[[], T]) -> T:
    """Ask again when what came is not what it should be: bits also flip on the way."""
    for _ in range(NUM_READS - 1):
        with contextlib.suppress(CorruptArtifactError):
            return ask()
    return ask()
