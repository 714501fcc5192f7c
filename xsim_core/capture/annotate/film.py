"""A capture's film and mesh, and what pose a box in a frame of it leads to."""

from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xsim_core.capture.find_object.by_click import object_at_click
from xsim_core.capture.find_object.by_motion import object_by_motion
from xsim_core.capture.find_object.found import FoundObject
from xsim_core.capture.formats import RGBDVideo
from xsim_core.capture.identity import VideoChoice, video_path
from xsim_core.capture.layout import CaptureFile, mesh_path, read_capture_file
from xsim_core.capture.readers.apart import read_parts
from xsim_core.capture.readers.depth_unit import DepthUnit, to_mm
from xsim_core.capture.readers.meshes.linked_files import mesh_root
from xsim_core.checks.camera_still import camera_stillness
from xsim_core.checks.object_box import check_object_in_box
from xsim_core.errors import BadInputError, XSimError
from xsim_core.geometry import TexturedMesh
from xsim_core.geometry.arrays import RgbImage
from xsim_core.pictures import png_bytes
from xsim_core.tracking import LOST, OK, ObjectTracker
from xsim_core.tracking.overlay import draw_pose
from xsim_core.tracking.raycast import RayCaster

from .box_in_file import Box

FROM_THE_FILM = (
    "there is no mesh; what stands free in this box on its table is made from the film when the "
    "capture is taken in"
)
LEAST_PX = 4
"""Ingest takes no smaller box."""


@dataclass(frozen=True)
class Tried:
    """What came of a box."""

    is_believed: bool
    """Whether ``pose_track`` would begin there."""
    sentence: str
    picture: bytes | None = None
    """A PNG of the frame with the mesh at the pose that fits best; None where none was found."""


