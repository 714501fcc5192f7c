"""Robust Gauss-Newton on SE(3): from a pose nearby to the pose that explains the frame."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from xsim_core.geometry import make_se3, so3_exp
from xsim_core.geometry.arrays import SE3, Motion, Point3

from .appearance import Appearance, ColourModel, Lighting, colour_agreement
from .config import TrackerConfig
from .frame import Level
from .kernel import calls
from .raycast import RayCaster, Rendering
from .terms import (
    Equations,
    depth_equations,
    region_equations,
    settings_of,
    texture_equations,
)


@dataclass
class ObjectModel:
    """Everything known about the object's shape and looks."""

    caster: RayCaster
    appearance: Appearance
    colours: ColourModel
    lighting: Lighting


def apply_motion(T_cam_object: SE3, xi: Motion, centre_cam: Point3) -> SE3:
    """Rotate by ``xi[3:]`` about a camera-frame centre, then shift by ``xi[:3]``."""
    dR = so3_exp(xi[3:])
    t = dR @ (T_cam_object[:3, 3] - centre_cam) + centre_cam + xi[:3]
    return make_se3(dR @ T_cam_object[:3, :3], t)


def refine(
    T_cam_object: SE3,
    level: Level,
    model: ObjectModel,
    *,
    config: TrackerConfig,
    rounds: Sequence[tuple[float, int]],
    use_texture: bool = True,
) -> SE3:
    """The pose after one Gauss-Newton step a round, each with a fresh rendering."""
    drawn = model.caster.drawn
    if config.engine == "cpp" and calls.can_draw(drawn):
        looks = model.appearance.looks(model.colours, model.lighting)
        settings = settings_of(config, use_texture=use_texture)
        return calls.refine(T_cam_object, (drawn, level.view, looks, settings), rounds)
    T = np.asarray(T_cam_object, np.float64)
    centre = model.caster.mesh.centre
    radius = 0.5 * model.caster.mesh.diameter_m
    for gate_m, half_length_px in rounds:
        rendering = model.caster.render(T, level.camera, margin_px=3)
        if len(rendering.pixels) < 12:
            return T
        centre_cam = T[:3, :3] @ centre + T[:3, 3]
        parts = _equations(
            rendering,
            level,
            model,
            centre_cam,
            config=config,
            gate_m=gate_m,
            half_length_px=half_length_px,
            use_texture=config.use_texture and use_texture,
        )
        xi = _solve(parts, radius)
        T = apply_motion(T, xi, centre_cam)
        if np.linalg.norm(xi[:3]) + radius * np.linalg.norm(xi[3:]) < 5e-5:
            break
    return T


def _equations(
    rendering: Rendering,
    level: Level,
    model: ObjectModel,
    centre_cam: Point3,
    *,
    config: TrackerConfig,
    gate_m: float,
    half_length_px: int,
    use_texture: bool,
) -> list[Equations]:
    agreement, parts = np.ones(len(rendering.pixels)), []
    if use_texture:
        colours, known = model.appearance.lookup(rendering, level.camera.K[0, 0])
        lit_rgb = model.lighting.apply(colours, rendering.normals_cam)
        agreement = colour_agreement(rendering, level, lit_rgb, known)
        parts.append(
            texture_equations(
                rendering,
                level,
                centre_cam,
                lit_rgb=lit_rgb,
                known=known,
                agreement=agreement,
                config=config,
            )
        )
    if config.use_region:
        parts.append(
            region_equations(
                rendering,
                level,
                centre_cam,
                colours=model.colours,
                half_length_px=half_length_px,
                config=config,
            )
        )
    parts.append(
        depth_equations(
            rendering,
            level,
            centre_cam,
            agreement=np.maximum(agreement, 0.02),
            gate_m=gate_m,
            config=config,
        )
    )
    return parts


def _solve(parts: list[Equations], radius: float) -> Motion:
    """Damped normal equations; directions without evidence stay where they are."""
    lhs, rhs = np.zeros((6, 6)), np.zeros(6)
    for part in parts:
        weighted = part.J * part.w[:, None]
        lhs += weighted.T @ part.J
        rhs += weighted.T @ part.r
    # As much as one 5 mm measurement of no motion an axis, at the centre and at the rim.
    damp = np.concatenate([np.full(3, 1.0), np.full(3, radius**2)]) / 0.005**2
    xi = np.linalg.solve(lhs + np.diag(damp), rhs)
    reach = np.linalg.norm(xi[:3]) + radius * np.linalg.norm(xi[3:])
    return xi * min(1.0, 0.05 / max(reach, 1e-12))
