"""The reconstructed room of a run."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xsim_core.artifacts import ArtifactRef, SplatScene
from xsim_core.geometry import inverse_se3
from xsim_core.rasterize import Gaussians2D, RasterBackend, RenderOutput, render_numpy

from .store import StoreLike, open_artifact


@dataclass(frozen=True)
class Scene:
    """The room as 2D Gaussians, as a mesh and as convex pieces to collide with.

    All in the world frame, which is the robot's base: x forward, z up, metres.
    """

    ref: ArtifactRef[SplatScene]
    """Which artifact this is."""
    summary: SplatScene
    """Held-out PSNR in dB, SSIM, the table's height in metres."""
    gaussians: Gaussians2D
    """g flat Gaussians as torch tensors: means (g, 3) and scales (g, 2) in metres, quats_wxyz
    (g, 4), opacities (g,) in (0, 1), rgb (g, 3) in [0, 1]."""
    background_rgb: NDArray[np.float32]
    """(3,) in [0, 1]: the colour where no Gaussian is."""
    mesh_vertices: NDArray[np.float32]
    """(v, 3) metres."""
    mesh_faces: NDArray[np.int32]
    """(f, 3), counter-clockwise seen from outside."""
    mesh_rgb: NDArray[np.uint8]
    """(v, 3), a colour a vertex."""
    collision_pieces: tuple[NDArray[np.float32], ...]
    """Corners (c_i, 3) of each convex piece, metres."""

    def render(
        self,
        T_world_cam: ArrayLike,
        K: ArrayLike,
        *,
        width: int,
        height: int,
        backend: RasterBackend = "cpp",
    ) -> RenderOutput[NDArray[np.float32]]:
        """Draw the room from anywhere.

        Args:
            T_world_cam: (4, 4) camera to world, OpenCV axes (x right, y down, z forward), metres.
            K: (3, 3) intrinsics in pixels; pixel centres are integers.
            width: of the image, pixels.
            height: of the image, pixels.
            backend: ``cpp`` on the CPU, ``gsplat`` on a CUDA device.

        Returns:
            NumPy float32 images: rgb (h, w, 3) in [0, 1], alpha (h, w), depth_m (h, w) in metres
            with 0 where nothing was hit, and the median and variance of depth.
        """
        T_cam_world = inverse_se3(np.asarray(T_world_cam, np.float64))
        return render_numpy(
            self.gaussians, T_cam_world, K, width, height, self.background_rgb, backend=backend
        )


def load_scene(name: str | ArtifactRef[SplatScene], *, store: StoreLike = None) -> Scene:
    """The room that ``splat`` reconstructed.

    Args:
        name: ``RUN:STAGE`` (``"demo:splat"``), ``kind/fingerprint``, first digits, or a ref.
        store: where it lies; by default ``open_store()``.

    Returns:
        The scene in memory.

    Raises:
        UnknownNameError: when there is no such artifact; lists what there is.
        BadInputError: when it is of another kind; names what the run has of this one.
    """
    opened = open_artifact(name, SplatScene, store=store)
    return Scene(
        ref=opened.ref,
        summary=opened.summary,
        gaussians=Gaussians2D.from_scene(opened),
        background_rgb=opened.array("background_rgb"),
        mesh_vertices=opened.array("mesh/vertices"),
        mesh_faces=opened.array("mesh/faces"),
        mesh_rgb=opened.array("mesh/rgb"),
        collision_pieces=cut_pieces(
            opened.array("collision/vertices"), opened.array("collision/piece_ends")
        ),
    )


def cut_pieces(
    vertices: NDArray[np.float32], piece_ends: NDArray[np.int64]
) -> tuple[NDArray[np.float32], ...]:
    """The convex pieces (c_i, 3) that lie one after the other in ``vertices`` (c, 3)."""
    return tuple(np.split(vertices, piece_ends[:-1])) if len(piece_ends) else ()
