"""What recordings of ``xsim robot run`` hold: the part that runs in ``apart``'s process."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsim_core.errors import BadInputError
from xsim_core.files.windows import empty, let_go
from xsim_core.geometry import PinholeCamera
from xsim_core.robots.recording import Rollout
from xsim_core.robots.sight import PolicySight
from xsim_core.sim.task import TaskSpec

from .read import Fits, Setting, read_fitting
from .timeline import Timeline, timeline_of

Begin = Callable[[str], Path]
"""As the child has it: the path of a number, which is now being read."""
Arrays = dict[str, NDArray[Any]]

OUTCOMES = {"success": 1, "failure": 0, "stopped": 0}
"""What was seen. A link that was lost, or a client that ended, says nothing of the policy."""
UNKNOWN = -1
MIN_ROWS = 2
SLOW = 1.3
"""Control steps between pictures, from which on it is said."""


@dataclass(frozen=True)
class _Part:
    """A recording that is taken in."""

    path: Path
    rollout: Rollout
    rows: Timeline


def read_recordings(begin: Begin, options: Mapping[str, Any]) -> tuple[Arrays, dict[str, Any]]:
    """Check that recordings fit, and what is whole of them: arrays of ``RobotEpisodes`` by name.

    Args:
        begin: answers recording 0, 1, ….
        options: as ``Read.of`` in ``apart`` gives them.

    Raises:
        BadInputError: for recordings of another task, robot or camera, and where nothing is left.
    """
    task = TaskSpec.model_validate(options["task"])
    fits = Fits(task, np.array(options["T_world_cam"]))
    height, width = options["image_hw"]
    view = PinholeCamera(width, height, np.array(options["K"]))
    parts, setting, notes = _parts(begin, options["count"], fits)
    notes += _other_policies(parts, options["policy"])
    outcome = [OUTCOMES.get(part.rollout.outcome or "", UNKNOWN) for part in parts]
    arrays = _episodes(parts, setting, view) | {"outcome": np.array(outcome, np.int8)}
    return arrays, {"seeds": [part.rollout.header["seed"] for part in parts], "notes": notes}


def _parts(begin: Begin, count: int, fits: Fits) -> tuple[list[_Part], Setting, list[str]]:
    """The recordings of which something is left, the setting that they share, and notes."""
    setting: Setting | None = None
    parts: list[_Part] = []
    notes: list[str] = []
    for i in range(count):
        path = begin(str(i))
        rollout, found = read_fitting(path, fits)
        if setting is None:
            setting = found
        setting.check_same(found, path)
        if rollout.num_lost_bytes:
            notes.append(
                f"{path.name}: {rollout.num_lost_bytes} bytes behind its last whole step dropped"
            )
        if not rollout.steps:
            notes.append(f"{path.name}: dropped, it has no whole step")
            continue
        try:
            rows = timeline_of(rollout.steps, fits.task.action_names)
        except BadInputError as error:
            raise BadInputError(f"{path}: {error}. It cannot be taken in.") from error
        if len(rows.steps) < MIN_ROWS:
            notes.append(f"{path.name}: dropped, {len(rows.steps)} picture is left of it")
            continue
        parts.append(_Part(path, rollout, rows))
    if not parts or setting is None:
        raise BadInputError(
            f"nothing is left of {count} recordings: {'; '.join(notes)}. Run the policy "
            "again: xsim robot run."
        )
    parts = _with_depth(parts, notes)
    return parts, setting, [*notes, *_counted(parts, fits.task.control_dt_s)]


def _with_depth(parts: list[_Part], notes: list[str]) -> list[_Part]:
    """Those with depth throughout; all of them where none has any. Says what was found."""
    have = [_has_depth(part) for part in parts]
    if any(have):
        notes += [
            f"{part.path.name}: dropped, some of its pictures have no depth"
            for part, has in zip(parts, have, strict=True)
            if not has
        ]
        parts = [part for part, has in zip(parts, have, strict=True) if has]
    else:
        notes.append("no depth was recorded: calibrate, which tracks the object, cannot use them")
    return parts


def _has_depth(part: _Part) -> bool:
    return all("observation.depth_mm.png" in part.rollout.steps[i] for i in part.rows.steps)


def _counted(parts: Sequence[_Part], step_s: float) -> Iterator[str]:
    """What was mended in all of them together."""
    total = Counter[str]()
    for part in parts:
        total["repeated"] += part.rows.num_repeated
        total["waiting"] += part.rows.num_waiting
        total["exceeding"] += part.rows.num_exceeding
    num_rows = sum(len(part.rows.steps) for part in parts)
    if total["repeated"]:
        yield f"{total['repeated']} steps held no new picture and are part of the one before"
    if total["waiting"]:
        yield f"{total['waiting']} pictures of a robot that stood still and waited left out"
    if total["exceeding"]:
        yield (
            f"in {total['exceeding']} of {num_rows} rows more was commanded until the next picture "
            "than one full action; it counts as one"
        )
    lag_ms = 1e3 * max(part.rows.worst_lag_s for part in parts)
    yield f"pictures lay up to {lag_ms:.0f} ms behind; joints are those of each picture's time"
    apart_s = float(np.median(np.concatenate([np.diff(part.rows.time_s) for part in parts])))
    if apart_s > SLOW * step_s:
        yield (
            f"pictures came {1e3 * apart_s:.0f} ms apart (median), not {1e3 * step_s:.0f}: the "
            "tracker is told when; whoever replays them takes each for one control step"
        )
    unknown = sum(OUTCOMES.get(part.rollout.outcome or "", UNKNOWN) < 0 for part in parts)
    if unknown:
        yield f"of {unknown} rollouts the outcome is unknown: the link or the client ended first"


def _other_policies(parts: Sequence[_Part], policy: str) -> list[str]:
    others = sorted({p.rollout.header["policy"] for p in parts} - {policy})
    return [f"recorded with another policy than {policy}: {ref}" for ref in others]


def _episodes(parts: Sequence[_Part], setting: Setting, view: PinholeCamera) -> Arrays:
    """All rows, their pictures in files."""
    rgb, wide, depth_mm = pictures = _room_for(parts, setting.camera, view)
    sight, row = PolicySight(setting.camera, view), 0
    for part in parts:
        for i in part.rows.steps.tolist():
            wide[row] = picture = part.rollout.rgb(i)
            rgb[row] = sight.image(picture)
            if depth_mm is not None:
                depth_mm[row] = part.rollout.depth_mm(i)
            row += 1
        for array in pictures:
            if array is not None:
                let_go(array)
    ends = np.cumsum([len(part.rows.steps) for part in parts]).astype(np.int64)
    rows = ("state", "action", "qpos", "time_s")
    found: Arrays = {n: np.concatenate([getattr(part.rows, n) for part in parts]) for n in rows}
    found |= {"rgb": rgb, "wide_rgb": wide, "K": setting.camera.K, "episode_ends": ends}
    found |= {} if depth_mm is None else {"wide_depth_mm": depth_mm}
    return found | {"T_world_cam": setting.T_world_cam}


def _room_for(
    parts: Sequence[_Part], camera: PinholeCamera, view: PinholeCamera
) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint16] | None]:
    """The policy's pictures, the camera's, and its depth where there is any: to be filled.

    Raises:
        BadInputError: where they are more than the disk or the limits have room for.
    """
    n, wide = sum(len(part.rows.steps) for part in parts), (camera.height, camera.width)
    try:
        return (
            empty((n, view.height, view.width, 3), np.uint8),
            empty((n, *wide, 3), np.uint8),
            empty((n, *wide), np.uint16) if all(map(_has_depth, parts)) else None,
        )
    except OSError as error:
        raise BadInputError(
            f"{n} pictures of {camera.width}x{camera.height} do not fit on the disk or into the "
            f"limits of one artifact ({error.strerror}). Take fewer recordings in at a time."
        ) from error
