"""The ``deploy`` stage: the student acts in the world to deploy into, failures included.

What it writes is what a robot can perceive of itself. Whether a rollout succeeded is not in it:
in the simulated world that is the truth, which only ``evaluate`` may ask for.
"""

import numpy as np

from xsim_core.artifacts import RealRollouts, RealWorld, SimWorld, StudentPolicy
from xsim_core.files.windows import temporary_arrays
from xsim_core.pictures import film_strip, png_bytes
from xsim_core.policies import ClosedLoopStudent, Student
from xsim_core.sim.open import check_same_task, open_sim_world
from xsim_core.sim.vision.reporting_policy import ReportingPolicy
from xsim_core.storage import ArtifactWriter, OpenArtifact
from xsim_core.world import RGBD_HW, RobotEpisodes, SimulatedRobot, open_world, write_rollouts

from .config import DeployConfig

NUM_ENVS = 8
NUM_SHOWN = 6
"""Rollouts in the picture for people."""


def deploy_student(
    student: OpenArtifact[StudentPolicy],
    sim: OpenArtifact[SimWorld],
    world: OpenArtifact[RealWorld],
    *,
    config: DeployConfig,
    out: ArtifactWriter,
) -> RealRollouts:
    """Let the student act once for each seed, and keep what the robot recorded.

    Raises:
        BadInputError: when the student was trained for another task.
    """
    check_same_task(student, sim)
    out.progress(0.0, {})
    folder = out.scratch()
    here = open_sim_world(sim, folder / "sim")
    seeds = range(config.seed, config.seed + config.num_rollouts)
    reporting = ReportingPolicy(
        ClosedLoopStudent(Student.read(student)),
        num_episodes=len(seeds),
        horizon=here.task.horizon,
        progress=out.progress,
    )
    with (
        temporary_arrays(folder),
        SimulatedRobot(
            open_world(world),
            here,
            folder=folder,
            num_envs=min(NUM_ENVS, len(seeds)),
            num_workers=out.runtime.num_workers,
            rgbd_hw=RGBD_HW,
        ) as robot,
    ):
        episodes = robot.run(reporting, seeds)
        out.add_file("rollouts.png", rollouts_picture(episodes))
        return write_rollouts(out, episodes, task=here.task.name, seeds=seeds)


def rollouts_picture(episodes: RobotEpisodes) -> bytes:
    """The first rollouts as a PNG, one a row, as the policy saw them."""
    shown = [episodes.rgb[episodes.episode(i)] for i in range(min(NUM_SHOWN, len(episodes)))]
    return png_bytes(film_strip([np.asarray(film) for film in shown]))
