"""X-Sim's object-centric reward (arXiv 2505.07096, appendix 8.3.3), for one current waypoint k.

With d the distance from TCP to object centre, p and theta the position and rotation errors to
waypoint k, s_k = 1 / |x_k - x_(k-1)| and u_k = min(10, 1 / angle(q_k, q_(k-1))):

* approach = ((1 - tanh 3 d) + (1 - tanh 30 d)) / 2
* grasp    = 1 while grasped (tasks that require it)
* goal     = (1 - tanh s_k p) + (1 - tanh u_k theta), plus 2 k for the waypoints behind
* static   = 1 - tanh(5 |dq_arm|), once the object is at its goal
* success  = 1 in each successful step

The waypoint index is monotone: +1 when p and theta are within tolerance. Departures from X-Sim,
each because the original misbehaves: s_k is clamped where waypoints nearly coincide; angles use
|w|, so q and -q agree; the goal of success is the last waypoint. ``WaypointReward`` is for one
environment, in scalar Python because arrays this small cost more in NumPy; ``batch_reward`` is the
same for many, on tensors.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from xsim_core.geometry import rotation_angle, se3_to_pos_quat
from xsim_core.geometry.arrays import GoalQuats, PerGoal, QuatWxyz, Vector3, Vectors

from .assets import SimAssets
from .task import TaskSpec

Quaternion = QuatWxyz | Sequence[float]
"""(4,) wxyz; plain numbers are quicker here."""
TERMS = ("approach", "grasp", "goal_position", "goal_rotation", "waypoint", "static", "success")


@dataclass(frozen=True)
class Situation:
    """What the reward looks at."""

    tcp: Vector3
    """(3,) world, metres."""
    centre: Vector3
    """(3,) the object's centre, world, metres."""
    quat_wxyz: QuatWxyz
    """(4,) the object's rotation."""
    object_speed_m_s: float
    arm_speed_rad_s: float
    """Norm of the arm's joint velocities."""
    is_grasped: bool = False


@dataclass(frozen=True)
class Goals:
    """Waypoints and the scales of their errors."""

    centres: Vectors
    """(k, 3) where the object's centre should be."""
    quats_wxyz: GoalQuats
    """(k, 4)."""
    position_scales: PerGoal
    """(k,) s_k in 1/m."""
    rotation_scales: PerGoal
    """(k,) u_k in 1/rad."""

    @staticmethod
    def from_assets(assets: SimAssets, task: TaskSpec) -> "Goals":
        """Waypoints of the assets, scales from their spacing."""
        T = np.concatenate([assets.start[None], assets.waypoints])
        centres = T[:, :3, :3] @ np.array(assets.object_centre) + T[:, :3, 3]
        gaps = np.linalg.norm(np.diff(centres, axis=0), axis=1)
        angles = rotation_angle(T[:-1, :3, :3], T[1:, :3, :3])
        return Goals(
            centres[1:],
            se3_to_pos_quat(T[1:])[1],
            1.0 / np.maximum(gaps, task.waypoint_position_m),
            np.minimum(10.0, 1.0 / (angles + 1e-6)),
        )


def rotation_error(
    quat_a: Quaternion,
    quat_b: Quaternion,
    symmetric_axis: tuple[float, float, float] | None = None,
) -> float:
    """Angle in radians between two rotations; about a symmetric axis, between the axes only."""
    w, x, y, z = relative_quat(quat_a, quat_b)
    if symmetric_axis is None:
        return 2.0 * math.atan2(math.sqrt(x * x + y * y + z * z), abs(w))
    ax, ay, az = symmetric_axis
    # q_rel in the frame of a: how far does it tilt the axis?
    tx, ty, tz = 2 * (y * az - z * ay), 2 * (z * ax - x * az), 2 * (x * ay - y * ax)
    bx = ax + w * tx + (y * tz - z * ty)
    by = ay + w * ty + (z * tx - x * tz)
    bz = az + w * tz + (x * ty - y * tx)
    cx, cy, cz = ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx
    return math.atan2(math.sqrt(cx * cx + cy * cy + cz * cz), ax * bx + ay * by + az * bz)


def relative_quat(quat_a: Quaternion, quat_b: Quaternion) -> tuple[float, float, float, float]:
    """``conj(a) * b``, wxyz: rotation from a to b in the frame of a."""
    aw, ax, ay, az = map(float, quat_a)
    bw, bx, by, bz = map(float, quat_b)
    return (
        aw * bw + ax * bx + ay * by + az * bz,
        aw * bx - ax * bw - ay * bz + az * by,
        aw * by + ax * bz - ay * bw - az * bx,
        aw * bz - ax * by + ay * bx - az * bw,
    )


class WaypointReward:
    """The reward of one environment, with its waypoint index."""

    def __init__(self, goals: Goals, task: TaskSpec) -> None:
        self.goals, self.task = goals, task
        self.index = 0
        self._quats: list[list[float]] = goals.quats_wxyz.tolist()

    def reset(self, index: int = 0) -> None:
        """Back to the first waypoint, or to another one."""
        self.index = index

    def position_error(self, now: Situation, index: int) -> float:
        """Metres to waypoint ``index``."""
        d = now.centre - self.goals.centres[index]
        return math.sqrt(float(d @ d))

    def rotation_error(self, now: Situation, index: int) -> float:
        """Radians to waypoint ``index``."""
        return rotation_error(now.quat_wxyz, self._quats[index], self.task.symmetric_axis)

    def is_success(self, now: Situation) -> bool:
        """Whether the object rests within tolerance of the last waypoint."""
        return (
            now.object_speed_m_s < self.task.success_object_speed_m_s
            and self.position_error(now, -1) < self.task.success_position_m
            and self.rotation_error(now, -1) < self.task.success_rotation_rad
        )

    def advance(self, now: Situation) -> int:
        """The waypoint ahead: past each that was reached, never lower."""
        last, task = len(self._quats) - 1, self.task
        furthest = last if task.may_skip_waypoints else self.index
        for k in range(furthest, self.index - 1, -1):
            if (
                self.position_error(now, k) < task.waypoint_position_m
                and self.rotation_error(now, k) < task.waypoint_rotation_rad
            ):
                self.index = min(k + 1, last)
                break
        return self.index

    def step(self, now: Situation) -> dict[str, float]:
        """Advance the waypoint index, then the weighted terms; their sum is the reward."""
        task, w = self.task, self.task.reward
        k = self.advance(now)
        p, theta = self.position_error(now, k), self.rotation_error(now, k)
        to_tcp = now.tcp - now.centre
        d = math.sqrt(float(to_tcp @ to_tcp))
        success = self.is_success(now)
        return {
            "approach": w.approach * (1.0 - 0.5 * (math.tanh(3 * d) + math.tanh(30 * d))),
            "grasp": w.grasp * float(task.must_grasp and now.is_grasped),
            "goal_position": w.goal_position * (1.0 - math.tanh(self.goals.position_scales[k] * p)),
            "goal_rotation": w.goal_rotation
            * (1.0 - math.tanh(self.goals.rotation_scales[k] * theta)),
            "waypoint": w.waypoint * k,
            "static": w.static * float(success) * (1.0 - math.tanh(5 * now.arm_speed_rad_s)),
            "success": w.success * float(success),
        }
