"""Pictures for people: the mesh drawn over the video, and the trajectory."""

import tempfile
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from xsim_core.film.frames import Video
from xsim_core.geometry import TexturedMesh
from xsim_core.pictures import figure_bytes, png_bytes
from xsim_core.storage import ArtifactWriter
from xsim_core.tracking import LOST, STATUS_NAMES, STATUS_RGB, RayCaster, draw_pose, speeds

NUM_STILLS = 4
MAX_FILM_FRAMES = 120


def add_overlays(
    out: ArtifactWriter,
    video: Video,
    mesh: TexturedMesh,
    *,
    T_cam_object: NDArray[np.floating],
    status: NDArray[np.int8],
    score: NDArray[np.floating],
) -> None:
    """``overlay_<frame>.png`` stills and a small ``overlay.mp4``."""
    caster, n = RayCaster(mesh), video.num_frames

    def draw(i: int) -> NDArray[np.uint8]:
        caption = f"{i}  {STATUS_NAMES[int(status[i])]}  {max(score[i], 0):.2f}"
        drawn = draw_pose(
            video.rgb(i),
            T_cam_object[i],
            caster=caster,
            camera=video.camera,
            status=int(status[i]),
            caption=caption,
        )
        return _with_inset(drawn, _centre_px(mesh, T_cam_object[i], video))

    for i in np.unique(np.linspace(0, n - 1, NUM_STILLS).astype(int)):
        out.add_file(f"overlay_{i:04d}.png", png_bytes(draw(int(i))))
    stride = max(1, -(-n // MAX_FILM_FRAMES))
    fps = (n - 1) / max(video.timestamps_s[-1] - video.timestamps_s[0], 1e-3) if n > 1 else 10.0
    film = [_shrink(draw(i)) for i in range(0, n, stride)]
    out.add_file("overlay.mp4", encode_mp4(film, fps=float(np.clip(fps / stride, 1, 60))))


def _centre_px(
    mesh: TexturedMesh, T_cam_object: NDArray[np.floating], video: Video
) -> NDArray[np.floating]:
    centre = T_cam_object[:3, :3] @ mesh.centre + T_cam_object[:3, 3]
    middle = np.array([video.camera.width, video.camera.height]) / 2
    return np.nan_to_num(video.camera.project(centre), nan=float(middle[0]))


def _with_inset(rgb: NDArray[np.uint8], centre_px: NDArray[np.floating]) -> NDArray[np.uint8]:
    """The image with its surroundings of a pixel magnified in the upper right corner."""
    h, w = rgb.shape[:2]
    half_h, half_w = h // 8, w // 8
    u = int(np.clip(centre_px[0], half_w, w - half_w))
    v = int(np.clip(centre_px[1], half_h, h - half_h))
    cut = rgb[v - half_h : v + half_h, u - half_w : u + half_w]
    inset = cv2.resize(cut, (w * 3 // 8, h * 3 // 8), interpolation=cv2.INTER_CUBIC)
    inset = cv2.copyMakeBorder(inset, 0, 2, 2, 0, cv2.BORDER_CONSTANT, value=(255, 255, 255))
    out = rgb.copy()
    out[: inset.shape[0], w - inset.shape[1] :] = inset
    return out


def encode_mp4(frames: list[NDArray[np.uint8]], *, fps: float) -> bytes:
    """H.264 film, playable in browsers, of equal RGB images (h, w, 3) with even sizes."""
    import imageio_ffmpeg

    height, width = frames[0].shape[:2]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "film.mp4"
        writer = imageio_ffmpeg.write_frames(
            str(path),
            (width, height),
            codec="libx264",
            macro_block_size=2,
            fps=fps,  # pyright: ignore[reportArgumentType] # guessed from the default 16
            quality=None,  # pyright: ignore[reportArgumentType] # documented; guessed from 5
            ffmpeg_log_level="error",
            output_params=["-crf", "28", "-threads", "1", "-movflags", "+faststart"],
        )
        writer.send(None)
        for frame in frames:
            writer.send(np.ascontiguousarray(frame))
        writer.close()
        return path.read_bytes()


def _shrink(rgb: NDArray[np.uint8], width: int = 480) -> NDArray[np.uint8]:
    scale = min(1.0, width / rgb.shape[1])
    size = tuple(max(2, round(s * scale) // 2 * 2) for s in rgb.shape[1::-1])
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)


def plot_trajectory(
    T_world_object: NDArray[np.floating],
    timestamps_s: NDArray[np.floating],
    *,
    status: NDArray[np.int8],
    score: NDArray[np.floating],
    segments: NDArray[np.int64],
) -> bytes:
    """PNG: the path from above, height and speed over time, score and status."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 6), layout="constrained")
    grid = figure.add_gridspec(3, 2)
    top = figure.add_subplot(grid[:, 0])
    height, speed, evidence = (figure.add_subplot(grid[i, 1]) for i in range(3))
    position, time = T_world_object[:, :3, 3], timestamps_s - timestamps_s[0]
    colours = np.array([STATUS_RGB[int(s)] for s in status]) / 255
    top.plot(position[:, 0], position[:, 1], color="0.7", lw=1)
    top.scatter(position[:, 0], position[:, 1], c=colours, s=12, zorder=2)
    for i in {0, len(position) - 1, *segments.reshape(-1).tolist()}:
        ends = position[i] + 0.03 * T_world_object[i, :3, :3].T
        for end, colour in zip(ends[:2], ("r", "g"), strict=True):
            top.plot([position[i, 0], end[0]], [position[i, 1], end[1]], colour, lw=1.5)
    top.annotate("start", (position[0, 0], position[0, 1]))
    top.annotate("end", (position[-1, 0], position[-1, 1]))
    top.set(xlabel="world x (m)", ylabel="world y (m)", title="Path of the object from above")
    top.set_aspect("equal", adjustable="datalim")
    linear, angular = speeds(T_world_object, timestamps_s)
    height.plot(time, 1000 * (position[:, 2] - position[0, 2]))
    height.set(ylabel="height change (mm)")
    speed.plot(time, linear, label="m/s")
    speed.plot(time, angular / 10, label="rad/s ÷ 10")
    speed.legend(fontsize=8)
    speed.set(ylabel="speed")
    evidence.plot(time, np.clip(score, 0, 1), color="0.6", lw=1)
    evidence.scatter(time, np.clip(score, 0, 1), c=colours, s=10, zorder=2)
    evidence.set(ylabel="score", ylim=(0, 1.05), xlabel="time (s)")
    evidence.set_title(_status_line(status), fontsize=9)
    for axis in (height, speed, evidence):
        for first, last in segments:
            axis.axvspan(time[first], time[last], color="tab:green", alpha=0.12)
    return figure_bytes(figure, dpi=90, is_tight=False)


def _status_line(status: NDArray[np.int8]) -> str:
    counts = np.bincount(status, minlength=LOST + 1)
    return " · ".join(f"{STATUS_NAMES[k]} {c}" for k, c in enumerate(counts) if c)
