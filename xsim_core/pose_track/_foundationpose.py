"""FoundationPose as a program outside: folders in, folders out, nothing of it imported.

It needs its own Python, CUDA and licence (NVIDIA Source Code License: research and evaluation
only), so it runs behind a file contract in a container, a conda environment or on another machine.
The command gets two folders.

``{input}``: ``rgb/%06d.png`` · ``depth/%06d.png`` (uint16, millimetres) · ``masks/%06d.png`` of the
first frame · ``cam_K.txt`` · ``mesh/mesh.obj`` (metres, with texture) · ``request.json``.

``{output}``: ``poses.jsonl``, one ``{"frame": int, "T_cam_object": 4x4}`` a line, and ``done.json``
(free provenance) once everything is written.

It is asked once for all frames (``request.json`` has ``"stretches": []``), and where poses do not
stand up to the film, once more: the same ``{input}`` with ``"stretches": [{"first": int, "last":
int, "register": int}]`` and ``masks/%06d.png`` of each ``register``, and another ``{output}``. It
registers the object anew in that frame, follows it to both ends of the stretch, and answers those
frames; others are not looked at. ``tests/pose_track/fake_foundationpose.py`` is a
runner that obeys this.

Answers are never believed: every pose is checked for form here and scored against the frame by
the CPU tracker's own verification, because the original reports neither score nor loss.
"""

import json
import os
import shlex
import subprocess
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from xsim_core.artifacts import Capture
from xsim_core.errors import BadInputError, MissingDependencyError, QualityGateError
from xsim_core.files.text import one_line
from xsim_core.film.frames import Video
from xsim_core.geometry import TexturedMesh
from xsim_core.storage import Progress
from xsim_core.tracking import LOST

from ._again import LostStretch, lost_stretches
from .config import PoseTrackConfig
from .raw_track import RawTrack
from .verified import judged

COMMAND_VARIABLE = "XSIM_FOUNDATIONPOSE_COMMAND"


def track_video(
    video: Video,
    mesh: TexturedMesh,
    summary: Capture,
    *,
    config: PoseTrackConfig,
    scratch: Path,
    report: Progress,
) -> tuple[RawTrack, tuple[str, ...]]:
    """Poses of the object in every frame, from the runner, verified, and what is to be said of it.

    Where they do not stand up to the film, the runner is asked to register the object again.

    Raises:
        MissingDependencyError: when no command is configured or it cannot be started.
        QualityGateError: when the runner fails or breaks the contract in its first answer.
    """
    command = _command(config)
    request, answer = scratch / "request", scratch / "answer"
    if not (answer / "done.json").exists():
        write_request(request, video, mesh, summary, seed=config.tracker.seed)
        _call(command, request, answer, timeout_s=config.foundationpose_timeout_s)
    poses = read_answer(answer, range(video.num_frames))
    track = _verified(poses, video, mesh, summary, config, report)
    lost = int((track.status == LOST).sum())
    stretches = lost_stretches(track, video, mesh, config)
    if not stretches:
        return track, ()
    again, wanted = scratch / "again", [i for s in stretches for i in range(s.first, s.last + 1)]
    try:
        if not (again / "done.json").exists():
            ask_again(request, stretches)
            _call(command, request, again, timeout_s=config.foundationpose_timeout_s)
        poses[wanted] = read_answer(again, wanted)
    except QualityGateError as error:
        return track, (f"lost stretches were not registered again: {error}.",)
    track = _verified(poses, video, mesh, summary, config, report)
    left = int((track.status == LOST).sum())
    at = ", ".join(str(s.register) for s in stretches)
    told = f"FoundationPose lost the object in {lost} of {video.num_frames} frames"
    return track, (f"{told}; registered again in frame {at}, in {left}.",)


def ask_again(folder: Path, stretches: list[LostStretch]) -> None:
    """Write what the runner reads when it is asked once more."""
    path = folder / "request.json"
    asked = [{"first": s.first, "last": s.last, "register": s.register} for s in stretches]
    path.write_text(json.dumps(json.loads(path.read_text()) | {"stretches": asked}, indent=1))
    for s in stretches:
        cv2.imwrite(str(folder / "masks" / f"{s.register:06d}.png"), 255 * s.mask.astype(np.uint8))


def _command(config: PoseTrackConfig) -> list[str]:
    command = list(config.foundationpose_command)
    command = command or shlex.split(os.environ.get(COMMAND_VARIABLE, ""))
    if not command:
        raise MissingDependencyError(
            "backend 'foundationpose' needs a runner: set foundationpose_command or "
            f"{COMMAND_VARIABLE} to a command with {{input}} and {{output}}, for example 'docker "
            "run --rm --gpus all --network none -v {input}:/in:ro -v {output}:/out IMAGE'. "
            "FoundationPose's licence allows research and evaluation only. Without a GPU use "
            "backend 'reference'."
        )
    return command


