"""Who may connect: whoever sends the key, once, to a path that is served."""

import hmac
from collections.abc import Collection
from http import HTTPStatus

from websockets.asyncio.server import ServerConnection
from websockets.http11 import Request, Response

SCHEME = "Api-Key "


def refusal(
    connection: ServerConnection, request: Request, key: bytes, paths: Collection[str]
) -> Response | None:
    """The answer to a request that is not let in; None for one that is. ``/healthz`` is open."""
    if request.path == "/healthz":
        return connection.respond(HTTPStatus.OK, "OK\n")
    given = request.headers.get_all("Authorization")
    # Compared as bytes: a key that is no ASCII must not raise.
    wanted = SCHEME.encode() + key
    if len(given) != 1 or not hmac.compare_digest(
        given[0].encode(errors="surrogateescape"), wanted
    ):
        return connection.respond(HTTPStatus.UNAUTHORIZED, "Authorization: Api-Key KEY is wanted\n")
    if request.path not in paths:
        return connection.respond(HTTPStatus.NOT_FOUND, f"served: {', '.join(sorted(paths))}\n")
    return None
