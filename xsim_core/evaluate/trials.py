"""Runs policies in simulation and in the world, one episode for each of the paired seeds."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager

import numpy as np
from numpy.typing import NDArray

from xsim_core.artifacts import RealWorld, StudentPolicy, TeacherPolicy
from xsim_core.files.windows import temporary_arrays
from xsim_core.pictures import grid, png_bytes
from xsim_core.policies import ClosedLoopStudent, Student
from xsim_core.policies.teacher import load_teacher
from xsim_core.sim.open import OpenSimWorld
from xsim_core.sim.vision.backgrounds import SplatBackground
from xsim_core.sim.vision.image_pool import ImageEnvPool
from xsim_core.sim.vision.recorder import RolloutResult
from xsim_core.sim.vision.reporting_policy import ReportingPolicy
from xsim_core.sim.vision.rollout import TeacherInPool, rollout
from xsim_core.storage import ArtifactWriter, OpenArtifact, Progress
from xsim_core.world import Ground, RobotEpisodes, SimulatedRobot, open_world

from .config import EvaluateConfig
from .rates import Trials

NUM_ENVS = 8


class TrialRunner:
    """Runs rows of the evaluation and reports progress over all of them."""

    def __init__(
        self,
        sim: OpenSimWorld,
        config: EvaluateConfig,
        out: ArtifactWriter,
        *,
        num_rows: int,
    ) -> None:
        self._sim, self._config, self._out = sim, config, out
        self._num_rows, self._num_done, self._said = num_rows, 0, 0.0

    def simulation(
        self,
        teacher: OpenArtifact[TeacherPolicy],
        students: Mapping[str, OpenArtifact[StudentPolicy]],
    ) -> list[Trials]:
        """Teacher and students in the reconstructed simulation."""
        config = self._config
        with self._pool(self._sim.background, config.num_sim_trials) as pool:
            actor = TeacherInPool(load_teacher(teacher), pool)
            # Rendering costs most, so only the seeds that are shown are rendered for the teacher.
            num_shown = min(config.num_films, config.num_teacher_trials)
            with self._films_on_disk():
                shown = self._films(rollout(pool, actor, self._seeds(num_shown)))
            rows = []
            for name, policy in students.items():
                seeds = self._seeds(config.num_sim_trials)
                with self._films_on_disk():
                    result = rollout(
                        pool,
                        self._reporting(policy, seeds),
                        seeds,
                        num_filmed=config.num_films,
                        progress=self._progress(f"{name}_sim"),
                    )
                    films = self._films(result)
                rows.append(Trials(name, "sim", result.success, result.progress, films))
        with self._pool(None, config.num_teacher_trials) as pool:
            actor = TeacherInPool(load_teacher(teacher), pool)
            with self._films_on_disk():
                result = rollout(
                    pool,
                    actor,
                    self._seeds(config.num_teacher_trials),
                    progress=self._progress("teacher_sim"),
                )
        return [Trials("teacher", "sim", result.success, result.progress, shown), *rows]

    def reality(
        self,
        world: OpenArtifact[RealWorld],
        students: Mapping[str, OpenArtifact[StudentPolicy]],
    ) -> list[Trials]:
        """Students on the robot, judged by the world's truth."""
        config, rows = self._config, []
        seeds = self._seeds(config.num_real_trials)
        with SimulatedRobot(
            open_world(world),
            self._sim,
            folder=self._out.scratch() / "world",
            num_envs=min(NUM_ENVS, len(seeds)),
            num_workers=self._out.runtime.num_workers,
        ) as robot:
            for name, policy in students.items():
                actor = self._reporting(policy, seeds)
                with self._films_on_disk():
                    episodes = robot.run(
                        actor,
                        seeds,
                        num_filmed=config.num_films,
                        progress=self._progress(f"{name}_real"),
                    )
                    films = self._films(episodes)
                judged = robot.judge()
                rows.append(Trials(name, "real", judged.success, judged.progress, films))
        return rows

    def worlds(
        self,
        world: OpenArtifact[RealWorld],
        students: Mapping[str, OpenArtifact[StudentPolicy]],
    ) -> list[Trials]:
        """Students in worlds drawn around the one to deploy into, an environment each."""
        config, rows = self._config, []
        shape = (config.num_worlds, config.trials_per_world)
        seeds = self._seeds(config.num_worlds * config.trials_per_world)
        true = open_world(world)
        ground = Ground.of(self._sim.assets, true.spec.room)
        with SimulatedRobot(
            true,
            self._sim,
            folder=self._out.scratch() / "worlds",
            num_envs=config.num_worlds,
            num_workers=self._out.runtime.num_workers,
            domains=[config.worlds.draw(k, ground) for k in range(config.num_worlds)],
        ) as robot:
            for name, policy in students.items():
                actor = self._reporting(policy, seeds)
                with self._films_on_disk():
                    episodes = robot.run(
                        actor, seeds, num_filmed=0, progress=self._progress(f"{name}_worlds")
                    )
                    begins = [episodes.episode(i).start for i in range(config.num_worlds)]
                    shown = grid(episodes.rgb[begins], columns=5)
                judged = robot.judge()
                # Environments take seeds in turn, so a column is a round through all worlds.
                success = judged.success.reshape(shape[::-1]).T
                progress = judged.progress.reshape(shape[::-1]).T
                rows.append(Trials(name, "worlds", success, progress, []))
                self._out.add_file("worlds.png", png_bytes(shown))
        return rows

    def _pool(self, background: SplatBackground | None, num_trials: int) -> ImageEnvPool:
        return ImageEnvPool(
            self._sim.assets,
            self._sim.task,
            background=background,
            domain=self._config.domain,
            num_envs=min(NUM_ENVS, num_trials),
            num_workers=self._out.runtime.num_workers,
        )

    def _seeds(self, count: int) -> Sequence[int]:
        return range(self._config.seed, self._config.seed + count)

    def _films_on_disk(self) -> AbstractContextManager[None]:
        return temporary_arrays(self._out.scratch())

    def _films(self, result: RolloutResult | RobotEpisodes) -> list[NDArray[np.uint8]]:
        """The first episodes, copied from where all of them lie."""
        count = min(self._config.num_films, len(result.episode_ends))
        return [np.array(result.rgb[result.episode(i)]) for i in range(count)]

    def _reporting(
        self, policy: OpenArtifact[StudentPolicy], seeds: Sequence[int]
    ) -> ReportingPolicy:
        """The policy, reporting between the ends of its episodes."""
        return ReportingPolicy(
            ClosedLoopStudent(Student.read(policy)),
            num_episodes=len(seeds),
            horizon=self._sim.task.horizon,
            progress=lambda fraction, _: self._report(fraction, {}),
        )

    def _report(self, fraction: float, figures: dict[str, float]) -> None:
        done = (self._num_done + min(fraction, 1.0)) / self._num_rows
        # Rows end early where policies succeed early, so what was said before may be more.
        self._said = max(self._said, done)
        self._out.progress(self._said, figures)

    def _progress(self, name: str) -> Progress:
        """Progress of one row."""

        def report(fraction: float, figures: dict[str, float]) -> None:
            self._report(fraction, {f"{name}_success": figures["success_rate"]})
            if fraction >= 1:
                self._num_done += 1

        return report
