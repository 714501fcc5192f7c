"""The first pose held against what a person drew and what was measured, before it is believed.

A pose that merely fits better than the others fits nothing yet: a wrong mesh has a best pose too.
So it must lie in the box, on the measured surface, cover what stands there and nothing else, and
neither another size of the mesh nor another pose may do so as well.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from xsim_core.geometry import TexturedMesh, make_se3, rotation_angle
from xsim_core.geometry.arrays import SE3, BoxXyxy
from xsim_core.tracking.config import TrackerConfig
from xsim_core.tracking.frame import Level
from xsim_core.tracking.metrics import add_m, adds_m
from xsim_core.tracking.raycast import RayCaster
from xsim_core.tracking.refine import ObjectModel, refine
from xsim_core.tracking.verify import Verdict

from .coverage import Coverage, CoverageJudge

MIN_IN_BOX, MIN_BOX_FILLED = 0.8, 0.45
MIN_SEEN, MIN_CLOSENESS, MIN_QUALITY, MIN_LIKENESS = 0.4, 0.85, 0.82, 0.5
SIZES = (0.72, 0.8, 0.88, 1.12, 1.25, 1.4)
SIZE_QUALITY, SIZE_GAIN = 0.85, 0.08
"""How well another size must fit, and how much better, to be the likelier one."""
SIZE_ROUNDS = ((0.06, 8), (0.04, 8), (0.03, 8), (0.02, 6), (0.015, 6), (0.01, 5))
TWIN_FIT = 0.02
"""Poses whose fits differ by less cannot be told apart …"""
TWIN_SURFACE_M = 0.01
"""… and it matters when their surfaces lie farther apart than this."""


@dataclass(frozen=True)
class RunnerUp:
    """The best of the poses that are not the first one again."""

    fit: float
    distance_m: float
    """Mean way of the surface's points from the best pose to this (ADD)."""
    surface_m: float
    """Mean distance of the two surfaces (ADD-S): near 0 for what looks the same."""
    angle_rad: float


@dataclass(frozen=True)
class FirstPose:
    """What speaks for the first pose and against it."""

    coverage: Coverage
    likeness: float | None
    """To the mesh's colours, in [0, 1]; None where it has none."""
    fit: float
    size: float
    """Factor by which a mesh of the likeliest size is larger; 1 for the size that it has."""
    size_quality: float
    """``coverage.quality`` of that size."""
    runner_up: RunnerUp | None

    @property
    def figures(self) -> tuple[float, float, float, float, float]:
        """Quality of the coverage, then of the runner-up, NaN where there is none.

        By how much it fits worse; its ADD and ADD-S from the first, metres; its turn, radians.
        """
        other = self.runner_up
        if other is None:
            return self.coverage.quality, np.nan, np.nan, np.nan, np.nan
        apart = other.distance_m, other.surface_m, other.angle_rad
        return self.coverage.quality, self.fit - other.fit, *apart


def examine(
    found: Sequence[tuple[SE3, Verdict]],
    level: Level,
    box: BoxXyxy,
    model: ObjectModel,
    *,
    config: TrackerConfig,
) -> FirstPose:
    """Hold the best of the poses found against box and depth, other sizes and other poses.

    Args:
        found: poses (4, 4) and verdicts, best first.
        level: the frame at the scale at which they were judged.
        box: (x0, y0, x1, y1) at that scale.
        model: the object.
        config: settings.
    """
    T, verdict = found[0]
    judge = CoverageJudge(level, box, config)
    coverage, mesh = judge.coverage(model.caster, T), model.caster.mesh
    sizes = {size: _quality_of_size(size, T, judge, model, config) for size in SIZES}
    likeliest = max(sizes, key=lambda size: sizes[size])
    is_other = sizes[likeliest] > coverage.quality
    return FirstPose(
        coverage,
        verdict.likeness if mesh.is_textured else None,
        verdict.fit,
        likeliest if is_other else 1.0,
        sizes[likeliest] if is_other else coverage.quality,
        _runner_up(found, mesh),
    )


