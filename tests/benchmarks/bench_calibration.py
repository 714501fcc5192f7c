"""What calibration gives: ``python -m tests.benchmarks.bench_calibration --home .xsim``.

Every arm fine-tunes the same student for the same number of steps and is tried on the robot on the
same seeds. Rollouts and results are kept under --out, so it may be stopped and goes on; several
processes may share the work. Prints; judges nothing. Truth is used only to say how wrong the
simulated frames are.
"""

import argparse
import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from xsim_core.artifacts import ArtifactRef, RealRollouts, RealWorld
from xsim_core.calibrate import CalibrateConfig
from xsim_core.calibrate.build_pairs import build_pairs, tracked_rows
from xsim_core.calibrate.finetune import AlignConfig, agreement_figures, finetune
from xsim_core.calibrate.pairs import Pairs
from xsim_core.deploy import DeployConfig
from xsim_core.policies import ClosedLoopStudent, Episodes, Student
from xsim_core.policies.fitting import torch_threads
from xsim_core.policies.statistics import wilson_interval
from xsim_core.presets import pipeline_config
from xsim_core.runs import load_record
from xsim_core.sim.open import open_sim_world
from xsim_core.stage import run_stage
from xsim_core.stages import DEPLOY
from xsim_core.storage import ArtifactStore
from xsim_core.windows import temporary_arrays
from xsim_core.world import RGBD_HW, SimulatedRobot, open_world, read_rollouts, write_rollouts

ARMS = {
    "uncalibrated": {},
    "same steps, no pairs": {"align": AlignConfig(weight=0.0)},
    "actions, camera believed": {"replay": "actions", "camera": None},
    "actions, camera refined": {"replay": "actions"},
    "resync, camera refined": {},
}
EVALUATION_SEED = 90_000
DEPLOYED = DeployConfig()


@dataclass
class Bench:
    """One student of a store, with all that calibration reads."""

    name: str
    student: Student
    inputs: dict
    folder: Path
    config: CalibrateConfig
    workers: int

    @staticmethod
    def open(home, run, ref, out, *, steps, workers):
        store = ArtifactStore((Path(home).resolve() / "store").as_uri())
        record = load_record(store, run)
        student = store.open(ref or record.stages["diffusion"])
        inputs = {name: store.open(r) for name, r in student.manifest.inputs.items()}
        inputs["world"] = store.open(record.stages["ingest_world"], RealWorld)
        config = pipeline_config("demo").calibrate
        config = config.model_copy(
            update={"optim": config.optim.model_copy(update={"num_steps": steps})}
        )
        folder = Path(out) / student.ref.fingerprint[:8]
        folder.mkdir(parents=True, exist_ok=True)
        name = student.ref.fingerprint[:8]
        return Bench(name, Student.read(student), inputs, folder, config, workers)

    def sim(self):
        return open_sim_world(self.inputs["sim"], self.folder / "sim")

    def robot(self, **more):
        return SimulatedRobot(
            open_world(self.inputs["world"]),
            self.sim(),
            folder=self.folder,
            num_envs=6,
            num_workers=self.workers,
            **more,
        )

    def deployed(self):
        """The student's rollouts and, for judging alone, where the object truly was."""
        truth = self.folder / "truth.npy"

        def record(*, config, out):
            seeds = range(config.seed, config.seed + config.num_rollouts)
            with temporary_arrays(out.scratch()), self.robot(rgbd_hw=RGBD_HW) as robot:
                episodes = robot.run(ClosedLoopStudent(self.student), seeds)
                np.save(truth, robot.judge().T_world_object)
                return write_rollouts(out, episodes, task=self.sim().task.name, seeds=seeds)

        store = ArtifactStore((self.folder / "store").as_uri())
        ref = run_stage(replace(DEPLOY, run=record, inputs={}), DEPLOYED, store, {})
        return read_rollouts(store.open(ref, RealRollouts)), np.load(truth)

    def pairs(self, arm):
        """Pairs of an arm, and how far what their simulated frames show is from the truth, mm."""
        config = self.config.model_copy(update=ARMS[arm])
        kept = self.folder / f"pairs {config.replay} {config.camera is not None}.npz"
        if not kept.exists():
            episodes, truth = self.deployed()
            pairs, _ = build_pairs(
                episodes,
                self.sim(),
                config=config,
                num_workers=self.workers,
                progress=lambda fraction, figures: None,
            )
            rows = [tracked_rows(episodes, i, config.frame_stride) for i in range(len(episodes))]
            shown = pairs.T_world_object if config.replay == "resync" else pairs.T_world_object_sim
            error = np.linalg.norm((shown - truth[np.concatenate(rows)])[:, :3, 3], axis=1)
            np.savez(kept, error_mm=1e3 * error, **vars(pairs))
        with np.load(kept) as stored:
            arrays = {k: stored[k] for k in stored.files}
        return arrays.pop("error_mm"), Pairs(**arrays)

    def calibrated(self, arm, seed):
        """The fine-tuned student and the arm's figures."""
        if arm == "uncalibrated":
            return self.student, {}
        config = self.config.model_copy(update=ARMS[arm])
        error_mm, pairs = self.pairs(arm)
        trusted = pairs.trusted(config.gate)
        held_out = pairs.rollout >= DEPLOYED.num_rollouts - config.num_held_out
        _, student = finetune(
            self.student,
            Episodes.read(self.inputs["dataset"]),
            pairs.take(trusted & ~held_out),
            optim=config.optim,
            align=config.align,
            augment=config.augment,
            state_noise=config.state_noise,
            seed=seed,
            checkpoint=self.folder / f"{arm}-{seed}.npz",
            progress=lambda fraction, figures: None,
        )
        figures = {"kept": int(trusted.sum()), "of": len(pairs)}
        figures["error_mm"] = float(np.median(error_mm[trusted]))
        judged = pairs.take(trusted & held_out)
        if len(judged) >= 2:
            figures |= agreement_figures(student, judged, config.align.duplicate_m)
        return student, figures

    def measure(self, arm, seed, trials):
        """Fine-tune, try, and keep the outcome."""
        path = self.folder / f"result {arm} {seed}.json"
        claim = path.with_suffix(".claim")
        if path.exists() or claim.exists():
            return
        claim.touch()
        try:
            student, figures = self.calibrated(arm, seed)
            with self.robot() as robot:
                robot.run(
                    ClosedLoopStudent(student), range(EVALUATION_SEED, EVALUATION_SEED + trials)
                )
                success = robot.judge().success
            outcome = {"student": self.name, "arm": arm, "seed": seed, "success": success.tolist()}
            path.write_text(json.dumps(outcome | figures))
        finally:
            claim.unlink()


