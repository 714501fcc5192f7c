"""What a capture asks of its run: ``run.yaml`` beside ``capture.yaml``.

It is no part of the capture: the same video with another one is the same video.
"""

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError

from flows.requests import configuration
from xsim_core.config import FrozenModel
from xsim_core.errors import BadInputError
from xsim_core.files.text import parse_yaml, read_text
from xsim_core.runs import RunRequest

RUN_FILE = "run.yaml"
MAX_RUN_FILE_BYTES = 1 << 20


class RunFile(FrozenModel):
    """``run.yaml``; what is left out is as the scan has it."""

    preset: str | None = None
    """demo, debug or full."""
    task: str | None = None
    """A task's name, or a YAML file, which may lie in the capture's folder."""
    deploy: Literal["world", "robot"] | None = None
    """robot: the run waits for a robot's rollouts when the student is made."""
    review: Literal["ask", "skip"] | None = None
    """Whether the run waits where a person should look at the object's track."""
    overrides: dict[str, dict[str, Any]] = Field(default_factory=dict)
    """Stage → field → value, over the preset."""


def asked_of(folder: Path, request: RunRequest) -> RunRequest:
    """The request with what the capture's folder says of it, if it says something.

    Args:
        folder: of the capture.
        request: as the scan has it.

    Raises:
        BadInputError: when ``run.yaml`` cannot be used.
        UnknownNameError: when it names a preset, task, stage or field that there is not.
    """
    path = folder / RUN_FILE
    if not path.exists():
        return request
    said = _read(path).model_dump(exclude_none=True, exclude_defaults=True)
    if "task" in said and (folder / said["task"]).is_file():
        said["task"] = str((folder / said["task"]).absolute())
    asked = request.model_copy(update=said)
    configuration(asked)
    return asked


def _read(path: Path) -> RunFile:
    text = read_text(path, [], max_bytes=MAX_RUN_FILE_BYTES)
    raw = parse_yaml(text, f"{path} is not YAML")
    try:
        return RunFile.model_validate({} if raw is None else raw)
    except ValidationError as error:
        issues = [f"'{'.'.join(map(str, e['loc']))}': {e['msg']}" for e in error.errors()]
        keys = ", ".join(RunFile.model_fields)
        raise BadInputError(f"{path}: {'; '.join(issues)}. Its keys: {keys}.") from error
