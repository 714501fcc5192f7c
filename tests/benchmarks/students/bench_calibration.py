"""What calibration gives: ``python -m tests.benchmarks.students.bench_calibration --home .xsim``.

Every arm fine-tunes the same student and is tried on the same seeds in the world to deploy into,
or, with ``--worlds``, in drawn worlds, each of which has rollouts and a calibration of its own; and
in simulation. Rollouts and results are kept under --out, so it may be stopped and goes on; several
processes may share the work. Prints; judges nothing. Truth is used only to say how wrong the
simulated frames are.
"""

import argparse
import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from tests.benchmarks import rounds
from tests.benchmarks.students.calibration_table import calibration_table
from xsim_core.artifacts import ArtifactRef, RealRollouts, RealWorld
from xsim_core.calibrate import CalibrateConfig
from xsim_core.calibrate.build_pairs import build_pairs, tracked_rows
from xsim_core.calibrate.config import TeachConfig
from xsim_core.calibrate.finetune import AlignConfig, agreement_figures, finetune
from xsim_core.calibrate.pairs import Pairs
from xsim_core.deploy import DeployConfig
from xsim_core.files.windows import temporary_arrays
from xsim_core.policies import ClosedLoopStudent, Episodes, Student, Trainer
from xsim_core.policies.fitting import torch_threads
from xsim_core.policies.networks import build_net
from xsim_core.policies.teacher import load_teacher
from xsim_core.presets import pipeline_config
from xsim_core.runs import load_record
from xsim_core.sim.open import open_sim_world
from xsim_core.sim.vision.asking import Ask
from xsim_core.sim.vision.domain import randomised_domain
from xsim_core.sim.vision.image_pool import ImageEnvPool
from xsim_core.sim.vision.rollout import rollout
from xsim_core.stage import run_stage
from xsim_core.stages import DEPLOY
from xsim_core.storage import ArtifactStore
from xsim_core.world import (
    RGBD_HW,
    Ground,
    SimulatedRobot,
    WorldSpread,
    open_world,
    read_rollouts,
    write_rollouts,
)

NONE, TEACH = AlignConfig(weight=0.0), TeachConfig()
INFONCE = {"align": AlignConfig(weight=0.1), "teach": None}
ARMS = {
    "uncalibrated": {},
    "same steps, no pairs": {"align": NONE, "teach": None},
    "actions, camera believed": {"replay": "actions", "camera": None, **INFONCE},
    "actions, camera refined": {"replay": "actions", **INFONCE},
    "resync, camera refined": INFONCE,
    "teacher": {"align": NONE, "teach": TEACH},
    "teacher, both images": {"align": NONE, "teach": TeachConfig(images="both")},
    "teacher and InfoNCE": {**INFONCE, "teach": TEACH},
    "student's own chunks": {"align": NONE, "teach": TEACH},
    "gain and offset": {},
}
UNTRAINED = ("uncalibrated", "gain and offset")
"""Arms that fine-tune nothing."""
WORLD, SIM = 90_000, 130_000
"""First seeds of the trials."""


class Corrected(ClosedLoopStudent):
    """Sees images whose colours are brought to those of simulation."""

    gain, offset = np.ones(3), np.zeros(3)

    def act(self, rgb, state):
        seen = np.clip(np.rint(rgb * self.gain + self.offset), 0, 255).astype(np.uint8)
        return super().act(seen, state)


