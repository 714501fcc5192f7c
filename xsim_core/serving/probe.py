"""One request to a policy server, to see that it is there and what it serves."""

import time
from typing import Any

import numpy as np
from websockets.exceptions import InvalidStatus, InvalidURI, WebSocketException
from websockets.sync.client import connect

from xsim_core.errors import BadInputError

from .answers import IMAGE, SEED, STATE
from .wire import pack, unpack

PATIENCE_S = 30.0
MAX_BYTES = 1 << 20


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
            shapes = metadata.get("observation")
            if not isinstance(shapes, dict) or {IMAGE, STATE} - set(shapes):
                raise BadInputError(f"{url} serves another program's policy.")
            observation = {
                IMAGE: np.zeros(shapes[IMAGE], np.uint8),
                STATE: np.zeros(shapes[STATE], np.float32),
            }
            began_s = time.monotonic()
            connection.send(pack(observation | {SEED: 0}))
            answer = unpack(_bytes(connection.recv(PATIENCE_S)))
            took_ms = 1e3 * (time.monotonic() - began_s)
    except InvalidStatus as error:
        status = error.response.status_code
        why = "the key is another" if status == 401 else f"it answers {status}"
        raise BadInputError(f"{url} refuses: {why}.") from error
    except (InvalidURI, WebSocketException, OSError, ValueError) as error:
        raise BadInputError(
            f"{url} is no policy server that answers: {error}. 'xsim policy serve' says its URL."
        ) from error
    timing = answer.get("server_timing", {})
    infer_ms = timing.get("infer_ms")
    return {"metadata": metadata, "round_trip_ms": took_ms, "infer_ms": infer_ms}


def _bytes(message: str | bytes) -> bytes:
    if isinstance(message, str):
        raise BadInputError(f"the server says: {message[:300]}")
    return message
