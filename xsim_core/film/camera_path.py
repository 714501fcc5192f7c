"""Where the video camera was over time: in one place, in several one after another, or moving."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsim_core.artifacts import Capture
from xsim_core.checks.camera_still import camera_stillness
from xsim_core.checks.stillness import Stillness, Stretch
from xsim_core.errors import BadInputError, QualityGateError
from xsim_core.geometry import Board, inverse_se3

from .camera_place import place_camera
from .frames import Video
from .gates import CameraGates
from .world_frame import WorldFrame, locate_camera

Poses = NDArray[np.floating]


@dataclass(frozen=True)
class CameraPath:
    """The camera's places. What it saw is told as if it had stood in the main one all along."""

    world: WorldFrame
    """Where it stood longest; of one that moves, where it was in ``init_frame``."""
    stillness: Stillness
    T_main_cam: Poses | None = None
    """(t, 4, 4) of every frame's camera in the main one; None where it stood in one place."""
    has_pose: NDArray[np.bool_] | None = None
    """(t,) of a camera that moves through the film: frames whose pose was found."""

    @property
    def goes_on(self) -> bool:
        """Whether the camera moves through the film."""
        return self.has_pose is not None

    @cached_property
    def is_unplaced(self) -> NDArray[np.bool_]:
        """Frames (t,) whose pose is not known: while it was knocked, or where nothing told it."""
        if self.has_pose is not None:
            return ~self.has_pose
        moving = np.ones(self.stillness.num_frames, bool)
        for stretch in self.stillness.stretches:
            moving[stretch.first : stretch.last + 1] = False
        return moving

    def to_main(self, T_cam_object: Poses) -> Poses:
        """Poses (t, 4, 4) in each frame's own camera, as the main camera would have seen them."""
        return T_cam_object if self.T_main_cam is None else self.T_main_cam @ T_cam_object

    def from_main(self, T_main_object: Poses) -> Poses:
        """Poses (t, 4, 4) in the main camera, as each frame's own saw them."""
        if self.T_main_cam is None:
            return T_main_object
        return inverse_se3(self.T_main_cam) @ T_main_object

    def notes(self, timestamps_s: NDArray[np.floating]) -> tuple[str, ...]:
        """A sentence on each step of the camera, with its time and size."""
        if self.T_main_cam is None or self.goes_on:
            return ()
        told: list[str] = []
        pairs = zip(self.stillness.stretches[:-1], self.stillness.stretches[1:], strict=True)
        for before, after in pairs:
            step = inverse_se3(self.T_main_cam[before.last]) @ self.T_main_cam[after.first]
            turn = np.degrees(np.arccos(np.clip((np.trace(step[:3, :3]) - 1) / 2, -1, 1)))
            time_s = timestamps_s[after.first] - timestamps_s[0]
            told.append(
                f"the camera was moved by {1000 * np.linalg.norm(step[:3, 3]):.0f} mm and "
                f"{turn:.1f} degrees at {time_s:.2f} s: what follows is told from its new place, "
                "by the board"
            )
        return tuple(told)


class _Frames:
    """A video's colour images as a sequence."""

    def __init__(self, video: Video) -> None:
        self.video = video

    def __len__(self) -> int:
        return self.video.num_frames

    def __getitem__(self, i: int) -> Any:
        return self.video.rgb(i)


def follow_camera(video: Video, summary: Capture, config: CameraGates) -> CameraPath:
    """Where the camera stood, by the board in each stretch in which it stood still.

    One that moves was followed when the capture was taken in.

    Raises:
        BadInputError: when the board is in no frame.
        QualityGateError: when the camera never stands still, the board is not seen from each of
            its places, fits badly, or moves itself.
    """
    board = summary.board
    if video.motion is not None:
        main = video.motion.T_world_cam[summary.init_frame]
        T_main_cam = inverse_se3(main) @ video.motion.T_world_cam
        moving = Stillness(video.num_frames, (), goes_on=True)
        return CameraPath(WorldFrame(main, None, 0), moving, T_main_cam, video.motion.has_pose)
    stillness = camera_stillness(_Frames(video), board)  # type: ignore[arg-type]
    if stillness.is_still:
        return CameraPath(place_camera(video, summary, config), stillness)
    if stillness.goes_on:
        raise QualityGateError(
            "the camera moves through the film, as one held in the hand does, and the capture does "
            "not tell where it was: take the capture in again, or put the camera on a stand."
        )
    if board is None:
        raise QualityGateError(
            "the camera was moved in the film, and there is no board that tells where to: where it "
            "stands is stated once. Cut the film there, or film again."
        )
    places = [_locate(video, board, config, stretch) for stretch in stillness.stretches]
    lengths = [stretch.num_frames for stretch in stillness.stretches]
    main = places[int(np.argmax(lengths))]
    starts = np.array([stretch.first for stretch in stillness.stretches])
    # While it is being moved, the place that it comes from stands for the one it is in.
    at = np.searchsorted(starts, np.arange(video.num_frames), side="right") - 1
    T_world_cam = np.stack([place.T_world_cam for place in places])[np.maximum(at, 0)]
    return CameraPath(main, stillness, inverse_se3(main.T_world_cam) @ T_world_cam)


def _locate(video: Video, board: Board, config: CameraGates, stretch: Stretch) -> WorldFrame:
    try:
        return locate_camera(video, board, config, span=(stretch.first, stretch.last))
    except BadInputError as error:
        times = video.timestamps_s[[stretch.first, stretch.last]] - video.timestamps_s[0]
        raise QualityGateError(
            f"the camera was moved, and from where it stands at {times[0]:.2f}–{times[1]:.2f} s "
            f"{error}"
        ) from error
