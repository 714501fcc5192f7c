"""A chunk by torch and by ONNX Runtime in one run.

    python -m tests.benchmarks.robots.bench_onnx

An untrained student of the demo's size, one row, one thread each, in turns. Wants onnx and
onnxruntime (extra ``onnx``). Prints; judges nothing.
"""

import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from tests.benchmarks import rounds as r
from xsim_core.exporters.onnx_file import INPUTS, difference, example, trace
from xsim_core.policies import MinMaxNormalizer, Student, StudentArchitecture
from xsim_core.policies.fitting import new_net

WARM_UP = 20


def main():
    import onnxruntime

    asked = r.arguments(__doc__, chunks=(200, "chunks of each"))
    torch.set_num_threads(1)
    limits = [MinMaxNormalizer.fit(np.array([[-1.0] * d, [1.0] * d])) for d in (6, 3)]
    student = Student(new_net(StudentArchitecture(), seed=0), *limits)
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "policy.onnx"
        trace(student, path, {})
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        session = onnxruntime.InferenceSession(str(path), options)
        off = difference(student, path, rows=1, rng=rng)
        size_mb = path.stat().st_size / 1e6
    given = example(student, 1, rng)
    ways = {
        "torch": lambda: student.sample_actions(*given),
        "ONNX Runtime": lambda: session.run(None, dict(zip(INPUTS, given, strict=True))),
    }
    wall, cpu = ({name: [] for name in ways} for _ in range(2))
    for k in range(WARM_UP + asked.chunks):
        for name in list(ways)[:: 1 if k % 2 else -1]:
            began, worked = time.perf_counter(), time.process_time()
            ways[name]()
            wall[name].append(1e3 * (time.perf_counter() - began))
            cpu[name].append(1e3 * (time.process_time() - worked))
    print(f"{size_mb:.1f} MB; they differ by {off:.1g} of half an action's range")
    for name in ways:
        p50, p99 = np.percentile(wall[name][WARM_UP:], (50, 99))
        work = np.median(cpu[name][WARM_UP:])
        print(f"{name:<14} {p50:.2f} ms a chunk (p99 {p99:.2f}), {work:.2f} ms of CPU")


if __name__ == "__main__":
    main()
