"""A student is taught where it gets to itself: DAgger (Ross et al. 2011) within one training.

The dataset shows what the teacher does where the teacher gets to (with disturbances: DART, Laskey
et al. 2017). Where the student gets to on its own it has seen nothing. So at some steps of its
training it acts, as it is then, in the randomised simulation; of every moment in which it looked,
image and proprioception are kept, and the teacher, which acts on the simulator's state, is asked
there what it would do. These windows join the dataset's for the rest of the training. Failures are
kept: they are what there is to learn. The student acts alone (Ross et al.'s beta is 0), since it
was cloned before. Labels are chunks of the teacher's own actions, followed in simulation.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xsim_core.pictures import film_strip
from xsim_core.policies import ClosedLoopStudent, Student, TaughtWindows
from xsim_core.policies.misses import teacher_miss
from xsim_core.scratch import read_arrays, write_arrays
from xsim_core.sim.open import OpenSimWorld
from xsim_core.sim.vision.asking import Ask
from xsim_core.sim.vision.domain import Domain
from xsim_core.sim.vision.image_pool import ImageEnvPool

from .config import RoundConfig

NUM_ENVS = 8
FILMS_A_ROUND = 2

Told = Callable[[int, int], None]
"""Hears how many episodes are over, and how many of them succeeded."""


@dataclass(frozen=True)
class Round:
    """What came of sending the student out once."""

    windows: TaughtWindows
    """Of every moment in which the student looked, episode by episode."""
    episode: NDArray[np.int64]
    """(m,) the episode of each window."""
    success: NDArray[np.bool_]
    """(e,)."""
    miss: float
    """Mean distance of the student's actions there to the teacher's, before it learnt from them."""

    def save(self, path: Path) -> None:
        """Keep it in a file."""
        parts = {"episode": self.episode, "success": self.success, "miss": self.miss}
        write_arrays(path, {**vars(self.windows), **parts})

    @staticmethod
    def load(path: Path) -> "Round | None":
        """What ``save`` kept there, or None."""
        if (arrays := read_arrays(path)) is None:
            return None
        windows = TaughtWindows(*(arrays[name] for name in TaughtWindows.__annotations__))
        return Round(windows, arrays["episode"], arrays["success"], float(arrays["miss"]))


def send_out(
    student: Student,
    ask: Ask,
    world: OpenSimWorld,
    config: RoundConfig,
    *,
    number: int,
    domain: Domain,
    num_workers: int,
    told: Told,
) -> Round:
    """Let the student act in episodes of its own, and ask the teacher wherever it looked.

    Args:
        student: as it is.
        ask: the teacher, and how many actions it is asked for.
        world: where.
        config: how many episodes, and of which seeds.
        number: of the round, from 0; each has seeds of its own.
        domain: how physics, camera, light and sensor stray.
        num_workers: processes; 0 means this one.
        told: hears of the episodes.
    """
    first = config.seed + number * config.num_episodes
    seeds = range(first, first + config.num_episodes)
    parts: list[list[TaughtWindows]] = []
    success: list[bool] = []
    with ImageEnvPool(
        world.assets,
        world.task,
        background=world.background,
        domain=domain,
        num_envs=min(NUM_ENVS, len(seeds)),
        num_workers=num_workers,
        image_hw=student.architecture.image_hw,
    ) as pool:
        for begin in range(0, len(seeds), pool.num_envs):
            group = seeds[begin : begin + pool.num_envs]
            for windows, succeeded in _acted(pool, ClosedLoopStudent(student), ask, group):
                parts.append(windows)
                success.append(succeeded)
            told(len(success), sum(success))
    episode = np.repeat(np.arange(len(parts)), [len(p) for p in parts])
    windows = TaughtWindows.concatenate([w for p in parts for w in p])
    return Round(windows, episode, np.array(success), teacher_miss(student, *_fields(windows)))


def _acted(
    pool: ImageEnvPool, actor: ClosedLoopStudent, ask: Ask, seeds: Sequence[int]
) -> list[tuple[list[TaughtWindows], bool]]:
    """One episode a seed: what was seen whenever a chunk was predicted, and whether it succeeded.

    An episode ends as ``rollout``'s do, and only what the student looks at is rendered.
    """
    n, count = pool.num_envs, len(seeds)
    # The last group may be short: spare environments repeat a seed and stay idle.
    padded = [int(s) for s in seeds] + [int(seeds[0])] * (n - count)
    obs = pool.reset(padded)
    actor.reset(padded)
    kept: list[list[TaughtWindows]] = [[] for _ in seeds]
    active, success = np.arange(n) < count, np.zeros(n, bool)
    for _ in range(pool.task.horizon):
        decides = actor.decides() & active
        answers = pool.ask(ask, decides)
        actions = actor.act(obs.rgb, obs.state)
        for i, answer in enumerate(answers):
            if answer is not None:
                (rgb, state), (action, mask) = actor.window(i), answer
                kept[i].append(TaughtWindows(rgb[None], state[None], action[None], mask[None]))
        step = pool.step(actions, active=active, looked_at=actor.looks())
        obs = step.obs
        success |= step.success & active
        active &= ~step.done
        if not active.any():
            break
    return list(zip(kept, success[:count].tolist(), strict=True))


def dagger_figures(rounds: Sequence[Round], student: Student) -> dict[str, float]:
    """What the rounds gave, counted from 1, and how far the student is from the teacher now.

    ``dagger_miss_N`` is of states that the student had not learnt from yet; ``dagger_miss_after``
    is of the last round's, which it has.
    """
    figures: dict[str, float] = {}
    for k, made in enumerate(rounds, 1):
        figures[f"dagger_success_{k}"] = float(made.success.mean())
        figures[f"dagger_miss_{k}"] = made.miss
    figures["dagger_rows"] = float(sum(len(made.windows) for made in rounds))
    figures["dagger_miss_after"] = teacher_miss(student, *_fields(rounds[-1].windows))
    return figures


def dagger_film(rounds: Sequence[Round]) -> NDArray[np.uint8]:
    """What the student saw in the first few episodes of every round, edged by how they ended."""
    films: list[NDArray[np.uint8]] = []
    outcomes: list[bool] = []
    for made in rounds:
        for k in range(min(FILMS_A_ROUND, len(made.success))):
            films.append(made.windows.rgb[made.episode == k, -1])
            outcomes.append(bool(made.success[k]))
    return film_strip(films, outcomes)


def _fields(
    windows: TaughtWindows,
) -> tuple[NDArray[np.uint8], NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    return windows.rgb, windows.state, windows.action, windows.mask
