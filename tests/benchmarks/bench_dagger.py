"""What DAgger gives: ``python -m tests.benchmarks.bench_dagger --home .xsim --out FOLDER``.

Students of a finished run's dataset, with and without rounds in which they are sent out, from the
same training seeds and with as many gradient steps; and the run's own student trained further, with
what one round gave and without. All are tried on the same seeds in simulation and in the world to
deploy into. Students lie in the home's store, results under --out, one file an arm and seed, so it
may be stopped and goes on. Prints; judges by the rule that ``dagger_table`` states.
"""

import argparse
import json
import time
from dataclasses import replace
from pathlib import Path

from tests.benchmarks import rounds
from tests.benchmarks.dagger_table import PROBES, TRAINED, dagger_table
from xsim_core.artifacts import RealWorld
from xsim_core.diffusion import DiffusionConfig
from xsim_core.diffusion.config import DaggerConfig
from xsim_core.diffusion.dagger import Round, send_out
from xsim_core.policies import ChunkSampler, ClosedLoopStudent, Episodes, Student, Trainer
from xsim_core.policies.config import OptimConfig
from xsim_core.policies.fitting import fit, torch_threads
from xsim_core.policies.network import StudentNet
from xsim_core.policies.teacher import load_teacher
from xsim_core.presets import pipeline_config
from xsim_core.runs import load_record
from xsim_core.sim.open import open_sim_world
from xsim_core.sim.vision.asking import Ask
from xsim_core.sim.vision.domain import randomised_domain
from xsim_core.sim.vision.image_pool import ImageEnvPool
from xsim_core.sim.vision.rollout import rollout
from xsim_core.stage import run_stage
from xsim_core.stages import DIFFUSION
from xsim_core.storage import ArtifactStore, Runtime
from xsim_core.world import SimulatedRobot, open_world

ARMS = {
    "plain": None,
    "DAgger": DaggerConfig(),
    "DAgger, early": DaggerConfig(after=(0.2, 0.35, 0.5, 0.65)),
    "DAgger, half of a batch": DaggerConfig(share=0.5),
    "DAgger, all windows alike": DaggerConfig(share=None),
}
WORLD, SIM, FRESH = 90_000, 130_000, 5_000_000
"""First seeds of the trials, and of the episodes in which the final student is asked about."""
FURTHER = OptimConfig(num_steps=400, learning_rate=3e-4, warmup_steps=50)
ONCE = DaggerConfig(num_episodes=48)


def silent(*_):
    """Progress that nobody hears."""


class Bench:
    """A finished run, and students made from its dataset and teacher."""

    def __init__(self, asked):
        self.asked, self.out = asked, Path(asked.out)
        self.out.mkdir(parents=True, exist_ok=True)
        self.store = ArtifactStore((Path(asked.home).resolve() / "store").as_uri())
        made = self.made = load_record(self.store, asked.run).stages
        self.inputs = {"dataset": made["render_dataset"], "sim": made["build_sim"]}
        self.sim = open_sim_world(self.store.open(made["build_sim"]), self.out / "sim")
        self.world = open_world(self.store.open(made["ingest_world"], RealWorld))
        self.config: DiffusionConfig = pipeline_config("demo").diffusion
        teacher = load_teacher(self.store.open(made["ppo"]))
        self.ask = Ask(teacher, self.config.architecture.horizon)

    def trained(self, arm, seed):
        """A student of as many steps as the demo's, and what it cost; the run's own is taken."""
        if arm == "plain" and seed == 0:
            return self.store.open(self.made["diffusion"]), {}
        changes = {"seed": seed, "dagger": ARMS[arm], "num_eval_episodes": 0}
        config = self.config.model_copy(update=changes)
        inputs = self.inputs | ({"teacher": self.made["ppo"]} if ARMS[arm] else {})
        began = time.process_time()
        ref = run_stage(
            DIFFUSION,
            config,
            self.store,
            inputs,
            runtime=Runtime(num_workers=self.asked.workers),
            progress=self.say,
        )
        return self.store.open(ref), {"cpu_s": time.process_time() - began}

    def further(self, arm, seed):
        """The run's own student, trained further."""
        own = Student.read(self.store.open(self.made["diffusion"]))
        if arm == "as it is":
            return own, {}
        began, found, taught = time.process_time(), {}, None
        if arm == "further, with DAgger":
            made = self.sent_out(own, "round.npz", ONCE)
            taught = made.windows
            found = {"rows": len(taught), "success_there": float(made.success.mean())}
        net = StudentNet(own.architecture)
        net.load_state_dict(own.net.state_dict())
        trainer = Trainer(net, FURTHER)
        c = self.config
        sampler = ChunkSampler(
            Episodes.read(self.store.open(self.inputs["dataset"])),
            own.state,
            own.action,
            own.architecture,
            c.augment,
            c.state_noise,
            taught=taught,
            taught_share=ONCE.share,
        )
        checkpoint = self.out / f"{arm} {seed}.npz"
        fit(trainer, sampler, seed=1000 + seed, checkpoint=checkpoint, progress=self.say)
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

    def measure(self, arm, seed):
        """Train, try, and keep the outcome."""
        path = self.out / f"result {arm} {seed}.json"
        if path.exists():
            return
        outcome = {"arm": arm, "seed": seed}
        if arm in PROBES:
            student, found = self.further(arm, seed)
        else:
            artifact, found = self.trained(arm, seed)
            student, told = Student.read(artifact), artifact.summary.figures
            outcome |= {k: v for k, v in told.items() if k.startswith("dagger_")}
        outcome |= found
        began = time.process_time()
        fresh = DaggerConfig(num_episodes=24, seed=FRESH)
        there = self.sent_out(student, f"fresh {arm} {seed}.npz", fresh)
        outcome |= {"miss": there.miss, "asked": len(there.windows)}
        outcome["asking_cpu_s"] = time.process_time() - began
        outcome["sim"] = self.in_simulation(student)
        outcome["world"] = self.in_the_world(student)
        path.write_text(json.dumps(outcome))
        print(arm, seed, sum(outcome["sim"]), sum(outcome["world"]), found, there.miss, flush=True)

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
    parser.add_argument("--run", default="demo")
    parser.add_argument("--arms", nargs="*", default=[*PROBES, *TRAINED])
    parser.add_argument("--seeds", type=int, nargs="*", default=[0, 1], help="of trainings")
    parser.add_argument("--trials", type=int, default=96, help="in simulation, and in the world")
    parser.add_argument("--workers", type=int, default=0, help="CPU time counts this process alone")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--print-only", action="store_true")
    parser.add_argument("--json", type=Path, help="where the results are kept")
    asked = parser.parse_args()
    if not asked.print_only:
        bench = Bench(asked)
        with torch_threads(max(asked.workers, 1)):
            for seed in asked.seeds:
                for arm in asked.arms:
                    if arm != "as it is" or seed == 0:
                        bench.measure(arm, seed)
    results = [json.loads(p.read_text()) for p in sorted(asked.out.glob("result *.json"))]
    order = [*PROBES, *ARMS]
    results.sort(key=lambda r: (order.index(r["arm"]), r["seed"]))
    print(dagger_table(results))
    if asked.json:
        seeds = {"world": WORLD, "sim": SIM, "fresh": FRESH}
        kept = {"machine": rounds.circumstances(), "first_seeds": seeds, "results": results}
        asked.json.write_text(json.dumps(kept, indent=1) + "\n")


if __name__ == "__main__":
    main()
