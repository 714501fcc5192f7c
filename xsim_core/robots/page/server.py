"""Serves the page of a session on a robot, on this machine alone, to whoever has its key.

A thread of its own answers; while no page asks, it sleeps.
"""

import base64
import contextlib
import threading
import time
from collections.abc import Generator
from typing import ClassVar

import numpy as np
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from xsim_core.pages.environment import render
from xsim_core.pages.served import PageServer, Sent, safe_page
from xsim_core.robots.driver import Observation, RobotDriver, RobotInfo, RobotLostError

from .picture import LivePicture
from .watch import Press, Watch


class _Pressed(Sent):
    """One of the buttons."""

    expected: ClassVar[str] = "one of go on, success, failure and stop is expected"
    press: Press


class RobotPage(PageServer):
    """The page's server."""

    def __init__(
        self, driver: RobotDriver, info: RobotInfo, watch: Watch, *, port: int = 0
    ) -> None:
        """Listen; requests wait until ``serve`` is called.

        Args:
            driver: connected; only observed.
            info: what it said of itself.
            watch: what the session lays down.
            port: 0 for any.

        Raises:
            BadInputError: when the port is taken.
        """
        self._driver, self._watch = driver, watch
        self._picture: LivePicture | None = None
        if info.camera is not None and info.T_world_cam is not None:
            self._picture = LivePicture(info.camera, info.T_world_cam)
        self.num_looks = 0
        """How often somebody looked."""
        routes = [
            Route("/", self._page),
            Route("/now", self._now),
            Route("/press", self._press, methods=["POST"]),
        ]
        super().__init__(routes, port=port)

    async def _page(self, request: Request) -> Response:
        self.check_key(request)
        return safe_page(
            render("robots/page/page.html", facts={"key": self.key}, name=self._driver.name)
        )

    async def _now(self, request: Request) -> Response:
        self.check_key(request)
        self.num_looks += 1
        return JSONResponse(await run_in_threadpool(self._look))

    async def _press(self, request: Request) -> Response:
        pressed = await self.body(request, _Pressed)
        self._watch.press(pressed.press)
        return JSONResponse({"pressed": pressed.press})

    def _look(self) -> dict[str, object]:
        """All that is shown, of one moment."""
        watch = self._watch
        told: dict[str, object] = {
            "asked": "" if watch.asked is None else watch.asked.words,
            "outcomes": dict(watch.outcomes),
            "picture": None,
        }
        try:
            seen = self._driver.observe()
        except RobotLostError as error:
            return told | {"safety": f"lost: {error}", "facts": {}}
        if self._picture is not None and seen.frame is not None:
            jpeg = base64.b64encode(self._picture.jpeg(seen.frame.rgb, watch)).decode()
            told["picture"] = f"data:image/jpeg;base64,{jpeg}"
        return told | {"safety": safety_in_words(watch), "facts": facts_of(seen, watch)}


def safety_in_words(watch: Watch) -> str:
    """What the safety layer does."""
    if watch.is_stopped:
        return "stopped from this page"
    if (moment := watch.moment) is None:
        return "no policy acts"
    return f"held back: {moment.held_back_by}" if moment.held_back_by else "lets the policy move"


def facts_of(seen: Observation, watch: Watch) -> dict[str, str]:
    """Names and values as a person reads them."""
    now_s, state, moment = time.monotonic(), seen.state, watch.moment
    x, y, z = 1e3 * state.T_world_tcp[:3, 3]
    facts = {
        "TCP": f"{x:.0f}, {y:.0f}, {z:.0f} mm",
        "gripper": f"{1e3 * state.gripper_m:.0f} mm",
        "force": _number(float(np.linalg.norm(state.force_n)), "N"),
        "state is old": _number(1e3 * (now_s - state.time_s), "ms"),
    }
    if seen.frame is not None:
        facts["picture is old"] = _number(1e3 * (now_s - seen.frame.time_s), "ms")
    if moment is not None:
        facts |= {
            "picture to chunk": _number(1e3 * moment.picture_to_chunk_s, "ms"),
            "thinking": _number(1e3 * moment.thinking_s, "ms"),
            "attempt": f"seed {moment.seed}, step {moment.step}, {moment.time_s:.1f} s",
        }
    return facts


def _number(value: float, unit: str) -> str:
    return f"{value:.0f} {unit}" if np.isfinite(value) else "–"


@contextlib.contextmanager
def serving(page: RobotPage) -> Generator[RobotPage]:
    """Answer in a thread of its own while the block runs."""
    thread = threading.Thread(target=page.serve, name="robot page", daemon=True)
    with page:
        thread.start()
        try:
            yield page
        finally:
            page.stop()
            thread.join(5)
