"""A policy and a robot brought together: what fits, what is refused, rollouts one after another."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsim_core.artifacts import ArtifactRef, SimWorld, StudentPolicy
from xsim_core.errors import BadInputError, CorruptArtifactError, MissingArtifactError
from xsim_core.exporters.source import Source
from xsim_core.policies import Student
from xsim_core.policies.statistics import wilson_interval
from xsim_core.scratch import write_text
from xsim_core.sim.open import OpenSimWorld, open_sim_world
from xsim_core.sim.vision.rendering import policy_camera
from xsim_core.storage import ArtifactStore

from .acting import Thinker
from .driver import RobotDriver, RobotInfo
from .joining import Join, Prior
from .page.watch import Watch
from .rollout import Person, RolloutResult, Setup, run_rollout
from .safety.limits import SafetyLimits
from .sight import PolicySight, check_place

ROBOT = "panda"
"""The arm of the simulator: its reach and its hand are what policies have learned."""


class PolicyOnRobot:
    """A stored policy, ready to act on a robot."""

    def __init__(self, store: ArtifactStore, ref: ArtifactRef, folder: Path) -> None:
        """Read it; every byte is compared with its manifest first.

        Raises:
            BadInputError: when it is no image policy, or needs what a robot run cannot give.
            CorruptArtifactError: when bytes are missing or are not those that were committed.
            MissingArtifactError: when the world that it was trained in is not in the store.
        """
        if ref.kind != StudentPolicy.kind:
            raise BadInputError(f"{ref} is no image policy: 'diffusion' and 'calibrate' make them.")
        if problems := store.verify(ref):
            raise CorruptArtifactError(f"{ref} does not move a robot: {problems[0]}")
        policy = store.open(ref, StudentPolicy)
        world = Source(policy, store).made_from(SimWorld)
        if world is None:
            raise MissingArtifactError(
                f"the world that {ref} was trained in is not in this store: it says what a full "
                "action moves and where the robot may be. Copy the whole run."
            )
        self.ref, self.task_name, self.world = ref, policy.summary.task, world
        self.student = Student.read(policy)
        self.sim: OpenSimWorld = open_sim_world(world, folder)
        if (n := self.student.architecture.n_obs_steps) > 1:
            raise BadInputError(
                f"{ref} looks at {n} observations at once; on robots, policies that look at one "
                "are run. Train it with diffusion.architecture.n_obs_steps=1."
            )

    def limits(self, given: dict[str, Any] | None = None) -> SafetyLimits:
        """Safety limits whose box is the task's workspace, but for what is ``given``."""
        low, high = self.world.array("workspace")
        box = {"box_low": tuple(low.tolist()), "box_high": tuple(high.tolist())}
        return SafetyLimits.model_validate(box | (given or {}))

    def setup(
        self,
        driver: RobotDriver,
        info: RobotInfo,
        person: Person,
        limits: SafetyLimits,
        *,
        is_alive: Callable[[], bool],
        waits: bool,
        join: Join = "switch",
        watch: Watch | None = None,
    ) -> Setup:
        """Bring policy and robot together.

        Raises:
            BadInputError: when the policy is for another robot, or for another camera or place of
                it.
        """
        if info.model != ROBOT:
            raise BadInputError(
                f"{self.ref} was trained for a {ROBOT}; {driver.name} is a {info.model}. Train "
                "one for it, or connect the other robot."
            )
        if info.camera is None or info.T_world_cam is None:
            raise BadInputError(
                f"{driver.name} has no calibrated camera, and {self.ref} acts on pictures. Give "
                "one with --camera and --camera-pose."
            )
        check_place(info.T_world_cam, np.array(self.sim.assets.T_world_cam))
        a = self.student.architecture
        view = policy_camera(self.sim.assets, a.image_hw)
        task = self.sim.task
        header = self._header(driver.name, info) | {"waits": waits, "join": join}
        return Setup(
            driver=driver,
            info=info,
            person=person,
            task=task,
            sight=PolicySight(info.camera, view),
            limits=limits,
            workspace=self.world.array("workspace"),
            num_action_steps=a.n_action_steps,
            header=header,
            is_alive=is_alive,
            waits=waits,
            join=join,
            watch=watch or Watch(),
        )

    def _header(self, driver: str, info: RobotInfo) -> dict[str, Any]:
        """What a recording says of policy, robot and camera."""
        task, camera = self.sim.task, info.camera
        assert camera is not None
        return {
            "policy": str(self.ref),
            "task": task.name,
            "driver": driver,
            "robot": info.model,
            "fps": task.control_freq_hz,
            "action_names": list(task.action_names),
            "K": camera.K,
            "T_world_cam": info.T_world_cam,
            "image_hw": [camera.height, camera.width],
            "picture_times": info.picture_times,
        }

    def thinker(self, seed: int) -> Thinker:
        """The policy as a function; the seed decides its noise."""
        rng, a = np.random.default_rng([seed, 0x57AD]), self.student.architecture

        def think(
            rgb: NDArray[np.uint8], state: NDArray[np.float32], prior: Prior | None = None
        ) -> NDArray[np.float32]:
            noise = rng.standard_normal((1, a.horizon, a.action_dim), np.float32)
            seen = rgb[None, None], state[None, None]
            return self.student.sample_actions(*seen, noise, known=prior)[0]

        return think


