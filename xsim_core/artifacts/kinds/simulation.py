"""The world of the simulator."""

from typing import Any, ClassVar, Literal

from xsim_core.artifacts.base import Artifact
from xsim_core.artifacts.schema import ArraySpec as S

from .mesh import MESH

_PIECES = tuple(
    spec
    for of in ("object", "scene")
    for spec in (
        S(f"{of}_pieces/vertices", "float64", f"{of}_pv 3", "convex pieces, concatenated; metres"),
        S(f"{of}_pieces/faces", "int64", f"{of}_pf 3", "from 0 in each piece"),
        S(f"{of}_pieces/vertex_ends", "int64", f"{of}_p", "end of each piece in vertices"),
        S(f"{of}_pieces/face_ends", "int64", f"{of}_p", "end of each piece in faces"),
    )
)


class SimWorld(Artifact):
    """The simulator's world: object, obstacles, start and goals of the task, and the background."""

    kind: ClassVar[str] = "sim_world"
    arrays: ClassVar[tuple[S, ...]] = (
        *MESH,
        *_PIECES,
        S("T_world_object_start", "float64", "4 4", "nominal start"),
        S("T_world_waypoints", "float64", "n 4 4", "goals in order; the last is the task's"),
        S("start_qpos", "float64", "9", "arm and fingers before noise; radians, metres"),
        S("workspace", "float64", "2 3", "lower and upper corner of the commanded TCP's box"),
        S("object_centre", "float64", "3", "centre of mass in the object's frame"),
        S("T_world_cam", "float64", "4 4", "the video camera"),
        S("K", "float64", "3 3", "of the video camera, pixels"),
        S("image_hw", "int64", "2", "of the video, pixels"),
        S("background/means", "float32", "g 3", "2D Gaussians of the room, world frame"),
        S("background/quats_wxyz", "float32", "g 4", "the disc spans the first two axes"),
        S("background/scales", "float32", "g 2", "standard deviations, metres"),
        S("background/opacities", "float32", "g", "in (0, 1)"),
        S("background/rgb", "float32", "g 3", "in [0, 1]"),
        S("background/behind_rgb", "float32", "3", "colour where no Gaussian is, in [0, 1]"),
    )
    task: str
    task_spec: dict[str, Any]
    """The ``TaskSpec`` fields."""
    object_name: str
    object_radius_m: float
    """Mean distance of the mesh's vertices from the centre of mass."""
    table_height_m: float
    num_waypoints: int
    path_length_m: float
    """Of the object's centre, from the start over the waypoints."""
    num_object_pieces: int
    num_scene_pieces: int
    mesh_from: Literal["file", "film"] = "file"
    """As the capture's; of one that the film gave no other world knows the frame."""
    is_mesh_coloured: bool = True
    """As the capture's: whoever tracks with the mesh learns its colours where this is False."""
    notes: tuple[str, ...] = ()
    """What speaks against the track that it was built from, and who took it all the same."""
