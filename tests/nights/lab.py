"""A laboratory of toy captures, and how its nights are carried out and broken."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

import flows.executors
from flows.executors import InProcess
from flows.pipeline import RECONSTRUCTED
from flows.retraining.night import Night, NightOrder
from flows.retraining.reconstructions import task_key
from flows.retraining.records import NightRecord, new_night
from tasks.engine.observer import Silent
from tests.flows.toys import (
    PARENTS,
    RATES,
    SUMMARIES,
    ToyConfig,
    sample_arrays,
    toy_stage,
)
from xsim_core.artifacts import ArtifactRef, Evaluation
from xsim_core.evaluate import STUDENTS
from xsim_core.runs import RunRecord, RunRequest, save_record
from xsim_core.sim.task import TASKS_DIR
from xsim_core.stage import run_stage
from xsim_core.stages import STAGES
from xsim_core.storage import ArtifactStore, Runtime

PAIRS = 75
"""Trials of one evaluation."""
GIVEN = (*RECONSTRUCTED, "ingest_world")
MAKERS = {stage.name: stage for stage in STAGES}


def skill(fingerprint: str) -> float:
    """How often a policy succeeds: drawn once for each, from 0.3 to 0.9."""
    return 0.3 + 0.6 * int(fingerprint[:8], 16) / 0xFFFFFFFF


def compare(*, config: Any, out: Any, student: Any, calibrated: Any, **inputs: Any) -> Evaluation:
    """Trials of the current policy and of the candidate on the same seeds."""
    luck = np.random.default_rng(config.seed).random(PAIRS)
    for row, policy in zip(STUDENTS["promotion"], (student, calibrated), strict=True):
        out.write(f"success/{row}_real", luck < skill(policy.ref.fingerprint))
        out.write(f"progress/{row}_real", np.zeros(PAIRS, np.float32))
    return Evaluation(**{**SUMMARIES[Evaluation], "rates": RATES})


def bare_stage(name: str) -> Any:
    """A toy without pictures, which would be most of what a night writes."""
    if name == "evaluate":
        return toy_stage(name, run=compare)
    output = MAKERS[name].output

    def run(*, config: ToyConfig, out: Any, **inputs: Any) -> Any:
        out.write_all(sample_arrays(output.arrays, np.random.default_rng(config.seed)))
        return output(**SUMMARIES[output])

    return toy_stage(name, run=run)


def make_lab(store: ArtifactStore, folder: Path, *, tasks: int, captures: int) -> list[str]:
    """Runs of so many captures, shared out among so many tasks; answers the tasks' files."""
    built_in, files = (TASKS_DIR / "push_block.yaml").read_text(), []
    for number in range(tasks):
        file = folder / f"task{number}.yaml"
        file.write_text(f"{built_in}\nhorizon: {40 + number}\n")
        files.append(str(file))
    for number in range(captures):
        made: dict[str, ArtifactRef[Any]] = {}
        for name in GIVEN:
            stage = bare_stage(name)
            inputs = {i: made[PARENTS[i]] for i in stage.inputs if PARENTS[i] in made}
            config = ToyConfig(seed=number)
            made[name] = run_stage(stage, config, store, inputs)
        name = f"capture-{number:02d}"
        request = RunRequest(capture=name, task=files[number % tasks])
        save_record(store, RunRecord(name=name, request=request, stages=made, state="completed"))
    return files


@dataclass
class Toys:
    """The real executor of ``--no-prefect``, which makes toys; a fault may be put in."""

    inner: InProcess
    before: Callable[[str], None] = field(default=lambda _: None)

    def __call__(self, stage: Any, config: Any, **inputs: Any) -> Any:
        self.before(stage.name)
        seed = getattr(config, "seed", 0)
        return self.inner(bare_stage(stage.name), ToyConfig(seed=seed), **inputs)


def order_of(task: str, max_hours: float | None = None) -> NightOrder:
    """The preset's trials in batches, as the toys make them."""
    trials = {"evaluate": {"num_real_trials": PAIRS}}
    return NightOrder(task, "debug", overrides=trials, max_hours=max_hours)


def one_night(
    store: ArtifactStore,
    task: str,
    scheduled: datetime,
    *,
    max_hours: float | None = None,
    before: Callable[[str], None] = lambda _: None,
) -> NightRecord:
    """A night of a task in this process, as the flow ``nightly`` has it, without Prefect."""

    def execute_for(recorder: Any) -> Toys:
        return Toys(InProcess(store, Runtime(), Silent(), recorder), before)

    first = new_night(store, task_key(task), scheduled, max_hours=max_hours)
    record, _ = Night(store, order_of(task, max_hours), execute_for).carry_out(first)
    return record


def prefect_toys() -> None:
    """Have the flow ``nightly`` make toys: only the stages, Prefect's tasks are the real ones."""
    from prefect import task

    from tasks.engine.execution import TASK_POLICY, execute

    def toy_task(name: str) -> Any:
        @task(name=name, **TASK_POLICY)
        def run(*, config: Any, **inputs: Any) -> Any:
            return execute(bare_stage(name), ToyConfig(seed=getattr(config, "seed", 0)), inputs)

        return run

    flows.executors.task_of = toy_task


def wait_for(is_so: Callable[[], bool], timeout_s: float) -> bool:
    """Whether it became so in time."""
    end_s = time.monotonic() + timeout_s
    while time.monotonic() < end_s:
        if is_so():
            return True
        time.sleep(0.05)
    return False
