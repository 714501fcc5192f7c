"""The three kinds of evidence, each as weighted linear equations in a small motion.

A motion ``xi = (v, omega)`` moves a camera-frame point p to ``p + v + omega x (p - centre)``. Every
term returns ``(J, r, w)`` with J (m, 6) such that ``J xi`` should equal ``r``, w is information.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from xsim_core.geometry import PinholeCamera
from xsim_core.geometry.arrays import (
    Flags,
    Jacobian,
    Lines,
    Offsets,
    Point3,
    Points2,
    Points3,
    Values,
)

from .appearance import ColourModel
from .config import TrackerConfig
from .frame import Level
from .kernel.structures import Settings
from .raycast import Rendering, erode

MAX_LINES = 160


@dataclass(frozen=True)
class Equations:
    """Weighted linear equations in the motion."""

    J: Jacobian
    """(m, 6)."""
    r: Values
    """(m,)."""
    w: Values
    """(m,)."""


NONE = Equations(np.zeros((0, 6)), np.zeros(0), np.zeros(0))


def tukey(residual: Values, scale: Values | np.floating | float) -> Values:
    """Tukey's biweight: 1 at zero, 0 from ``4.685 scale``."""
    return np.clip(1 - (residual / (4.685 * scale)) ** 2, 0, None) ** 2


def depth_sigma(z: Values, config: TrackerConfig) -> Values:
    """Standard deviation in metres of depth measured at z."""
    return config.depth_sigma_m + config.depth_sigma_growth * np.square(z - 0.4)


def point_jacobian(direction: Points3, points_cam: Points3, centre_cam: Point3) -> Jacobian:
    """Derivative (n, 6) of ``direction . p`` by the motion, for directions (n, 3)."""
    arm = points_cam - centre_cam
    return np.concatenate([direction, np.cross(arm, direction)], axis=-1)


def pixel_jacobian(direction_px: Points2, points_cam: Points3, camera: PinholeCamera) -> Points3:
    """Gradient (n, 3) by the 3D point of ``direction . pixel``, for image directions (n, 2)."""
    x, y, z = points_cam.T
    du, dv = camera.K[0, 0] * direction_px[:, 0] / z, camera.K[1, 1] * direction_px[:, 1] / z
    return np.stack([du, dv, -(du * x + dv * y) / z], axis=-1)


def settings_of(config: TrackerConfig, *, use_texture: bool = True) -> Settings:
    """What the kernel's terms need of the configuration."""
    c = config
    noise = c.depth_sigma_m, c.depth_sigma_growth, c.occlusion_m, c.background_m
    weights = c.texture_weight, c.region_weight
    return Settings(*noise, *weights, c.use_region, c.use_texture and use_texture)


def is_occluded(rendering: Rendering, level: Level, config: TrackerConfig) -> Flags:
    """Which rendered points (n,) have something measured in front of them."""
    observed = rendering.at_hits(level.depth_m)
    return (observed > 0) & (observed < rendering.points_cam[:, 2] - config.occlusion_m)


def depth_equations(
    rendering: Rendering,
    level: Level,
    centre_cam: Point3,
    *,
    agreement: Values,
    gate_m: float,
    config: TrackerConfig,
) -> Equations:
    """Point to plane: the measured point should lie on the rendered surface.

    ``agreement`` (n,) in [0, 1] says where colour speaks for the object.
    """
    z_observed = rendering.at_hits(level.depth_m)
    z = rendering.points_cam[:, 2]
    near = min(gate_m, config.occlusion_m)
    inner = erode(rendering.mask, 1)[rendering.mask]
    use = inner & (z_observed > z - near) & (z_observed < z + gate_m) & (z_observed > 0)
    if not use.any():
        return NONE
    points, normals = rendering.points_cam[use], rendering.normals_cam[use]
    r = (normals * points).sum(-1) * (z_observed[use] / z[use] - 1)
    sigma = depth_sigma(z[use], config)
    w = agreement[use] * tukey(r, np.maximum(sigma, gate_m / 6)) / sigma**2
    return Equations(point_jacobian(normals, points, centre_cam), r, w)


def texture_equations(
    rendering: Rendering,
    level: Level,
    centre_cam: Point3,
    *,
    lit_rgb: Points3,
    known: Flags,
    agreement: Values,
    config: TrackerConfig,
) -> Equations:
    """Brightness: the lit texture ``lit_rgb`` (n, 3), where known, looks as the image does."""
    if known.sum() < 20:
        return NONE
    lit = lit_rgb @ np.array([0.299, 0.587, 0.114])
    predicted, predicted_gradient, interior = _blur_inside(rendering, lit, known)
    use = interior & ~is_occluded(rendering, level, config)
    observed = rendering.at_hits(level.grey)
    r = (predicted - observed)[use]
    if len(r) < 20:
        return NONE
    # Mean of both gradients (Malis, efficient second-order minimisation) widens convergence.
    gradient = 0.5 * (rendering.at_hits(level.gradient)[use] + predicted_gradient[use])
    points = rendering.points_cam[use]
    direction = pixel_jacobian(gradient, points, level.camera)
    sigma = 1.4826 * np.median(np.abs(r - np.median(r))) + 3.0
    w = config.texture_weight * agreement[use] * tukey(r, sigma) / sigma**2
    return Equations(point_jacobian(direction, points, centre_cam), r, w)


