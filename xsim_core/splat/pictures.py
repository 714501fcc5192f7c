"""What a person wants to see of a fit."""

import cv2
import numpy as np
from numpy.typing import NDArray

from xsim_core.geometry import PinholeCamera, transform_points
from xsim_core.pictures import enlarged, png_bytes

from .mesh import Mesh


def held_out_png(photo: NDArray[np.float32], rendered: NDArray[np.float32]) -> bytes:
    """Photo | render | error (four times enlarged) of one view in [0, 1], side by side."""
    error = np.abs(photo - rendered).mean(-1)
    colours = cv2.applyColorMap(_to_uint8(error * 4), cv2.COLORMAP_INFERNO)
    heat = np.asarray(colours, np.uint8)[..., ::-1]
    row = np.concatenate([_to_uint8(photo), _to_uint8(rendered), heat], axis=1)
    return png_bytes(enlarged(row, 2))


def mesh_png(mesh: Mesh, camera: PinholeCamera, T_cam_world: NDArray[np.float64]) -> bytes:
    """The mesh's shaded triangles, painted from far to near."""
    width, height = 640, round(640 * camera.height / camera.width)
    camera = camera.resized(width, height)
    corners = transform_points(T_cam_world, mesh.vertices)[mesh.faces]  # (f, 3, 3)
    corners = corners[(corners[..., 2] > 0.05).all(1)]
    visible = (transform_points(T_cam_world, mesh.vertices)[mesh.faces][..., 2] > 0.05).all(1)
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals /= np.linalg.norm(normals, axis=1, keepdims=True) + 1e-12
    rays = corners.mean(1) / np.linalg.norm(corners.mean(1), axis=1, keepdims=True)
    shade = 0.4 + 0.6 * np.abs((normals * rays).sum(1))
    colours = mesh.rgb[mesh.faces[visible, 0]] * shade[:, None]
    image = np.full((height, width, 3), 255, np.uint8)
    uv = np.rint(np.clip(camera.project(corners), -4096, 4096) * 8).astype(np.int32)
    for k in np.argsort(-corners[..., 2].mean(1)):
        cv2.fillConvexPoly(image, uv[k], colours[k].tolist(), lineType=cv2.LINE_8, shift=3)
    return png_bytes(image)


def _to_uint8(image: NDArray[np.floating]) -> NDArray[np.uint8]:
    return np.rint(np.clip(image, 0, 1) * 255).astype(np.uint8)
