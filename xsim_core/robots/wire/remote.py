"""The driver of a robot on the wire, and of the person beside it."""

import contextlib
import math
import threading
import time
from typing import Any

from websockets.exceptions import InvalidStatus, InvalidURI, WebSocketException
from websockets.sync.client import ClientConnection, connect

from xsim_core.errors import BadInputError
from xsim_core.robots.driver import (
    CameraFrame,
    Observation,
    RobotInfo,
    RobotLostError,
    RobotState,
    TcpTarget,
)
from xsim_core.serving.wire import pack, unpack

from .messages import (
    DRIVER,
    MAX_FRAME_BYTES,
    PERSON,
    frame_of,
    info_of,
    number,
    state_of,
)

PATIENCE_S = 10.0
NUM_PINGS = 8
PING_EVERY_S = 1.0


class RemoteRobot:
    """A robot that ``xsim robot serve`` serves. A thread of its own hears it."""

    name = "sim-mujoco"

    def __init__(self, url: str, key: str) -> None:
        self._url, self._key = url.rstrip("/"), key
        self._connection: ClientConnection | None = None
        self._state: RobotState | None = None
        self._frame: CameraFrame | None = None
        self._problem: str | None = None
        self._has_state = threading.Event()
        self._offset_s, self._round_trip_s, self._pinged_s = 0.0, math.inf, 0.0
        self._image_hw = (0, 0)
        self._hearing = threading.Thread(target=self._hear, daemon=True)

    def connect(self) -> RobotInfo:
        """As ``RobotDriver`` has it."""
        self._connection = dial(f"{self._url}{DRIVER}", self._key)
        info = info_of(receive(self._connection))
        assert info.camera is not None
        self._image_hw = (info.camera.height, info.camera.width)
        self._hearing.start()
        for _ in range(NUM_PINGS):
            self._ping()
            time.sleep(0.02)
        if not self._has_state.wait(PATIENCE_S):
            raise RobotLostError(f"{self._url} says nothing of its state.")
        self.observe()
        return info

    @property
    def round_trip_s(self) -> float:
        """The shortest that was seen; the robot's clock is known to half of it."""
        return self._round_trip_s

    def observe(self) -> Observation:
        """As ``RobotDriver`` has it."""
        if self._problem is not None:
            raise RobotLostError(self._problem)
        if self._state is None:
            raise RobotLostError(f"{self._url} is not connected.")
        return Observation(self._state, self._frame)

    def command(self, target: TcpTarget) -> None:
        """As ``RobotDriver`` has it."""
        self._send({"type": "command", "target": target.vector()})
        if time.monotonic() - self._pinged_s > PING_EVERY_S:
            self._ping()

    def stop(self) -> None:
        """As ``RobotDriver`` has it."""
        with contextlib.suppress(RobotLostError):
            self._send({"type": "stop"})

    def close(self) -> None:
        """As ``RobotDriver`` has it."""
        self.stop()
        if self._connection is not None:
            with contextlib.suppress(WebSocketException, OSError):
                self._connection.close()
        if self._hearing.is_alive():
            self._hearing.join(2)

    def _ping(self) -> None:
        self._pinged_s = time.monotonic()
        self._send({"type": "ping", "time_s": self._pinged_s})

    def _send(self, message: dict[str, Any]) -> None:
        if self._connection is None or self._problem is not None:
            raise RobotLostError(self._problem or f"{self._url} is not connected.")
        try:
            self._connection.send(pack(message))
        except (WebSocketException, OSError) as error:
            self._problem = f"the link to {self._url} is gone: {error}"
            raise RobotLostError(self._problem) from error

    def _hear(self) -> None:
        assert self._connection is not None
        try:
            while True:
                self._take(receive(self._connection, timeout_s=None))
        except (RobotLostError, BadInputError) as error:
            self._problem = self._problem or str(error)
            self._has_state.set()

    def _take(self, message: dict[str, Any]) -> None:
        match message.get("type"):
            case "state":
                self._state = state_of(message, self._offset_s)
                self._has_state.set()
            case "frame":
                self._frame = frame_of(message, self._offset_s, self._image_hw)
            case "pong":
                self._set_clock(number(message, "echo_s"), number(message, "time_s"))
            case other:
                raise BadInputError(f"{self._url} sends a message of type {str(other)[:40]!r}.")

    def _set_clock(self, sent_s: float, robot_s: float) -> None:
        """Cristian's: the robot's time is that of the middle of the shortest round trip."""
        now_s = time.monotonic()
        if now_s - sent_s < self._round_trip_s:
            self._round_trip_s = now_s - sent_s
            self._offset_s = (sent_s + now_s) / 2 - robot_s


class RemotePerson:
    """The person beside a robot on the wire, played by a script there."""

    def __init__(self, url: str, key: str) -> None:
        self._url = url
        self._connection = dial(f"{url.rstrip('/')}{PERSON}", key)
        self.slipped_s = 0.0

    def reset(self, seed: int) -> None:
        """Arm and object are put at their start."""
        self._ask({"type": "reset", "seed": seed}, "ready")

    def is_done(self) -> bool:
        """Whether it was seen to succeed since the reset."""
        answer = self._ask({"type": "judge"}, "judgement")
        self.slipped_s = float(answer.get("slipped_s", 0.0))
        return answer.get("success") is True

    def close(self) -> None:
        """Leave."""
        with contextlib.suppress(WebSocketException, OSError):
            self._connection.close()

    def _ask(self, message: dict[str, Any], wanted: str) -> dict[str, Any]:
        try:
            self._connection.send(pack(message))
        except (WebSocketException, OSError) as error:
            raise RobotLostError(f"the link to {self._url} is gone: {error}") from error
        answer = receive(self._connection)
        if answer.get("type") != wanted:
            raise BadInputError(f"{self._url} answers {str(answer.get('type'))[:40]!r}.")
        return answer


def dial(url: str, key: str) -> ClientConnection:
    """Connect with the key.

    Raises:
        BadInputError: when nobody answers, or refuses.
    """
    try:
        return connect(
            url,
            additional_headers={"Authorization": f"Api-Key {key}"},
            compression=None,
            max_size=MAX_FRAME_BYTES,
            open_timeout=PATIENCE_S,
            proxy=None,
        )
    except InvalidStatus as error:
        status = error.response.status_code
        why = {401: "the key is another", 503: "somebody drives it already"}
        raise BadInputError(f"{url} refuses: {why.get(status, f'it answers {status}')}.") from error
    except (InvalidURI, WebSocketException, OSError, ValueError) as error:
        raise BadInputError(
            f"{url} is no robot that answers: {error}. 'xsim robot serve' says its URL."
        ) from error


def receive(
    connection: ClientConnection, *, timeout_s: float | None = PATIENCE_S
) -> dict[str, Any]:
    """The next message.

    Raises:
        RobotLostError: when there is none any more.
        BadInputError: when it is none of the protocol's.
    """
    try:
        data = connection.recv(timeout_s)
    except (WebSocketException, OSError, TimeoutError) as error:
        raise RobotLostError(f"the link is gone: {error}") from error
    if isinstance(data, str):
        raise RobotLostError(f"the robot says: {data[:300]}")
    return unpack(data)
