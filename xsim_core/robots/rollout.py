"""One attempt of a policy on a robot, from the start that a person made to its outcome."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from xsim_core.sim.controller import FINGER_OPEN_M, EndEffectorController
from xsim_core.sim.task import TaskSpec

from .acting import ChunkedPolicy, Thinker
from .driver import Observation, RobotDriver, RobotInfo, RobotLostError, RobotState, TcpTarget
from .joining import Join
from .page.watch import Moment, Watch
from .recording import Outcome, RolloutWriter
from .safety.limits import SafetyLimits
from .safety.stream import Stream
from .sight import PolicySight, policy_state

FRESH_S = 10.0
"""For a picture that was taken after the start was made."""


PRESSED = "said on the page"
MAX_WAITING = 6
"""An attempt ends after the task's horizon of actions, or so many times its control steps."""


class Person(Protocol):
    """Who stands beside the robot."""

    def reset(self, seed: int) -> None:
        """Put object and arm at the start of attempt ``seed``; returns when it is done."""
        ...

    def is_done(self) -> bool:
        """Whether the errand was seen to be done."""
        ...


@dataclass(frozen=True)
class Setup:
    """What all rollouts of one run share."""

    driver: RobotDriver
    info: RobotInfo
    person: Person
    task: TaskSpec
    sight: PolicySight
    limits: SafetyLimits
    workspace: NDArray[np.float64]
    """(2, 3) lower and upper corner in which actions are added up: the task's, as in training."""
    num_action_steps: int
    header: dict[str, Any]
    """Of each recording, beside what this module adds."""
    is_alive: Callable[[], bool] = lambda: True
    waits: bool = False
    """Whether the robot stands still while the policy thinks."""
    join: Join = "switch"
    """How the next chunk is joined to the one that is executed."""
    watch: Watch = field(default_factory=Watch)
    """What a page shows of it; a person may say there what came of it."""


@dataclass(frozen=True)
class RolloutResult:
    """What came of one attempt."""

    outcome: Outcome
    why: str
    """What stopped it; empty otherwise."""
    num_steps: int
    figures: dict[str, Any]


def run_rollout(setup: Setup, think: Thinker, *, seed: int, path: Path) -> RolloutResult:
    """Let the policy act once and record all of it.

    Args:
        setup: robot, person, task.
        think: the policy.
        seed: of the start.
        path: of the recording; must not exist.

    Raises:
        BadInputError: when the robot stands where it may not begin.
        RobotLostError: when it is lost before it moved; later, that is an outcome.
    """
    setup.person.reset(seed)
    began_s = time.monotonic()
    _wait_for_picture(setup.driver, after_s=began_s)
    attempt = _Attempt(setup, think, seed=seed, path=path)
    setup.watch.begin()
    result = attempt.run()
    setup.watch.end(result.outcome)
    return result