def _blur_inside(rendering: Rendering, lit: Values, known: Flags) -> tuple[Values, Points2, Flags]:
    """The rendered brightness smoothed as the image is, its gradient, and where both are sound."""
    weight = rendering.image_of(known.astype(np.float32))
    blurred = cv2.GaussianBlur(rendering.image_of(lit * known), (3, 3), 0.8)
    image = np.asarray(blurred, np.float32)
    image /= np.maximum(cv2.GaussianBlur(weight, (3, 3), 0.8), 1e-3)
    gx = cv2.Scharr(image, cv2.CV_32F, 1, 0, scale=1 / 32)
    gy = cv2.Scharr(image, cv2.CV_32F, 0, 1, scale=1 / 32)
    interior = erode(weight > 0, 2)
    mask = rendering.mask
    gradient = np.stack([gx[mask], gy[mask]], axis=-1, dtype=np.float32)
    return image[mask], gradient, interior[mask]


def region_equations(
    rendering: Rendering,
    level: Level,
    centre_cam: Point3,
    *,
    colours: ColourModel,
    half_length_px: int,
    config: TrackerConfig,
) -> Equations:
    """Contour: along lines across it, object colours should end where the rendering ends.

    After Stoiber et al., SRT3D (2022): the posterior of the contour's place on each line from
    colour histograms gives a residual and its variance.
    """
    found = _contour(rendering)
    if found is None or not colours.is_known:
        return NONE
    pixels, normals_px, points = found
    offsets = np.arange(-half_length_px, half_length_px + 1)
    samples = pixels[:, None] + offsets[None, :, None] * normals_px[:, None]  # (m, s, 2)
    column, row = np.rint(samples).astype(int).transpose(2, 0, 1)
    camera = level.camera
    inside = (column >= 0) & (column < camera.width) & (row >= 0) & (row < camera.height)
    column, row = column.clip(0, camera.width - 1), row.clip(0, camera.height - 1)
    use = inside.all(-1) & ~_has_occluder(level.depth_m[row, column], points[:, 2], offsets, config)
    if use.sum() < 6:
        return NONE
    odds = np.clip(colours.log_odds()[level.colour_bin[row[use], column[use]]], -3, 3)
    mean, variance = _contour_posterior(odds, offsets)
    w = config.region_weight * np.clip(1 / variance - 12 / (2 * half_length_px + 1) ** 2, 0, None)
    direction = pixel_jacobian(normals_px[use], points[use], camera)
    return Equations(point_jacobian(direction, points[use], centre_cam), mean, w)


def _contour(rendering: Rendering) -> tuple[Points2, Points2, Points3] | None:
    """Border pixels (m, 2) of the rendering, outward normals (m, 2) and their 3D points (m, 3)."""
    mask = rendering.mask
    if mask.sum() < 30:
        return None
    border = mask & ~erode(mask, 1)
    soft = cv2.GaussianBlur(mask.astype(np.float32), (7, 7), 2.0)
    gx = cv2.Sobel(soft, cv2.CV_32F, 1, 0)[border]
    gy = cv2.Sobel(soft, cv2.CV_32F, 0, 1)[border]
    length = np.hypot(gx, gy)
    index = np.flatnonzero(border[mask])
    keep = np.flatnonzero(length > 1e-3)
    keep = keep[:: max(1, len(keep) // MAX_LINES)]
    if len(keep) < 6:
        return None
    normals_px = -np.stack([gx[keep], gy[keep]], axis=-1) / length[keep, None]
    index = index[keep]
    return rendering.pixels[index] + 0.5 * normals_px, normals_px, rendering.points_cam[index]


def _has_occluder(depth_m: Lines, z: Values, offsets: Offsets, config: TrackerConfig) -> Flags:
    """Lines (m,) on which something in front of the object lies close to the contour."""
    close = np.abs(offsets) <= 3
    near = depth_m[:, close]
    return np.asarray(((near > 0) & (near < z[:, None] - config.occlusion_m)).any(-1))


def _contour_posterior(odds: Lines, offsets: Offsets) -> tuple[Values, Values]:
    """Mean and variance (m,) of the contour's offset from log odds (m, s) along the lines."""
    # Contour at d: samples below d are object, others are not; up to a constant, sum of odds.
    log_p = np.cumsum(odds, axis=-1) * 0.3  # neighbouring pixels are not independent
    p = np.exp(log_p - log_p.max(-1, keepdims=True))
    p /= p.sum(-1, keepdims=True)
    place = offsets + 0.5
    mean = p @ place
    variance = p @ place.astype(float) ** 2 - mean**2
    return mean, variance + 0.5
