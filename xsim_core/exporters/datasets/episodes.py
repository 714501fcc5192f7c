"""A dataset as the writers of its formats take it: episode by episode, with what it is about."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsim_core.artifacts import EpisodeDataset, SimWorld
from xsim_core.exporters.robot_words import STATE_NAMES, action_words
from xsim_core.exporters.source import Source
from xsim_core.policies import Episodes
from xsim_core.sim.task import TaskSpec


@dataclass(frozen=True)
class Recorded:
    """Episodes, and the words that other formats want beside them."""

    episodes: Episodes
    task: TaskSpec | None
    """None where the world they were rendered in is not in the store."""
    instruction: str
    """In words."""
    summary: EpisodeDataset

    @staticmethod
    def read(source: Source[EpisodeDataset]) -> "Recorded":
        """Open the dataset: images as a memory map."""
        sim = source.made_from(SimWorld)
        task = TaskSpec.model_validate(sim.summary.task_spec) if sim else None
        summary = source.artifact.summary
        words = summary.instruction or summary.task.replace("_", " ").replace("-", " ")
        return Recorded(Episodes.read(source.artifact), task, words, summary)

    @property
    def notes(self) -> list[str]:
        """What was guessed."""
        if self.summary.instruction:
            return []
        return [f"The instruction is made from the task's name: '{self.instruction}'."]

    @property
    def state_names(self) -> list[str]:
        """What the state's numbers are called."""
        return list(self.summary.state_names or STATE_NAMES)

    @property
    def action(self) -> dict[str, Any]:
        """Names of the action's numbers, and where they are known range and rate."""
        if self.summary.action_names and self.task is None:
            return {"names": list(self.summary.action_names), "frequency_hz": self.summary.fps}
        return action_words(self.task)

    def rows(self) -> Iterator[slice]:
        """The rows of each episode."""
        first = 0
        for end in self.episodes.episode_ends.tolist():
            yield slice(first, end)
            first = end


def is_last(rows: slice) -> NDArray[np.bool_]:
    """(n,) whether a row of an episode is its last."""
    n = rows.stop - rows.start
    return np.arange(n) == n - 1
