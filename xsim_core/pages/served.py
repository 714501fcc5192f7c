"""A page served on this machine alone, to whoever was given its address with the key."""

import hmac
import secrets
import socket
from collections.abc import Sequence
from typing import ClassVar, Self, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route
from uvicorn import Config, Server

from xsim_core.errors import BadInputError, XSimError

HOST = "127.0.0.1"
_SAFE = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; img-src 'self' data:; style-src "
    "'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; frame-ancestors 'none'",
}
"""The page loads nothing from elsewhere, and nobody else's page can hold it."""


class Sent(BaseModel):
    """What the page sends."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)
    expected: ClassVar[str]
    """In words, where something else came."""


S = TypeVar("S", bound=Sent)


class PageServer:
    """Listens from the beginning; requests wait until ``serve`` is called."""

    max_body_bytes: ClassVar[int] = 4096

    def __init__(self, routes: Sequence[Route], *, port: int = 0) -> None:
        """Listen.

        Args:
            routes: each calls ``check_key``, or ``body``, first.
            port: 0 for any.

        Raises:
            BadInputError: when the port is taken.
        """
        self.key = secrets.token_urlsafe(24)
        try:
            self._socket = socket.create_server((HOST, port))
        except OSError as error:
            raise BadInputError(f"port {port} of {HOST} cannot be had: {error.strerror}") from error
        app = Starlette(routes=list(routes), exception_handlers={XSimError: _refused})
        config = Config(app, ws="none", lifespan="off", log_config=None, access_log=False)
        config.timeout_graceful_shutdown = 2
        self._server = Server(config)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    @property
    def url(self) -> str:
        """The page's address, with its key."""
        return f"http://{HOST}:{self._socket.getsockname()[1]}/?key={self.key}"

    def serve(self) -> None:
        """Answer until ``stop`` or a signal."""
        self._server.run(sockets=[self._socket])

    def stop(self) -> None:
        """Make ``serve`` return."""
        self._server.should_exit = True

    def check_key(self, request: Request) -> None:
        """Refuse whoever was not given the key.

        Raises:
            HTTPException: 403.
        """
        given = request.headers.get("X-Key") or request.query_params.get("key", "")
        if not hmac.compare_digest(given.encode(), self.key.encode()):
            raise HTTPException(403, "this page is for whoever started it: its address has a key")

    async def body(self, request: Request, model: type[S]) -> S:
        """What the page sent.

        Raises:
            HTTPException: without the key, or for too much.
            BadInputError: for something else.
        """
        self.check_key(request)
        length = request.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit() and int(length) <= self.max_body_bytes):
            raise HTTPException(413, f"at most {self.max_body_bytes} bytes")
        try:
            return model.model_validate_json(await request.body())
        except ValidationError as error:
            raise BadInputError(model.expected) from error


def safe_page(text: str) -> HTMLResponse:
    """A page that loads nothing from elsewhere, and that nobody else's page can hold."""
    return HTMLResponse(text, headers=_SAFE)


def image(data: bytes) -> Response:
    """A picture, as PNG or JPEG begins."""
    kind = "jpeg" if data.startswith(b"\xff\xd8") else "png"
    return Response(data, media_type=f"image/{kind}", headers={"Cache-Control": "private"})


async def _refused(_request: Request, error: Exception) -> Response:
    return PlainTextResponse(str(error), 400)