def _quality_of_size(
    size: float, T: SE3, judge: CoverageJudge, model: ObjectModel, config: TrackerConfig
) -> float:
    """How well the mesh would cover the picture if it were so many times as large."""
    mesh = model.caster.mesh
    caster = RayCaster(replace(mesh, vertices=(size * mesh.vertices).astype(np.float32)))
    start = make_se3(T[:3, :3], T[:3, 3] + (1 - size) * (T[:3, :3] @ mesh.centre))
    T_sized = refine(
        start,
        judge.level,
        replace(model, caster=caster),
        config=config,
        rounds=SIZE_ROUNDS,
        use_texture=False,
    )
    coverage = judge.coverage(caster, T_sized)
    return coverage.quality if _is_of_the_box(coverage) else 0.0


def _is_of_the_box(coverage: Coverage) -> bool:
    return coverage.in_box >= MIN_IN_BOX and coverage.box_filled >= MIN_BOX_FILLED


def _runner_up(found: Sequence[tuple[SE3, Verdict]], mesh: TexturedMesh) -> RunnerUp | None:
    points, T = mesh.sample_surface(500, rng=np.random.default_rng(0)), found[0][0]
    for other, verdict in found[1:]:
        distance_m = float(add_m(other[None], T[None], points)[0])
        if distance_m > 0.1 * mesh.diameter_m:
            surface_m = float(adds_m(other[None], T[None], points)[0])
            angle_rad = float(rotation_angle(T[:3, :3], other[:3, :3]))
            return RunnerUp(verdict.fit, distance_m, surface_m, angle_rad)
    return None


def objection(first: FirstPose) -> str | None:
    """What speaks against believing the first pose: a clause with the mend, or None."""
    c = first.coverage
    if first.size != 1 and first.size_quality > max(c.quality + SIZE_GAIN, SIZE_QUALITY):
        return (
            f"about {first.size:g} times as large the mesh would fit, as it is it does not "
            f"({first.size_quality:.2f} against {c.quality:.2f}). Check the mesh's size and unit; "
            "it is in metres"
        )
    if not _is_of_the_box(c):
        return (
            f"the pose that fits best has {100 * c.in_box:.0f} % of the object in the box and "
            f"fills {100 * c.box_filled:.0f} % of the box ({100 * MIN_IN_BOX:.0f} and "
            f"{100 * MIN_BOX_FILLED:.0f} are asked for). Check that the mesh is this object's "
            "and in metres, and draw the box closely around the object"
        )
    if c.seen < MIN_SEEN:
        return (
            f"{100 - 100 * c.seen:.0f} % of the object is hidden there. Choose an init_frame in "
            "which it is free"
        )
    if c.closeness < MIN_CLOSENESS or c.quality < MIN_QUALITY:
        return (
            f"what is measured there is not the mesh: {_shares(c)}. Check that the mesh is this "
            "object's, in metres and not mirrored, and choose an init_frame in which nothing hides "
            "or touches the object, and a box around it alone"
        )
    if first.likeness is not None and first.likeness < MIN_LIKENESS:
        return (
            f"the shape fits, the colours do not: the likeness to the mesh's texture is "
            f"{first.likeness:.2f}, {MIN_LIKENESS} is asked for. Check that the mesh and its "
            "texture are this object's and not mirrored, or bring the mesh without its texture"
        )
    return _ambiguity(first)


def _shares(c: Coverage) -> str:
    shares = [f"its surface agrees by {c.closeness:.2f} ({MIN_CLOSENESS} is asked for)"]
    if c.rim < 1:
        shares.append(f"it goes on beyond {100 * (c.continued or 0):.0f} % of the mesh's outline")
    if c.explained is not None:
        shares.append(f"the mesh covers {100 * c.explained:.0f} % of what stands in the box")
    if c.standing is not None:
        shares.append(f"{100 - 100 * c.standing:.0f} % of the mesh is where nothing stands")
    return f"{', '.join(shares)}; together {c.quality:.2f} ({MIN_QUALITY} is asked for)"


def _ambiguity(first: FirstPose) -> str | None:
    other = first.runner_up
    if other is None or other.fit < first.fit - TWIN_FIT or other.surface_m < TWIN_SURFACE_M:
        return None
    return (
        f"another pose fits as well ({other.fit:.2f} against {first.fit:.2f}), turned by "
        f"{np.rad2deg(other.angle_rad):.0f}° and with its surface {1000 * other.surface_m:.0f} mm "
        "off. Choose an init_frame that shows more of the object, or bring the mesh's colours"
    )
