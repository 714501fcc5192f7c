"""Rendering the object at a pose by casting one ray a pixel (Embree): no GL, no GPU."""

from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from xsim_core.geometry import PinholeCamera, TexturedMesh
from xsim_core.geometry.arrays import SE3, Cells, Mask, Points3, Texcoords, Vertices

from .frame import Roi, roi_of_points
from .kernel.structures import Mesh

Scalar = TypeVar("Scalar", bound=np.generic)


@dataclass(frozen=True)
class Rendering:
    """The object's visible surface in a rectangle of the image; n pixels are hit."""

    roi: Roi
    mask: Mask
    """(h, w) of the rectangle."""
    pixels: Cells
    """(n, 2) as (u, v) in the image."""
    points_cam: Points3
    """(n, 3) metres."""
    normals_cam: Points3
    """(n, 3) unit, towards the camera."""
    texcoord: Texcoords
    """(n, 2), v up."""

    def image_of(self, values: NDArray[np.floating], fill: float = 0.0) -> NDArray[np.float32]:
        """Values (n,) or (n, c) of the hit pixels as an image of the rectangle."""
        image = np.full((*self.mask.shape, *values.shape[1:]), fill, np.float32)
        image[self.mask] = values
        return image

    def at_hits(self, image: NDArray[Scalar]) -> NDArray[Scalar]:
        """Values (n, ...) of a full image (h, w, ...) at the hit pixels."""
        return image[self.pixels[:, 1], self.pixels[:, 0]]


class RayCaster:
    """Casts pixel rays against one mesh."""

    def __init__(self, mesh: TexturedMesh) -> None:
        """Build the acceleration structure once."""
        from embreex import rtcore_scene
        from embreex.mesh_construction import TriangleMesh

        self.mesh = mesh
        self._scene = rtcore_scene.EmbreeScene()
        self._geometry = TriangleMesh(
            self._scene,
            vertices=np.ascontiguousarray(mesh.vertices, np.float32),
            indices=np.ascontiguousarray(mesh.faces, np.int32),
        )
        self._uv = np.asarray(mesh.uv, np.float32)[mesh.faces]
        self._hull = _outline_points(mesh.vertices)

    @cached_property
    def drawn(self) -> Mesh:
        """The mesh as the kernel draws it."""
        mesh = self.mesh
        return Mesh.of(
            mesh.vertices,
            mesh.faces,
            self._uv,
            self._hull,
            centre=mesh.centre,
            radius_m=0.5 * mesh.diameter_m,
        )

    def project_roi(self, T_cam_object: SE3, camera: PinholeCamera, margin_px: int) -> Roi:
        """Where the object can appear."""
        points_cam = self._hull @ T_cam_object[:3, :3].T + T_cam_object[:3, 3]
        if (points_cam[:, 2] < 0.02).any():
            return Roi(0, 0, 0, 0)
        return roi_of_points(camera.project(points_cam), camera, margin_px=margin_px)

    def render(self, T_cam_object: SE3, camera: PinholeCamera, *, margin_px: int = 0) -> Rendering:
        """The visible surface at a pose."""
        roi = self.project_roi(T_cam_object, camera, margin_px)
        v, u = np.mgrid[roi.v0 : roi.v1, roi.u0 : roi.u1]
        K = camera.K
        rays_cam = np.stack(
            [(u - K[0, 2]) / K[0, 0], (v - K[1, 2]) / K[1, 1], np.ones(u.shape)], axis=-1
        ).reshape(-1, 3)
        R, t = T_cam_object[:3, :3], T_cam_object[:3, 3]
        directions = (rays_cam @ R).astype(np.float32)
        origins = np.broadcast_to((-R.T @ t).astype(np.float32), directions.shape)
        if len(directions) == 0:
            none = np.zeros((0, 3))
            return Rendering(
                roi,
                np.zeros(u.shape, bool),
                np.zeros((0, 2), np.int64),
                none,
                none,
                np.zeros((0, 2), np.float32),
            )
        hits = self._scene.run(np.ascontiguousarray(origins), directions, output=1)
        hit = hits["primID"] >= 0
        face, rays_cam = hits["primID"][hit], rays_cam[hit]
        # Directions have unit z in the camera frame, so the ray's parameter is the z-depth.
        points_cam = rays_cam * hits["tfar"][hit].astype(np.float64)[:, None]
        normals_cam = hits["Ng"][hit].astype(np.float64) @ R.T
        normals_cam /= np.maximum(np.linalg.norm(normals_cam, axis=-1, keepdims=True), 1e-20)
        away = (normals_cam * rays_cam).sum(-1) > 0
        normals_cam[away] *= -1
        b, c = hits["u"][hit][:, None], hits["v"][hit][:, None]
        corner = self._uv[face]
        texcoord = (1 - b - c) * corner[:, 0] + b * corner[:, 1] + c * corner[:, 2]
        pixels = np.stack([u.reshape(-1)[hit], v.reshape(-1)[hit]], axis=-1)
        return Rendering(roi, hit.reshape(u.shape), pixels, points_cam, normals_cam, texcoord)


def _outline_points(vertices: Vertices) -> Points3:
    """Points whose projection bounds the object's: the convex hull's corners."""
    from scipy.spatial import ConvexHull, QhullError

    points = np.unique(vertices.astype(np.float64), axis=0)
    try:
        return points[ConvexHull(points).vertices]
    except QhullError:
        return points  # a flat mesh has no hull


def erode(mask: Mask, radius: int) -> Mask:
    """A mask without its border; what lies outside the image counts as outside the mask."""
    kernel = np.ones((2 * radius + 1, 2 * radius + 1), np.uint8)
    return cv2.erode(
        mask.astype(np.uint8), kernel, borderType=cv2.BORDER_CONSTANT, borderValue=0
    ).astype(bool)


def dilate(mask: Mask, radius: int) -> Mask:
    """A mask grown by a radius in pixels."""
    kernel = np.ones((2 * radius + 1, 2 * radius + 1), np.uint8)
    return cv2.dilate(mask.astype(np.uint8), kernel).astype(bool)
