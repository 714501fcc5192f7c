"""How well a pose explains a frame, occluders accounted for."""

from dataclasses import dataclass

import numpy as np

from xsim_core.geometry.arrays import SE3, Flags, Points3

from .appearance import Appearance, ColourModel, Lighting, colour_agreement, fit_lighting
from .config import TrackerConfig
from .frame import Level, Roi
from .kernel import calls
from .raycast import RayCaster, Rendering, erode
from .terms import depth_sigma, settings_of


@dataclass(frozen=True)
class Verdict:
    """Evidence for and against a pose."""

    score: float
    """In [0, 1], over what can be seen of the object."""
    likeness: float
    """How much what is seen has the object's colours and texture, in [0, 1]."""
    visible_fraction: float
    """Share of the object's pixels that are seen: nothing in front, no finger on them."""
    covered_fraction: float
    """Share of the object's pixels with something measured clearly in front of them."""
    fit: float
    """Score for choosing between poses: occluded pixels count for a little."""
    lighting: Lighting
    level: Level
    """The scale at which it was judged; the rendering's pixels are its own."""
    rendering: Rendering
    is_inlier: Flags
    """(n,): which rendered pixels agree with the measured depth and are not touched by a hand."""


def verify(
    T_cam_object: SE3,
    level: Level,
    *,
    caster: RayCaster,
    appearance: Appearance,
    colours: ColourModel,
    lighting: Lighting,
    config: TrackerConfig,
) -> Verdict:
    """Render the pose and compare depth and colour pixel by pixel."""
    if config.engine == "cpp" and calls.can_draw(caster.drawn):
        looks = appearance.looks(colours, lighting)
        seen = caster.drawn, level.view, looks, settings_of(config)
        room = caster.project_roi(T_cam_object, level.camera, 6).area
        return _verdict(calls.judge(T_cam_object, seen, room), level)
    rendering = caster.render(T_cam_object, level.camera, margin_px=6)
    n = len(rendering.pixels)
    full = caster.project_roi(T_cam_object, level.camera, 0)
    if n < 12 or full.is_empty:
        return Verdict(0.0, 0.0, 0.0, 0.0, 0.0, lighting, level, rendering, np.zeros(n, bool))
    inner = erode(rendering.mask, 1)[rendering.mask]
    inner = inner if inner.sum() >= 12 else np.ones(n, bool)
    z, observed = rendering.points_cam[:, 2], rendering.at_hits(level.depth_m)
    tolerance = 3 * depth_sigma(z, config) + 0.002
    measured = inner & (observed > 0)
    occluded = measured & (observed < z - config.occlusion_m)
    behind = measured & (observed > z + np.maximum(config.background_m, tolerance))
    inlier = measured & ~occluded & ~behind
    unmeasured = inner & (observed <= 0)
    texture = appearance.lookup(rendering, level.camera.K[0, 0])
    likeness, lighting = _colour_likeness(
        rendering, level, inlier | unmeasured, texture, colours, lighting
    )
    # A surface that lies right but looks wrong still counts for something: lights change.
    trust = 0.3 + 0.7 * likeness
    closeness = np.exp(-0.5 * ((observed - z)[inlier] / tolerance[inlier]) ** 2).sum()
    agreeing = float(inlier.sum() + behind.sum())
    score = float(closeness) * trust / agreeing if agreeing >= 8 else 0.0
    counted = float(inner.sum() - 0.7 * unmeasured.sum())
    fit = (closeness * trust + 0.35 * occluded.sum() - 0.3 * behind.sum()) / max(counted, 1.0)
    lit = lighting.apply(texture[0], rendering.normals_cam)
    is_bare = colour_agreement(rendering, level, lit, texture[1]) > 0.3
    visible = float((inner & ~occluded & is_bare).sum()) / float(inner.sum())
    return Verdict(
        score=float(np.clip(score, 0, 1)),
        likeness=likeness,
        visible_fraction=visible,
        covered_fraction=float(occluded.sum()) / float(inner.sum()),
        fit=float(fit),
        lighting=lighting,
        level=level,
        rendering=rendering,
        is_inlier=inlier & is_bare,
    )


def _verdict(found: calls.Judged, level: Level) -> Verdict:
    surface = found.mask, found.pixels, found.points_cam, found.normals_cam, found.texcoord
    score, likeness, visible, covered, fit = found.figures.tolist()
    return Verdict(
        score=score,
        likeness=likeness,
        visible_fraction=visible,
        covered_fraction=covered,
        fit=fit,
        lighting=Lighting(found.shading, found.gain),
        level=level,
        rendering=Rendering(Roi(*found.roi), *surface),
        is_inlier=found.is_inlier,
    )


def _colour_likeness(
    rendering: Rendering,
    level: Level,
    use: Flags,
    texture: tuple[Points3, Flags],
    colours: ColourModel,
    lighting: Lighting,
) -> tuple[float, Lighting]:
    """How much the visible pixels look like the object, in [0, 1], and the lighting found."""
    parts = []
    if colours.is_known and use.any():
        odds = colours.log_odds()[rendering.at_hits(level.colour_bin)[use]]
        parts.append((0.35, float((1 / (1 + np.exp(-np.clip(odds, -6, 6)))).mean())))
    surface, known = texture
    use = use & known
    if use.sum() >= 20:
        normals = rendering.normals_cam[use]
        seen = rendering.at_hits(level.rgb)[use].astype(np.float64)
        lighting = fit_lighting(surface[use], seen, normals, prior=lighting)
        lit = lighting.apply(surface[use], normals)
        if lit.std(axis=0).mean() > 6:
            parts.append((0.65, max(_correlation(lit, seen), 0.0)))
        else:
            parts.append((0.35, float(np.exp(-np.abs(lit - seen).mean() / 30))))
    if not parts:
        return 1.0, lighting
    # The pattern of the texture tells more than how common its colours are.
    return sum(w * p for w, p in parts) / sum(w for w, _ in parts), lighting


def _correlation(a: Points3, b: Points3) -> float:
    a, b = a - a.mean(0), b - b.mean(0)
    return float((a * b).sum() / np.sqrt((a**2).sum() * (b**2).sum() + 1e-9))
