"""Where the video camera stands: seen by what is printed, or as the capture states it."""

import numpy as np

from xsim_core.artifacts import Capture
from xsim_core.errors import BadInputError

from .frames import Video
from .gates import CameraGates
from .world_frame import WorldFrame, locate_camera

GUESSED = (
    "the world's frame is a guess: its origin lies on the table under the object, as the capture "
    "says nothing of the robot's place"
)
STATED = "the camera stands where the capture states it: no board was looked at in the video"


def place_camera(video: Video, summary: Capture, config: CameraGates) -> WorldFrame:
    """The camera by the board in the video; where it shows none, as the capture states.

    Raises:
        BadInputError: when there is a board that no frame shows, and nothing is stated.
        QualityGateError: as ``locate_camera``.
    """
    stated = None if summary.T_world_cam is None else np.array(summary.T_world_cam, float)
    if summary.board is None:
        if stated is None:
            raise BadInputError(
                f"capture '{summary.name}' does not say where the camera stands: give it a board, "
                "tags, or the camera's pose"
            )
        return WorldFrame(stated, None, 0)
    if stated is None:
        return locate_camera(video, summary.board, config)
    try:
        return locate_camera(video, summary.board, config)
    except BadInputError:  # In no frame of the video: it may lie in the photos alone.
        return WorldFrame(stated, None, 0)


def notes_on_place(
    world: WorldFrame, summary: Capture, *, is_moving: bool = False
) -> tuple[str, ...]:
    """Sentences on a camera that nothing in the video confirms; one that moves was followed."""
    if world.num_frames or (is_moving and summary.world != "table"):
        return ()
    return (GUESSED if summary.world == "table" else STATED,)
