"""The stage ``gap_rung``: a student's trials on one rung of the ladder."""

import numpy as np

from xsim_core.artifacts import GapRung, RealWorld, SimWorld, StudentPolicy
from xsim_core.files.windows import temporary_arrays
from xsim_core.geometry import PinholeCamera
from xsim_core.pictures import enlarged, png_bytes
from xsim_core.policies import ClosedLoopStudent, Student
from xsim_core.policies.fitting import torch_threads
from xsim_core.sim.open import check_same_task, open_sim_world
from xsim_core.sim.task import TaskSpec
from xsim_core.sim.vision.image_pool import ImageEnvPool
from xsim_core.sim.vision.recorder import RolloutResult
from xsim_core.sim.vision.rendering import policy_camera
from xsim_core.sim.vision.reporting_policy import ReportingPolicy
from xsim_core.sim.vision.rollout import rollout
from xsim_core.storage import ArtifactWriter, OpenArtifact, Progress
from xsim_core.world import open_world

from .config import PICTURE, GapRungConfig
from .factors import Place, both_places, place_with

NUM_ENVS = 8
"""As ``evaluate`` has them: torch's products round differently by the size of a batch."""
NUM_SHOWN = 3
"""Episodes whose first image is shown."""


def measure_rung(
    student: OpenArtifact[StudentPolicy],
    sim: OpenArtifact[SimWorld],
    world: OpenArtifact[RealWorld],
    *,
    config: GapRungConfig,
    out: ArtifactWriter,
) -> GapRung:
    """Success on the seeds of every rung, where ``config.factors`` are the world's.

    Raises:
        BadInputError: when the student was trained for another task, or the world's description
            is that of none.
    """
    check_same_task(student, sim)
    out.progress(0.0, {})
    folder = out.scratch()
    here = open_sim_world(sim, folder / "sim")
    ends = both_places(here, open_world(world), config, folder / "world")
    place = place_with(config.factors, *ends)
    view = policy_camera(here.assets)
    policy = ClosedLoopStudent(Student.read(student))
    with (
        torch_threads(out.runtime.num_workers),
        temporary_arrays(folder),
        _pool(place, here.task, view, config, out.runtime.num_workers) as pool,
    ):
        result = _tried(pool, policy, config, out.progress)
        begins = [0, *result.episode_ends[:-1]][:NUM_SHOWN]
        seen = np.concatenate([np.array(result.rgb[i]) for i in begins], axis=1)
    out.add_file(PICTURE, png_bytes(enlarged(seen, 2)))
    # Environments take seeds in turn, so a column is a round through all worlds.
    rounds = (config.num_trials // max(1, config.num_worlds), max(1, config.num_worlds))
    out.write("success", result.success.reshape(rounds).T)
    out.write("progress", result.progress.reshape(rounds).T)
    return GapRung(
        task=here.task.name,
        factors=config.factors,
        successes=int(result.success.sum()),
        trials=config.num_trials,
        num_worlds=config.num_worlds,
    )


def _pool(
    place: Place, task: TaskSpec, view: PinholeCamera, config: GapRungConfig, workers: int
) -> ImageEnvPool:
    """An environment for each drawn world, or several of the one place."""
    is_one = config.num_worlds == 0
    return ImageEnvPool(
        place.assets,
        task,
        background=place.background,
        domain=place.domains[0] if is_one else place.domains,
        num_envs=min(NUM_ENVS, config.num_trials) if is_one else config.num_worlds,
        num_workers=workers,
        # Where to look is chosen by the robot's own calibration, on every rung the same.
        policy_view=view,
    )


def _tried(
    pool: ImageEnvPool, policy: ClosedLoopStudent, config: GapRungConfig, progress: Progress
) -> RolloutResult:
    """One episode for each seed, telling how far they are between the ends of episodes too."""
    seeds = range(config.seed, config.seed + config.num_trials)
    said = 0.0

    def tell(fraction: float, figures: dict[str, float]) -> None:
        # Episodes end early where policies succeed early, so what was said before may be more.
        nonlocal said
        said = max(said, fraction)
        told = {"success": figures["success_rate"]} if figures else {}
        progress(said, told)

    acting = ReportingPolicy(
        policy, num_episodes=len(seeds), horizon=pool.task.horizon, progress=tell
    )
    # Of each episode the first picture is shown.
    return rollout(pool, acting, seeds, num_filmed=0, progress=tell)
