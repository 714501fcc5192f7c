"""The object's mesh where none was brought: made from the film, with all that was guessed said."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xsim_core.capture.formats import RGBDVideo
from xsim_core.capture.layout import CAPTURE_FILE, CaptureFile
from xsim_core.capture.place.resolve import Place
from xsim_core.film.frames import CameraMotion, Video
from xsim_core.geometry import TexturedMesh
from xsim_core.reconstruct import reconstruct_object
from xsim_core.reconstruct.agree import MIN_AGREEMENT


@dataclass(frozen=True)
class FromFilm:
    """A mesh that the film gave."""

    mesh: TexturedMesh
    is_seen: NDArray[np.bool_]
    """(v,) of its vertices; the others are a guess."""
    seen_share: float
    words: str


def object_from_film(
    video: RGBDVideo,
    init_frame: int,
    file: CaptureFile,
    place: Place,
    notes: list[str],
    progress: Callable[[float, dict[str, float]], None],
) -> FromFilm:
    """Reconstruct the object, and say what of it was never seen.

    Raises:
        BadInputError: when the film does not show it well enough.
    """
    motion = None
    if place.motion is not None:
        motion = CameraMotion(place.motion.T_world_cam, place.motion.has_pose)
    film = Video(video.rgb, video.depth_mm, video.timestamps_s, video.camera, motion)
    made = reconstruct_object(
        film,
        init_frame,
        file.init_box_xyxy,
        report=lambda share: progress(0.7 + 0.25 * share, {"reconstructed": share}),
    )
    width, depth, height = 1000 * np.ptp(made.mesh.vertices, axis=0)
    size = f"{width:.0f}x{depth:.0f}x{height:.0f} mm"
    notes.append(
        f"no mesh was brought: the object was made from the film ({size}, {made.num_looks} frames "
        f"fused). {100 * (1 - made.seen_share):.0f} % of its surface was never measured and is a "
        f"guess: what is hidden goes straight down to the table. Name a scan as `mesh:` in "
        f"{CAPTURE_FILE} where its far side or its weight matters"
    )
    if made.agreement < MIN_AGREEMENT:
        notes.append(
            "the object was lost on its way: views that were fused later contradicted the first "
            f"({100 * made.agreement:.0f} % of it agreed), so the mesh is of frame {init_frame} "
            "alone. Look at it before you rely on it, or bring a mesh (`mesh:`)"
        )
    words = f"{size}, {100 * made.seen_share:.0f} % of the surface seen, {made.num_looks} frames"
    return FromFilm(made.mesh, made.is_seen, made.seen_share, words)
