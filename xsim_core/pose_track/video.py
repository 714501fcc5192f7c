"""The capture's RGB-D video, read frame by frame, and checks on it before any work."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsim_core.artifacts import Capture
from xsim_core.errors import BadInputError
from xsim_core.geometry import PinholeCamera, TexturedMesh
from xsim_core.storage import OpenArtifact

DIAMETER_M = (0.01, 2.0)
SIZE_RATIO = (0.3, 4.0)


@dataclass(frozen=True)
class Video:
    """Lazy frames of one capture."""

    rgb_frames: Any
    depth_frames: Any
    timestamps_s: NDArray[np.float64]
    camera: PinholeCamera

    @property
    def num_frames(self) -> int:
        """How many frames there are."""
        return len(self.timestamps_s)

    def rgb(self, i: int) -> NDArray[np.uint8]:
        """Colour image (h, w, 3)."""
        return np.asarray(self.rgb_frames[i])

    def depth_m(self, i: int) -> NDArray[np.float32]:
        """Depth image (h, w) in metres, 0 = no measurement."""
        return np.asarray(self.depth_frames[i]).astype(np.float32) * np.float32(1e-3)


def open_video(capture: OpenArtifact[Capture]) -> Video:
    """The video of a capture."""
    rgb, depth = capture.group["video/rgb"], capture.group["video/depth_mm"]
    height, width = rgb.shape[1:3]  # type: ignore[union-attr]
    camera = PinholeCamera(width, height, capture.array("video/K"))
    return Video(rgb, depth, capture.array("video/timestamps_s"), camera)


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
        BadInputError: without depth, for a box outside the image, or a mesh whose size
            contradicts the depth in the box.
    """
    summary = capture.summary
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
    x0, y0, x1, y1 = np.clip(
        summary.init_box_xyxy, 0, [video.camera.width, video.camera.height] * 2
    )
    if x1 - x0 < 4 or y1 - y0 < 4:
        raise BadInputError(
            f"init_box_xyxy {summary.init_box_xyxy} covers no part of the "
            f"{video.camera.width}x{video.camera.height} video; it is (x0, y0, x1, y1) in pixels"
        )
    depth = video.depth_m(summary.init_frame)[int(y0) : int(y1), int(x0) : int(x1)]
    if (depth > 0).mean() < 0.05:
        raise BadInputError(
            f"capture '{summary.name}': frame {summary.init_frame} has no depth inside the "
            "object's box. Choose another init_frame or box."
        )
    z = float(np.median(depth[depth > 0]))
    seen_m = float(np.hypot(x1 - x0, y1 - y0)) * z / float(video.camera.K[0, 0])
    ratio = mesh.diameter_m / seen_m
    if not SIZE_RATIO[0] <= ratio <= SIZE_RATIO[1]:
        raise BadInputError(
            f"object '{summary.object_name}' measures {mesh.diameter_m:.3f} m across, but its "
            f"box at {z:.2f} m spans {seen_m:.3f} m. Check the units of mesh and "
            "depth, and the box."
        )
