"""What each kind of artifact puts into the viewer's scene, in the robot-base frame.

Every function adds nodes below names of its own and answers what moves. Nothing of viser leaves
this folder.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from xsim_core.artifacts import Capture, ObjectTrack, PosedImages, SplatScene
from xsim_core.geometry import PinholeCamera, TexturedMesh, matrix_to_quat_wxyz, quat_wxyz_to_matrix
from xsim_core.rasterize.render import SH_C0
from xsim_core.storage import OpenArtifact
from xsim_core.tracking import STATUS_NAMES

from .timeline import Timeline

if TYPE_CHECKING:
    import viser

Floats = NDArray[np.float64]

DISC_THICKNESS_M = 1e-5
FRUSTUM_M = 0.12
PATH_RGB, PIECE_RGB = (232, 89, 12), (56, 132, 255)
STATUS_RGB = {
    "ok": (47, 158, 68),
    "occluded": (230, 119, 0),
    "interpolated": (25, 113, 194),
    "lost": (224, 49, 49),
}
MAX_PHOTOS = 60


def show_scene(server: "viser.ViserServer", scene: OpenArtifact[SplatScene]) -> None:
    """The room's Gaussians, its mesh and its collision pieces; the latter two hidden at first."""
    add_gaussians(
        server,
        "/room/splat",
        {name: scene.array(name) for name in ("means", "quats_wxyz", "scales", "opacities")},
        0.5 + SH_C0 * scene.array("sh0"),
    )
    vertices, faces, rgb = (scene.array(f"mesh/{name}") for name in ("vertices", "faces", "rgb"))
    import trimesh

    mesh = trimesh.Trimesh(vertices, faces, vertex_colors=rgb, process=False)
    server.scene.add_mesh_trimesh("/room/mesh", mesh, visible=False)
    pieces = np.split(scene.array("collision/vertices"), scene.array("collision/piece_ends")[:-1])
    for k, points in enumerate(p for p in pieces if len(p) >= 4):
        add_piece(server, f"/room/collision/{k}", trimesh.PointCloud(points).convex_hull)
    server.scene.add_frame("/room/collision", show_axes=False, visible=False)


def show_images(server: "viser.ViserServer", images: OpenArtifact[PosedImages]) -> None:
    """Where the photos were taken, each with its picture."""
    T, K, pictures = images.array("T_world_cam"), images.array("K"), images.array("images")
    camera = PinholeCamera(pictures.shape[2], pictures.shape[1], K)
    for i in np.unique(np.linspace(0, len(T) - 1, MAX_PHOTOS).astype(int)).tolist():
        picture = np.asarray(pictures[i])
        add_camera(server, f"/photos/{i}", T[i], camera, picture, scale_m=FRUSTUM_M / 2)
    server.scene.add_frame("/photos", show_axes=False, visible=False)


def show_track(
    server: "viser.ViserServer",
    track: OpenArtifact[ObjectTrack],
    capture: OpenArtifact[Capture] | None = None,
) -> list[Timeline]:
    """The object's path and the film's camera; its motion, beside the film where it is there."""
    T, status, score = track.array("T_world_object"), track.array("status"), track.array("score")
    names = [STATUS_NAMES[s] for s in status.tolist()]
    colours = np.array([STATUS_RGB.get(name, PATH_RGB) for name in names], np.uint8)
    segments = np.stack([T[:-1, :3, 3], T[1:, :3, 3]], axis=1)
    server.scene.add_line_segments(
        "/film/path", segments, np.stack([colours[:-1], colours[1:]], axis=1), thickness=0.002
    )
    height, width = track.array("image_hw").tolist()
    film = None if capture is None else capture.array("video/rgb")
    camera = PinholeCamera(width, height, track.array("K"))
    first = None if film is None else np.asarray(film[0])
    add_camera(server, "/film/camera", track.array("T_world_cam"), camera, first)
    move = add_object(server, "/film/object", TexturedMesh.from_arrays(track.arrays("object")))
    seconds = track.array("timestamps_s")
    fps = (len(T) - 1) / max(1e-9, float(seconds[-1] - seconds[0]))
    return [
        Timeline(
            "the film",
            len(T),
            fps,
            lambda i: move(T[i]),
            ("film: object", "film: path, camera"),
            None if film is None else lambda i: np.asarray(film[i]),
            lambda i: f"{seconds[i] - seconds[0]:.2f} s, {names[i]}, score {score[i]:.2f}",
        )
    ]


def pose(T_world_x: NDArray[np.floating]) -> dict[str, Any]:
    """A transform (4, 4) as viser takes one."""
    T = np.asarray(T_world_x, np.float64)
    return {"wxyz": matrix_to_quat_wxyz(T[:3, :3]), "position": T[:3, 3]}


def add_gaussians(
    server: "viser.ViserServer",
    name: str,
    arrays: Mapping[str, NDArray[Any]],
    rgb: NDArray[np.floating],
) -> None:
    """2D Gaussians as very flat 3D ones."""
    R = quat_wxyz_to_matrix(np.asarray(arrays["quats_wxyz"], np.float64))
    scales = np.asarray(arrays["scales"], np.float64)
    thin = np.concatenate([scales, np.full((len(scales), 1), DISC_THICKNESS_M)], axis=1)
    half = R * thin[:, None, :]
    server.scene.add_gaussian_splats(
        name,
        centers=np.asarray(arrays["means"], np.float32),
        covariances=(half @ half.swapaxes(1, 2)).astype(np.float32),
        rgbs=np.clip(rgb, 0, 1).astype(np.float32),
        opacities=np.asarray(arrays["opacities"], np.float32)[:, None],
    )


def add_camera(
    server: "viser.ViserServer",
    name: str,
    T_world_cam: NDArray[np.floating],
    camera: PinholeCamera,
    image: NDArray[np.uint8] | None = None,
    *,
    scale_m: float = FRUSTUM_M,
) -> None:
    """A camera's frustum at ``T_world_cam`` (4, 4), with its picture where there is one."""
    server.scene.add_camera_frustum(
        name,
        fov=float(2 * np.arctan2(camera.height / 2, camera.K[1, 1])),
        aspect=camera.width / camera.height,
        scale=scale_m,
        image=image,
        thickness=0.001,
        **pose(T_world_cam),
    )


def add_object(
    server: "viser.ViserServer", name: str, mesh: TexturedMesh
) -> Callable[[NDArray[np.floating]], None]:
    """The object's mesh; answers what moves it to ``T_world_object`` (4, 4)."""
    with TemporaryDirectory() as place:
        glb = mesh.write_glb(Path(place) / "object.glb").read_bytes()
    frame = server.scene.add_frame(name, show_axes=False)
    server.scene.add_glb(f"{name}/mesh", glb)

    def move(T_world_object: NDArray[np.floating]) -> None:
        placed = pose(T_world_object)
        frame.wxyz, frame.position = placed["wxyz"], placed["position"]

    return move


def add_piece(server: "viser.ViserServer", name: str, hull: Any) -> None:
    """A convex piece, a ``trimesh.Trimesh``, that one can look through."""
    server.scene.add_mesh_simple(
        name,
        np.asarray(hull.vertices, np.float32),
        np.asarray(hull.faces),
        color=PIECE_RGB,
        opacity=0.5,
        flat_shading=True,
    )
