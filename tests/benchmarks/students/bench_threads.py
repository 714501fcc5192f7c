"""How waiting threads wait: ``python -m tests.benchmarks.students.bench_threads --json FILE``.

A training step of the student has hundreds of short parallel parts. Between them torch's second
thread either spins, so many turns, or sleeps and has to be woken. Each way runs in processes of its
own, in turn, alone on the cores and with busy processes beside it. Run it on an idle machine.
"""

import contextlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from tests.benchmarks import rounds as r

WAYS = {
    "OpenMP's default": {},
    "sleeps at once (OMP_WAIT_POLICY=PASSIVE)": {"OMP_WAIT_POLICY": "PASSIVE"},
    "spins 3 000 turns (GOMP_SPINCOUNT)": {"GOMP_SPINCOUNT": "3000"},
    "spins 10 000 turns": {"GOMP_SPINCOUNT": "10000"},
    "spins 30 000 turns": {"GOMP_SPINCOUNT": "30000"},
}
STEPS, WARM = 40, 5
HW = (72, 96)


def once():
    """One process: steps a second, and CPU seconds a step, of a student on made-up windows."""
    from xsim_core.diffusion import DiffusionConfig
    from xsim_core.policies import ChunkSampler, Episodes, MinMaxNormalizer, Trainer
    from xsim_core.policies.cloning import cloning_loss, step_streams
    from xsim_core.policies.fitting import new_net, torch_threads
    from xsim_core.policies.objective import objective_of

    rng, config, rows = np.random.default_rng(0), DiffusionConfig(), 500
    episodes = Episodes(
        rng.integers(256, size=(rows, *HW, 3), dtype=np.uint8),
        rng.standard_normal((rows, 6), np.float32),
        rng.uniform(-1, 1, (rows, 3)).astype(np.float32),
        np.arange(50, rows + 1, 50),
    )
    sizes = {"image_hw": HW, "state_dim": 6, "action_dim": 3}
    architecture = config.architecture.model_copy(update=sizes)
    normal = [MinMaxNormalizer.fit(x) for x in (episodes.state, episodes.action)]
    sampler = ChunkSampler(episodes, *normal, architecture, config.augment, config.state_noise)
    with torch_threads(2):
        trainer = Trainer(new_net(architecture, seed=0), config.optim)
        objective = objective_of(architecture)
        for step in range(WARM + STEPS):
            if step == WARM:
                clock, cpu = time.perf_counter(), time.process_time()
            stream, generator = step_streams(0, step)
            batch = sampler.draw(config.optim.batch_size, rng=stream)
            draws = config.optim.noise_draws
            loss = cloning_loss(trainer.net, objective, batch, draws, generator=generator)
            trainer.update(loss, fraction=0.1)
    seconds = time.perf_counter() - clock
    return {"steps_per_s": STEPS / seconds, "cpu_s": (time.process_time() - cpu) / STEPS}


@contextlib.contextmanager
def busy(count):
    """So many processes that do nothing but run."""
    loops = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()


def measured(way):
    """What a process of its own says."""
    spin = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT")
    environment = {k: v for k, v in os.environ.items() if k not in spin} | WAYS[way]
    command = [sys.executable, "-P", "-m", "tests.benchmarks.students.bench_threads", "--once", "1"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def table(results):
    """A row a way: median steps a second, and CPU of a step, by how many busy processes."""
    beside = sorted({result["busy"] for result in results})
    head = ["waiting threads", *(f"{n or 'no'} busy process beside" for n in beside)]
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    for way in WAYS:
        cells = [way]
        for n in beside:
            found = [x for x in results if (x["way"], x["busy"]) == (way, n)]
            steps, cpu = (np.median([x[k] for x in found]) for k in ("steps_per_s", "cpu_s"))
            cells.append(f"{steps:.1f} steps/s, {1e3 * cpu:.0f} ms of CPU a step")
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def main():
    asked = r.arguments(__doc__, rounds=(3, "rounds"), once=(0, "internal"))
    if asked.once:
        print(json.dumps(once()))
        return
    results = []
    for beside in (0, 1):
        with busy(beside):
            for turn in range(asked.rounds):
                for way in WAYS:
                    results.append({"busy": beside, "round": turn, "way": way, **measured(way)})
                    print(results[-1], flush=True)
    print(table(results))
    if asked.json:
        kept = {"machine": r.circumstances(), "results": results}
        Path(asked.json).write_text(json.dumps(kept, indent=1) + "\n")


if __name__ == "__main__":
    main()
