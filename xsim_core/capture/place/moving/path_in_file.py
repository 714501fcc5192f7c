"""A camera's path that came with its film: what it means, as the room that it saw has it."""

import itertools
from dataclasses import dataclass
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from xsim_core.capture.place.other_sources import REFUSED_M, SAID_M
from xsim_core.capture.place.rigid import FARTHEST_M
from xsim_core.capture.place.spec import Axes, CameraPathSpec, PathAxes, PathMaps
from xsim_core.errors import BadInputError

from .given_path import GivenPath
from .path_fit import Fit, fit_factor, fit_paths, shifted
from .seen_path import SeenPath

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

LEAST_FRAMES = 3
SAID_SCALE, REFUSED_SCALE = 0.01, 0.03
BETTER_SCALED = 0.7
"""So much nearer a path must come when it is scaled, that its length is doubted."""
UNITS_M = (1.0, 1e-3, 1e-2)
MUCH_BETTER = 3.0
MOST_SHIFT = 8
"""Frames by which the file's clock may be off, where that is looked for."""


@dataclass(frozen=True)
class Reading:
    """What the file's matrices may mean, and how that fits."""

    maps: PathMaps
    axes: PathAxes
    metres: float
    T_file_cam: Floats
    """(t, 4, 4) of every frame."""
    fit: Fit

    @property
    def words(self) -> str:
        """As ``capture.yaml`` states it."""
        return f"`maps: {self.maps}, axes: {self.axes}`"


def path_in_file(
    given: GivenPath,
    spec: CameraPathSpec,
    seen: SeenPath | None,
    ahead_m: float,
    notes: list[str],
) -> SeenPath:
    """The path in the file's own frame; frames that it lacks are told by the room.

    Args:
        given: the matrices as they came.
        spec: what a person says of them.
        seen: the path by the room; None where that tells too little.
        ahead_m: how far away the camera looks.
        notes: receives what was guessed, and how well the two agree.

    Raises:
        BadInputError: when they contradict each other, with what would mend that.
    """
    name = f"camera_path: {given.about.name} ({given.about.form})"
    both = given.has_pose & seen.has_pose if seen is not None else np.zeros(len(given.T), bool)
    if seen is None or both.sum() < LEAST_FRAMES:
        return _unchecked(given, spec, name, notes)
    T_room_cam = np.asarray(seen.T_path_cam, np.float64)
    readings = _readings(given, spec, T_room_cam, both, ahead_m)
    default = next(r for r in readings if (r.maps, r.axes) == _conventions(given, spec))
    taken = _taken(default, [r for r in readings if _is_free(r, spec)], name, notes)
    if taken.metres not in (1.0, spec.metres_per_unit, given.about.unit_m):
        notes.append(
            f"{name}: one of its units is taken for {taken.metres:.4g} m, as the film has it"
        )
    _check(taken, readings, T_room_cam, both, ahead_m, name, notes)
    off_m = np.full(len(both), np.nan)
    off_m[both] = taken.fit.off_m
    is_wrong = np.nan_to_num(off_m) > REFUSED_M
    told = f"{name} and the room's own corners have what the camera looks at "
    told += f"{1000 * np.median(taken.fit.off_m):.0f} mm apart in the median of {both.sum()} frames"
    notes.append(f"{told}, {1000 * taken.fit.off_m[~is_wrong[both]].max():.0f} at most")
    by_file = given.has_pose & ~is_wrong
    by_room = ~by_file & seen.has_pose
    if is_wrong.any():
        notes.append(
            f"{name}: {int(is_wrong.sum())} poses are farther off than {100 * REFUSED_M:g} cm (the "
            f"first is of frame {int(np.argmax(is_wrong))}): there the room is believed"
        )
    if (lacking := by_room & ~is_wrong).any():
        notes.append(f"{name}: where it has none, {int(lacking.sum())} poses are the room's")
    T = np.where(by_file[:, None, None], taken.T_file_cam, taken.fit.T_file_room @ T_room_cam)
    return SeenPath(T, by_file | by_room, f"{given.about.name}, which the room confirms")


def unchecked_poses(given: GivenPath, spec: CameraPathSpec, name: str) -> Floats:
    """``T_file_cam`` (t, 4, 4) as a person and the format say, where the film cannot tell.

    Raises:
        BadInputError: when nobody says what a length is.
    """
    metres = spec.metres_per_unit or given.about.unit_m
    if metres is None and not given.about.has_metres:
        raise BadInputError(
            f"{name}: its lengths are of no unit that it tells, and the film shows too few corners "
            "with depth to measure them by. State `metres_per_unit` below camera_path."
        )
    if metres is None:
        length = float(np.median(np.linalg.norm(given.T[given.has_pose, :3, 3], axis=1)))
        metres = 1.0 if length <= FARTHEST_M else 1e-3
    return given.poses(*_conventions(given, spec), metres)


def _unchecked(given: GivenPath, spec: CameraPathSpec, name: str, notes: list[str]) -> SeenPath:
    T = unchecked_poses(given, spec, name)
    maps, axes = _conventions(given, spec)
    notes.append(
        f"{name} is taken unchecked, as `maps: {maps}, axes: {axes}`: the room shows too few "
        "corners with depth to see whether it is so"
    )
    return SeenPath(T, given.has_pose, f"{given.about.name} alone")


