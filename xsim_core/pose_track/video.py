"""Checks on the film and the mesh of a capture before the object is looked for."""

import numpy as np
from numpy.typing import NDArray

from xsim_core.artifacts import Capture
from xsim_core.checks.object_box import check_object_in_box
from xsim_core.errors import BadInputError
from xsim_core.film.frames import Video
from xsim_core.geometry import TexturedMesh
from xsim_core.storage import OpenArtifact

DIAMETER_M = (0.01, 2.0)
FRAME_STEP_S = (0.002, 2.0)
"""Time between frames: 500 to 0.5 a second."""


def open_mesh(capture: OpenArtifact[Capture]) -> TexturedMesh:
    """The object's mesh.

    Raises:
        BadInputError: when its size cannot be that of an object a hand moves.
    """
    mesh = TexturedMesh.from_arrays(
        capture.arrays("object"), is_textured=capture.summary.is_mesh_coloured
    )
    diameter = mesh.diameter_m
    if not np.isfinite(diameter) or not DIAMETER_M[0] <= diameter <= DIAMETER_M[1]:
        unit = "millimetres" if diameter > DIAMETER_M[1] else "metres already scaled down"
        raise BadInputError(
            f"object '{capture.summary.object_name}' measures {diameter:.4g} m across; a "
            f"hand-held object measures {DIAMETER_M[0]} to {DIAMETER_M[1]} m. The mesh seems "
            f"to be in {unit}: convert it to metres and ingest again."
        )
    return mesh


def check_inputs(capture: OpenArtifact[Capture], video: Video, mesh: TexturedMesh) -> None:
    """Refuse videos in which tracking cannot work, before any work is done.

    Raises:
        BadInputError: without depth, for times that are none, a box outside the image, or a mesh
            whose size contradicts the depth in the box.
    """
    summary = capture.summary
    _check_times(video.timestamps_s, summary.name)
    if not 0 <= summary.init_frame < video.num_frames:
        raise BadInputError(
            f"init_frame {summary.init_frame} is outside the video's {video.num_frames} frames"
        )
    sampled = np.unique(np.linspace(0, video.num_frames - 1, 5).astype(int))
    if not any(video.depth_m(i).any() for i in [summary.init_frame, *sampled]):
        raise BadInputError(
            f"capture '{summary.name}': the depth video is all zero. Record depth aligned to "
            "colour, or check the depth stream of the file."
        )
    check_object_in_box(
        np.asarray(video.depth_frames[summary.init_frame]),
        video.camera.K,
        summary.init_box_xyxy,
        mesh.diameter_m,
        what=summary.object_name,
    )


def _check_times(timestamps_s: NDArray[np.floating], name: str) -> None:
    """Thresholds are in seconds: times in another unit would make every motion too slow."""
    steps = np.diff(timestamps_s)
    if not np.isfinite(timestamps_s).all() or (steps <= 0).any():
        raise BadInputError(
            f"capture '{name}': the video's timestamps do not rise from frame to frame; each frame "
            "needs its own time in seconds"
        )
    step, (low, high) = float(np.median(steps)) if len(steps) else FRAME_STEP_S[0], FRAME_STEP_S
    if low <= step <= high:
        return
    units = {"milliseconds": 1e-3, "microseconds": 1e-6, "nanoseconds": 1e-9}
    likely = [f"{u}: multiply by {f:g}" for u, f in units.items() if low < step * f <= high]
    raise BadInputError(
        f"capture '{name}': the video's frames are {step:.4g} s apart, which is no frame rate"
        + (f". They seem to be in {likely[0]} and ingest again." if likely else ".")
    )