@dataclass
class Bench:
    """One student of a store in one world, with all that calibration reads."""

    name: str
    student: Student
    teacher: object
    inputs: dict
    folder: Path
    config: CalibrateConfig
    deploy: DeployConfig
    workers: int
    root: Path
    """Of the student."""
    world: int | None = None
    """Which drawn world; None is the one to deploy into."""

    @staticmethod
    def open(home, run, ref, out, *, steps, batch, rollouts, workers):
        store = ArtifactStore((Path(home).resolve() / "store").as_uri())
        record = load_record(store, run)
        student = store.open(ref or record.stages["diffusion"])
        inputs = {name: store.open(r) for name, r in student.manifest.inputs.items()}
        inputs["world"] = store.open(record.stages["ingest_world"], RealWorld)
        config = pipeline_config("demo").calibrate
        optim = config.optim.model_copy(update={"num_steps": steps, "batch_size": batch})
        config = config.model_copy(update={"optim": optim})
        deploy = DeployConfig(num_rollouts=rollouts)
        name = student.ref.fingerprint[:8]
        folder = Path(out) / name
        folder.mkdir(parents=True, exist_ok=True)
        teacher = load_teacher(store.open(record.stages["ppo"]))
        return Bench(
            name, Student.read(student), teacher, inputs, folder, config, deploy, workers, folder
        )

    def within(self, world):
        """The same in a drawn world."""
        folder = self.folder / f"world {world}"
        folder.mkdir(exist_ok=True)
        return replace(self, folder=folder, world=world)

    def sim(self):
        return open_sim_world(self.inputs["sim"], self.folder / "sim")

    def robot(self, num_envs, **more):
        world, sim = open_world(self.inputs["world"]), self.sim()
        if self.world is not None:
            ground = Ground.of(sim.assets, world.spec.room)
            more["domains"] = [WorldSpread().draw(self.world, ground)] * num_envs
        return SimulatedRobot(
            world,
            sim,
            folder=self.folder,
            num_envs=num_envs,
            num_workers=self.workers,
            **more,
        )

    def deployed(self):
        """The student's rollouts and, for judging alone, where the object truly was."""
        truth = self.folder / "truth.npy"

        def record(*, config, out):
            seeds = range(config.seed, config.seed + config.num_rollouts)
            with (
                temporary_arrays(out.scratch()),
                self.robot(min(config.num_rollouts, 6), rgbd_hw=RGBD_HW) as robot,
            ):
                episodes = robot.run(ClosedLoopStudent(self.student), seeds)
                np.save(truth, robot.judge().T_world_object)
                return write_rollouts(out, episodes, task=self.sim().task.name, seeds=seeds)

        store = ArtifactStore((self.folder / "store").as_uri())
        ref = run_stage(replace(DEPLOY, run=record, inputs={}), self.deploy, store, {})
        return read_rollouts(store.open(ref, RealRollouts)), np.load(truth)

    def pairs(self, config):
        """Pairs, and how far what their simulated frames show is from the truth, mm."""
        kept = self.folder / f"pairs {config.replay} {config.camera is not None}.npz"
        if not kept.exists():
            episodes, truth = self.deployed()
            pairs, _ = build_pairs(
                episodes,
                self.sim(),
                config=config,
                num_workers=self.workers,
                progress=lambda fraction, figures: None,
                ask=Ask(self.teacher, self.student.architecture.horizon),
            )
            rows = [tracked_rows(episodes, i, config.frame_stride) for i in range(len(episodes))]
            shown = pairs.T_world_object if config.replay == "resync" else pairs.T_world_object_sim
            error = np.linalg.norm((shown - truth[np.concatenate(rows)])[:, :3, 3], axis=1)
            np.savez(kept, error_mm=1e3 * error, **vars(pairs))
        with np.load(kept) as stored:
            arrays = {k: stored[k] for k in stored.files}
        return arrays.pop("error_mm"), Pairs(**arrays)

    def calibrated(self, arm, seed):
        """Who acts, and the arm's figures."""
        if arm == "uncalibrated":
            return ClosedLoopStudent(self.student), {}
        config = self.config.model_copy(update=ARMS[arm])
        if arm != "gain and offset" and config.align.weight == 0 and config.teach is None:
            # Without pairs it is the same student in every world.
            nothing = Pairs(**dict.fromkeys(Pairs.__annotations__, np.zeros((0, 0))))
            how = {"steps": config.optim.num_steps, "batch": config.optim.batch_size}
            return ClosedLoopStudent(self.tuned(config, nothing, arm, seed, self.root)), how
        error_mm, pairs = self.pairs(config)
        trusted = pairs.trusted(config.gate)
        held_out = pairs.rollout >= self.deploy.num_rollouts - config.num_held_out
        figures = {"kept": int(trusted.sum()), "of": len(pairs)}
        figures["error_mm"] = float(np.median(error_mm[trusted]))
        learnt, judged = pairs.take(trusted & ~held_out), pairs.take(trusted & held_out)
        if arm == "gain and offset":
            actor = Corrected(self.student)
            actor.gain, actor.offset = gain_and_offset(learnt)
            return actor, figures | {"gain": actor.gain.tolist(), "offset": actor.offset.tolist()}
        if arm == "student's own chunks":
            learnt = own_chunks(self.student, learnt)
        student = self.tuned(config, learnt, arm, seed, self.folder)
        figures |= {"steps": config.optim.num_steps, "batch": config.optim.batch_size}
        if len(judged) >= 2:
            figures |= agreement_figures(student, judged, config.align.duplicate_m)
            figures["held_out"] = len(judged)
            figures["error_before"] = error_to_teacher(self.student, judged)
            figures["error_after"] = error_to_teacher(student, judged)
        return ClosedLoopStudent(student), figures

    def tuned(self, config, pairs, arm, seed, folder):
        """The student fine-tuned, or as it was kept."""
        checkpoint = folder / f"{arm}-{seed}.npz"
        trainer, student = finetune(
            self.student,
            Episodes.read(self.inputs["dataset"]),
            pairs,
            optim=config.optim,
            align=config.align,
            teach=config.teach,
            augment=config.augment,
            state_noise=config.state_noise,
            seed=seed,
            checkpoint=checkpoint,
            progress=lambda fraction, figures: None,
        )
        trainer.save(checkpoint)
        return student

    def measure(self, arm, seed, trials, sim_trials):
        """Fine-tune, try, and keep the outcome."""
        path = self.folder / f"result {arm} {seed}.json"
        claim = path.with_suffix(".claim")
        if path.exists() or claim.exists():
            return
        claim.touch()
        try:
            actor, figures = self.calibrated(arm, seed)
            with self.robot(min(8, trials)) as robot:
                robot.run(actor, range(WORLD, WORLD + trials), num_filmed=0)
                judged = robot.judge()
            outcome = {"student": self.name, "world": self.world, "arm": arm, "seed": seed}
            outcome |= {"success": judged.success.tolist(), "progress": judged.progress.tolist()}
            if sim_trials and arm != "gain and offset":
                outcome["sim"] = self.tried_in_simulation(actor, sim_trials)
            path.write_text(json.dumps(outcome | figures))
            print(
                outcome["arm"],
                self.world,
                seed,
                sum(outcome["success"]),
                sum(outcome.get("sim", [])),
                flush=True,
            )
        finally:
            claim.unlink()

    def misses(self, seed):
        """How far students miss the teacher, as far as their fine-tuning has come."""
        pairs = self.pairs(self.config)[1]
        trusted = pairs.trusted(self.config.gate)
        held_out = pairs.rollout >= self.deploy.num_rollouts - self.config.num_held_out
        learnt, judged = pairs.take(trusted & ~held_out), pairs.take(trusted & held_out)
        for arm in ARMS:
            student, step = self.student, 0
            if arm != "uncalibrated":
                trainer = Trainer(build_net(student.architecture), self.config.optim)
                if not trainer.resume(self.folder / f"{arm}-{seed}.npz"):
                    continue
                student, step = replace(student, net=trainer.averaged()), trainer.step
            found = {"arm": arm, "step": step, "learnt": len(learnt), "held_out": len(judged)}
            for name, some in (("learnt", learnt), ("held_out", judged)):
                for frames in ("real", "sim"):
                    found[f"{name}_{frames}"] = error_to_teacher(student, some, frames)
            print(found, flush=True)
            yield found

    def tried_in_simulation(self, actor, trials):
        sim = self.sim()
        with ImageEnvPool(
            sim.assets,
            sim.task,
            background=sim.background,
            domain=randomised_domain(),
            num_workers=self.workers,
        ) as pool:
            return rollout(pool, actor, range(SIM, SIM + trials), num_filmed=0).success.tolist()


