"""What a LeRobot dataset is written of: pictures, columns, and what is told beside them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsim_core.artifacts import EpisodeDataset, RealRollouts, SimWorld, StudentPolicy
from xsim_core.exporters.robot_words import STATE_NAMES, action_words
from xsim_core.exporters.source import Source
from xsim_core.sim.task import TaskSpec

from .episodes import Recorded

IMAGE, WIDE = "observation.images.front", "observation.images.wide"
STATE, ACTION = "observation.state", "action"
QPOS_NAMES = [*(f"panda_joint{i}" for i in range(1, 8)), "finger1_m", "finger2_m"]


@dataclass(frozen=True)
class Columns:
    """n rows of e episodes."""

    images: dict[str, NDArray[np.uint8]]
    """(n, h, w, 3) by feature."""
    numbers: dict[str, NDArray[Any]]
    """(n, d) or (n,) by feature."""
    grids: dict[str, NDArray[Any]]
    """(n, h, w), of which no statistics are made."""
    names: dict[str, list[str]]
    """Of the numbers of vectors; counted where they are not here."""
    episode_ends: NDArray[np.int64]
    """(e,)."""
    fps: float
    robot: str
    instruction: str
    told: dict[str, Any]
    """For ``meta/xsim.json``."""
    notes: list[str]

    def rows(self) -> Iterator[slice]:
        """The rows of each episode."""
        ends = self.episode_ends.tolist()
        return (slice(a, b) for a, b in zip([0, *ends[:-1]], ends, strict=True))


def of_dataset(source: Source[EpisodeDataset]) -> Columns:
    """Demonstrations."""
    dataset, recorded = source.artifact, Recorded.read(source)
    e = recorded.episodes
    told = {"action": recorded.action, "artifact": str(dataset.ref), "task": dataset.summary.task}
    if {"K", "T_world_cam"} <= set(dataset.array_names):
        told["camera"] = {n: dataset.array(n).tolist() for n in ("K", "T_world_cam")}
    return Columns(
        images={IMAGE: e.rgb},
        numbers={STATE: e.state, ACTION: e.action},
        grids={},
        names={STATE: recorded.state_names, ACTION: recorded.action.get("names") or []},
        episode_ends=e.episode_ends,
        fps=dataset.summary.fps,
        robot=dataset.summary.robot,
        instruction=recorded.instruction,
        told=told,
        notes=recorded.notes,
    )


def of_rollouts(source: Source[RealRollouts]) -> Columns:
    """What a robot did: both pictures, joints, depth, seed and outcome, where they are there.

    Joints and depth are no ``observation.…``: LeRobot's policies would take them for one.
    """
    made, sim = source.artifact, source.made_from(SimWorld)
    task = TaskSpec.model_validate(sim.summary.task_spec) if sim else None
    ends, names = made.array("episode_ends"), set(made.array_names)
    action, words = action_words(task), made.summary.task.replace("_", " ").replace("-", " ")
    numbers = {STATE: made.array(STATE), ACTION: made.array(ACTION)}
    for column, name in (("qpos", "observation.qpos"), ("picture_time_s", "time_s")):
        if name in names:
            numbers[column] = made.array(name)
    numbers |= _of_episodes(source)
    depth = {"depth_mm": made.frames("observation.depth_mm")}
    students = [r for r in made.manifest.inputs.values() if r.kind == StudentPolicy.kind]
    notes = [f"The instruction is made from the task's name: '{words}'."]
    if task is None:
        notes.append("The world is not in the store: actions have no names, and 10 rows a second.")
    return Columns(
        images={name: made.frames(name) for name in (IMAGE, WIDE)},
        numbers=numbers,
        grids=depth if "observation.depth_mm" in names else {},
        names={STATE: STATE_NAMES, ACTION: action.get("names", []), "qpos": QPOS_NAMES},
        episode_ends=ends,
        fps=float((task or TaskSpec(name=made.summary.task)).control_freq_hz),
        robot="panda",
        instruction=words,
        told={
            "action": action,
            "artifact": str(made.ref),
            "task": made.summary.task,
            "policy": str(students[0]) if students else "",
            "camera": {n: made.array(n).tolist() for n in ("K", "T_world_cam")},
            "wide": {"K": made.array("K_wide").tolist()},
        },
        notes=notes,
    )


def _of_episodes(source: Source[RealRollouts]) -> dict[str, NDArray[Any]]:
    """What is of whole episodes, in each of their rows; success in the last one alone."""
    made, found = source.artifact, dict[str, NDArray[Any]]()
    ends = made.array("episode_ends")
    lengths = np.diff(ends, prepend=0)
    if "seeds" in made.array_names:
        found["seed"] = np.repeat(made.array("seeds"), lengths)
    if "outcome" in made.array_names:
        outcome = made.array("outcome")
        found["outcome"] = np.repeat(outcome, lengths)
        found["next.success"] = np.zeros(int(ends[-1]), bool)
        found["next.success"][ends - 1] = outcome == 1
    return found
