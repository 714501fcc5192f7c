"""The variables ``XSIM_*``, and what each may be. pydantic-settings reads, our sentences refuse."""

import difflib
import math
import os
from dataclasses import dataclass
from typing import Annotated, Literal, NamedTuple

from pydantic import BeforeValidator, Field, PositiveInt, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from xsim_core.device import DEVICE_PATTERN
from xsim_core.errors import BadInputError

PREFIX = "XSIM_"

ELSEWHERE = (
    "HOME", "STORE", "STORE_FSYNC", "CACHE", "FOUNDATIONPOSE_COMMAND", "S3_CREDENTIALS",
    "TORCH_INDEX_URL", "NO_APT", "PRIVATE_VULKAN",
    "REAL_DATA", "TEST_S3_ENDPOINT", "SEED", "FUZZ_INPUTS", "LEROBOT_PYTHON", "TFDS_PYTHON",
    "ROBOMIMIC_PYTHON", "DIFFUSION_POLICY_PYTHON", "OPENPI_PYTHON", "BOP_TOOLKIT",
    "CHECK_FOLDER", "CHECK_MIRROR", "CHECK_PIPELINE", "CHECK_RELEASE",
)  # fmt: skip
"""Names that the library, set-up and the tests read themselves."""

LIKENESS = 0.75
"""From here on an unknown name counts as a slip of a known one. What is less alike is somebody
else's: Kubernetes gives every container XSIM_SERVICE_HOST where a service is called xsim."""


@dataclass(frozen=True)
class Give:
    """What to give instead of a value that was refused."""

    text: str


class TaskRunner(NamedTuple):
    """What the tasks of a shared stage run on."""

    kind: Literal["threads", "dask", "ray"]
    address: str | None


def _task_runner(text: str) -> TaskRunner:
    kind, equals, address = text.partition("=")
    match kind:
        case "threads" if not equals:
            return TaskRunner("threads", None)
        case "dask" | "ray" if bool(address) == bool(equals):
            return TaskRunner(kind, address or None)
        case _:
            raise ValueError(text)


def _seconds_by_stage(text: str) -> dict[str, float]:
    limits: dict[str, float] = {}
    for entry in filter(None, text.split(",")):
        stage, equals, given = entry.rpartition("=")
        try:
            seconds = float(given)
        except ValueError:
            seconds = math.nan
        if not seconds > 0 or bool(stage) != bool(equals):
            raise ValueError(entry)
        limits[_stage(stage) if stage else "*"] = seconds
    return limits


def _pool_by_stage(text: str) -> dict[str, str]:
    entries = [entry.partition("=") for entry in text.split(",") if entry]
    if not all(stage.strip() and pool.strip() for stage, _, pool in entries):
        raise ValueError(text)
    return {_stage(stage): pool.strip() for stage, _, pool in entries}


def _stage(name: str) -> str:
    """The name without spaces; refused when it is a slip of a stage's."""
    from xsim_core.stages import SIDE_STAGES, STAGES

    name, known = name.strip(), [stage.name for stage in (*STAGES, *SIDE_STAGES)]
    close = [] if name in known else difflib.get_close_matches(name, known, 1, LIKENESS)
    if close:
        raise ValueError(f"{name}: there is no such stage; did you mean '{close[0]}'?")
    return name


class Environment(BaseSettings):
    """One field a variable; an empty one counts as absent."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        validate_default=False,
    )

    inbox: str | None = None
    device: Annotated[str, Field(pattern=DEVICE_PATTERN), Give("cpu, auto, cuda or cuda:0")] = "cpu"
    workers: Annotated[PositiveInt | None, Give("a whole number of at least 1")] = None
    render_shards: Annotated[PositiveInt, Give("a whole number of at least 1")] = 1
    stage_processes: Annotated[Literal["0", "1"], Give("0 or 1")] = "1"
    stage_timeout_s: Annotated[
        dict[str, float],
        NoDecode,
        BeforeValidator(_seconds_by_stage),
        Give("seconds, and stage=seconds for one stage, with commas between: 3600,ppo=7200"),
    ] = Field(default_factory=dict)
    pools: Annotated[
        dict[str, str],
        NoDecode,
        BeforeValidator(_pool_by_stage),
        Give("stage=pool, with commas between: ppo=xsim-gpu,pose_track=xsim-foundationpose"),
    ] = Field(default_factory=dict)
    task_runner: Annotated[
        TaskRunner,
        NoDecode,
        BeforeValidator(_task_runner),
        Give(
            "threads, dask or ray, the last two with the address of a cluster if there is one: "
            "dask=tcp://scheduler:8786, ray=ray://head:10001"
        ),
    ] = Field(default=TaskRunner("threads", None))


def read_environment() -> Environment:
    """The variables as they are now.

    Raises:
        BadInputError: for a value that cannot be used, and for a name that is a slip of a known
            one; says what it may be.
    """
    _check_names()
    _check_texts()
    try:
        return Environment()
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0])
        variable = PREFIX + name.upper()
        given = os.environ.get(variable, "")
        # A validator's own words, where they say more than the value.
        said = str(first.get("ctx", {}).get("error", ""))
        part = f" ({said})" if said not in ("", given) else ""
        marks = Environment.model_fields[name].metadata
        instead = next(m.text for m in marks if isinstance(m, Give))
        raise BadInputError(f"{variable} is '{given}'{part}. Give {instead}.") from None


def unknown_variables() -> list[str]:
    """Variables that begin like ours and that nobody reads."""
    return sorted(
        name
        for name in os.environ
        if name.startswith(PREFIX) and name.removeprefix(PREFIX) not in _known()
    )


def _known() -> list[str]:
    return [*(name.upper() for name in Environment.model_fields), *ELSEWHERE]


def _check_texts() -> None:
    for name in Environment.model_fields:
        variable = PREFIX + name.upper()
        # A path may hold bytes that are no text.
        if name != "inbox" and not os.environ.get(variable, "").isprintable():
            raise BadInputError(
                f"{variable} is {os.environ[variable]!a}, with what is no text or cannot be seen. "
                "Type it anew."
            )


def _check_names() -> None:
    for name in unknown_variables():
        close = difflib.get_close_matches(name.removeprefix(PREFIX), _known(), 1, LIKENESS)
        if close:
            raise BadInputError(
                f"the environment has {name}, which nobody reads. Did you mean "
                f"{PREFIX}{close[0]}? Rename it or unset it. Known: "
                f"{', '.join(PREFIX + known for known in sorted(_known()))}."
            )
