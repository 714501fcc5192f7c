"""Closed-loop trials of a student in the reconstructed simulation."""

from collections.abc import Sequence

import numpy as np

from xsim_core.artifacts import SimWorld
from xsim_core.files.windows import temporary_arrays
from xsim_core.pictures import film_strip, gif_bytes, png_bytes
from xsim_core.policies import ClosedLoopStudent, Student
from xsim_core.policies.statistics import wilson_interval
from xsim_core.sim.open import open_sim_world
from xsim_core.sim.vision.domain import Domain
from xsim_core.sim.vision.image_pool import ImageEnvPool
from xsim_core.sim.vision.recorder import RolloutResult
from xsim_core.sim.vision.rollout import rollout
from xsim_core.storage import ArtifactWriter, OpenArtifact, Progress

NUM_ENVS = 8
NUM_FILMS = 4


def simulate(
    student: Student,
    sim: OpenArtifact[SimWorld],
    *,
    domain: Domain,
    seeds: Sequence[int],
    out: ArtifactWriter,
    progress: Progress,
) -> dict[str, float]:
    """Run one episode a seed, leave films beside the payload and answer the key figures."""
    world = open_sim_world(sim, out.scratch() / "world")
    with (
        temporary_arrays(out.scratch()),
        ImageEnvPool(
            world.assets,
            world.task,
            background=world.background,
            domain=domain,
            num_envs=min(NUM_ENVS, len(seeds)),
            num_workers=out.runtime.num_workers,
        ) as pool,
    ):
        result = rollout(
            pool, ClosedLoopStudent(student), seeds, num_filmed=NUM_FILMS, progress=progress
        )
        add_films(result, out, fps=world.task.control_freq_hz)
    low, high = wilson_interval(int(result.success.sum()), len(seeds))
    return {
        "sim_success": float(result.success.mean()),
        "sim_success_low": low,
        "sim_success_high": high,
        "sim_progress": float(result.progress.mean()),
        "sim_trials": float(len(seeds)),
    }


def add_films(result: RolloutResult, out: ArtifactWriter, *, fps: float) -> None:
    """A strip of the first few episodes, and one of them as an animation."""
    films = [result.rgb[result.episode(i)] for i in range(min(NUM_FILMS, len(result.seeds)))]
    strip = film_strip(films, [bool(s) for s in result.success[:NUM_FILMS]])
    out.add_file("film.png", png_bytes(strip))
    best = int(np.argmax(result.success[:NUM_FILMS]))
    out.add_file("film.gif", gif_bytes(films[best], fps=fps))
