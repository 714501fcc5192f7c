"""Several workers at one queue: what is submitted is carried out, and nothing twice."""

import time

import pytest

from .laboratory import Laboratory, until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]
NUM_RUNS = 10


def test_two_workers_share_ten_runs_and_none_runs_twice(tmp_path, capsys):
    with Laboratory(tmp_path) as lab:
        for _ in range(2):
            lab.start_worker()
        clock = time.monotonic()
        runs = [lab.submit(f"shared-{i}") for i in range(NUM_RUNS)]
        for run in runs:
            run.let_go()
        # Not only "final": a slow start may be marked as crashed until the run reports itself.
        until(lambda: all(run.state == "COMPLETED" for run in runs), within_s=1200)
        seconds = time.monotonic() - clock
        facts = [lab.ask(f"flow_runs/{run.id}") for run in runs]
    assert [f["state_type"] for f in facts] == ["COMPLETED"] * NUM_RUNS
    assert [f["run_count"] for f in facts] == [1] * NUM_RUNS
    log = (tmp_path / "worker.log").read_text()
    begun = [
        sum(f"Beginning flow run 'shared-{i}'" in x for x in log.splitlines())
        for i in range(NUM_RUNS)
    ]
    assert begun == [1] * NUM_RUNS
    with capsys.disabled():
        print(f"{NUM_RUNS} runs by two workers: {seconds:.0f} s")
