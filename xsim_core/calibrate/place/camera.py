"""Where the robot's camera really is, from its depth pictures of the arm and of the room.

A hand-eye calibration that is off by a centimetre and a degree puts the tracked object a centimetre
beside the gripper that pushes it, and a replay from there goes elsewhere. But the arm's shape and
joints are known and so is the room, so depth says how the camera stands: measured points are moved
until they lie on the rendered surfaces (projective point-to-plane alignment: Chen and Medioni 1991,
Rusinkiewicz and Levoy 2001). Surfaces of rare directions are weighted up, because a table says
nothing about moves along it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xsim_core.calibrate.config import CameraFitConfig
from xsim_core.geometry import PinholeCamera, rotation_angle, se3_exp, transform_points

Floats = NDArray[np.float64]
MIN_POINTS = 500
"""Fewer matches say nothing about six degrees of freedom."""


@dataclass(frozen=True)
class CameraFit:
    """A refined camera."""

    T_nominal_cam: Floats
    """(4, 4) where the camera is, seen from where it was believed to be."""
    residual_before_mm: float
    """Median distance of measured points from the rendered surfaces."""
    residual_after_mm: float

    @staticmethod
    def nominal() -> "CameraFit":
        """The camera as it was believed to be."""
        return CameraFit(np.eye(4), float("nan"), float("nan"))

    def figures(self) -> dict[str, float]:
        """How far the camera was moved, and what that explains; nothing where none was fitted."""
        if np.isnan(self.residual_after_mm):
            return {}
        return {
            "camera_moved_mm": 1e3 * float(np.linalg.norm(self.T_nominal_cam[:3, 3])),
            "camera_turned_deg": float(
                np.degrees(rotation_angle(self.T_nominal_cam[:3, :3], np.eye(3)))
            ),
            "camera_residual_before_mm": self.residual_before_mm,
            "camera_residual_mm": self.residual_after_mm,
        }


@dataclass(frozen=True)
class _Surface:
    """A rendered depth picture with its normals, in the nominal camera's frame."""

    points: Floats
    """(h, w, 3)."""
    normals: Floats
    """(h, w, 3) towards the camera; 0 where there is none."""


def fit_camera(
    rendered_m: Sequence[NDArray[np.floating]],
    measured_m: Sequence[NDArray[np.floating]],
    camera: PinholeCamera,
    config: CameraFitConfig,
) -> CameraFit:
    """Align measured with rendered depth pictures of the same moments.

    Args:
        rendered_m: (h, w) each, from the nominal camera; 0 where nothing is.
        measured_m: (h, w) each; 0 is no measurement.
        camera: intrinsics of both.
        config: settings.

    Returns:
        The nominal camera where the pictures do not bear out another.
    """
    surfaces = [_surface(depth, camera) for depth in rendered_m]
    s = config.pixel_stride
    clouds = [camera.unproject(depth)[::s, ::s].reshape(-1, 3) for depth in measured_m]
    clouds = [cloud[cloud[:, 2] > 0] for cloud in clouds]
    T = np.eye(4)
    before = _median_mm(T, clouds, surfaces, camera, config)
    for gate in config.gates_m:
        q, n, r = _matches(T, clouds, surfaces, camera, gate)
        if len(r) < MIN_POINTS:
            return CameraFit(np.eye(4), before, before)
        J = np.hstack([n, np.cross(q, n)])
        w = _rarity(n) * np.minimum(1, config.huber_m / np.maximum(np.abs(r), 1e-9))
        weighted = (J * w[:, None]).T
        T = se3_exp(np.linalg.lstsq(weighted @ J, -weighted @ r, rcond=None)[0]) @ T
    fit = CameraFit(T, before, _median_mm(T, clouds, surfaces, camera, config))
    return fit if _is_credible(fit, config) else CameraFit(np.eye(4), before, before)


def _is_credible(fit: CameraFit, config: CameraFitConfig) -> bool:
    """Not if the camera would be far away, or explains the pictures no better."""
    R, t = fit.T_nominal_cam[:3, :3], fit.T_nominal_cam[:3, 3]
    return (
        float(np.linalg.norm(t)) <= config.max_translation_m
        and float(rotation_angle(R, np.eye(3))) <= config.max_rotation_rad
        and fit.residual_after_mm <= fit.residual_before_mm
    )


def _surface(depth_m: NDArray[np.floating], camera: PinholeCamera) -> _Surface:
    """Points and normals; none at the borders of things, where neighbours lie on two surfaces."""
    p = camera.unproject(depth_m)
    du, dv = np.zeros_like(p), np.zeros_like(p)
    du[:, 1:-1], dv[1:-1] = p[:, 2:] - p[:, :-2], p[2:] - p[:-2]
    n = np.cross(dv, du)
    length = np.linalg.norm(n, axis=-1, keepdims=True)
    z = np.maximum(p[..., 2], 1e-6)
    smooth = (np.abs(du[..., 2]) < 0.03 * z) & (np.abs(dv[..., 2]) < 0.03 * z) & (p[..., 2] > 0)
    smooth[[0, -1]] = smooth[:, [0, -1]] = False
    return _Surface(p, np.where(smooth[..., None], n / np.maximum(length, 1e-12), 0.0))


def _matches(
    T: Floats,
    clouds: Sequence[Floats],
    surfaces: Sequence[_Surface],
    camera: PinholeCamera,
    gate_m: float,
) -> tuple[Floats, Floats, Floats]:
    """Moved points (m, 3), normals (m, 3) and distances (m,) of what meets a surface."""
    found = []
    for cloud, surface in zip(clouds, surfaces, strict=True):
        q = transform_points(T, cloud)
        uv = np.rint(camera.project(q))
        inside = ((uv >= 0) & (uv < [camera.width, camera.height])).all(axis=1)
        q, uv = q[inside], uv[inside].astype(int)
        n = surface.normals[uv[:, 1], uv[:, 0]]
        r = ((q - surface.points[uv[:, 1], uv[:, 0]]) * n).sum(axis=1)
        keep = (np.abs(r) < gate_m) & n.any(axis=1)
        found.append((q[keep], n[keep], r[keep]))
    q, n, r = (np.concatenate(part) for part in zip(*found, strict=True))
    return q, n, r


def _rarity(normals: Floats) -> Floats:
    """(m,) weights that let every direction of surface count about the same."""
    index = np.ravel_multi_index(tuple(np.rint(2 * normals + 2).astype(int).T), (5, 5, 5))
    counts = np.bincount(index, minlength=125)
    return 1.0 / np.maximum(counts[index], 0.01 * len(normals))


def _median_mm(
    T: Floats,
    clouds: Sequence[Floats],
    surfaces: Sequence[_Surface],
    camera: PinholeCamera,
    config: CameraFitConfig,
) -> float:
    """Median distance of points from surfaces that were near to begin with."""
    distance = np.abs(_matches(T, clouds, surfaces, camera, config.gates_m[0])[2])
    return 1e3 * float(np.median(distance)) if len(distance) else 0.0
