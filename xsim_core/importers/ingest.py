"""The ``ingest_episodes`` stage: somebody's demonstrations become an ``EpisodeDataset``.

With a world they must be of its task: the student that learns from them is tried in it. Without one
the dataset declares its own task, with numbers and units of its own, and is only learnt from.
"""

import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from xsim_core.artifacts import EpisodeDataset, SimWorld
from xsim_core.capture.readers.limited import read_in_child
from xsim_core.errors import BadInputError
from xsim_core.exporters.robot_words import STATE_NAMES
from xsim_core.pictures import film_strip, png_bytes
from xsim_core.policies.config import StudentArchitecture
from xsim_core.sim.open import task_of
from xsim_core.sim.task import TaskSpec
from xsim_core.storage import ArtifactWriter, OpenArtifact

from .config import IngestEpisodesConfig, Picks

NUM_SHOWN = 6
READ = "xsim_core.importers.lerobot.read:read_lerobot"


def ingest_episodes(
    sim: OpenArtifact[SimWorld] | None = None,
    *,
    config: IngestEpisodesConfig,
    out: ArtifactWriter,
) -> EpisodeDataset:
    """Read a dataset in a process with limits, check that it fits, and write what was picked.

    Raises:
        BadInputError: for everything that does not fit, with the mend.
    """
    config.check_unchanged()
    task = task_of(sim) if sim is not None else None
    picks = config.picks
    if task is not None:
        picks = _for_world(picks)
    with TemporaryDirectory(dir=out.scratch()) as place:
        more = {"read": READ, "options": picks.model_dump(mode="json")}
        arrays, said = read_in_child("named", Path(place), {"folder": config.source}, None, more)
        if task is not None:
            _check_fits(task, arrays["action"], said, config.source)
        out.write_all(arrays)
        rgb, ends = arrays["observation.images.front"], arrays["episode_ends"]
        starts = [0, *ends[:-1].tolist()]
        shown = [np.array(rgb[a:b]) for a, b in zip(starts, ends.tolist(), strict=True)][:NUM_SHOWN]
        out.add_file("episodes.png", png_bytes(film_strip(shown)))
        num_steps, image_hw = len(rgb), (int(rgb.shape[1]), int(rgb.shape[2]))
    instruction = said["instructions"][0]
    return EpisodeDataset(
        task=task.name if task is not None else picks.task or _task_name(instruction),
        num_episodes=len(ends),
        num_steps=num_steps,
        num_attempts=len(ends),
        image_hw=image_hw,
        fps=said["fps"],
        state_names=tuple(said["state_names"]),
        action_names=tuple(said["action_names"]),
        instruction=instruction,
        robot=said["robot"] or "unknown",
        notes=tuple(said["notes"]),
    )


def _for_world(picks: Picks) -> Picks:
    """The picks with the size at which policies see a world.

    Raises:
        BadInputError: when another size or task was asked for.
    """
    hw = StudentArchitecture().image_hw
    if picks.image_hw not in (None, hw):
        raise BadInputError(
            f"pictures of {picks.image_hw} do not fit a world, in which a student sees {hw}. Leave "
            "the size out, or the world."
        )
    if picks.task:
        raise BadInputError("with a world the task is the world's: leave out one of the two.")
    return picks.model_copy(update={"image_hw": hw})


def _check_fits(task: TaskSpec, action: Any, said: dict[str, Any], source: Path) -> None:
    """Refuse what a student in this task's world would misunderstand.

    Raises:
        BadInputError: for other numbers, another rate, or actions outside [-1, 1].
    """
    mend = "Pick them with {}, or leave the world out: the dataset then has a task of its own."
    for what, names, wanted in (
        ("actions", said["action_names"], task.action_names),
        ("states", said["state_names"], STATE_NAMES),
    ):
        if list(names) != list(wanted):
            raise BadInputError(
                f"{source}: its {what} are {', '.join(names)}, those of task '{task.name}' "
                f"{', '.join(wanted)}. {mend.format('--' + what.removesuffix('s'))}"
            )
    if said["fps"] != task.control_freq_hz:
        raise BadInputError(
            f"{source} has {said['fps']:g} rows a second, task '{task.name}' "
            f"{task.control_freq_hz} actions. Resample it, or leave the world out."
        )
    if np.abs(action).max() > 1 + 1e-6:
        raise BadInputError(
            f"{source}: an action of {np.abs(action).max():.4g} is more than a full one; those of "
            f"task '{task.name}' are in [-1, 1], 1 being {task.action_position_m} m. Scale them."
        )


def _task_name(instruction: str) -> str:
    """An instruction as the name of a task."""
    found = re.sub(r"[^a-z0-9]+", "_", instruction.lower()).strip("_")
    return found[:60].rstrip("_") or "imported"
