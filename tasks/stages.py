"""The Prefect task of every stage, made from the stage itself: name, inputs, title.

Tasks carry the stages' names and show their inputs by name in the UI; what surrounds a stage's run
is in ``tasks.engine.execution``.
"""

import inspect
from collections.abc import Mapping
from typing import Any

from prefect import Task, task

from xsim_core.artifacts import ArtifactRef
from xsim_core.errors import UnknownNameError
from xsim_core.stage import Stage
from xsim_core.stages import SIDE_STAGES, STAGES

from .engine.execution import TASK_POLICY, execute


def stage_task(stage: Stage) -> Task[..., Any]:
    """A task that makes the stage's artifact, or finds it; called with refs by name and config."""

    def run(*, config: Any, **inputs: Any) -> Any:
        return execute(stage, config, inputs)

    signature = _signature(stage)
    # Prefect reads from the function what a task is called, takes and does.
    run.__name__ = run.__qualname__ = stage.name
    run.__doc__ = stage.title
    run.__annotations__ = {p.name: p.annotation for p in signature.parameters.values()}
    run.__annotations__["return"] = signature.return_annotation
    run.__signature__ = signature  # pyright: ignore[reportFunctionMemberAccess]
    return task(name=stage.name, task_run_name=stage.name, **TASK_POLICY)(run)


def _signature(stage: Stage) -> inspect.Signature:
    by_name = inspect.Parameter.KEYWORD_ONLY
    inputs = [
        inspect.Parameter(name, by_name, annotation=ArtifactRef[kind] | None, default=None)
        if name in stage.optional
        else inspect.Parameter(name, by_name, annotation=ArtifactRef[kind])
        for name, kind in stage.inputs.items()
    ]
    config = inspect.Parameter("config", by_name, annotation=stage.config)
    return inspect.Signature([*inputs, config], return_annotation=ArtifactRef[stage.output])


TASKS: Mapping[str, Task[..., Any]] = {s.name: stage_task(s) for s in (*STAGES, *SIDE_STAGES)}


def task_of(stage_name: str) -> Task[..., Any]:
    """The task of a stage.

    Raises:
        UnknownNameError: when there is no such stage.
    """
    if stage_name not in TASKS:
        raise UnknownNameError("stage", stage_name, TASKS)
    return TASKS[stage_name]