def _conventions(given: GivenPath, spec: CameraPathSpec) -> tuple[PathMaps, PathAxes]:
    """As a person says, else the format, else as most do."""
    maps = spec.maps or given.about.maps or "camera_to_world"
    return maps, spec.axes or given.about.axes or "opencv"


def _readings(
    given: GivenPath, spec: CameraPathSpec, T_room_cam: Floats, both: Mask, ahead_m: float
) -> list[Reading]:
    """Every direction with every kind of axes."""
    found: list[Reading] = []
    kinds = (*get_args(Axes), "opengl_clockwise", "opengl_counterclockwise")
    for maps, axes in itertools.product(get_args(PathMaps), kinds):
        T = given.poses(maps, axes, 1.0)
        factor = fit_factor(T[both], T_room_cam[both], ahead_m)
        metres = _metres(given, spec, factor)
        T[:, :3, 3] *= metres
        fit = fit_paths(T[both], T_room_cam[both], ahead_m)
        found.append(Reading(maps, axes, metres, T, fit))
    return found


def _metres(given: GivenPath, spec: CameraPathSpec, factor: float) -> float:
    if (said := spec.metres_per_unit or given.about.unit_m) is not None:
        return said
    if not given.about.has_metres:
        return factor if factor > 0 else 1.0
    near = min(UNITS_M, key=lambda unit: abs(np.log(max(factor, 1e-9) / unit)))
    return near if abs(factor / near - 1) < 10 * REFUSED_SCALE else 1.0


def _is_free(reading: Reading, spec: CameraPathSpec) -> bool:
    return spec.maps in (None, reading.maps) and spec.axes in (None, reading.axes)


def _taken(default: Reading, free: list[Reading], name: str, notes: list[str]) -> Reading:
    """The default, unless it does not fit and another does."""
    best = min(free, key=lambda r: r.fit.worst_m)
    is_poor = default.fit.worst_m > SAID_M
    if is_poor and MUCH_BETTER * best.fit.worst_m < default.fit.worst_m:
        if best.fit.worst_m <= REFUSED_M:
            notes.append(
                f"{name}: taken as {best.words}, a guess: as {default.words} it would be "
                f"{1000 * default.fit.worst_m:.0f} mm off what the film shows, so "
                f"{1000 * best.fit.worst_m:.0f} mm"
            )
        return best
    alike = [r for r in free if r is not default and r.fit.worst_m < 1.5 * default.fit.worst_m]
    if alike:
        others = ", ".join(r.words for r in alike)
        notes.append(
            f"{name}: taken as {default.words}; the camera moves too little to tell that from "
            f"{others}"
        )
    return default


def _check(
    taken: Reading,
    readings: list[Reading],
    T_room_cam: Floats,
    both: Mask,
    ahead_m: float,
    name: str,
    notes: list[str],
) -> None:
    """Refuse a path that contradicts the room, with what would mend it."""
    fit = taken.fit
    told = (
        f"{name} has what the camera looks at up to {1000 * fit.worst_m:.0f} mm from where the "
        "room's own corners have it"
    )
    factor = fit_factor(taken.T_file_cam[both], T_room_cam[both], ahead_m)
    scaled = _scaled(taken.T_file_cam[both], factor, T_room_cam[both], ahead_m)
    is_told = np.median(scaled.off_m) < BETTER_SCALED * np.median(fit.off_m)
    if is_told and abs(factor - 1) > SAID_SCALE:
        scale = (
            f"{name}: its lengths are {1 / factor:.3f} of what the film shows "
            f"(`metres_per_unit: {taken.metres * factor:.4g}` would fit)"
        )
        if abs(factor - 1) > REFUSED_SCALE and scaled.worst_m <= REFUSED_M:
            raise BadInputError(f"{scale}. State its unit, or check the depth's.")
        notes.append(scale)
    if fit.worst_m > REFUSED_M:
        mend = _mend(taken, readings, T_room_cam, both, ahead_m)
        raise BadInputError(f"{told}. {mend}")
    if fit.worst_m > SAID_M:
        notes.append(told)


def _scaled(T_file_cam: Floats, factor: float, T_room_cam: Floats, ahead_m: float) -> Fit:
    T = T_file_cam.copy()
    T[:, :3, 3] *= factor
    return fit_paths(T, T_room_cam, ahead_m)


def _mend(
    taken: Reading, readings: list[Reading], T_room_cam: Floats, both: Mask, ahead_m: float
) -> str:
    fits = [r.words for r in readings if r.fit.worst_m <= REFUSED_M]
    if fits:
        return f"It fits as {' or '.join(fits)}: state that below camera_path."
    tried: dict[int, float] = {}
    for frames in range(-MOST_SHIFT, MOST_SHIFT + 1):
        pair = shifted(taken.T_file_cam[both], T_room_cam[both], frames)
        if len(pair[0]) >= LEAST_FRAMES:
            tried[frames] = fit_paths(*pair, ahead_m).worst_m
    frames = min(tried, key=lambda f: tried[f])
    if tried[frames] <= REFUSED_M:
        return (
            f"It fits ({1000 * tried[frames]:.0f} mm) if its poses are taken {abs(frames)} frames "
            f"{'later' if frames > 0 else 'earlier'}: correct its times."
        )
    return "No direction, axes, unit or shift in time mends that: is it of this film's camera?"
