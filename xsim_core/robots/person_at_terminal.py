"""A person beside a robot, at this process's terminal: makes the starts, says when it is done."""

import time
from collections.abc import Callable

import numpy as np

from xsim_core.errors import BadInputError
from xsim_core.geometry import TexturedMesh
from xsim_core.sim.controller import forward_kinematics, tcp_yaw

from .dead_man import DeadMan
from .driver import RobotDriver, RobotInfo, TcpTarget
from .homing import go_to
from .page.watch import Asked, Place, Watch
from .safety.limits import SafetyLimits
from .session import PolicyOnRobot
from .starts import in_words, object_start, start_rng

DONE = b"s"
ENTER = (b"\n", b"\r")
LOOK_S = 0.05
ARM_GOES = "the arm goes to its start."
DONE_WORDS = f"{DONE.decode()} when the errand is done."


class PersonAtTerminal:
    """Asks a person for what ``rollout.Person`` does; Ctrl-C ends it at any time."""

    def __init__(
        self,
        keys: DeadMan,
        go_to_start: Callable[[], None],
        where: Callable[[int], tuple[str, Place]],
        say: Callable[[str], None],
        watch: Watch | None = None,
    ) -> None:
        """Begin.

        Args:
            keys: of the terminal; the only one that reads it.
            go_to_start: brings the arm to its start.
            where: the object of a seed is to lie, in words and for a picture.
            say: to the person.
            watch: where a page shows it; what is pressed there counts as the keys do.
        """
        self._keys, self._go_to_start, self._where, self._say = keys, go_to_start, where, say
        self._watch = watch or Watch()
        self._is_done = False

    def reset(self, seed: int) -> None:
        """As ``Person`` has it: nothing moves before Enter."""
        self._ask(Asked(f"seed {seed}: take the object out of the way. Enter: {ARM_GOES}"))
        self._go_to_start()
        words, place = self._where(seed)
        words = f"put the object there: {words}. Enter: the policy acts; then {DONE_WORDS}"
        self._ask(Asked(words, place))
        self._keys.typed()
        self._is_done = False

    def is_done(self) -> bool:
        """Whether the key was pressed since the reset."""
        self._is_done |= DONE in self._keys.typed()
        return self._is_done

    def _ask(self, asked: Asked) -> None:
        """Say what is to be done, and wait until it is."""
        self._say(asked.words)
        self._keys.typed()
        self._watch.take("go on")
        self._watch.asked = asked
        while not self._is_told_to_go_on():
            time.sleep(LOOK_S)
        self._watch.asked = None

    def _is_told_to_go_on(self) -> bool:
        if self._watch.is_stopped:
            raise BadInputError("stopped on the page; begin anew when it is safe.")
        typed = self._keys.typed()
        return any(enter in typed for enter in ENTER) or self._watch.take("go on")


def person_beside(
    policy: PolicyOnRobot,
    driver: RobotDriver,
    info: RobotInfo,
    limits: SafetyLimits,
    *,
    keys: DeadMan,
    is_alive: Callable[[], bool],
    say: Callable[[str], None],
    watch: Watch,
) -> PersonAtTerminal:
    """The person who makes the starts of a policy's task: as its world says, by seed.

    The object's are those that the robot of ``xsim robot serve`` draws of the same seeds; the arm
    begins where the task's does, without the noise that simulation adds.
    """
    assets, task = policy.sim.assets, policy.sim.task
    target = start_target(policy, info)
    mesh = TexturedMesh.from_arrays(policy.world.arrays("object"))
    T_start, centre = np.array(assets.T_world_object_start), np.array(assets.object_centre)

    def where(seed: int) -> tuple[str, Place]:
        ranges = {"xy_m": task.start.object_xy_m, "yaw_rad": task.start.object_yaw_rad}
        placed = object_start(start_rng(seed), T_start, centre, **ranges)
        return in_words(T_start, placed, centre), Place(placed, mesh)

    def go_to_start() -> None:
        go_to(driver, limits, target, is_alive=lambda: is_alive() and not watch.is_stopped)

    return PersonAtTerminal(keys, go_to_start, where, say, watch)


def start_target(policy: PolicyOnRobot, info: RobotInfo) -> TcpTarget:
    """Where the arm begins, within the task's workspace."""
    T, _ = forward_kinematics(np.array(policy.sim.assets.start_qpos[:7]))
    low, high = policy.world.array("workspace")
    opening = 0.0 if policy.sim.task.gripper == "closed" else info.gripper_max_m
    return TcpTarget(np.clip(T[:3, 3], low, high), tcp_yaw(T[:3, :3]), opening)