class _Attempt:
    def __init__(self, setup: Setup, think: Thinker, *, seed: int, path: Path) -> None:
        self._setup, self._dt = setup, setup.task.control_dt_s
        self._seed = seed
        self._stream = Stream(setup.driver, setup.limits, is_alive=self._is_alive)
        self._policy = ChunkedPolicy(
            think,
            dt_s=self._dt,
            num_action_steps=setup.num_action_steps,
            waits=setup.waits,
            join=setup.join,
        )
        self._controller = controller(setup, setup.driver.observe().state)
        header = setup.header | {"seed": seed, "limits": setup.limits.model_dump_json()}
        self._writer = RolloutWriter(path, header)
        self._frame_ages_s: list[float] = []

    def run(self) -> RolloutResult:
        self._stream.start()
        outcome: Outcome = "failure"
        why, num_steps, num_acted = "", 0, 0
        self._began_s = due_s = time.monotonic()
        try:
            horizon = self._setup.task.horizon
            while num_acted < horizon and num_steps < MAX_WAITING * horizon:
                time.sleep(max(0.0, due_s - time.monotonic()))
                due_s = max(due_s + self._dt, time.monotonic())
                num_acted += self._step(num_steps)
                num_steps += 1
                if (ended := self._ended()) is not None:
                    outcome, why = ended
                    break
        except RobotLostError as error:
            outcome, why = "lost", str(error)
        except BaseException as error:
            # Whatever it is: a robot is not left to a thread that nobody watches.
            self._finish("stopped", f"ended by {type(error).__name__}", num_steps)
            raise
        return self._finish(outcome, why, num_steps)

    def _ended(self) -> tuple[Outcome, str] | None:
        """What the attempt has come to, and why; None while it goes on."""
        if self._stream.lost is not None:
            return "lost", str(self._stream.lost)
        if (reason := self._stream.stopped_by) is not None:
            return "stopped", reason
        if (said := self._setup.watch.decided()) is not None:
            return said, PRESSED
        return ("success", "") if self._setup.person.is_done() else None

    def _is_alive(self) -> bool:
        return self._setup.is_alive() and not self._setup.watch.is_stopped

    def _finish(self, outcome: Outcome, why: str, num_steps: int) -> RolloutResult:
        # First the robot, then the paper.
        self._stream.stop()
        self._policy.close()
        figures = self._figures()
        self._writer.end(outcome, figures | {"why": why})
        return RolloutResult(outcome, why, num_steps, figures)

    def _step(self, step: int) -> bool:
        """Look, act, write it down; whether an action was due."""
        seen, now_s = self._setup.driver.observe(), time.monotonic()
        action = self._policy.action(now_s, self._picture(seen))
        if action is not None:
            self._stream.aim(self._target(action, seen.state))
        row = {
            "frame_index": step,
            "timestamp": now_s - self._began_s,
            "state_age_s": now_s - seen.state.time_s,
            "frame_age_s": np.nan if seen.frame is None else now_s - seen.frame.time_s,
            "observation.state": policy_state(seen.state, self._setup.info.gripper_max_m),
            "observation.qpos": seen.state.qpos,
            "observation.force_n": seen.state.force_n,
            "action": np.full(self._setup.task.action_dim, np.nan) if action is None else action,
            "target": self._stream.safety.commanded.vector(),
            "held_back_by": self._stream.reason or "",
            "chunk": self._policy.num_chunks,
        }
        frame = seen.frame
        self._setup.watch.show(self._moment(step, now_s), seen.state.T_world_tcp[:3, 3])
        if frame is not None:
            self._frame_ages_s.append(now_s - frame.time_s)
        self._writer.step(row, frame.rgb if frame else None, frame.depth_mm if frame else None)
        return action is not None

    def _moment(self, step: int, now_s: float) -> Moment:
        policy = self._policy
        return Moment(
            seed=self._seed,
            step=step,
            time_s=now_s - self._began_s,
            held_back_by=self._stream.reason or "",
            picture_to_chunk_s=policy.latencies_s[-1] if policy.latencies_s else np.nan,
            thinking_s=policy.thinking_s[-1] if policy.thinking_s else np.nan,
            target=self._stream.safety.commanded.position,
        )

    def _picture(
        self, seen: Observation
    ) -> tuple[float, NDArray[np.uint8], NDArray[np.float32]] | None:
        if seen.frame is None:
            return None
        state = self._stream.state_at(seen.frame.time_s)
        image = self._setup.sight.image(seen.frame.rgb)
        return seen.frame.time_s, image, policy_state(state, self._setup.info.gripper_max_m)

    def _target(self, action: NDArray[np.float32], state: RobotState) -> TcpTarget:
        """Where the action leads: displacements add up as they did in training."""
        c = self._controller
        c.command(np.clip(action, -1, 1).astype(np.float64), state.T_world_tcp[:3, 3])
        opening = max(0.0, c.finger_m) / FINGER_OPEN_M * self._setup.info.gripper_max_m
        return TcpTarget(c.position.copy(), c.yaw, opening)

    def _figures(self) -> dict[str, Any]:
        policy, stream = self._policy, self._stream.figures
        return {
            "picture_age_ms": _quantiles_ms(self._frame_ages_s),
            "thinking_ms": _quantiles_ms(policy.thinking_s),
            "picture_to_chunk_ms": _quantiles_ms(policy.latencies_s),
            "seams": [round(s, 4) for s in policy.seams[:60]],
            "steps_without_action": policy.num_waits,
            "ticks": stream.num_ticks,
            "held_back": dict(stream.reasons),
            "worst_tick_late_ms": 1e3 * stream.worst_late_s,
        }


def controller(setup: Setup, state: RobotState) -> EndEffectorController:
    """What turns actions into TCP targets, as in training, begun where the robot stands."""
    task, (low, high) = setup.task, setup.workspace
    made = EndEffectorController.of_task(task, low, high)
    finger_m = state.gripper_m / setup.info.gripper_max_m * FINGER_OPEN_M
    made.reset(state.qpos[:7].copy(), finger_m=0.0 if task.gripper == "closed" else finger_m)
    # The robot's own word on where its TCP is, not our kinematics.
    T = state.T_world_tcp
    made.position = np.clip(T[:3, 3], low, high)
    made.yaw = float(np.arctan2(T[1, 0], T[0, 0]))
    return made


def _wait_for_picture(driver: RobotDriver, *, after_s: float) -> None:
    while time.monotonic() < after_s + FRESH_S:
        frame = driver.observe().frame
        if frame is not None and frame.time_s > after_s:
            return
        time.sleep(0.02)
    raise RobotLostError(f"{driver.name} sent no picture for {FRESH_S:g} s.")


def _quantiles_ms(seconds: list[float]) -> dict[str, float]:
    if not seconds:
        return {}
    ms = 1e3 * np.array(seconds)
    return {name: float(np.quantile(ms, q)) for name, q in (("p50", 0.5), ("p99", 0.99))}
