"""How far a student's actions are from those that a teacher would carry out in the same place."""

import numpy as np
from numpy.typing import NDArray

from .student import Student

NUM_NOISES = 4
"""Draws of the sampler's noise over which an action is averaged."""
WINDOWS_AT_ONCE = 256
"""As many are sampled together: an encoder's activations take a megabyte each."""


def mean_actions(
    student: Student, rgb: NDArray[np.uint8], state: NDArray[np.float32]
) -> NDArray[np.float32]:
    """The chunks (n, Ta, a) that would be executed, averaged over the same draws of noise.

    Args:
        student: who acts.
        rgb: (n, To, h, w, 3), or (n, h, w, 3) of which each stands for a whole window.
        state: (n, To, s) or (n, s) proprioception.
    """
    a = student.architecture
    shape = (NUM_NOISES, len(rgb), a.horizon, a.action_dim)
    noises = np.random.default_rng(0).standard_normal(shape, np.float32)
    if rgb.ndim == 4:
        rgb = np.repeat(rgb[:, None], a.n_obs_steps, axis=1)
        state = np.repeat(state[:, None], a.n_obs_steps, axis=1)
    parts = [slice(i, i + WINDOWS_AT_ONCE) for i in range(0, len(rgb), WINDOWS_AT_ONCE)]
    chunks = [
        np.mean([student.sample_actions(rgb[p], state[p], noise[p]) for noise in noises], axis=0)
        for p in parts
    ]
    return np.concatenate(chunks)[:, : a.n_action_steps]


def teacher_miss(
    student: Student,
    rgb: NDArray[np.uint8],
    state: NDArray[np.float32],
    action: NDArray[np.float32],
    mask: NDArray[np.float32],
) -> float:
    """Mean Euclidean distance of the actions carried out to those of the teacher.

    Args:
        student: who acts.
        rgb: see ``mean_actions``.
        state: see ``mean_actions``.
        action: (n, T, a) the teacher's; a full action has length 1 along each axis.
        mask: (n, T) 0 where an action is none.
    """
    acted = mean_actions(student, rgb, state)
    steps = acted.shape[1]
    off = np.linalg.norm(acted - action[:, :steps], axis=-1) * mask[:, :steps]
    return float(off.sum() / mask[:, :steps].sum())
