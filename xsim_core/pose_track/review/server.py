"""Serves the page of a track under review; what a person decides is carried out while it waits."""

import base64
import threading
from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar

from pydantic import Field, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from xsim_core.config import refusal
from xsim_core.errors import BadInputError
from xsim_core.pages.environment import render
from xsim_core.pages.served import PageServer, Sent, image, safe_page

from .config import ReviewConfig
from .reviewed_film import Looked, ReviewedFilm

MAX_STEP_M, MAX_TURN_RAD = 0.5, 3.2
Vector = list[float]


class _Frames(Sent):
    """One frame, or a stretch from it."""

    expected: ClassVar[str] = "a frame is expected, and perhaps a last one"
    at: int = Field(ge=0)
    last: int | None = Field(default=None, ge=0)


class _Boxed(Sent):
    """A box in a frame."""

    expected: ClassVar[str] = "a frame and a box of four numbers are expected"
    at: int = Field(ge=0)
    box_xyxy: Vector = Field(min_length=4, max_length=4)


class _Moved(Sent):
    """A step of the pose that is looked at."""

    expected: ClassVar[str] = (
        f"three lengths of at most {MAX_STEP_M} m and three angles of at most {MAX_TURN_RAD} rad "
        "are expected"
    )
    at: int = Field(ge=0)
    shift_m: Vector = Field(min_length=3, max_length=3)
    turn_rad: Vector = Field(min_length=3, max_length=3)


class _Decided(Sent):
    """Who decides, and why."""

    expected: ClassVar[str] = "an author and a note are expected"
    author: str
    note: str


class Reviewer(PageServer):
    """The page's server; ``decided`` is what a person decided, and ``made`` what came of it."""

    max_body_bytes: ClassVar[int] = 16384

    def __init__(
        self,
        film: ReviewedFilm,
        decide: Callable[[ReviewConfig], str],
        *,
        title: str,
        author: str = "",
        port: int = 0,
    ) -> None:
        """Listen; requests wait until ``serve`` is called.

        Args:
            film: under review.
            decide: makes the reviewed track, and answers what it is called.
            title: such as the run's name.
            author: who is suggested.
            port: 0 for any.

        Raises:
            BadInputError: when the port is taken.
        """
        self.made: str | None = None
        self._film, self._decide = film, decide
        self._looked: Looked | None = None
        self._words = {"title": title, "author": author}
        self._one_at_a_time = threading.Lock()
        posts = {
            "begin": self._begin, "box": self._box, "move": self._move, "fit": self._fit,
            "keep": self._keep, "drop": self._drop, "cut": self._cut, "uncut": self._uncut,
            "decide": self._decided,
        }  # fmt: skip
        routes = [
            Route("/", self._page),
            Route("/frame/{at:int}.png", self._frame),
            Route("/overlay/{at:int}.png", self._overlay),
            *(Route(f"/{name}", answer, methods=["POST"]) for name, answer in posts.items()),
        ]
        super().__init__(routes, port=port)

    async def _page(self, request: Request) -> Response:
        self.check_key(request)
        state = await self._alone(self._film.state)
        setting = await self._alone(lambda: self._film.setting)
        facts = {**setting, "state": state, "key": self.key, "author": self._words["author"]}
        object_name = self._film.track.summary.object_name
        page = render(
            "pose_track/review/page.html",
            facts=facts,
            title=self._words["title"],
            object_name=object_name,
            before=self._film.before,
        )
        return safe_page(page)

    async def _frame(self, request: Request) -> Response:
        return await self._picture(request, self._film.frame_png)

    async def _overlay(self, request: Request) -> Response:
        return await self._picture(request, self._film.overlay_png)

    async def _picture(self, request: Request, draw: Callable[[int], bytes]) -> Response:
        self.check_key(request)
        at = request.path_params["at"]
        if at >= self._film.num_frames:
            raise HTTPException(404, "no such frame")
        return image(await self._alone(partial(draw, at)))

    async def _begin(self, request: Request) -> Response:
        sent = await self.body(request, _Frames)
        return await self._look(partial(self._film.here, sent.at))

    async def _box(self, request: Request) -> Response:
        sent = await self.body(request, _Boxed)
        left, top, right, bottom = sent.box_xyxy
        return await self._look(partial(self._film.in_box, sent.at, (left, top, right, bottom)))

    async def _move(self, request: Request) -> Response:
        sent = await self.body(request, _Moved)
        far = max(map(abs, sent.shift_m)) > MAX_STEP_M
        if far or max(map(abs, sent.turn_rad)) > MAX_TURN_RAD:
            raise BadInputError(_Moved.expected)
        looked = self._at(sent.at)
        return await self._look(
            lambda: self._film.moved(looked, sent.shift_m, sent.turn_rad)  # type: ignore[arg-type]
        )

    async def _fit(self, request: Request) -> Response:
        sent = await self.body(request, _Frames)
        looked = self._at(sent.at)
        return await self._look(partial(self._film.fitted, looked))

    async def _keep(self, request: Request) -> Response:
        sent = await self.body(request, _Frames)
        looked = self._at(sent.at)
        return await self._changed(partial(self._film.set_key, looked))

    async def _drop(self, request: Request) -> Response:
        sent = await self.body(request, _Frames)
        return await self._changed(partial(self._film.drop_key, sent.at))

    async def _cut(self, request: Request) -> Response:
        sent = await self.body(request, _Frames)
        last = sent.at if sent.last is None else sent.last
        return await self._changed(partial(self._film.cut, sent.at, last))

    async def _uncut(self, request: Request) -> Response:
        sent = await self.body(request, _Frames)
        return await self._changed(partial(self._film.uncut, sent.at))

    async def _decided(self, request: Request) -> Response:
        sent = await self.body(request, _Decided)
        try:
            decision = self._film.decision(sent.author, sent.note)
        except ValidationError as error:
            raise BadInputError(refusal(error, "review")) from error
        self.made = await self._alone(partial(self._decide, decision))
        self.stop()
        return JSONResponse({"sentence": f"made {self.made}; this page can be closed"})

    def _at(self, at: int) -> Looked:
        if self._looked is None or self._looked.at != at:
            raise BadInputError(f"no pose of frame {at} is looked at")
        return self._looked

    async def _look(self, look: Callable[[], Looked]) -> Response:
        """Show a pose that may become a key pose."""

        def drawn() -> tuple[Looked, bytes]:
            found = look()
            return found, self._film.looked_png(found)

        looked, png = await self._alone(drawn)
        self._looked = looked
        picture = base64.b64encode(png).decode()
        return JSONResponse(
            {
                "is_believed": looked.is_believed,
                "sentence": looked.sentence,
                "picture": f"data:image/png;base64,{picture}",
            }
        )

    async def _changed(self, change: Callable[[], None]) -> Response:
        """Change the track, and say what it is now."""

        def changed() -> dict[str, Any]:
            change()
            return self._film.state()

        return JSONResponse(await self._alone(changed))

    async def _alone(self, act: Callable[[], Any]) -> Any:
        """In a thread, one at a time: a film's frames are read by one reader."""

        def alone() -> Any:
            with self._one_at_a_time:
                return act()

        return await run_in_threadpool(alone)
