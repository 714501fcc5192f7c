"""What a person brings, and what only a synthesiser knows of it."""

from typing import ClassVar, Literal

from xsim_core.artifacts.base import Artifact
from xsim_core.artifacts.schema import ArraySpec as S
from xsim_core.geometry.board_spec import Board
from xsim_core.geometry.symmetry_spec import ObjectSymmetry
from xsim_core.geometry.tag_spec import Matrix4

from .mesh import MESH


class Capture(Artifact):
    """What a person brings: an RGB-D video, photos of the room, an object mesh, a printed board."""

    kind: ClassVar[str] = "capture"
    arrays: ClassVar[tuple[S, ...]] = (
        S("video/rgb", "uint8", "t h w 3", "RGB"),
        S("video/depth_mm", "uint16", "t h w", "aligned to colour; 0 is no measurement"),
        S("video/timestamps_s", "float64", "t", "seconds"),
        S("video/K", "float64", "3 3", "of the colour camera, pixels"),
        S(
            "camera/T_world_cam",
            "float64",
            "t 4 4",
            "of a video camera that moves, in every frame; of a still one there is none",
            optional=True,
        ),
        S("camera/has_pose", "bool", "t", "frames in which it was found", optional=True),
        S("photos", "uint8", "n hp wp 3", "RGB"),
        S(
            "photo_poses/T_given_cam",
            "float64",
            "n 4 4",
            "as they came, in a frame and unit of their own",
            optional=True,
        ),
        S("photo_poses/K", "float64", "3 3", "of these photos, pixels", optional=True),
        S("room/means", "float32", "g 3", "Gaussians of a room that was brought", optional=True),
        S(
            "room/quats_wxyz",
            "float32",
            "g 4",
            "their discs span the first two axes",
            optional=True,
        ),
        S("room/scales", "float32", "g 2", "standard deviations, metres", optional=True),
        S("room/opacities", "float32", "g", "in (0, 1)", optional=True),
        S("room/sh0", "float32", "g 3", "colours, degree 0", optional=True),
        *MESH,
        S("track/T", "float64", "t 4 4", "poses that were brought; identity: none", optional=True),
        S("track/has_pose", "bool", "t", "frames for which one was brought", optional=True),
    )
    name: str
    object_name: str
    num_frames: int
    num_photos: int
    photo_names: tuple[str, ...] = ()
    """Of the files, or times in a film; none where poses came with the photos."""
    room: Literal["photos", "film", "file"] = "photos"
    """What gives the room: photos, the video itself where there are none, or ``room/``."""
    metres_per_unit: float | None = None
    """Of the poses that came with the photos, where it was stated."""
    T_world_poses: Matrix4 | None = None
    """Pose (4, 4) of their frame, likewise."""
    fps: float
    board: Board | None = None
    """What is printed and lies at a known place, where there is such a thing."""
    T_world_cam: Matrix4 | None = None
    """Pose (4, 4) of the video camera, where it was stated or guessed; of one that moves that of
    ``init_frame``."""
    world: Literal["robot", "table"] = "robot"
    """``table``: the robot's place is a guess; the origin lies on the table under the object."""
    init_frame: int
    init_box_xyxy: tuple[float, float, float, float]
    """Where the object is in ``init_frame``, pixels."""
    box_from: Literal["drawn", "click", "motion"] = "drawn"
    """Who says so: a person's box, a person's click, or what stands still there and moves later."""
    is_mesh_coloured: bool = True
    """False where the mesh says too little about how the object looks: the tracker learns it."""
    mesh_from: Literal["file", "film"] = "file"
    """film: none was brought, and the object was reconstructed from the video; its frame is then
    the reconstruction's own."""
    mesh_seen_share: float | None = None
    """Of such a mesh's area, what any frame measured; the rest is a guess."""
    symmetry: ObjectSymmetry | None = None
    """How the object can be turned without looking different; None where it cannot."""
    track_frame: Literal["camera", "robot", "unknown"] | None = None
    """The frame of ``track/T``; None where no track was brought."""
    notes: tuple[str, ...] = ()
    """What was guessed, dropped or mended while the files were read; a sentence each."""


class GroundTruth(Artifact):
    """What only a synthesiser knows. No stage but ``evaluate`` declares this kind as an input."""

    kind: ClassVar[str] = "ground_truth"
    arrays: ClassVar[tuple[S, ...]] = (
        S("T_world_object", "float64", "t 4 4", "in every frame"),
        S("T_world_cam", "float64", "4 4", "the video camera"),
        S("camera/T_world_cam", "float64", "t 4 4", "of one that moves", optional=True),
        S("photo/T_world_cam", "float64", "n 4 4", "of every photo"),
        S("photo/K", "float64", "3 3", "pixels"),
        S("visible_fraction", "float32", "t", "unoccluded share of the object's pixels"),
    )
    retired = frozenset({"symmetric"})
    name: str


class RealWorld(Artifact):
    """The world to deploy into: a sealed handle that only ``xsim_core.world`` may open."""

    kind: ClassVar[str] = "real_world"
    arrays: ClassVar[tuple[S, ...]] = (
        S("spec_json", "uint8", "b", "UTF-8 of the WorldSpec"),
        *MESH,
    )
    name: str
