"""TSDF fusion on depth images of shapes with a formula."""

import numpy as np
import pytest

from xsim_core.errors import QualityGateError
from xsim_core.geometry import PinholeCamera, inverse_se3, look_at
from xsim_core.splat.mesh import DepthView, MeshConfig, fuse_mesh

CAMERA = PinholeCamera.from_fov(120, 90, 0.7)
CONFIG = MeshConfig(min_m=(-0.15, -0.15, -0.15), max_m=(0.15, 0.15, 0.15), voxel_m=0.01)
EYES = [(0.6 * np.cos(t), 0.6 * np.sin(t), h) for h in (-0.35, 0.35) for t in np.arange(8) * 0.8]


def depth_view(eye, depth_along_ray):
    """``depth_along_ray(origin, directions)`` answers multiples of the directions, NaN for none."""
    T_world_cam = look_at(eye, (0, 0, 0))
    rays = CAMERA.unproject(np.ones((CAMERA.height, CAMERA.width))) @ T_world_cam[:3, :3].T
    depth_m = np.nan_to_num(depth_along_ray(T_world_cam[:3, 3], rays)).astype(np.float32)
    rgb = np.broadcast_to(np.float32([1, 0.5, 0]), (*depth_m.shape, 3))
    return DepthView(inverse_se3(T_world_cam), rgb, depth_m)


def sphere(origin, rays, *, radius=0.1):
    a, b = (rays**2).sum(-1), (rays * origin).sum(-1)
    with np.errstate(invalid="ignore"):
        return (-b - np.sqrt(b**2 - a * ((origin**2).sum() - radius**2))) / a


def plane(origin, rays, *, height=0.013):
    t = (height - origin[2]) / rays[..., 2]
    return np.where(t > 0, t, np.nan)


def test_sphere():
    mesh = fuse_mesh([depth_view(e, sphere) for e in EYES], CAMERA, config=CONFIG)
    radius = np.linalg.norm(mesh.vertices, axis=1)
    # Distances along oblique rays are too long: a third of a voxel.
    assert np.median(np.abs(radius - 0.1)) < 0.0033
    assert np.quantile(np.abs(radius - 0.1), 0.95) < 0.006
    a, b, c = (mesh.vertices[mesh.faces[:, k]] for k in range(3))
    volume = (a * np.cross(b, c)).sum() / 6
    # Positive: faces turn counter-clockwise seen from outside.
    assert volume == pytest.approx(4 / 3 * np.pi * 0.1**3, rel=0.1)
    np.testing.assert_array_equal(np.median(mesh.rgb, axis=0), [255, 128, 0])


def test_plane():
    above = [e for e in EYES if e[2] > 0]
    mesh = fuse_mesh([depth_view(e, plane) for e in above], CAMERA, config=CONFIG)
    assert np.abs(mesh.vertices[:, 2] - 0.013).max() < 0.003
    assert np.ptp(mesh.vertices[:, 0]) > 0.25


def test_empty_box_says_so():
    def nothing(origin, rays):
        return np.full(rays.shape[:2], np.nan)

    with pytest.raises(QualityGateError, match="no surface in the box"):
        fuse_mesh([depth_view(e, nothing) for e in EYES], CAMERA, config=CONFIG)
