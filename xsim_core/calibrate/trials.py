"""Both students in the same episodes of simulation, before and after calibration."""

import numpy as np
from numpy.typing import NDArray

from xsim_core.files.windows import temporary_arrays
from xsim_core.policies import ClosedLoopStudent, Student
from xsim_core.sim.open import OpenSimWorld
from xsim_core.sim.vision.image_pool import ImageEnvPool
from xsim_core.sim.vision.reporting_policy import ReportingPolicy
from xsim_core.sim.vision.rollout import rollout
from xsim_core.storage import ArtifactWriter

from .build_pairs import part_of
from .config import CalibrateConfig
from .harm import Verdict, judge
from .pairs import Pairs


def tried(
    before: Student,
    after: Student,
    held_out: Pairs,
    sim: OpenSimWorld,
    *,
    config: CalibrateConfig,
    out: ArtifactWriter,
) -> Verdict:
    """What speaks against the calibrated student, where that is asked."""
    if (harm := config.do_no_harm) is None:
        return Verdict((), {})
    seeds = range(harm.seed, harm.seed + harm.num_trials)
    part = iter([(0.85, 0.925), (0.925, 1.0)])
    with ImageEnvPool(
        sim.assets,
        sim.task,
        background=sim.background,
        domain=harm.domain,
        num_envs=min(8, len(seeds)),
        num_workers=out.runtime.num_workers,
    ) as pool:

        def outcomes(student: Student) -> NDArray[np.bool_]:
            reporting = ReportingPolicy(
                ClosedLoopStudent(student),
                num_episodes=len(seeds),
                horizon=sim.task.horizon,
                progress=part_of(out.progress, *next(part)),
            )
            with temporary_arrays(out.scratch()):
                return rollout(pool, reporting, seeds, num_filmed=0).success

        return judge(before, after, held_out, outcomes)
