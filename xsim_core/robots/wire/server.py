"""A robot on the wire: one client drives it, another plays the person beside it.

Whoever drives is asked for the key. A link that is gone, or says nothing sensible, moves nothing:
the robot holds the last target it was given, which was a small step from where it was.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator
from http import HTTPStatus
from typing import Any

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from xsim_core.errors import BadInputError
from xsim_core.robots.driver import TcpTarget
from xsim_core.robots.mujoco_robot.robot import MujocoRobot
from xsim_core.serving.admission import refusal
from xsim_core.serving.wire import pack, unpack

from .messages import DRIVER, MAX_COMMAND_BYTES, PERSON, array, hello, number

log = logging.getLogger(__name__)

STATE_S = 0.01
PATIENCE_S = 5.0
UNREADABLE = 1007


class RobotServer:
    """Serves one robot until its task is cancelled."""

    def __init__(self, robot: MujocoRobot, key: str) -> None:
        if not key:
            raise BadInputError("a robot needs a key, so that not everybody moves it.")
        self._robot, self._key = robot, key.encode()
        self._taken = {DRIVER: False, PERSON: False}

    @contextlib.asynccontextmanager
    async def listening(self, host: str, port: int) -> AsyncGenerator[Server]:
        """Listen; port 0 takes a free one.

        Raises:
            OSError: when the address cannot be had.
        """
        async with serve(
            self._serve_client,
            host,
            port,
            process_request=self._admit,
            origins=[None],  # No page in a browser.
            server_header=None,
            compression=None,
            max_size=MAX_COMMAND_BYTES,
            max_queue=64,
            open_timeout=PATIENCE_S,
            ping_timeout=2 * PATIENCE_S,
            close_timeout=1.0,
        ) as server:
            yield server

    def _admit(self, connection: ServerConnection, request: Request) -> Response | None:
        if (refused := refusal(connection, request, self._key, tuple(self._taken))) is not None:
            return refused
        if self._taken[request.path]:
            return connection.respond(HTTPStatus.SERVICE_UNAVAILABLE, "somebody is there already\n")
        return None

    async def _serve_client(self, connection: ServerConnection) -> None:
        path = connection.request.path if connection.request else ""
        if self._taken[path]:  # Admitted in the same moment as another.
            await connection.close(1013, "somebody is there already")
            return
        self._taken[path] = True
        try:
            await (self._drive if path == DRIVER else self._accompany)(connection)
        except ConnectionClosed:
            log.debug("%s: the client left", path)
        except BadInputError as error:
            with contextlib.suppress(ConnectionClosed):
                await connection.send(f"{error}.")
                await connection.close(UNREADABLE)
        finally:
            self._taken[path] = False
            if path == DRIVER:
                self._robot.hold()

    async def _drive(self, connection: ServerConnection) -> None:
        robot = self._robot
        eye = robot.scene.eye
        told = hello(robot.model, 7, robot.gripper_max_m, eye.camera, eye.T_world_cam_told)
        await connection.send(pack(told))
        telling = asyncio.create_task(self._tell(connection))
        try:
            async for data in connection:
                await self._hear(connection, _message(data))
        finally:
            telling.cancel()
            with contextlib.suppress(asyncio.CancelledError, ConnectionClosed):
                await telling

    async def _hear(self, connection: ServerConnection, message: dict[str, Any]) -> None:
        match message.get("type"):
            case "command":
                target = TcpTarget.of_vector(array(message, "target", (5,)))
                if not self._robot.command(target):
                    log.warning("a target that jumps was refused")
            case "stop":
                self._robot.hold()
            case "ping":
                now_s = asyncio.get_running_loop().time()
                echo = number(message, "time_s")
                await connection.send(pack({"type": "pong", "echo_s": echo, "time_s": now_s}))
            case other:
                raise BadInputError(f"a message of type {str(other)[:40]!r}; {DRIVER} knows none")

    async def _tell(self, connection: ServerConnection) -> None:
        """The latest state a hundred times a second, each picture once; who is slow misses some."""
        shown: Any = None
        while True:
            self._robot.check()
            await connection.send(pack({"type": "state"} | self._robot.state()))
            frame = self._robot.frame()
            if frame is not None and frame is not shown:
                shown = frame
                await connection.send(pack({"type": "frame"} | frame))
            await asyncio.sleep(STATE_S)

    async def _accompany(self, connection: ServerConnection) -> None:
        async for data in connection:
            message = _message(data)
            match message.get("type"):
                case "reset":
                    seed = number(message, "seed")
                    if not 0 <= seed < 2**63 or seed % 1:
                        raise BadInputError(f"the seed {seed} is not a whole number from 0")
                    await asyncio.to_thread(self._robot.reset, int(seed))
                    answer: dict[str, Any] = {"type": "ready"}
                case "judge":
                    slipped_s = self._robot.slipped_s
                    answer = {"type": "judgement", "success": self._robot.judge()}
                    answer |= {"slipped_s": slipped_s}
                case other:
                    raise BadInputError(f"a message of type {str(other)[:40]!r}; {PERSON} has none")
            await connection.send(pack(answer))


def _message(data: bytes | str) -> dict[str, Any]:
    if isinstance(data, str):
        raise BadInputError("a text; messages are MessagePack")
    return unpack(data)
