"""One stage as a flow of its own: what a worker of another pool carries out for a run elsewhere."""

from typing import Any

from prefect import flow, task

from tasks.engine.child import STAGES
from tasks.engine.execution import TASK_POLICY, execute
from tasks.engine.routing import IS_ROUTED
from xsim_core.artifacts import ArtifactRef
from xsim_core.named import named


@flow(name="stage", persist_result=False, log_prints=False)
def stage(stage: str, config: dict[str, Any], inputs: dict[str, str], find: str = STAGES) -> None:
    """Make one artifact here.

    Args:
        stage: the stage's name.
        config: every field of its configuration.
        inputs: refs by input name.
        find: ``module:function`` that answers a stage for a name.
    """
    token = IS_ROUTED.set(True)
    try:
        _make.with_options(name=stage, task_run_name=stage)(stage, config, inputs, find)
    finally:
        IS_ROUTED.reset(token)


@task(**TASK_POLICY)
def _make(stage: str, config: dict[str, Any], inputs: dict[str, str], find: str) -> Any:
    found = named(find)(stage)
    refs = {name: ArtifactRef.parse(text) for name, text in inputs.items()}
    return execute(found, found.config.model_validate(config), refs, find=find)
