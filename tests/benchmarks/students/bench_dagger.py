"""What DAgger gives.

    python -m tests.benchmarks.students.bench_dagger --home .xsim --out FOLDER

For each finished run (a whole training: teacher, dataset, student) a second student is trained from
the same seed with as many gradient steps, and sent out on the way; and the run's own student is
trained further, with what one round gave and without. All are tried on the same seeds in simulation
and in the world to deploy into, and sent out once more, on seeds that no training used, to see how
far they are from the teacher where they get to. Students lie in the home's store, results under
--out, one file a run and arm, so it may be stopped and goes on. ``dagger_table`` states the rule by
which it is judged.
"""

import argparse
import json
import time
from dataclasses import replace
from pathlib import Path

from tests.benchmarks import rounds
from tests.benchmarks.students.dagger_table import ARMS, dagger_table
from xsim_core.artifacts import RealWorld
from xsim_core.diffusion import DiffusionConfig
from xsim_core.diffusion.config import DaggerConfig
from xsim_core.policies import ChunkSampler, ClosedLoopStudent, Episodes, Student, Trainer
from xsim_core.policies.config import OptimConfig
from xsim_core.policies.fitting import fit, torch_threads
from xsim_core.policies.networks import build_net
from xsim_core.policies.teacher import load_teacher
from xsim_core.runs import load_record
from xsim_core.sim.dagger.rounds import Round, send_out
from xsim_core.sim.open import open_sim_world
from xsim_core.sim.vision.asking import Ask
from xsim_core.sim.vision.domain import randomised_domain
from xsim_core.sim.vision.image_pool import ImageEnvPool
from xsim_core.sim.vision.rollout import rollout
from xsim_core.stage import run_stage
from xsim_core.stages import DIFFUSION
from xsim_core.storage import ArtifactStore, Runtime
from xsim_core.world import SimulatedRobot, open_world

SENT_OUT = DaggerConfig()
WORLD, SIM, FRESH = 90_000, 130_000, 5_000_000
"""First seeds of the trials, and of the episodes in which the final student is asked about."""
FURTHER = OptimConfig(num_steps=400, learning_rate=3e-4, warmup_steps=50)
ASKED_ABOUT = DaggerConfig(num_episodes=24, seed=FRESH)


def silent(*_):
    """Progress that nobody hears."""


