"""One request to a policy server, to see that it is there and what it serves."""

import math
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray
from websockets.exceptions import InvalidStatus, InvalidURI, WebSocketException
from websockets.sync.client import connect

from xsim_core.errors import BadInputError

from .answers import IMAGE, SEED, STATE
from .wire import MAX_DIMS, pack, unpack

PATIENCE_S = 30.0
MAX_BYTES = 1 << 20
MAX_NUMBERS = 1 << 22
"""Of a picture that a policy looks at."""


def probe(url: str, key: str) -> dict[str, Any]:
    """What a server says of itself, and how long a chunk for a black picture takes.

    Args:
        url: ``ws://host:port`` or ``wss://host:port``.
        key: the server's.

    Returns:
        ``metadata``, ``round_trip_ms`` and the server's own ``infer_ms``.

    Raises:
        BadInputError: when nobody answers there, the key is another, or the answer is none.
    """
    headers = {"Authorization": f"Api-Key {key}"}
    try:
        with connect(
            url,
            additional_headers=headers,
            compression=None,
            max_size=MAX_BYTES,
            open_timeout=PATIENCE_S,
            proxy=None,
        ) as connection:
            metadata = unpack(_bytes(connection.recv(PATIENCE_S)))
            try:
                image, state = black_observation(metadata)
            except BadInputError as error:
                raise BadInputError(f"{url} serves another program's policy: {error}.") from error
            began_s = time.monotonic()
            connection.send(pack({IMAGE: image, STATE: state, SEED: 0}))
            answer = unpack(_bytes(connection.recv(PATIENCE_S)))
            took_ms = 1e3 * (time.monotonic() - began_s)
    except InvalidStatus as error:
        status = error.response.status_code
        why = "the key is another" if status == 401 else f"it answers {status}"
        raise BadInputError(f"{url} refuses: {why}.") from error
    except (InvalidURI, WebSocketException, OSError, ValueError) as error:
        raise BadInputError(
            f"'{url}' is no policy server that answers: {error}. 'xsim policy serve' says its URL."
        ) from error
    timing = answer.get("server_timing")
    infer_ms = timing.get("infer_ms") if isinstance(timing, dict) else None
    told = infer_ms if isinstance(infer_ms, int | float | np.number) else None
    return {"metadata": metadata, "round_trip_ms": took_ms, "infer_ms": told}


def black_observation(metadata: dict[str, Any]) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """A black picture and a state of zeros, of the shapes that a server says it takes.

    Raises:
        BadInputError: when it says none, or none that a policy could have.
    """
    shapes = metadata.get("observation")
    told = shapes if isinstance(shapes, dict) else {}
    sizes = [told.get(name) for name in (IMAGE, STATE)]
    for name, size in zip((IMAGE, STATE), sizes, strict=True):
        if not _is_shape(size):
            raise BadInputError(f"its {name} has the shape {str(size)[:80]}")
    return np.zeros(sizes[0], np.uint8), np.zeros(sizes[1], np.float32)  # pyright: ignore[reportCallIssue, reportArgumentType]


def _is_shape(size: Any) -> bool:
    """Whether it is some axes, of no more numbers than a request may hold."""
    if not isinstance(size, list) or not 0 < len(size) <= MAX_DIMS:
        return False
    return all(type(n) is int and n > 0 for n in size) and math.prod(size) <= MAX_NUMBERS


def _bytes(message: str | bytes) -> bytes:
    if isinstance(message, str):
        raise BadInputError(f"the server says: {message[:300]}")
    return message