def gain_and_offset(pairs):
    """By least squares, for each channel, from real to simulated frames."""
    real, sim = (x.reshape(-1, 3).astype(float) for x in (pairs.real, pairs.sim))
    fits = [np.polyfit(real[:, c], sim[:, c], 1) for c in range(3)]
    return np.array([f[0] for f in fits]), np.array([f[1] for f in fits])


def chunks(student, rgb, state, draws=2):
    """Whole chunks (n, T, a), averaged over the same draws of noise."""
    a = student.architecture
    shape = (draws, len(rgb), a.horizon, a.action_dim)
    noises = np.random.default_rng(0).standard_normal(shape, np.float32)
    seen, felt = (np.repeat(x[:, None], a.n_obs_steps, axis=1) for x in (rgb, state))
    return np.mean([student.sample_actions(seen, felt, noise) for noise in noises], axis=0)


def own_chunks(student, pairs):
    """What the student itself would do on the simulated frame, as the label of the real one."""
    action = chunks(student, pairs.sim, pairs.state)
    return replace(pairs, action=action, mask=np.ones_like(pairs.mask))


def error_to_teacher(student, pairs, frames="real"):
    """Mean distance of the actions carried out to the teacher's, on real or simulated frames."""
    n = student.architecture.n_action_steps
    acted = chunks(student, getattr(pairs, frames), pairs.state)
    away = np.linalg.norm(acted - pairs.action, axis=-1)
    return float((away * pairs.mask)[:, :n].sum() / pairs.mask[:, :n].sum())


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", required=True, help="of a finished run, as XSIM_HOME")
    parser.add_argument("--run", default="demo")
    parser.add_argument("--student", type=ArtifactRef.parse, default=None, help="kind/fingerprint")
    parser.add_argument("--arms", nargs="*", default=list(ARMS), choices=list(ARMS))
    parser.add_argument("--seeds", type=int, nargs="*", default=[0])
    parser.add_argument("--worlds", type=int, nargs="*", help="drawn ones, instead of the world")
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--batch", type=int, default=32, help="synthetic images a step")
    parser.add_argument("--rollouts", type=int, default=10)
    parser.add_argument("--trials", type=int, default=48)
    parser.add_argument("--sim-trials", type=int, default=48)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--misses", action="store_true", help="of the teacher, so far; no trials")
    parser.add_argument("--print-only", action="store_true")
    parser.add_argument("--json", type=Path, help="where the results are kept")
    a = parser.parse_args()
    misses = []
    if not a.print_only:
        how = {"steps": a.steps, "batch": a.batch}
        how |= {"rollouts": a.rollouts, "workers": a.workers}
        bench = Bench.open(a.home, a.run, a.student, a.out, **how)
        benches = [bench] if a.worlds is None else [bench.within(k) for k in a.worlds]
        with torch_threads(a.workers):
            if a.misses:
                misses, benches = list(bench.misses(a.seeds[0])), []
            for bench in benches:
                for seed in a.seeds:
                    for arm in a.arms:
                        if arm not in UNTRAINED or seed == a.seeds[0]:
                            bench.measure(arm, seed, a.trials, a.sim_trials)
    results = [json.loads(p.read_text()) for p in sorted(a.out.glob("**/result *.json"))]
    results.sort(key=lambda r: (r["world"] is not None, list(ARMS).index(r["arm"]), r["seed"]))
    print(calibration_table(results))
    if a.json:
        kept = {"machine": rounds.circumstances(), "first_seeds": [WORLD, SIM], "results": results}
        kept["misses"] = misses
        a.json.write_text(json.dumps(kept, indent=1) + "\n")


if __name__ == "__main__":
    main()