def run_session(
    policy: PolicyOnRobot,
    setup: Setup,
    seeds: list[int],
    folder: Path,
    *,
    say: Callable[[int, RolloutResult], None],
) -> dict[str, Any]:
    """Run one rollout a seed, and write ``summary.json`` anew after each.

    Until the session ends, however it does, that file says so (``is_over``): whoever waits for the
    rollouts does not take the first for all. Stops after a rollout that was lost or that the safety
    layer stopped: a person looks first.

    Args:
        policy: from a store.
        setup: of policy and robot.
        seeds: of the starts.
        folder: for the recordings, ``rollout_NNNN.rollout``.
        say: called with each seed's result.
    """
    warm_up(policy)
    results: list[tuple[int, RolloutResult]] = []
    try:
        for seed in seeds:
            path = recording_path(folder, seed)
            result = run_rollout(setup, policy.thinker(seed), seed=seed, path=path)
            results.append((seed, result))
            say(seed, result)
            _write_summary(folder, summary_of(policy, setup, results) | {"is_over": False})
            if result.outcome in ("lost", "stopped"):
                break
    finally:
        summary = summary_of(policy, setup, results) | {"is_over": True}
        if results:
            _write_summary(folder, summary)
    return summary


def _write_summary(folder: Path, summary: dict[str, Any]) -> None:
    write_text(folder / "summary.json", json.dumps(summary, indent=1) + "\n")


def warm_up(policy: PolicyOnRobot) -> None:
    """Let torch compile and load, which it does at its first call: not while a robot waits."""
    height, width = policy.student.architecture.image_hw
    policy.thinker(0)(
        np.zeros((height, width, 3), np.uint8),
        np.zeros(policy.student.architecture.state_dim, np.float32),
    )


def recording_path(folder: Path, seed: int) -> Path:
    """Where the attempt from a start is recorded."""
    return folder / f"rollout_{seed:04d}.rollout"


def summary_of(
    policy: PolicyOnRobot, setup: Setup, results: list[tuple[int, RolloutResult]]
) -> dict[str, Any]:
    """Success with its 95 % interval (Wilson), and each rollout's figures."""
    wins = sum(result.outcome == "success" for _, result in results)
    low, high = wilson_interval(wins, len(results)) if results else (0.0, 1.0)
    return {
        "policy": str(policy.ref),
        "task": policy.task_name,
        "driver": setup.driver.name,
        "waits": setup.waits,
        "join": setup.join,
        "successes": wins,
        "rollouts": len(results),
        "low": low,
        "high": high,
        "each": [
            {"seed": s, "outcome": r.outcome, "why": r.why, "steps": r.num_steps, **r.figures}
            for s, r in results
        ],
    }
