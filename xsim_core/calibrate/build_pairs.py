"""From robot rollouts to pairs of real and simulated frames."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from xsim_core.calibrate.place.camera import CameraFit, fit_camera
from xsim_core.calibrate.place.depth_views import expected_depth
from xsim_core.calibrate.place.locate import LocatedObject, locate_object
from xsim_core.errors import BadInputError
from xsim_core.files.windows import each, let_go
from xsim_core.sim.open import OpenSimWorld
from xsim_core.sim.vision.asking import Ask
from xsim_core.sim.vision.domain import Domain
from xsim_core.sim.vision.image_pool import ImageEnvPool
from xsim_core.storage import Progress
from xsim_core.world import RobotEpisodes

from .config import CalibrateConfig, CameraFitConfig
from .pairs import Pairs
from .replay import Replay, replay_rollouts
from .teach import taught_chunks

NO_RGBD = "the robot recorded no RGB-D pictures, so its object cannot be tracked"


def build_pairs(
    episodes: RobotEpisodes,
    sim: OpenSimWorld,
    *,
    config: CalibrateConfig,
    num_workers: int,
    progress: Progress,
    ask: Ask | None = None,
) -> tuple[Pairs, CameraFit]:
    """Find the camera and the object, replay every rollout, and put the frames side by side.

    Rollouts in which the object was not found are replayed from its expected start, but all their
    pairs have score 0, so no gate lets them pass.

    Raises:
        BadInputError: when the robot recorded no RGB-D pictures.
    """
    progress(0.0, {})
    fit = refined_camera(episodes, sim, config=config.camera)
    progress(0.2, fit.figures())
    located = locate_all(
        replace(episodes, T_world_cam=episodes.T_world_cam @ fit.T_nominal_cam),
        sim,
        config=config,
        progress=part_of(progress, 0.2, 0.8),
    )
    # The replay is seen from the nominal camera: from there the policy learnt.
    pairs = paired(episodes, located, sim, config=config, num_workers=num_workers)
    if ask is not None:
        action, mask = taught_chunks(
            sim,
            ask,
            episodes,
            located,
            stride=config.frame_stride,
            min_score=config.gate.min_track_score,
        )
        pairs = replace(pairs, action=action, mask=mask)
    return pairs, fit


def refined_camera(
    episodes: RobotEpisodes,
    sim: OpenSimWorld,
    *,
    config: CameraFitConfig | None,
) -> CameraFit:
    """Where the camera stands, from the first and the last picture of each rollout."""
    if config is None:
        return CameraFit.nominal()
    if episodes.wide_depth_mm is None:
        raise BadInputError(NO_RGBD)
    rows = np.unique(np.append(episodes.episode_ends - 1, [0, *episodes.episode_ends[:-1]]))
    rendered = expected_depth(episodes, rows, sim)
    measured = [depth_mm / 1000.0 for depth_mm in each(episodes.wide_depth_mm, rows)]
    return fit_camera(list(rendered), measured, episodes.rgbd_camera, config)


def locate_all(
    episodes: RobotEpisodes,
    sim: OpenSimWorld,
    *,
    config: CalibrateConfig,
    progress: Progress,
) -> list[LocatedObject]:
    """The object in every ``frame_stride``-th picture of each rollout."""
    total = sum(len(tracked_rows(episodes, i, config.frame_stride)) for i in range(len(episodes)))
    done = 0

    def count() -> None:
        nonlocal done
        done += 1
        progress(min(1.0, done / total), {"frames_tracked": float(done)})

    return [_locate(episodes, i, sim, config, count) for i in range(len(episodes))]


def part_of(progress: Progress, begin: float, end: float) -> Progress:
    """Progress of one part of the whole, which lies between two of its fractions."""
    return lambda fraction, figures: progress(begin + (end - begin) * fraction, figures)


def paired(
    episodes: RobotEpisodes,
    located: Sequence[LocatedObject],
    sim: OpenSimWorld,
    *,
    config: CalibrateConfig,
    num_workers: int,
) -> Pairs:
    """Frames of rollouts beside those of their replay, where the object was tracked."""
    with ImageEnvPool(
        sim.assets,
        sim.task,
        background=sim.background,
        domain=Domain(),
        num_envs=len(episodes),
        num_workers=num_workers,
        image_hw=(episodes.rgb.shape[1], episodes.rgb.shape[2]),
    ) as pool:
        replay = replay_rollouts(
            pool,
            episodes,
            located,
            stride=config.frame_stride,
            resync_score=config.gate.min_track_score if config.replay == "resync" else None,
        )
    parts = []
    for i, found in enumerate(located):
        rows = tracked_rows(episodes, i, config.frame_stride)
        parts.append(_pairs_of(i, found, episodes, replay, rows))
        let_go(episodes.rgb)
        let_go(replay.rgb)
    return Pairs.concatenate(parts)


def _pairs_of(
    rollout: int,
    found: LocatedObject,
    episodes: RobotEpisodes,
    replay: Replay,
    rows: NDArray[np.int64],
) -> Pairs:
    return Pairs(
        episodes.rgb[rows],
        replay.rgb[rows],
        np.full(len(rows), rollout, np.int64),
        found.T_world_object,
        replay.T_world_object[rows],
        episodes.state[rows, :3].astype(np.float64),
        replay.tcp[rows],
        found.score,
        episodes.state[rows],
        np.zeros((len(rows), 0, episodes.action.shape[1]), np.float32),
        np.zeros((len(rows), 0), np.float32),
    )


def tracked_rows(episodes: RobotEpisodes, i: int, stride: int) -> NDArray[np.int64]:
    """Rows of episode ``i`` in which the object is tracked."""
    rows = episodes.episode(i)
    return np.arange(rows.start, rows.stop, stride)


def picture_times(
    episodes: RobotEpisodes, rows: NDArray[np.int64], control_dt_s: float
) -> NDArray[np.float64]:
    """(t,) when the pictures of these rows of an episode were taken, since the first of them.

    Where nobody wrote that down each row is a control step.
    """
    steps = rows - rows[0]
    if episodes.time_s is None:
        return steps * control_dt_s
    return episodes.time_s[rows] - episodes.time_s[rows[0]]


def _locate(
    episodes: RobotEpisodes,
    i: int,
    sim: OpenSimWorld,
    config: CalibrateConfig,
    on_frame: Callable[[], None],
) -> LocatedObject:
    rows = tracked_rows(episodes, i, config.frame_stride)
    if episodes.wide_rgb is None or episodes.wide_depth_mm is None:
        raise BadInputError(NO_RGBD)
    try:
        return locate_object(
            each(episodes.wide_rgb, rows),
            each(episodes.wide_depth_mm, rows),
            mesh=sim.mesh,
            camera=episodes.rgbd_camera,
            T_world_cam=episodes.T_world_cam,
            T_world_object=sim.assets.start,
            time_s=picture_times(episodes, rows, sim.task.control_dt_s),
            config=config.locate,
            on_frame=on_frame,
        )
    except BadInputError:
        # One rollout in which the object is hidden from the start must not cost the others.
        expected = np.tile(sim.assets.start, (len(rows), 1, 1))
        return LocatedObject(expected, np.zeros(len(rows), np.float32))