class Bench:
    """A finished run, and students made from its dataset and teacher."""

    def __init__(self, asked, run):
        self.asked, self.run, self.out = asked, run, Path(asked.out) / run
        self.out.mkdir(parents=True, exist_ok=True)
        self.store = ArtifactStore((Path(asked.home).resolve() / "store").as_uri())
        made = self.made = load_record(self.store, run).stages
        self.own = self.store.open(made["diffusion"])
        self.config = DiffusionConfig.model_validate(self.own.manifest.config)
        self.sim = open_sim_world(self.store.open(made["build_sim"]), self.out / "sim")
        self.world = open_world(self.store.open(made["ingest_world"], RealWorld))
        teacher = load_teacher(self.store.open(made["ppo"]))
        self.ask = Ask(teacher, self.config.architecture.horizon)

    def student(self, arm):
        """Who is tried, and what is to be said of how it came about."""
        match arm:
            case "plain":
                return Student.read(self.own), {"seed": self.config.seed}
            case "DAgger":
                return self.trained()
            case _:
                return self.further(arm)

    def trained(self):
        """From the run's own seed, and sent out on the way."""
        changes = {"dagger": SENT_OUT, "num_eval_episodes": 0}
        stages = {"dataset": "render_dataset", "sim": "build_sim", "teacher": "ppo"}
        began = time.process_time()
        ref = run_stage(
            DIFFUSION,
            self.config.model_copy(update=changes),
            self.store,
            {name: self.made[stage] for name, stage in stages.items()},
            runtime=Runtime(num_workers=self.asked.workers),
            progress=self.say,
        )
        made = self.store.open(ref)
        figures = {k: v for k, v in made.summary.figures.items() if k.startswith("dagger_")}
        return Student.read(made), {**figures, "cpu_s": time.process_time() - began}

    def further(self, arm):
        """The run's own student, trained further."""
        own, began = Student.read(self.own), time.process_time()
        taught, found = None, {"steps": FURTHER.num_steps}
        if arm == "further, with DAgger":
            made = self.sent_out(own, "round.npz", SENT_OUT)
            taught = made.windows
            found |= {"dagger_rows": len(taught), "dagger_success_1": float(made.success.mean())}
        net = build_net(own.architecture)
        net.load_state_dict(own.net.state_dict())
        trainer = Trainer(net, FURTHER)
        sampler = ChunkSampler(
            Episodes.read(self.store.open(self.made["render_dataset"])),
            own.state,
            own.action,
            own.architecture,
            self.config.augment,
            self.config.state_noise,
            taught=taught,
            taught_share=SENT_OUT.share,
        )
        checkpoint = self.out / f"{arm}.npz"
        fit(trainer, sampler, seed=1000, checkpoint=checkpoint, progress=self.say)
        trainer.save(checkpoint)
        found["cpu_s"] = time.process_time() - began
        return replace(own, net=trainer.averaged()), found

    def sent_out(self, student, name, config):
        """Episodes of a student in which the teacher is asked, or as they were kept."""
        path = self.out / name
        if (made := Round.load(path)) is None:
            made = send_out(
                student,
                self.ask,
                self.sim,
                config,
                number=0,
                domain=self.config.domain,
                num_workers=self.asked.workers,
                told=silent,
            )
            made.save(path)
        return made

    def measure(self, arm):
        """Train, try, and keep the outcome."""
        path = self.out / f"result {arm}.json"
        if path.exists():
            return
        student, found = self.student(arm)
        outcome = {"training": self.run, "arm": arm, **found}
        there = self.sent_out(student, f"fresh {arm}.npz", ASKED_ABOUT)
        outcome |= {"miss": there.miss, "asked": len(there.windows)}
        outcome["sim"] = self.in_simulation(student)
        outcome["world"] = self.in_the_world(student)
        path.write_text(json.dumps(outcome))
        tried = [sum(outcome[name]) for name in ("sim", "world")]
        print(self.run, arm, *tried, found, there.miss, flush=True)

    def in_simulation(self, student):
        with ImageEnvPool(
            self.sim.assets,
            self.sim.task,
            background=self.sim.background,
            domain=randomised_domain(),
            num_workers=self.asked.workers,
        ) as pool:
            seeds = range(SIM, SIM + self.asked.trials)
            tried = rollout(pool, ClosedLoopStudent(student), seeds, num_filmed=0)
            return tried.success.tolist()

    def in_the_world(self, student):
        where = {"folder": self.out, "num_envs": 8, "num_workers": self.asked.workers}
        with SimulatedRobot(self.world, self.sim, **where) as robot:
            seeds = range(WORLD, WORLD + self.asked.trials)
            robot.run(ClosedLoopStudent(student), seeds, num_filmed=0)
            return robot.judge().success.tolist()

    def say(self, fraction, figures):
        """Now and then."""
        told = int(fraction * 20)
        if told != getattr(self, "_told", None):
            self._told = told
            print(f"{fraction:.2f}", {k: round(v, 3) for k, v in figures.items()}, flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", required=True, help="of a finished run, as XSIM_HOME")
    parser.add_argument("--runs", nargs="*", default=["demo"])
    parser.add_argument("--arms", nargs="*", default=ARMS, choices=ARMS)
    parser.add_argument("--trials", type=int, default=96, help="in simulation, and in the world")
    parser.add_argument("--workers", type=int, default=0, help="CPU time counts this process alone")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--print-only", action="store_true")
    parser.add_argument("--json", type=Path, help="where the results are kept")
    asked = parser.parse_args()
    if not asked.print_only:
        with torch_threads(max(asked.workers, 1)):
            for run in asked.runs:
                bench = Bench(asked, run)
                for arm in asked.arms:
                    bench.measure(arm)
    results = [json.loads(p.read_text()) for p in sorted(asked.out.glob("*/result *.json"))]
    results.sort(key=lambda r: (ARMS.index(r["arm"]), r["training"]))
    print(dagger_table(results))
    if asked.json:
        seeds = {"world": WORLD, "sim": SIM, "fresh": FRESH}
        kept = {"machine": rounds.circumstances(), "first_seeds": seeds, "results": results}
        asked.json.write_text(json.dumps(kept, indent=1) + "\n")


if __name__ == "__main__":
    main()
