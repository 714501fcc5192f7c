"""Run records: ``runs/<name>.json`` says which artifact each stage of a named run made."""

import os
import platform
import re
from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import Field

from xsim_core.artifacts import ArtifactRef
from xsim_core.config import FrozenModel
from xsim_core.errors import BadInputError, UnknownNameError
from xsim_core.storage import ArtifactStore

Ending = Literal["failed", "interrupted"]
"""How a stage or a run stopped short: by an error, or by somebody who ended it."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


class RunRecord(FrozenModel):
    """One run of a flow."""

    name: str
    capture: str = ""
    """The capture's folder, as given."""
    preset: str = ""
    task: str = ""
    started: str = Field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    state: Literal["running", "completed", "failed", "interrupted"] = "running"
    flow_run_url: str | None = None
    stages: dict[str, ArtifactRef[Any]] = Field(default_factory=dict)
    """Stage to artifact, in the order in which they finished."""
    unfinished: dict[str, Ending] = Field(default_factory=dict)
    """The stages that stopped short, and how."""
    process: str = ""
    """Who carries it out: host, process number and the moment of its start."""
    elapsed_s: float | None = None
    error: str | None = None


def this_process() -> str:
    """This process, told apart from a later one of the same number."""
    return f"{platform.node()} {os.getpid()} {_start_of(os.getpid())}"


def _start_of(pid: int) -> str:
    """When it started, in clock ticks since the machine did: setting the clock changes nothing."""
    import psutil  # Here: most looks at a record need no process.

    try:
        since_boot_s = psutil.Process(pid).create_time() - psutil.boot_time()
    except psutil.NoSuchProcess:
        return ""
    return str(round(since_boot_s * os.sysconf("SC_CLK_TCK")))


def _is_gone(process: str) -> bool:
    """Whether it ran on this machine and does no more; of another machine nothing is known."""
    host, _, rest = process.partition(" ")
    number, _, start = rest.partition(" ")
    return host == platform.node() and start != "" and _start_of(int(number)) != start


def ending_of(error: BaseException) -> Ending:
    """Python's own line: what no ``except Exception`` catches (Ctrl-C, a signal) is no failure."""
    return "failed" if isinstance(error, Exception) else "interrupted"


def check_run_name(name: str) -> str:
    """The name itself, if it can be a file name and a Prefect run name.

    Raises:
        BadInputError: otherwise.
    """
    if not _NAME.fullmatch(name):
        raise BadInputError(
            f"run name '{name}' is not usable. Use letters, digits, dots, dashes and underscores."
        )
    return name


def save_record(store: ArtifactStore, record: RunRecord) -> None:
    """Write the record; a later call with the same name replaces it."""
    store.put_record(f"runs/{record.name}.json", record.model_dump(mode="json"))


def load_record(store: ArtifactStore, name: str) -> RunRecord:
    """The record of a run; one that says "running" of a dead process is corrected.

    Raises:
        UnknownNameError: when there is no run of this name.
    """
    value = store.get_record(f"runs/{name}.json") if _NAME.fullmatch(name) else None
    if value is None:
        raise UnknownNameError("run", name, list_runs(store))
    record = RunRecord.model_validate(value)
    if record.state == "running" and _is_gone(record.process):
        return record.model_copy(update={"state": "interrupted", "error": "its process is gone"})
    return record


def list_runs(store: ArtifactStore) -> list[str]:
    """Names of all runs, sorted."""
    paths = store.list_records("runs")
    return [p.removeprefix("runs/").removesuffix(".json") for p in paths if p.endswith(".json")]
