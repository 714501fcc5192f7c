"""The robot as it runs: physics by the wall clock, a camera at its own rate, nobody waits for it.

Its clock does not wait either: where the machine is too slow, time is left out and counted
(``slipped_s``), so that whoever measures with it knows.
"""

import threading
import time
from collections import deque
from pathlib import Path
from typing import Any

import numpy as np

from xsim_core.config import FrozenModel
from xsim_core.robots.driver import TcpTarget

from .arm import CYCLE_S, SimulatedArm
from .eye import Camera
from .model import build_model
from .person import Person
from .scene import Scene

MAX_JUMP_M = 0.03
"""A target further from the one before is refused, as real controllers do."""
MAX_BACKLOG_S = 0.25
SETTLE_CYCLES = 30


class Faults(FrozenModel):
    """What is not perfect of the robot."""

    command_delay_s: float = 0.02
    """From a target's arrival to its effect."""
    camera_hz: float = 10.0
    """0 for a robot without one."""
    joint_noise_rad: float = 2e-4
    """Of the encoders."""
    tcp_noise_m: float = 2e-4
    force_noise_n: float = 0.3
    seed: int = 0


class MujocoRobot:
    """Runs in threads of its own from ``start`` to ``close``. All methods may be called by any."""

    model = "panda"
    gripper_max_m = 0.08

    def __init__(self, scene: Scene, folder: Path, faults: Faults | None = None) -> None:
        self.scene, self.faults = scene, faults or Faults()
        self._model = build_model(scene, folder)
        self._arm = SimulatedArm(self._model)
        self._person = Person(scene.errand, scene.thing)
        self._rng = np.random.default_rng([self.faults.seed, 0x0B5])
        self._lock, self._ended = threading.Lock(), threading.Event()
        self._waiting: deque[tuple[float, TcpTarget]] = deque()
        self._target: TcpTarget | None = None
        self._state: dict[str, Any] = {}
        self._frame: dict[str, Any] | None = None
        self._problem: BaseException | None = None
        self._threads = [
            threading.Thread(target=self._guarded, args=(work,), daemon=True)
            for work in (self._move, *((self._look,) if self.faults.camera_hz else ()))
        ]
        self.slipped_s = 0.0
        self.num_refused = 0
        self.reset(0)

    def start(self) -> None:
        """Begin to live."""
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """End its threads."""
        self._ended.set()
        for thread in self._threads:
            if thread.is_alive():
                thread.join(5)

    def check(self) -> None:
        """Raise what ended one of its threads."""
        if self._problem is not None:
            raise self._problem

    def reset(self, seed: int) -> None:
        """The person puts arm and object where this seed says."""
        with self._lock:
            self._arm.reset(*self._person.start(seed))
            for _ in range(SETTLE_CYCLES):
                self._arm.advance(None)
            self._waiting.clear()
            self._target = None
            self._publish(time.monotonic())

    def judge(self) -> bool:
        """Whether the person has seen the errand done since the last reset."""
        with self._lock:
            return self._person.is_done

    def command(self, target: TcpTarget) -> bool:
        """Take a target; False where it is no number or jumps, and the arm holds still."""
        vector = target.vector()
        with self._lock:
            last = self._waiting[-1][1] if self._waiting else self._target
            before = self._arm.T_world_tcp[:3, 3] if last is None else last.position
            # The first one may be off by what gravity and noise do.
            room = MAX_JUMP_M * (2 if last is None else 1)
            if not np.isfinite(vector).all() or np.linalg.norm(vector[:3] - before) > room:
                self.num_refused += 1
                self._waiting.clear()
                return False
            self._waiting.append((time.monotonic() + self.faults.command_delay_s, target))
            return True

    def hold(self) -> None:
        """Stay where the last target was."""
        with self._lock:
            self._waiting.clear()

    def state(self) -> dict[str, Any]:
        """The latest, as ``RobotState`` has it."""
        return self._state

    def frame(self) -> dict[str, Any] | None:
        """The latest, as ``CameraFrame`` has it."""
        return self._frame

    def _guarded(self, work: Any) -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 said by check()
            self._problem = error
            self._ended.set()

    def _move(self) -> None:
        due_s = time.monotonic()
        while not self._ended.is_set():
            now_s = time.monotonic()
            if now_s < due_s:
                time.sleep(due_s - now_s)
                continue
            if now_s - due_s > MAX_BACKLOG_S:
                self.slipped_s += now_s - due_s
                due_s = now_s
            with self._lock:
                self._cycle(due_s)
            due_s += CYCLE_S

    def _cycle(self, now_s: float) -> None:
        while self._waiting and self._waiting[0][0] <= now_s:
            self._target = self._waiting.popleft()[1]
        self._arm.advance(self._target)
        self._person.look(self._arm.T_world_object, self._arm.object_speed_m_s)
        self._publish(now_s)

    def _publish(self, now_s: float) -> None:
        arm, faults, noise = self._arm, self.faults, self._rng.standard_normal
        T = arm.T_world_tcp
        T[:3, 3] += noise(3) * faults.tcp_noise_m
        self._state = {
            "time_s": now_s,
            "qpos": arm.qpos + noise(7) * faults.joint_noise_rad,
            "qvel": arm.qvel + noise(7) * faults.joint_noise_rad,
            "T_world_tcp": T,
            "gripper_m": arm.gripper_m,
            "force_n": arm.force_n + noise(3) * faults.force_noise_n,
        }

    def _look(self) -> None:
        camera = Camera(self._model, self.scene.eye, seed=self.faults.seed)
        try:
            while not self._ended.is_set():
                begun_s = time.monotonic()
                with self._lock:
                    qpos, time_s = self._arm.data.qpos.copy(), time.monotonic()
                rgb, depth_mm = camera.picture(qpos)
                self._frame = {"time_s": time_s, "rgb": rgb, "depth_mm": depth_mm}
                took_s = time.monotonic() - begun_s
                self._ended.wait(max(0.0, 1 / self.faults.camera_hz - took_s))
        finally:
            camera.close()
