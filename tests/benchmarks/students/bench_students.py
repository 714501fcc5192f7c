"""Students beside each other.

    python -m tests.benchmarks.students.bench_students [--lerobot PYTHON]

Parameters, windows a CPU second in training and milliseconds of CPU a chunk, of every network, one
thread each, in turns; LeRobot's DiffusionPolicy of the same dimensions beside the U-Nets, in its
own process, where ``PYTHON`` is an interpreter with lerobot==0.4.4. Training is forward, backward,
clipping and the optimiser's step on made-up windows of the demo's size, one noise level a window,
without augmentation; ours keeps a moving average of the weights as well, LeRobot none. A chunk is
one observation to one chunk. Prints; judges nothing.
"""

import json
import random
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import torch

from tests.benchmarks import rounds as r
from xsim_core.exporters.onnx_file import example
from xsim_core.policies import (
    Batch,
    MinMaxNormalizer,
    OptimConfig,
    Student,
    StudentArchitecture,
    Trainer,
    cloning_loss,
    objective_of,
)
from xsim_core.policies.fitting import new_net

SMALL_DIMS = (256, 512, 1024)
FLOW = {"objective": "flow"}
UNET = {"prediction": "epsilon", "num_inference_steps": 10}
# Name → architecture, windows a step, and whether it is trained here (samplers are not).
OURS = {
    "small, DDIM 10": ({}, 64, True),
    "small, flow 1": ({**FLOW, "num_inference_steps": 1}, 64, False),
    "transformer, DDIM 10": ({"transformer": {}}, 64, False),
    "transformer, flow 1": ({"transformer": {}, **FLOW, "num_inference_steps": 1}, 64, True),
    "transformer, flow 2": ({"transformer": {}, **FLOW, "num_inference_steps": 2}, 64, False),
    "transformer, flow 4": ({"transformer": {}, **FLOW, "num_inference_steps": 4}, 64, False),
    "unet 256 512 1024, DDIM 10": ({"unet": {"down_dims": SMALL_DIMS}, **UNET}, 16, True),
    "unet 256 512 1024, flow 1": (
        {"unet": {"down_dims": SMALL_DIMS}, **FLOW, "num_inference_steps": 1}, 16, False,
    ),
}  # fmt: skip
FULL = {"unet 512 1024 2048, DDIM 10": ({"unet": {}, **UNET}, 16, True)}
PEERS = {
    "LeRobot 256 512 1024, DDIM 10": "unet 256 512 1024, DDIM 10",
    "LeRobot 512 1024 2048, DDIM 10": "unet 512 1024 2048, DDIM 10",
}


class Ours:
    """One student under training, and asked for chunks."""

    def __init__(self, fields, batch_size):
        limits = [MinMaxNormalizer.fit(np.array([[-1.0] * d, [1.0] * d])) for d in (6, 3)]
        a = StudentArchitecture(**fields)
        self.trainer = Trainer(new_net(a, seed=0), OptimConfig())
        self.student = Student(self.trainer.net, *limits)
        self.objective, self.generator = objective_of(a), torch.Generator().manual_seed(0)
        self.given = example(self.student, 1, np.random.default_rng(0))
        g = torch.Generator().manual_seed(0)
        self.batch = Batch(
            torch.rand((batch_size, 1, 3, *a.image_hw), generator=g) - 0.5,
            torch.rand((batch_size, 1, a.state_dim), generator=g),
            torch.rand((batch_size, a.horizon, a.action_dim), generator=g) * 2 - 1,
            torch.ones(batch_size, a.horizon),
        )
        self.num_parameters = self.trainer.net.num_parameters

    def train(self):
        net = self.trainer.net.train()
        loss = cloning_loss(net, self.objective, self.batch, 1, generator=self.generator)
        self.trainer.update(loss, fraction=0.1)

    def chunk(self):
        self.student.sample_actions(*self.given)

    def run(self, what, count):
        return r.timed(lambda _: getattr(self, what)())(0, count)


