"""What local light gives.

    python -m tests.benchmarks.students.bench_light --home .xsim --out FOLDER

Students of a finished run's dataset, trained with and without ``augment.light`` from the same
seeds, are tried on the same seeds in simulation, in the worlds that ``evaluate`` draws, and in
worlds that differ from simulation step by step.
Students lie in the home's store; trials under --out, one file a student and world, so it may be
stopped and goes on. ``--train`` only trains (one process a student may run beside others); without
it whatever is trained is tried and the table printed.
"""

import argparse
import json
from pathlib import Path

import numpy as np

from tests.benchmarks import rounds
from xsim_core.artifacts import ArtifactRef, RealWorld
from xsim_core.policies import ClosedLoopStudent, Student
from xsim_core.policies.config import LocalLightConfig
from xsim_core.policies.fitting import torch_threads
from xsim_core.policies.nested import nested_difference, nested_interval, sign_flip_exact
from xsim_core.policies.statistics import mcnemar_exact
from xsim_core.presets import pipeline_config
from xsim_core.render.lights import LightSpec
from xsim_core.runs import load_record
from xsim_core.sim.open import open_sim_world
from xsim_core.sim.vision.backgrounds import RoomBackground
from xsim_core.sim.vision.domain import LightRandomisation, randomised_domain
from xsim_core.sim.vision.image_pool import ImageEnvPool
from xsim_core.sim.vision.rollout import rollout
from xsim_core.stage import run_stage
from xsim_core.stages import DIFFUSION
from xsim_core.storage import ArtifactStore, Runtime
from xsim_core.world import Ground, OpenWorld, SimulatedRobot, WorldSpread, open_world

LIGHTS = {"plain": None, "local light": LocalLightConfig()}
DRAWN = "20 drawn worlds"
NUM_DRAWN = 20
FIRST_SEED = 120_000
OTHER_LIGHTS = LightRandomisation(gain=0.4, tint=0.15, direction_rad=1.2)
"""Rooms of other lights: around the world's own, three times as far as training draws."""


def config(light, seed):
    base = pipeline_config("demo").diffusion
    augment = base.augment.model_copy(update={"light": light})
    changes = {"augment": augment, "seed": seed, "num_eval_episodes": 0, "dagger": None}
    return base.model_copy(update=changes)


def worlds(spec):
    """Names and what differs from simulation, which is None; drawn worlds are of the world."""
    told = {"lights": LightSpec(), "object_tint": (1.0, 1.0, 1.0), "camera_error_m": 0.0}
    told |= {"camera_error_rad": 0.0, "friction": 0.35, "action_latency_steps": 0}
    room = spec.model_copy(update=told)
    yield "simulation", None
    yield "true room, lit as simulation", room
    yield "true room, the world's lights", room.model_copy(update={"lights": spec.lights})
    yield "the world", spec
    for seed in (1, 2):
        yield f"the world, camera error {seed}", spec.model_copy(update={"seed": seed})
    for seed in range(4):
        lights = OTHER_LIGHTS.draw(spec.lights, np.random.default_rng([seed, 0x11]))
        yield f"true room, drawn lights {seed}", room.model_copy(update={"lights": lights})
    yield DRAWN, spec


