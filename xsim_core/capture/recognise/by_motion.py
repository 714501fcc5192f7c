"""Where the object is as the film alone tells it, as ingest will find it."""

from dataclasses import replace

import numpy as np

from xsim_core.capture.find_object.by_motion import object_by_motion
from xsim_core.capture.readers.depth_unit import to_mm
from xsim_core.checks.camera_still import camera_stillness
from xsim_core.errors import BadInputError
from xsim_core.geometry import TexturedMesh

from .facts import FirstBox
from .films import ReadFilm


def box_by_motion(film: ReadFilm, mesh: TexturedMesh | None) -> tuple[FirstBox | None, str]:
    """The box of what stands still in the first frame and moves later, or why there is none."""
    video = replace(film.video, depth_mm=to_mm(film.video.depth_mm, film.unit.metres))
    stillness = camera_stillness(video.rgb, None)  # type: ignore[arg-type]
    try:
        found = object_by_motion(video, 0, mesh, () if stillness.goes_on else stillness.stretches)
    except BadInputError as error:
        return None, str(error)
    number = 0 if video.source_frames is None else int(np.asarray(video.source_frames)[0])
    said = FirstBox(
        frame=number,
        box_xyxy=found.box_xyxy,
        source="what stands still in that frame and is "
        f"moved later ({1000 * found.diameter_m:.0f} mm across as far as it is seen)",
        is_guess=True,
        is_found=True,
    )
    return said, ""
