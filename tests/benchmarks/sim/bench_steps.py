"""Control steps a CPU second.

    python -m tests.benchmarks.sim.bench_steps [--home .xsim --run demo]

One environment, one thread, in turns: ``SimEnv`` (what the teacher learns in), ManiSkill's stock
``PushCube-v1`` (``pd_ee_delta_pose``, state), and bare SAPIEN: the same scene with the same
substeps, to which the exact joint targets of ``SimEnv``'s episodes are replayed, reading joints,
velocities, the tool's centre and the object's pose and velocity, and computing nothing of them.
Actions are uniform random of a seed; resets are part of ``SimEnv`` and of the stock task, and of
bare SAPIEN the placing. Without ``--home`` the world is the tests' own.
"""

import tempfile
from pathlib import Path

import numpy as np
import torch

from tests.benchmarks import rounds as r
from tests.sim.fixtures import make_sim
from xsim_core.artifacts import SimWorld
from xsim_core.ppo import maniskill_env
from xsim_core.runs import load_record
from xsim_core.sim import SimEnv, open_sim_world
from xsim_core.storage import ArtifactStore

STOCK, OURS, BARE = "ManiSkill PushCube-v1", "X-Sim SimEnv", "bare SAPIEN"


def world(home, run, folder):
    """The reconstructed world of a run, or the tests' own."""
    if not home:
        store = ArtifactStore("memory://")
        return open_sim_world(store.open(make_sim(store), SimWorld), folder)
    store = ArtifactStore((Path(home) / "store").resolve().as_uri())
    return open_sim_world(store.open(load_record(store, run).stages["build_sim"], SimWorld), folder)


class Ours:
    """Episodes of random actions; each leaves where it began, and its joint targets."""

    def __init__(self, made):
        self.env, self.horizon = SimEnv(made.assets, made.task), made.task.horizon
        self.told = []

    def episode(self, seed):
        rng, env = np.random.default_rng(seed), self.env
        env.reset(seed)
        start, targets = (env._qpos.copy(), env._position.copy(), env._quat.copy()), []
        for _ in range(self.horizon):
            env.step(rng.uniform(-1, 1, env.action_dim))
            targets.append((env._controller.q_target, env._controller.finger_m))
        self.told.append((start, targets))


class Bare:
    """Those targets again, in a scene of its own."""

    def __init__(self, made, ours):
        self.env, self.ours = SimEnv(made.assets, made.task), ours

    def episode(self, seed):
        start, targets = self.ours.told[seed % len(self.ours.told)]
        bodies, substeps = self.env._bodies, self.env._substeps
        bodies.place(*start)
        for q, finger in targets:
            bodies.drive_to(q, finger)
            bodies.step(substeps)
            _ = bodies.qpos, bodies.qvel, bodies.tcp, bodies.object_pose(), bodies.object_velocity()


class Stock:
    """ManiSkill's own task, by its own interface."""

    horizon = 50

    def __init__(self):
        self.env = maniskill_env("PushCube-v1", control_mode="pd_ee_delta_pose")

    def episode(self, seed):
        rng = np.random.default_rng(seed)
        self.env.reset(seed=seed)
        for _ in range(self.horizon):
            self.env.step(rng.uniform(-1, 1, self.env.action_space.shape).astype(np.float32))


def steps_table(found):
    """A row each, and the ratios within rounds."""
    lines = ["| | control steps a CPU second | ms of CPU a step |", "|---|---|---|"]
    lines += [
        f"| {row['name']} | {row['steps_per_cpu_s']:.0f} | {row['cpu_ms']:.2f} |"
        for row in found["rows"]
    ]
    said = []
    for key, name in (("against_stock", STOCK), ("against_bare", BARE)):
        low, middle, high = found[key]
        said.append(f"{middle:.2f} times {name} ({low:.2f} to {high:.2f})")
    where = (
        f"{OURS}: {', '.join(said)}; {found['rounds']} rounds in turns, medians within rounds and "
        f"quartiles, one thread, {found['substeps']} substeps, world {found['world']}, "
        f"{found['cpu']}, load {found['load']:.0f}, commit {found['commit']}, {found['date'][:10]}."
    )
    return "\n".join(lines) + "\n\n" + where + "\n"


def main():
    asked = r.arguments(
        __doc__,
        rounds=(9, "rounds"),
        episodes=(4, "episodes of each a round"),
        home=("", "XSIM_HOME of a finished run"),
        run=("demo", "its name"),
    )
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        made = world(asked.home, asked.run, folder)
        ours = Ours(made)
        sides = {STOCK: Stock(), OURS: ours, BARE: Bare(made, ours)}
        spent = {name: [] for name in sides}
        for side in (ours, *sides.values()):
            side.episode(0)
        order = np.random.default_rng(0)
        for k in range(asked.rounds):
            for name in order.permutation(list(sides)):
                side = sides[name]
                steps = asked.episodes * getattr(side, "horizon", ours.horizon)
                _, cpu = r.timed(side.episode)(k * asked.episodes, asked.episodes)
                spent[name].append(cpu / steps)
    seconds = {name: np.array(values) for name, values in spent.items()}
    rows = [
        {"name": name, "steps_per_cpu_s": float(1 / np.median(s)), "cpu_ms": 1e3 * np.median(s)}
        for name, s in seconds.items()
    ]
    ratios = {
        "against_stock": seconds[STOCK] / seconds[OURS],
        "against_bare": seconds[BARE] / seconds[OURS],
    }
    quartiles = {k: np.quantile(v, (0.25, 0.5, 0.75)).tolist() for k, v in ratios.items()}
    for row in rows:
        print(f"{row['name']:<24}{row['steps_per_cpu_s']:>8.0f} steps a CPU second", flush=True)
    r.publish(
        {
            **r.circumstances(),
            "world": asked.run if asked.home else "of the tests",
            "substeps": ours.env._substeps,
            "rounds": asked.rounds,
            "rows": rows,
            **quartiles,
        },
        asked.json,
    )


if __name__ == "__main__":
    main()
