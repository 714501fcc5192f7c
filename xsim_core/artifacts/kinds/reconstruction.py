"""What is measured from a capture: cameras, the room, the object and its motion."""

from typing import ClassVar, Literal

from pydantic import Field

from xsim_core.artifacts.base import Artifact
from xsim_core.artifacts.schema import ArraySpec as S
from xsim_core.config import FrozenModel
from xsim_core.geometry.symmetry_spec import ObjectSymmetry

from .mesh import MESH


class PosedImages(Artifact):
    """Images of the empty room with metric camera poses in the robot-base frame."""

    kind: ClassVar[str] = "posed_images"
    arrays: ClassVar[tuple[S, ...]] = (
        S("images", "uint8", "n h w 3", "undistorted RGB"),
        S("T_world_cam", "float64", "n 4 4", "of every image"),
        S("K", "float64", "3 3", "of all images, pixels"),
        S("photo_index", "int64", "n", "index into the capture's photos; -1 is of the film"),
        S("is_held_out", "bool", "n", "every 8th: never trained on"),
        S("points_world", "float32", "p 3", "triangulated points"),
        S("points_rgb", "uint8", "p 3", "their colours"),
    )
    num_images: int
    num_photos: int
    reprojection_error_px: float | None = None
    """None where nothing was triangulated: the film gives points by its depth."""
    board_rms_mm: float | None = None
    """Residual of the similarity that brings triangulated board corners to the board; None where
    no board was looked for in these images."""
    num_board_images: int
    notes: tuple[str, ...] = ()
    """Where the room comes from if not from photos, and what was never seen."""


class SplatScene(Artifact):
    """The room: 2D Gaussians in the robot-base frame, a mesh and collision geometry."""

    kind: ClassVar[str] = "splat_scene"
    arrays: ClassVar[tuple[S, ...]] = (
        S("means", "float32", "g 3", "centres, world frame, metres"),
        S("quats_wxyz", "float32", "g 4", "unit; the disc spans the first two axes"),
        S("scales", "float32", "g 2", "metres, standard deviations along the disc's axes"),
        S("opacities", "float32", "g", "in (0, 1)"),
        S("sh0", "float32", "g 3", "degree-0 spherical harmonics: rgb = 0.5 + 0.2820948 sh0"),
        S("mesh/vertices", "float32", "v 3", "world frame, metres"),
        S("mesh/faces", "int32", "f 3", "triangles"),
        S("mesh/rgb", "uint8", "v 3", "a colour a vertex"),
        S("collision/vertices", "float32", "c 3", "convex pieces, concatenated"),
        S("collision/piece_ends", "int64", "k", "end of each piece in collision/vertices"),
        S("background_rgb", "float32", "3", "colour where no Gaussian is, in [0, 1]"),
    )
    num_gaussians: int
    psnr_db: float
    """Mean over held-out photos."""
    ssim: float
    table_height_m: float
    """Height of the support plane at the workspace; the plane is taken as horizontal."""
    table_tilt_rad: float
    mesh_num_faces: int
    is_one_viewpoint: bool = False
    """Held-out images are then of the place that the others are of."""
    notes: tuple[str, ...] = ()
    """What the held-out figures do not tell."""


class TrackReview(FrozenModel):
    """What a person decided on a track."""

    author: str
    note: str
    key_frames: tuple[int, ...] = ()
    """Frames whose pose the person set; the film was tracked again between and around them."""
    cuts: tuple[tuple[int, int], ...] = ()
    """First and last frames of what the person does not believe: they count as lost."""
    verdict_before: Literal["pass", "review", "fail"] | None = None


class ObjectTrack(Artifact):
    """The object's motion in the robot-base frame, with per-frame evidence, and its mesh."""

    kind: ClassVar[str] = "object_track"
    arrays: ClassVar[tuple[S, ...]] = (
        S("T_world_object", "float64", "t 4 4", "smoothed"),
        S("T_cam_object", "float64", "t 4 4", "as tracked, in each frame's own camera"),
        S("status", "int8", "t", "0 ok, 1 occluded, 2 interpolated, 3 lost"),
        S("score", "float32", "t", "verification score in [0, 1]"),
        S("timestamps_s", "float64", "t", "seconds"),
        S("segments", "int64", "s 2", "[first, last] frames in which the object moves"),
        S(
            "contacts",
            "int64",
            "c 2",
            "[first, last] frames in which something is seen to touch it",
            optional=True,
        ),
        S("gap_m", "float32", "t", "to what is nearest to it; NaN: nothing is", optional=True),
        S("T_world_cam", "float64", "4 4", "the video camera; of one that moves in init_frame"),
        S("K", "float64", "3 3", "of the video camera, pixels"),
        S("image_hw", "int64", "2", "size of its images, pixels"),
        *MESH,
    )
    object_name: str
    num_frames: int
    num_ok: int
    num_segments: int
    path_length_m: float
    board_rms_px: float | None = None
    """Of the board in the video; none where the camera's pose was stated or guessed."""
    backend: str
    is_mesh_coloured: bool = True
    """As the capture's."""
    mesh_from: Literal["file", "film"] = "file"
    """As the capture's."""
    symmetry: ObjectSymmetry | None = None
    """As the capture's; of poses that look alike the track has those nearest to each other."""
    first_pose_quality: float | None = None
    """How well the first pose covers what is measured in the capture's box, in [0, 1]."""
    runner_up_margin: float | None = None
    """By how much the best of the other poses there fits worse: 0 cannot be told apart."""
    runner_up_distance_m: float | None = None
    """How far that pose is from the first (ADD)."""
    support_plane: tuple[float, float, float, float] | None = None
    """What is measured round the object's box in ``init_frame``, where that is a plane: unit normal
    and offset, world frame, metres (``normal . p = offset``)."""
    contacts_s: tuple[tuple[float, float], ...] | None = None
    """When something touches the object, from the film's first frame on; None where that was not
    looked for: the camera moves, or older code made the track."""
    passes_apart_m: float | None = None
    """How far tracking forward and backward disagree (ADD, 95th percentile); None where the film
    was tracked once."""
    verdict: Literal["pass", "review", "fail"] | None = None
    """Whether it is good enough to learn from, as its maker judged it (``xsim_core.verdicts``)."""
    review: TrackReview | None = Field(default=None, exclude_if=lambda value: value is None)
    """Of a track that a person looked at; such a one is built from, whatever its verdict."""
    notes: tuple[str, ...] = ()
    """Why the verdict, when the object was lost, and which frames tell nothing."""