class Bench:
    """A finished run and the students made from its dataset."""

    def __init__(self, asked):
        self.asked, self.out = asked, Path(asked.out)
        self.store = ArtifactStore((Path(asked.home).resolve() / "store").as_uri())
        self.stages = load_record(self.store, asked.run).stages
        self.inputs = {"dataset": self.stages["render_dataset"], "sim": self.stages["build_sim"]}
        self.out.mkdir(parents=True, exist_ok=True)

    def train(self, name, seed):
        """Train a student, or find it."""
        at = self.out / f"student {name} {seed}.txt"
        if not at.exists():
            ref = run_stage(
                DIFFUSION,
                config(LIGHTS[name], seed),
                self.store,
                self.inputs,
                runtime=Runtime(num_workers=self.asked.workers),
            )
            at.write_text(str(ref))

    def students(self):
        """Those that are trained."""
        for name in LIGHTS:
            for seed in self.asked.seeds:
                at = self.out / f"student {name} {seed}.txt"
                if at.exists():
                    ref = ArtifactRef.parse(at.read_text())
                    yield name, seed, Student.read(self.store.open(ref))

    def try_all(self):
        """Every student in every world, on the same seeds."""
        sim = open_sim_world(self.store.open(self.inputs["sim"]), self.out / "sim")
        world = open_world(self.store.open(self.stages["ingest_world"], RealWorld))
        for number, (place, spec) in sorted(enumerate(worlds(world.spec)), key=self.turn):
            if number not in (self.asked.places or [number]):
                continue
            count = NUM_DRAWN * self.asked.trials_per_world if place == DRAWN else self.asked.trials
            seeds = range(FIRST_SEED, FIRST_SEED + count)
            waiting = {
                path: student
                for name, seed, student in self.students()
                if not (path := self.out / f"trials {number} {name} {seed}.json").exists()
            }
            if not waiting:
                continue
            with self.opened(sim, world, place, spec) as run:
                for path, student in waiting.items():
                    success, progress = run(ClosedLoopStudent(student), seeds)
                    found = {"place": place, "success": success.tolist()}
                    path.write_text(json.dumps(found | {"progress": progress.tolist()}))
                    print(path.name, place, int(success.sum()), len(success), flush=True)

    def turn(self, numbered):
        """As asked for."""
        places = self.asked.places or []
        return places.index(numbered[0]) if numbered[0] in places else numbered[0]

    def opened(self, sim, world, place, spec):
        """A context that answers ``run(policy, seeds)``, which answers success and progress."""
        if place == DRAWN:
            ground = Ground.of(sim.assets, world.spec.room)
            drawn = [WorldSpread().draw(k, ground) for k in range(NUM_DRAWN)]
            where = {"folder": self.out, "num_workers": self.asked.workers}
            return _Robot(world, sim, num_envs=NUM_DRAWN, domains=drawn, **where)
        if spec is None or spec.lights == LightSpec():
            background = sim.background if spec is None else RoomBackground(room=spec.room)
            return _Randomised(sim, background, self.asked.workers)
        return _Robot(
            OpenWorld(spec, world.mesh), sim, folder=self.out, num_workers=self.asked.workers
        )

    def table(self):
        """Markdown, and what it says as a value."""
        found = {}
        for path in sorted(self.out.glob("trials *.json")):
            _, number, *name, seed = path.stem.split(" ")
            row = json.loads(path.read_text())
            arms = found.setdefault((int(number), row["place"]), {})
            arms.setdefault(" ".join(name), {})[int(seed)] = row["success"]
        return [
            {"world": place, "success": arms, **paired(place, arms)}
            for (_, place), arms in sorted(found.items())
        ]


def paired(place, arms):
    """The second arm against the first, over the training seeds that both have."""
    seeds = [s for s in arms.get("plain", {}) if s in arms.get("local light", {})]
    if not seeds:
        return {}
    before, after = (np.concatenate([arms[n][s] for s in seeds]) for n in LIGHTS)
    if place == DRAWN:  # Environments take seeds in turn; worlds are the units, over all trainings.
        before, after = (x.reshape(-1, NUM_DRAWN).T for x in (before, after))
        tested = {
            "plain_interval": nested_interval(before),
            "local_light_interval": nested_interval(after),
            "difference_interval": nested_difference(before, after),
            "sign_flip_p": sign_flip_exact(before, after),
        }
    else:
        tested = {"mcnemar_p": mcnemar_exact(before, after)}
    return {
        "plain": int(before.sum()), "local_light": int(after.sum()), "trials": before.size,
        "training_seeds": seeds, **tested,
    }  # fmt: skip


class _Randomised:
    """As ``diffusion`` tries its students, before any background."""

    def __init__(self, sim, background, workers):
        self.pool = ImageEnvPool(
            sim.assets,
            sim.task,
            background=background,
            domain=randomised_domain(),
            num_workers=workers,
        )

    def __enter__(self):
        return self.run

    def run(self, policy, seeds):
        result = rollout(self.pool, policy, seeds)
        return result.success, result.progress

    def __exit__(self, *_):
        self.pool.close()


class _Robot(_Randomised):
    """As ``evaluate`` tries them in a world."""

    def __init__(self, world, sim, **where):
        self.pool = SimulatedRobot(world, sim, **where)

    def run(self, policy, seeds):
        self.pool.run(policy, seeds)
        judged = self.pool.judge()
        return judged.success, judged.progress


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", required=True, help="of a finished run, as XSIM_HOME")
    parser.add_argument("--run", default="demo")
    parser.add_argument("--arms", nargs="*", default=list(LIGHTS), choices=list(LIGHTS))
    parser.add_argument("--seeds", type=int, nargs="*", default=[0, 1], help="of trainings")
    parser.add_argument("--trials", type=int, default=48, help="in each world")
    parser.add_argument("--trials-per-world", type=int, default=3, help="in each drawn one")
    parser.add_argument(
        "--places", type=int, nargs="*", help="only these, by number, in this order"
    )
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--train", action="store_true")
    parser.add_argument("--json", type=Path, help="where the table is kept")
    asked = parser.parse_args()
    bench = Bench(asked)
    if asked.train:
        for seed in asked.seeds:
            for name in asked.arms:
                bench.train(name, seed)
        return
    with torch_threads(asked.workers):
        bench.try_all()
    rows = bench.table()
    for row in rows:
        print(row["world"], *(f"{k}={row[k]}" for k in list(row)[2:]), sep=" | ")
    if asked.json:
        kept = {"machine": rounds.circumstances(), "first_seed": FIRST_SEED, "rows": rows}
        asked.json.write_text(json.dumps(kept, indent=1) + "\n")


if __name__ == "__main__":
    main()