def write_request(
    folder: Path, video: Video, mesh: TexturedMesh, summary: Capture, *, seed: int
) -> None:
    """Write what the runner reads."""
    for name in ("rgb", "depth", "masks", "mesh"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for i in range(video.num_frames):
        rgb = cv2.cvtColor(video.rgb(i), cv2.COLOR_RGB2BGR)
        cv2.imwrite(str(folder / "rgb" / f"{i:06d}.png"), rgb)
        cv2.imwrite(str(folder / "depth" / f"{i:06d}.png"), np.asarray(video.depth_frames[i]))
    start = summary.init_frame
    mask = _mask_in_box(video.depth_m(start), summary.init_box_xyxy)
    cv2.imwrite(str(folder / "masks" / f"{start:06d}.png"), mask)
    np.savetxt(folder / "cam_K.txt", video.camera.K)
    mesh.write_obj(folder / "mesh")
    request = {
        "num_frames": video.num_frames,
        "init_frame": start,
        "depth_scale_m": 0.001,
        "est_iter": 5,
        "track_iter": 2,
        "max_side": 640,
        "seed": seed,
        "stretches": [],
    }
    (folder / "request.json").write_text(json.dumps(request, indent=1))


def _mask_in_box(
    depth_m: NDArray[np.floating], box: tuple[float, float, float, float]
) -> NDArray[np.uint8]:
    """Pixels of the box whose depth is near the median of its middle."""
    x0, y0, x1, y1 = (int(b) for b in box)
    mask = np.zeros(depth_m.shape, np.uint8)
    cut = depth_m[y0:y1, x0:x1]
    h, w = cut.shape
    middle = cut[h // 4 : h - h // 4, w // 4 : w - w // 4]
    z = np.median(middle[middle > 0]) if (middle > 0).any() else 0.0
    mask[y0:y1, x0:x1] = 255 * ((cut > 0) & (np.abs(cut - z) < 0.1))
    return mask


def _call(command: list[str], request: Path, answer: Path, *, timeout_s: float) -> None:
    answer.mkdir(parents=True, exist_ok=True)
    filled = [a.replace("{input}", str(request)).replace("{output}", str(answer)) for a in command]
    try:
        done = subprocess.run(
            filled, capture_output=True, text=True, timeout=timeout_s, check=False
        )
    except FileNotFoundError as error:
        raise MissingDependencyError(f"FoundationPose runner '{filled[0]}' not found") from error
    except subprocess.TimeoutExpired as error:
        raise QualityGateError(
            f"FoundationPose runner took longer than {timeout_s:.0f} s"
        ) from error
    if done.returncode != 0:
        hint = " (killed: out of memory?)" if done.returncode in (137, -9) else ""
        tail = done.stderr.strip()[-800:] or "no message"
        raise QualityGateError(
            f"FoundationPose runner ended with exit code {done.returncode}{hint}: {tail}"
        )
    if not (answer / "done.json").exists():
        raise QualityGateError("FoundationPose runner ended without writing done.json")


def read_answer(folder: Path, frames: Sequence[int]) -> NDArray[np.float64]:
    """Poses (t, 4, 4) of these frames from ``poses.jsonl``.

    Raises:
        QualityGateError: for frames that are missing, and matrices that are no rigid transforms.
    """
    poses: dict[int, NDArray[np.float64]] = {}
    path = folder / "poses.jsonl"
    # Whatever is in it, each line says whether it can be read.
    lines = path.read_text(errors="replace").splitlines() if path.exists() else []
    for number, line in enumerate(lines, start=1):
        try:
            entry = json.loads(line)
            frame, T = int(entry["frame"]), np.asarray(entry["T_cam_object"], np.float64)
        except Exception as error:
            raise QualityGateError(
                f"poses.jsonl line {number} cannot be read: {one_line(error)}"
            ) from error
        _check_pose(T, frame)
        poses[frame] = T
    missing = sorted(set(frames) - set(poses))
    if missing:
        raise QualityGateError(
            f"FoundationPose runner answered {len(poses)} of {len(frames)} frames; the first "
            f"missing one is {missing[0]}"
        )
    return np.stack([poses[i] for i in frames])


def _check_pose(T: NDArray[np.float64], frame: int) -> None:
    if T.shape != (4, 4) or not np.isfinite(T).all():
        raise QualityGateError(f"FoundationPose pose of frame {frame} is not a finite 4x4 matrix")
    R = T[:3, :3]
    error = max(np.abs(R.T @ R - np.eye(3)).max(), abs(np.linalg.det(R) - 1))
    if error > 1e-3 or np.abs(T[3] - [0, 0, 0, 1]).max() > 1e-6:
        raise QualityGateError(f"FoundationPose pose of frame {frame} is not a rigid transform")
    if np.abs(R - np.eye(3)).max() < 1e-9:
        # register() answers the identity rotation when it had no usable depth (estimater.py).
        raise QualityGateError(
            f"FoundationPose pose of frame {frame} has the identity rotation: its registration "
            "had no usable depth in the mask"
        )


def _verified(
    poses: NDArray[np.float64],
    video: Video,
    mesh: TexturedMesh,
    summary: Capture,
    config: PoseTrackConfig,
    report: Progress,
) -> RawTrack:
    track = judged(poses, video, mesh, summary, config, report)
    if track.score.max() < config.tracker.min_init_score:
        raise BadInputError(
            f"FoundationPose's poses fit no frame (best score {track.score.max():.2f}): check the "
            "box, the mesh and its unit (metres)."
        )
    return track
