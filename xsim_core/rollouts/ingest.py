"""The ``ingest_rollouts`` stage: recordings of ``xsim robot run`` become ``RealRollouts``.

What the policy saw is cut anew from the camera's picture, for the student that is given: so
rollouts of one policy serve another one of the same task, robot and camera.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsim_core.artifacts import RealRollouts, SimWorld, StudentPolicy
from xsim_core.errors import BadInputError
from xsim_core.geometry import PinholeCamera
from xsim_core.pictures import film_strip, png_bytes
from xsim_core.policies.config import StudentArchitecture
from xsim_core.robots.recording import Rollout
from xsim_core.robots.sight import PolicySight
from xsim_core.sim.open import check_same_task, open_sim_world
from xsim_core.sim.vision.rendering import policy_camera
from xsim_core.storage import ArtifactWriter, OpenArtifact, Progress
from xsim_core.windows import empty, let_go, temporary_arrays
from xsim_core.world import RobotEpisodes, write_rollouts

from .config import IngestRolloutsConfig
from .read import Fits, Setting, read_fitting
from .timeline import Timeline, timeline_of

OUTCOMES = {"success": 1, "failure": 0, "stopped": 0}
"""What was seen. A link that was lost, or a client that ended, says nothing of the policy."""
UNKNOWN = -1
MIN_ROWS = 2
SLOW = 1.3
"""Control steps between pictures, from which on it is said."""
NUM_SHOWN = 6


@dataclass(frozen=True)
class _Part:
    """A recording that is taken in."""

    path: Path
    rollout: Rollout
    rows: Timeline


def ingest_rollouts(
    student: OpenArtifact[StudentPolicy],
    sim: OpenArtifact[SimWorld],
    *,
    config: IngestRolloutsConfig,
    out: ArtifactWriter,
) -> RealRollouts:
    """Read recordings, check that they fit, and write what is whole of them.

    Raises:
        BadInputError: for recordings of another task, robot or camera, and where nothing is left.
    """
    check_same_task(student, sim)
    config.check_unchanged()
    here = open_sim_world(sim, out.scratch() / "sim")
    architecture = StudentArchitecture.model_validate(student.summary.architecture)
    view = policy_camera(here.assets, architecture.image_hw)
    fits = Fits(here.task, np.array(here.assets.T_world_cam))
    parts, setting, notes = _parts(config.sources, fits)
    notes += _other_policies(parts, student)
    with temporary_arrays(out.scratch()):
        episodes = _episodes(parts, setting, view, out.progress)
        out.add_file("rollouts.png", _picture(episodes))
        return write_rollouts(
            out,
            episodes,
            task=here.task.name,
            seeds=[int(part.rollout.header["seed"]) for part in parts],
            outcome=np.array(
                [OUTCOMES.get(part.rollout.outcome or "", UNKNOWN) for part in parts], np.int8
            ),
            notes=notes,
        )


def _parts(sources: Sequence[Path], fits: Fits) -> tuple[list[_Part], Setting, list[str]]:
    """The recordings of which something is left, the setting that they share, and notes."""
    setting: Setting | None = None
    parts: list[_Part] = []
    notes: list[str] = []
    for path in sources:
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
            f"nothing is left of {len(sources)} recordings: {'; '.join(notes)}. Run the policy "
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


def _other_policies(parts: Sequence[_Part], student: OpenArtifact[StudentPolicy]) -> list[str]:
    others = sorted({p.rollout.header["policy"] for p in parts} - {str(student.ref)})
    return [f"recorded with another policy than {student.ref}: {ref}" for ref in others]


def _episodes(
    parts: Sequence[_Part], setting: Setting, view: PinholeCamera, progress: Progress
) -> RobotEpisodes:
    """All rows, their pictures in files."""
    sight, camera = PolicySight(setting.camera, view), setting.camera
    n = sum(len(part.rows.steps) for part in parts)
    rgb = empty((n, view.height, view.width, 3), np.uint8)
    wide = empty((n, camera.height, camera.width, 3), np.uint8)
    depth_mm = None
    if all(map(_has_depth, parts)):
        depth_mm = empty((n, camera.height, camera.width), np.uint16)
    row = 0
    for part in parts:
        for i in part.rows.steps.tolist():
            wide[row] = picture = part.rollout.rgb(i)
            rgb[row] = sight.image(picture)
            if depth_mm is not None:
                depth_mm[row] = part.rollout.depth_mm(i)
            row += 1
        progress(row / n, {"rows": float(row)})
        for array in (rgb, wide, depth_mm):
            if array is not None:
                let_go(array)

    def joined(name: str) -> NDArray[Any]:
        return np.concatenate([getattr(part.rows, name) for part in parts])

    return RobotEpisodes(
        rgb=rgb,
        state=joined("state"),
        action=joined("action"),
        qpos=joined("qpos"),
        episode_ends=np.cumsum([len(part.rows.steps) for part in parts]).astype(np.int64),
        T_world_cam=setting.T_world_cam,
        camera=view,
        rgbd_camera=camera,
        wide_rgb=wide,
        wide_depth_mm=depth_mm,
        time_s=joined("time_s"),
    )


def _picture(episodes: RobotEpisodes) -> bytes:
    shown = [
        np.array(episodes.rgb[episodes.episode(i)]) for i in range(min(NUM_SHOWN, len(episodes)))
    ]
    return png_bytes(film_strip(shown))
