"""Serves the page on this machine alone, to whoever was given its address with the key."""

import base64
import threading
from pathlib import Path
from typing import ClassVar

from pydantic import Field
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from xsim_core.pages.environment import render
from xsim_core.pages.served import PageServer, Sent, image, safe_page

from .box_in_file import Box, write_box
from .film import AnnotatedFilm


class _Clicked(Sent):
    """A pixel of a frame."""

    expected: ClassVar[str] = "a frame and a pixel are expected"
    at: int = Field(ge=0)
    u: float
    v: float


class _Boxed(Sent):
    """A box in a frame."""

    expected: ClassVar[str] = "a frame and a box of four numbers are expected"
    at: int = Field(ge=0)
    box_xyxy: list[float] = Field(min_length=4, max_length=4)

    @property
    def box(self) -> Box:
        left, top, right, bottom = self.box_xyxy
        return left, top, right, bottom


class Annotator(PageServer):
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
        self._folder, self._film = folder, film
        self._one_at_a_time = threading.Lock()
        routes = [
            Route("/", self._page),
            Route("/frame/{at:int}.png", self._frame),
            Route("/try", self._try, methods=["POST"]),
            Route("/click", self._click, methods=["POST"]),
            Route("/accept", self._accept, methods=["POST"]),
        ]
        super().__init__(routes, port=port)

    async def _page(self, request: Request) -> Response:
        self.check_key(request)
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
            "key": self.key,
        }
        names = {"name": film.file.name, "object_name": film.file.object_name}
        page = render("capture/annotate/page.html", facts=facts, **names)
        return safe_page(page)

    def _begin(self) -> tuple[Box | None, str]:
        with self._one_at_a_time:
            return self._film.begin

    async def _frame(self, request: Request) -> Response:
        self.check_key(request)
        at = request.path_params["at"]
        if at >= self._film.num_frames:
            raise HTTPException(404, "no such frame")
        return image(await run_in_threadpool(self._film.png, at))

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
        clicked = await self.body(request, _Clicked)
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
        return await self.body(request, _Boxed)