class AnnotatedFilm:
    """Frames by their place in the film; numbers are those that ``init_frame`` counts."""

    def __init__(
        self,
        file: CaptureFile,
        video: RGBDVideo,
        unit: DepthUnit,
        mesh: TexturedMesh | None,
        no_mesh: str,
    ) -> None:
        self.file, self.video, self._unit = file, video, unit
        self._mesh, self._no_mesh = mesh, no_mesh
        self.png = lru_cache(maxsize=64)(self._png)

    @property
    def num_frames(self) -> int:
        """Of the film, those without depth left out."""
        return len(self.video.rgb)

    @property
    def image_wh(self) -> tuple[int, int]:
        """Width and height, pixels."""
        height, width = self.video.rgb.shape[1:3]
        return width, height

    @cached_property
    def numbers(self) -> tuple[int, ...]:
        """What ``init_frame`` calls each frame."""
        there = self.video.source_frames
        return tuple(range(self.num_frames) if there is None else map(int, there))

    @cached_property
    def begin(self) -> tuple[Box | None, str]:
        """The box to begin with, as the capture's file or the film has it, and what to say."""
        if self.file.is_boxed:
            return self.file.init_box_xyxy, "Look for it in the box, or draw another."
        try:
            found = self._found()
        except BadInputError as error:
            return None, f"Draw a box, or click the object: {error}"
        return found.box_xyxy, f"{found.note}. Look for it there, or draw another."

    def _found(self) -> FoundObject:
        """As ingest finds it.

        Raises:
            BadInputError: when nothing tells it.
        """
        if self.file.click is not None:
            return self.box_at(self.first, self.file.click)
        video = replace(self.video, depth_mm=to_mm(self.video.depth_mm, self._unit.metres))
        stillness = camera_stillness(video.rgb, None)  # type: ignore[arg-type]
        stretches = () if stillness.goes_on else stillness.stretches
        return object_by_motion(video, self.first, self._mesh, stretches)

    def box_at(self, at: int, click: tuple[float, float]) -> FoundObject:
        """The box of what stands at a pixel (column, row) of a frame.

        Raises:
            BadInputError: when that cannot be told.
        """
        if not 0 <= at < self.num_frames:
            raise BadInputError(f"there is no frame {at}; the film has {self.num_frames}")
        depth_mm = to_mm(np.asarray(self.video.depth_mm[at : at + 1]), self._unit.metres)
        frame = replace(self.video, depth_mm=depth_mm, rgb=self.video.rgb[at : at + 1])
        return object_at_click(frame, 0, click, self._mesh)

    @property
    def first(self) -> int:
        """The frame to begin with: that of the capture's file, or the nearest that is there."""
        return int(np.argmin(np.abs(np.asarray(self.numbers) - self.file.init_frame)))

    def _png(self, at: int) -> bytes:
        return png_bytes(self._rgb(at))

    def check_box(self, at: int, box_xyxy: Box) -> None:
        """Refuse what ingest would.

        Raises:
            BadInputError: when there is no such frame, or the box is none in it.
        """
        if not 0 <= at < self.num_frames:
            raise BadInputError(f"there is no frame {at}; the film has {self.num_frames}")
        left, top, right, bottom = box_xyxy
        width, height = self.image_wh
        inside = left >= 0 and top >= 0 and right <= width and bottom <= height
        if not (inside and right - left >= LEAST_PX and bottom - top >= LEAST_PX):
            raise BadInputError(
                f"{list(box_xyxy)} is not a box (left, top, right, bottom) of at least {LEAST_PX} "
                f"pixels in the {width}x{height} image"
            )

    def try_box(self, at: int, box_xyxy: Box) -> Tried:
        """Look for the object in a box as ``pose_track`` will: from the default settings.

        Args:
            at: the frame's place in the film.
            box_xyxy: left, top, right, bottom in pixels.

        Raises:
            BadInputError: when the box is none.
        """
        self.check_box(at, box_xyxy)
        if self._mesh is None:
            return Tried(is_believed=False, sentence=f"no pose was looked for: {self._no_mesh}")
        depth_mm, camera = self._depth_mm(at), self.video.camera
        tracker = ObjectTracker(self._mesh, camera)
        what, diameter_m = self.file.object_name, self._mesh.diameter_m
        try:
            check_object_in_box(depth_mm, camera.K, box_xyxy, diameter_m, what=what)
            depth_m = depth_mm.astype(np.float32) * np.float32(1e-3)
            found = tracker.initialise(self._rgb(at), depth_m, box_xyxy)
        except BadInputError as error:
            return Tried(
                is_believed=False, sentence=str(error), picture=self._drawn(at, tracker, LOST)
            )
        first = tracker.first_pose
        assert first is not None  # The box was drawn.
        said = f"found: it covers what stands there by {first.coverage.quality:.2f} of 1"
        said += f", score {found.score:.2f}"
        return Tried(is_believed=True, sentence=said, picture=self._drawn(at, tracker, OK))

    def _drawn(self, at: int, tracker: ObjectTracker, status: int) -> bytes | None:
        """The frame with the pose that fits best, green or red."""
        if tracker.best_pose is None:
            return None
        caster, camera = RayCaster(tracker.mesh), self.video.camera
        image = draw_pose(
            self._rgb(at), tracker.best_pose, caster=caster, camera=camera, status=status
        )
        return png_bytes(image)

    def _rgb(self, at: int) -> RgbImage:
        return np.asarray(self.video.rgb[at])

    def _depth_mm(self, at: int) -> NDArray[np.uint16]:
        return to_mm(np.asarray(self.video.depth_mm[at])[None], self._unit.metres)[0]


def open_annotated(folder: Path, place: Path, *, prefer: VideoChoice = "declared") -> AnnotatedFilm:
    """The film and the mesh of a capture whose box may still be missing.

    Args:
        folder: of the capture, with a ``capture.yaml``.
        place: an empty folder for the arrays.
        prefer: which of two videos is meant.

    Raises:
        BadInputError: when there is no capture, or its video cannot be read.
    """
    file = read_capture_file(folder)
    mesh = mesh_path(folder, file)
    parts = read_parts(
        place,
        mesh=mesh,
        mesh_root=folder if mesh is None else mesh_root(mesh, folder),
        photos=None,
        video=video_path(folder, file, prefer),
        depth_unit_m=file.depth_unit_m,
        goes_on=True,
    )
    if parts.video is None or parts.unit is None:
        raise parts.failures["video"]
    failure: XSimError | None = parts.failures.get("mesh")
    no_mesh = FROM_THE_FILM if mesh is None else str(failure or "")
    return AnnotatedFilm(file, parts.video, parts.unit, parts.mesh, no_mesh)
