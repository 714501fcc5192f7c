"""The object's mesh from the film alone, for those who bring none."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xsim_core.film.frames import Video
from xsim_core.geometry import TexturedMesh
from xsim_core.tracking.config import TrackerConfig

from .agree import MIN_AGREEMENT, agreement
from .first_look import Box, first_look
from .follow import follow, start_model

FACES, TEXELS = 6000, 1024


@dataclass(frozen=True)
class Reconstruction:
    """What came out of the film."""

    mesh: TexturedMesh
    """Origin on what the object stood on, z up from there, x away from the camera."""
    is_seen: NDArray[np.bool_]
    """(v,) of the mesh's vertices: whether any frame measured the surface there."""
    seen_share: float
    """Of the surface's area."""
    num_looks: int
    """Frames that were fused."""
    T_cam_object: NDArray[np.float64]
    """(t, 4, 4) poses on the way; NaN where it was not seen."""
    agreement: float
    """With the first look, in [0, 1], of the mesh that all views together made. Below
    ``MIN_AGREEMENT`` they were not the object's, and the mesh is of the first look alone."""


def reconstruct_object(
    video: Video,
    init_frame: int,
    init_box_xyxy: Box,
    *,
    config: TrackerConfig | None = None,
    report: Callable[[float], None] = lambda share: None,
) -> Reconstruction:
    """Make the object's mesh from the film.

    Args:
        video: with depth.
        init_frame: in which the object stands free on something flat.
        init_box_xyxy: around it, pixels.
        config: the tracker's settings.
        report: is told the share that is done.

    Raises:
        BadInputError: when the object cannot be told from what surrounds it, or is too small.
    """
    config = config or TrackerConfig()
    first = first_look(video, init_frame, init_box_xyxy, config)
    model = start_model(video, first, config)
    T_cam_object = follow(video, first, model, config, report)
    closed, mesh = model.mesh(faces=FACES, texels=TEXELS)
    agrees = agreement(mesh, first, video.camera, config)
    if agrees < MIN_AGREEMENT:
        model = start_model(video, first, config)
        closed, mesh = model.mesh(faces=FACES, texels=TEXELS)
        T_cam_object[np.arange(len(T_cam_object)) != first.frame] = np.nan
    return Reconstruction(
        mesh,
        closed.is_seen[closed.faces].reshape(-1),
        closed.seen_share,
        len(model.looks),
        T_cam_object,
        agrees,
    )
