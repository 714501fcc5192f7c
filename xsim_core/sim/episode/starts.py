"""Where an episode starts: one draw for every environment of the task, and what a start is."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from xsim_core.errors import BadInputError
from xsim_core.geometry import quat_wxyz_to_matrix, se3_to_pos_quat
from xsim_core.geometry.arrays import SE3, Quat, Vectors3
from xsim_core.sim.assets import SimAssets
from xsim_core.sim.task import StartRandomisation


class EpisodeStart(NamedTuple):
    """Object and robot at rest."""

    position: Vectors3
    """(3,) of the object's origin, world frame, metres."""
    quat_wxyz: Quat
    """(4,) of the object."""
    qpos: NDArray[np.float64]
    """(9,) arm and fingers."""


class DemonstrationStart(NamedTuple):
    """A state on the demonstrated path."""

    qpos: NDArray[np.float64]
    """(9,) arm and fingers."""
    T_world_object: SE3
    """(4, 4)."""
    waypoint_index: int
    """The waypoint ahead."""
    is_held: bool
    """Whether the fingers are closed on the object; they are open around it otherwise."""


def draw_start(
    assets: SimAssets, start: StartRandomisation, rng: np.random.Generator
) -> EpisodeStart:
    """The nominal start, moved and turned about the object's centre within the task's ranges.

    X-Sim appendix 8.3 randomises the same three: object position, its yaw, and the joints.
    """
    position, quat = se3_to_pos_quat(assets.start)
    local = np.array(assets.object_centre)
    position[:2] += rng.uniform(-1, 1, size=2) * start.object_xy_m
    # Turn about the object's centre, wherever the mesh has its origin.
    centre = quat_wxyz_to_matrix(quat) @ local
    quat = yaw_then(float(rng.uniform(-1, 1)) * start.object_yaw_rad, quat)
    position = position + centre - quat_wxyz_to_matrix(quat) @ local
    qpos = np.array(assets.start_qpos)
    qpos[:7] += np.clip(rng.normal(size=7), -2, 2) * start.joint_noise_rad
    return EpisodeStart(position, quat, qpos)


class StartStreams:
    """Starts of n environments, each with a stream of its own: what one draws moves no other's.

    The first start after a seed is the one that ``draw_start`` gives for it; those after it differ
    and repeat from that seed, whichever environments are reset in between.
    """

    def __init__(self, assets: SimAssets, start: StartRandomisation) -> None:
        self.assets, self.start = assets, start
        self._streams: dict[int, np.random.Generator] = {}

    def seed(self, env_idx: Sequence[int], seeds: Sequence[int]) -> None:
        """Begin the streams of these environments anew, each by its seed."""
        for i, seed in zip(env_idx, seeds, strict=True):
            self._streams[i] = np.random.default_rng(seed)

    def has(self, index: int) -> bool:
        """Whether the environment ever had a seed."""
        return index in self._streams

    def draw(self, env_idx: Sequence[int]) -> EpisodeStart:
        """The next start of each of these b environments, stacked: (b, 3), (b, 4), (b, 9)."""
        drawn = [draw_start(self.assets, self.start, self._streams[i]) for i in env_idx]
        return EpisodeStart(*(np.stack(part) for part in zip(*drawn, strict=True)))


def seeds_of_all(given: Sequence[int], env_idx: Sequence[int], so_far: Sequence[int]) -> list[int]:
    """The seeds of all n environments, after those of ``env_idx`` were given new ones.

    Args:
        given: (b,) new seeds.
        env_idx: (b,) the environments that they are for.
        so_far: (n,) seeds before.

    Raises:
        BadInputError: when these are not as many seeds as environments.
    """
    if len(given) != len(env_idx):
        raise BadInputError(
            f"a reset of {len(env_idx)} environments was given {len(given)} seeds. Give one seed, "
            "or one for each of them, in the order of env_idx."
        )
    seeds = [int(seed) for seed in so_far]
    for i, seed in zip(env_idx, given, strict=True):
        seeds[i] = seed
    return seeds


def yaw_then(yaw: float, quat_wxyz: Quat) -> Quat:
    """A quaternion (4,) turned by ``yaw`` about the world's z."""
    c, s = np.cos(yaw / 2), np.sin(yaw / 2)
    w, x, y, z = quat_wxyz
    return np.array([c * w - s * z, c * x - s * y, c * y + s * x, c * z + s * w])


class SeedStreams:
    """A stream of seeds for each environment, whoever shares the environments."""

    def __init__(self, seed: int, indices: Sequence[int]) -> None:
        self._roots = [(seed, i) for i in indices]
        self._streams = [np.random.SeedSequence(root) for root in self._roots]

    def next(self, i: int) -> int:
        """The next seed of one environment, in [0, 2^32)."""
        return int(self._streams[i].spawn(1)[0].generate_state(1)[0])

    def positions(self) -> NDArray[np.int64]:
        """(n,) seeds taken so far."""
        return np.array([s.n_children_spawned for s in self._streams], dtype=np.int64)

    def go_to(self, positions: NDArray[np.int64]) -> None:
        """Go on from there."""
        self._streams = [
            np.random.SeedSequence(root, n_children_spawned=int(n))
            for root, n in zip(self._roots, positions, strict=True)
        ]
