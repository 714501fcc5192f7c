"""What the object's symmetry means for a task: turns that nobody can see do not count."""

import numpy as np

from xsim_core.geometry.symmetry_spec import ObjectSymmetry
from xsim_core.sim.task import TaskSpec

MAX_APART_DEG = 5
BALL = (
    "the object is a ball, and the task counts how it is turned: success_rotation_rad and "
    "waypoint_rotation_rad of 3.2 ask for nothing"
)


def with_symmetry(
    task: TaskSpec, symmetry: ObjectSymmetry | None
) -> tuple[TaskSpec, tuple[str, ...]]:
    """The task with the object's axis of symmetry, unless it names its own; what to tell people.

    Discrete symmetries stay the track's affair: its poses are the nearest of those that look
    alike, and a goal is reached as it was shown.
    """
    if symmetry is None or not symmetry.continuous:
        return task, ()
    first, *others = symmetry.continuous
    if others:
        return task, (BALL,)
    axis, named = first.axis, task.symmetric_axis
    if named is None:
        told = ", ".join(f"{x + 0:.2g}" for x in axis)
        note = f"turns about the object's axis ({told}) do not count: they do not show"
        return task.model_copy(update={"symmetric_axis": axis}), (note,)
    cosine = abs(np.dot(named, axis)) / np.linalg.norm(named)
    angle = np.rad2deg(np.arccos(np.clip(cosine, 0, 1)))
    note = f"the task's symmetric_axis, {angle:.0f}° from the object's own, is taken"
    return task, (note,) if angle > MAX_APART_DEG else ()