class Peer:
    """LeRobot's, in its own process."""

    def __init__(self, python, dims, batch_size):
        path = Path(__file__).with_name("peer_diffusion.py")
        command = [python, "-P", str(path), json.dumps(list(dims)), str(batch_size)]
        self.process = subprocess.Popen(
            command, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={}
        )
        word, count, self.torch = self.process.stdout.readline().split()
        assert word == "ready"
        self.num_parameters = int(count)

    def run(self, what, count):
        self.process.stdin.write(f"{what} {count}\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def measured(sides, what, rounds, budget_s):
    """CPU seconds a unit, (rounds,) by name, in an order drawn anew for each round."""
    counts = {}
    for name, side in sides.items():
        side.run(what, 1)  # The first pays for what is made once.
        counts[name] = max(1, round(budget_s / side.run(what, 1)[1]))
    found, order = {name: [] for name in sides}, random.Random(0)
    for _ in range(rounds):
        for name in order.sample(list(sides), len(sides)):
            found[name].append(sides[name].run(what, counts[name])[1] / counts[name])
        print(what, {name: round(v[-1], 4) for name, v in found.items()}, file=sys.stderr)
    return {name: np.array(values) for name, values in found.items()}


def row(name, side, batch_size, training, chunk):
    """What was found of one student; medians, and CPU milliseconds."""
    said = {"student": name, "parameters": side.num_parameters, "batch_size": batch_size}
    if training is not None:
        said["windows_per_cpu_s"] = float(np.median(batch_size / training))
    return said | {"chunk_cpu_ms": float(1e3 * np.median(chunk))}


def against(name, mine, peer, batch):
    """Speeds against LeRobot within rounds: median and quartiles, more is faster."""
    quartiles = {what: np.quantile(peer[what] / mine[what], (0.25, 0.5, 0.75)) for what in mine}
    return {"student": name, "batch_size": batch} | {
        what: [float(q) for q in values] for what, values in quartiles.items()
    }


def main():
    asked = r.arguments(
        __doc__,
        rounds=(9, "rounds"),
        lerobot=("", "LeRobot's interpreter"),
        full=(0, "1 adds the U-Net of LeRobot's own dimensions (6 GB a side)"),
    )
    torch.set_num_threads(1)
    started, rows, ratios = time.monotonic(), [], []
    ours = {name: Ours(fields, size) for name, (fields, size, _) in OURS.items()}
    groups = [(ours, OURS, SMALL_DIMS)]
    for k in range(1 + asked.full):
        if k == 1:
            groups.append(({name: Ours(f, n) for name, (f, n, _) in FULL.items()}, FULL, None))
        sides, about, dims = groups[k]
        dims = dims or (512, 1024, 2048)
        sides, sizes = dict(sides), {name: size for name, (_, size, _) in about.items()}
        trained = {name for name, (_, _, is_trained) in about.items() if is_trained}
        if asked.lerobot:
            name = f"LeRobot {' '.join(map(str, dims))}, DDIM 10"
            sides[name], sizes[name] = Peer(asked.lerobot, dims, 16), 16
            trained.add(name)
        learning = {name: side for name, side in sides.items() if name in trained}
        training = measured(learning, "train", asked.rounds, 1)
        chunks = measured(sides, "chunk", asked.rounds, 0.1)
        for name, side in sides.items():
            rows.append(row(name, side, sizes[name], training.get(name), chunks[name]))
            if name in PEERS:
                own = PEERS[name]
                mine, peer = ({"train": training[n], "chunk": chunks[n]} for n in (own, name))
                ratios.append(against(own, mine, peer, 16) | {"torch": side.torch})
                side.close()
        sides.clear()
        learning.clear()
        groups[k][0].clear()
    result = {
        **r.circumstances(), "torch": torch.__version__, "rounds": asked.rounds,
        "seconds": round(time.monotonic() - started), "rows": rows, "against_lerobot": ratios,
    }  # fmt: skip
    r.publish(result, asked.json)


if __name__ == "__main__":
    main()
