"""Serves the page on this machine alone, to whoever was given its address with the key."""

import base64
import hmac
import secrets
import socket
import threading
from pathlib import Path
from typing import ClassVar, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from uvicorn import Config, Server

from xsim_core.errors import BadInputError
from xsim_core.pages.environment import render

from .box_in_file import Box, write_box
from .film import AnnotatedFilm

HOST = "127.0.0.1"
MAX_BODY_BYTES = 4096
SAFE = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; img-src 'self' data:; style-src "
    "'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; frame-ancestors 'none'",
}
"""The page loads nothing from elsewhere, and nobody else's page can hold it."""


class _Sent(BaseModel):
    """What the page sends."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
    expected: ClassVar[str]


Sent = TypeVar("Sent", bound=_Sent)


class _Clicked(_Sent):
    """A pixel of a frame."""

    expected: ClassVar[str] = "a frame and a pixel are expected"
    at: int = Field(ge=0)
    u: float
    v: float


class _Boxed(_Sent):
    """A box in a frame."""

    expected: ClassVar[str] = "a frame and a box of four numbers are expected"
    at: int = Field(ge=0)
    box_xyxy: list[float] = Field(min_length=4, max_length=4)

    @property
    def box(self) -> Box:
        left, top, right, bottom = self.box_xyxy
        return left, top, right, bottom


class Annotator:
    """The page's server; ``written`` is the file once a person accepted a box."""

    def __init__(self, folder: Path, film: AnnotatedFilm, *, port: int = 0) -> None:
        """Listen; requests wait until ``serve`` is called.

        Args:
            folder: of the capture.
            film: of it.
            port: 0 for any.

        Raises:
            BadInputError: when the port is taken.
        """
        self.written: Path | None = None
        self._folder, self._film, self._key = folder, film, secrets.token_urlsafe(24)
        self._one_at_a_time = threading.Lock()
        try:
            self._socket = socket.create_server((HOST, port))
        except OSError as error:
            raise BadInputError(f"port {port} of {HOST} cannot be had: {error.strerror}") from error
        routes = [
            Route("/", self._page),
            Route("/frame/{at:int}.png", self._frame),
            Route("/try", self._try, methods=["POST"]),
            Route("/click", self._click, methods=["POST"]),
            Route("/accept", self._accept, methods=["POST"]),
        ]
        app = Starlette(routes=routes, exception_handlers={BadInputError: _refused})
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
        return f"http://{HOST}:{self._socket.getsockname()[1]}/?key={self._key}"

    def serve(self) -> None:
        """Answer until a box was accepted, ``stop`` or a signal."""
        self._server.run(sockets=[self._socket])

    def stop(self) -> None:
        """Make ``serve`` return."""
        self._server.should_exit = True

    async def _page(self, request: Request) -> Response:
        self._check_key(request)
        film = self._film
        width, height = film.image_wh
        box, said = await run_in_threadpool(self._begin)
        facts = {
            "first": film.first,
            "numbers": film.numbers,
            "width": width,
            "height": height,
            "box": box,
            "said": said,
            "key": self._key,
        }
        names = {"name": film.file.name, "object_name": film.file.object_name}
        page = render("capture/annotate/page.html", facts=facts, **names)
        return HTMLResponse(page, headers=SAFE)

    def _begin(self) -> tuple[Box | None, str]:
        with self._one_at_a_time:
            return self._film.begin

    async def _frame(self, request: Request) -> Response:
        self._check_key(request)
        at = request.path_params["at"]
        if at >= self._film.num_frames:
            raise HTTPException(404, "no such frame")
        image = await run_in_threadpool(self._film.png, at)
        return Response(image, media_type="image/png", headers={"Cache-Control": "private"})

    async def _try(self, request: Request) -> Response:
        boxed = await self._boxed(request)
        tried = await run_in_threadpool(self._tried, boxed)
        return JSONResponse(tried)

    def _tried(self, boxed: _Boxed) -> dict[str, object]:
        with self._one_at_a_time:
            tried = self._film.try_box(boxed.at, boxed.box)
        picture = "" if tried.picture is None else base64.b64encode(tried.picture).decode()
        return {
            "is_believed": tried.is_believed,
            "sentence": tried.sentence,
            "picture": f"data:image/png;base64,{picture}" if picture else None,
        }

    async def _click(self, request: Request) -> Response:
        clicked = await self._body(request, _Clicked)
        at = clicked.at, (clicked.u, clicked.v)
        found = await run_in_threadpool(self._film.box_at, *at)
        return JSONResponse({"box_xyxy": found.box_xyxy, "sentence": found.note})

    async def _accept(self, request: Request) -> Response:
        boxed = await self._boxed(request)
        self._film.check_box(boxed.at, boxed.box)
        self.written = write_box(self._folder, self._film.numbers[boxed.at], boxed.box)
        self.stop()
        return JSONResponse({"sentence": f"written to {self.written}; this page can be closed"})

    async def _boxed(self, request: Request) -> _Boxed:
        return await self._body(request, _Boxed)

    async def _body(self, request: Request, model: type[Sent]) -> Sent:
        self._check_key(request)
        length = request.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit() and int(length) <= MAX_BODY_BYTES):
            raise HTTPException(413, f"at most {MAX_BODY_BYTES} bytes")
        try:
            return model.model_validate_json(await request.body())
        except ValidationError as error:
            raise BadInputError(model.expected) from error

    def _check_key(self, request: Request) -> None:
        given = request.headers.get("X-Key") or request.query_params.get("key", "")
        if not hmac.compare_digest(given.encode(), self._key.encode()):
            raise HTTPException(403, "this page is for whoever started it: its address has a key")


async def _refused(_request: Request, error: Exception) -> Response:
    return PlainTextResponse(str(error), 400)
