"""A student's rollouts, as whoever recorded them saw them: robot, camera's points, picture."""

import io
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from xsim_core.artifacts import Evaluation, RealRollouts
from xsim_core.geometry import transform_points
from xsim_core.sim.task import TaskSpec
from xsim_core.storage import OpenArtifact
from xsim_core.world import RobotEpisodes, read_rollouts

from .layers import PATH_RGB, add_camera
from .robot import Robot
from .timeline import Timeline

if TYPE_CHECKING:
    import viser

MAX_ROLLOUTS = 30
POINT_STRIDE, POINT_M = 2, 0.003
"""Every other pixel of depth, each as large as the gap between two of them a metre away."""
GROUP = "rollout: what its camera saw, path"
OUTCOMES = {1: ", succeeded", 0: ", did not succeed", -1: ", ended unseen"}


def show_rollouts(
    server: "viser.ViserServer",
    rollouts: OpenArtifact[RealRollouts],
    robot: Robot,
    task: TaskSpec | None,
) -> list[Timeline]:
    """Each rollout: the robot where its joints had it, depth as points, the TCP's path, pictures.

    Args:
        server: of the page.
        rollouts: of a simulated world or of a robot; without joints the TCP alone moves.
        robot: the one in the scene.
        task: says how many rows a second there are; ten where it is not known.
    """
    episodes = read_rollouts(rollouts)
    fps = float((task or TaskSpec(name=rollouts.summary.task)).control_freq_hz)
    said = rollouts.array("outcome").tolist() if "outcome" in rollouts.array_names else None
    server.scene.add_frame("/rollout", show_axes=False, visible=False)
    server.scene.add_frame("/rollout/tcp", axes_length=0.04, axes_radius=0.002)
    return [
        _timeline(server, episodes, k, robot, fps, "" if said is None else OUTCOMES[said[k]])
        for k in range(min(len(episodes), MAX_ROLLOUTS))
    ]


def _timeline(
    server: "viser.ViserServer",
    episodes: RobotEpisodes,
    k: int,
    robot: Robot,
    fps: float,
    outcome: str,
) -> Timeline:
    rows = episodes.episode(k)
    tcp = episodes.state[rows, :3].astype(np.float64)
    pictures = episodes.rgb if episodes.wide_rgb is None else episodes.wide_rgb

    def show(i: int) -> None:
        row = rows.start + i
        if i == 0:
            _begin(server, episodes, tcp)
        if episodes.qpos is not None:
            robot.show(server, episodes.qpos[row])
        marker = server.scene.get_handle_by_name("/rollout/tcp")
        assert marker is not None
        marker.position = tcp[i]
        if episodes.wide_depth_mm is not None:
            points, rgb = seen_points(episodes, row)
            server.scene.add_point_cloud("/rollout/seen", points, rgb, point_size=POINT_M)

    def told(i: int) -> str:
        times = episodes.time_s
        seconds = i / fps if times is None else float(times[rows.start + i])
        return f"{seconds:.2f} s of rollout {k} of {len(episodes)}{outcome}"

    return Timeline(
        f"rollout {k}{outcome}",
        rows.stop - rows.start,
        fps,
        show,
        (GROUP,),
        lambda i: np.asarray(pictures[rows.start + i]),
        told,
    )


def _begin(server: "viser.ViserServer", episodes: RobotEpisodes, tcp: NDArray[np.float64]) -> None:
    """What stands still during one rollout."""
    add_camera(server, "/rollout/camera", episodes.T_world_cam, episodes.rgbd_camera)
    segments = np.stack([tcp[:-1], tcp[1:]], axis=1)
    if len(segments):
        server.scene.add_line_segments("/rollout/path", segments, PATH_RGB, thickness=0.003)


def seen_points(episodes: RobotEpisodes, row: int) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Depth of a row as points (p, 3) in the world, metres, from where the camera is said to stand.

    Args:
        episodes: with larger pictures and depth.
        row: of them.

    Returns:
        The points and their colours (p, 3); pixels without a measurement are left out.
    """
    assert episodes.wide_depth_mm is not None
    assert episodes.wide_rgb is not None
    depth_m = np.asarray(episodes.wide_depth_mm[row]) / 1000.0
    height, width = depth_m.shape
    points = episodes.rgbd_camera.unproject(depth_m).reshape(height, width, 3)
    chosen = np.zeros((height, width), bool)
    chosen[::POINT_STRIDE, ::POINT_STRIDE] = True
    chosen &= depth_m > 0
    world = transform_points(episodes.T_world_cam, points[chosen])
    return world.astype(np.float32), np.asarray(episodes.wide_rgb[row])[chosen]


def show_films(evaluation: OpenArtifact[Evaluation]) -> list[Timeline]:
    """The films that an evaluation keeps, one of each policy and world: pictures alone."""
    from PIL import Image, ImageSequence

    timelines = list[Timeline]()
    for rate in evaluation.summary.rates:
        name = f"film_{rate.policy}_{rate.domain}.gif"
        if name not in evaluation.file_names:
            continue
        with Image.open(io.BytesIO(evaluation.read_file(name))) as film:
            period_ms = float(film.info.get("duration") or 100)
            frames = np.stack([np.array(f.convert("RGB")) for f in ImageSequence.Iterator(film)])
        timelines.append(_film(f"evaluated: {rate.policy}, {rate.domain}", frames, period_ms))
    return timelines


def _film(name: str, frames: NDArray[np.uint8], period_ms: float) -> Timeline:
    return Timeline(
        name,
        len(frames),
        1000 / period_ms,
        lambda _i: None,
        (),
        lambda i: frames[i],
        lambda i: f"{i * period_ms / 1000:.2f} s",
    )
