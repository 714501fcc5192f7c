"""From robot rollouts to pairs of real and simulated frames."""

from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from xsim_core.artifacts import ObjectTrack, SplatScene
from xsim_core.errors import BadInputError
from xsim_core.sim.assets import SimAssets
from xsim_core.sim.backgrounds import SplatBackground
from xsim_core.sim.domain import Domain
from xsim_core.sim.image_pool import ImageEnvPool
from xsim_core.sim.task import TaskSpec
from xsim_core.storage import OpenArtifact, Progress
from xsim_core.world import RobotEpisodes

from .locate import LocateConfig, LocatedObject, locate_object, object_mesh
from .pairs import Pairs
from .replay import replay_rollouts


class PairConfig(Protocol):
    """What of ``CalibrateConfig`` is needed here."""

    @property
    def task(self) -> TaskSpec: ...  # noqa: D102
    @property
    def frame_stride(self) -> int: ...  # noqa: D102
    @property
    def locate(self) -> LocateConfig: ...  # noqa: D102


def build_pairs(
    episodes: RobotEpisodes,
    assets: SimAssets,
    scene: OpenArtifact[SplatScene],
    track: OpenArtifact[ObjectTrack],
    *,
    config: PairConfig,
    folder: Path,
    num_workers: int,
    progress: Progress,
) -> Pairs:
    """Track the object, replay every rollout in simulation, and put the frames side by side.

    Rollouts in which the object was not found are replayed from its expected start, but all their
    pairs have score 0, so no gate lets them pass.
    """
    located = [_locate(episodes, i, assets, track, config, progress) for i in range(len(episodes))]
    starts = np.stack([found.T_world_object[0] for found in located])
    with ImageEnvPool(
        assets, config.task, background=SplatBackground.write(scene, folder / "sim"),
        domain=Domain(), num_envs=len(episodes), num_workers=num_workers,
        image_hw=(episodes.rgb.shape[1], episodes.rgb.shape[2]),
    ) as pool:  # fmt: skip
        replay = replay_rollouts(pool, episodes, starts)
    parts = []
    for i, found in enumerate(located):
        rows = tracked_rows(episodes, i, config.frame_stride)
        sim_object, tcp = replay.T_world_object[rows], episodes.state[rows, :3].astype(np.float64)
        rollout = np.full(len(rows), i, np.int64)
        part = Pairs(
            episodes.rgb[rows], replay.rgb[rows], rollout, found.T_world_object, sim_object,
            tcp, replay.tcp[rows], found.score,
        )  # fmt: skip
        parts.append(part)
    return Pairs.concatenate(parts)


def tracked_rows(episodes: RobotEpisodes, i: int, stride: int) -> NDArray[np.int64]:
    """Rows of episode ``i`` in which the object is tracked."""
    rows = episodes.episode(i)
    return np.arange(rows.start, rows.stop, stride)


def _locate(
    episodes: RobotEpisodes,
    i: int,
    assets: SimAssets,
    track: OpenArtifact[ObjectTrack],
    config: PairConfig,
    progress: Progress,
) -> LocatedObject:
    rows = tracked_rows(episodes, i, config.frame_stride)
    if episodes.wide_rgb is None or episodes.wide_depth_mm is None:
        raise BadInputError("the robot recorded no RGB-D pictures, so its object cannot be tracked")
    progress(i / (len(episodes) + 1), {"rollouts_tracked": float(i)})
    try:
        return locate_object(
            episodes.wide_rgb[rows], episodes.wide_depth_mm[rows], mesh=object_mesh(track),
            camera=episodes.rgbd_camera, T_world_cam=episodes.T_world_cam,
            T_world_object=assets.start, config=config.locate,
        )  # fmt: skip
    except BadInputError:
        # One rollout in which the object is hidden from the start must not cost the others.
        expected = np.tile(assets.start, (len(rows), 1, 1))
        return LocatedObject(expected, np.zeros(len(rows), np.float32))