def gain_interval(before, after, *, draws=10_000):
    """95 % bootstrap interval of the mean paired difference: seeds (r, n) of r trainings.

    Trainings and trials are both drawn, so that it says what another training may give.
    """
    rng, difference = np.random.default_rng(0), np.asarray(after, float) - before
    runs, trials = difference.shape
    i = rng.integers(runs, size=(draws, runs, 1))
    j = rng.integers(trials, size=(draws, 1, trials))
    return np.percentile(difference[i, j].mean(axis=(1, 2)), [2.5, 97.5])


def table(results):
    """Markdown: one row an arm."""
    base = {r["student"]: r["success"] for r in results if r["arm"] == "uncalibrated"}
    yield "| arm | pairs kept | error of kept pairs | retrieval | success by training | together |"
    yield "|---|---|---|---|---|---|"
    for arm in ARMS:
        rows = [r for r in results if r["arm"] == arm]
        if not rows:
            continue
        kept, of = (sum(r.get(k, 0) for r in rows) for k in ("kept", "of"))
        n, k = sum(len(r["success"]) for r in rows), sum(sum(r["success"]) for r in rows)
        low, high = wilson_interval(k, n)
        each = ", ".join(f"{r['student'][:4]}/{r['seed']}: {sum(r['success'])}" for r in rows)
        gain = ""
        if arm != "uncalibrated" and all(r["student"] in base for r in rows):
            before, after = ([f(r) for r in rows] for f in (lambda r: base[r["student"]], _success))
            a, b = gain_interval(np.array(before, float), after)
            gain = f"; gain {np.mean(after) - np.mean(before):+.2f} [{a:+.2f}, {b:+.2f}]"
        yield (
            f"| {arm} | {_share(kept, of)} | {_mean(rows, 'error_mm', '{:.1f} mm')} "
            f"| {_mean(rows, 'retrieval', '{:.2f}')} | {each} "
            f"| {k}/{n} = {k / n:.2f} [{low:.2f}, {high:.2f}]{gain} |"
        )


def _success(row):
    return row["success"]


def _share(kept, of):
    return f"{kept}/{of}" if of else "–"


def _mean(rows, name, form):
    values = [r[name] for r in rows if name in r]
    return form.format(np.mean(values)) if values else "–"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", required=True, help="of a finished run, as XSIM_HOME")
    parser.add_argument("--run", default="demo")
    parser.add_argument("--student", type=ArtifactRef.parse, default=None, help="kind/fingerprint")
    parser.add_argument("--arms", nargs="*", default=list(ARMS), choices=list(ARMS))
    parser.add_argument("--seeds", type=int, nargs="*", default=[0])
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--trials", type=int, default=30)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--print-only", action="store_true")
    a = parser.parse_args()
    if not a.print_only:
        bench = Bench.open(a.home, a.run, a.student, a.out, steps=a.steps, workers=a.workers)
        with torch_threads(a.workers):
            for seed in a.seeds:
                for arm in a.arms:
                    if arm != "uncalibrated" or seed == a.seeds[0]:
                        bench.measure(arm, seed, a.trials)
    results = [json.loads(p.read_text()) for p in sorted(a.out.glob("*/result *.json"))]
    print("\n".join(table(results)))


if __name__ == "__main__":
    main()
