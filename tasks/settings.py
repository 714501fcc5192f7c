"""What the environment says about where to work. Read once per call; never part of identity."""

import math
import os
from pathlib import Path
from typing import Literal
from urllib.parse import urlparse
from urllib.request import url2pathname

from pydantic import Field

from xsim_core.config import FrozenModel
from xsim_core.errors import BadInputError
from xsim_core.storage import ArtifactStore, Runtime, home_folder, store_url

MAX_WORKERS = 8
"""More simulator processes than this do not pay for their memory at the demo's sizes."""


class Settings(FrozenModel):
    """Where artifacts, reports and the Prefect server's files lie, and how wide stages run."""

    home: Path
    """``XSIM_HOME``, or ``.xsim`` below the working directory."""
    store_url: str
    """``XSIM_STORE``, or ``store`` below ``home``."""
    runtime: Runtime
    """``XSIM_DEVICE`` (default cpu) and ``XSIM_WORKERS`` (default: the cores this process has)."""
    stage_processes: bool = True
    """Whether a flow's stages run in processes of their own: ``XSIM_STAGE_PROCESSES`` (0 or 1)."""
    stage_timeout_s: dict[str, float] = Field(default_factory=dict)
    """``XSIM_STAGE_TIMEOUT_S``: "3600" for every stage, "3600,ppo=7200" with one apart."""

    pools: dict[str, str] = Field(default_factory=dict)
    """``XSIM_POOLS``: "ppo=xsim-gpu,pose_track=xsim-foundationpose" sends these stages there."""
    render_shards: int = 1
    """``XSIM_RENDER_SHARDS``: over how many tasks ``render_dataset`` is spread."""
    task_runner: Literal["threads", "dask", "ray"] = "threads"
    """``XSIM_TASK_RUNNER``: what those tasks run on."""
    task_runner_address: str | None = None
    """Of a cluster: ``XSIM_TASK_RUNNER=dask=tcp://scheduler:8786``. None starts one here."""

    def timeout_of(self, stage: str) -> float | None:
        """After how many seconds a stage is ended; None for never."""
        return self.stage_timeout_s.get(stage, self.stage_timeout_s.get("*"))

    def runtime_of(self, stage: str) -> Runtime:
        """What a stage that runs here may use: shards rendered side by side share the cores."""
        if stage != "render_shard" or self.task_runner != "threads":
            return self.runtime
        workers = max(1, self.runtime.num_workers // self.render_shards)
        return self.runtime.model_copy(update={"num_workers": workers})

    def open_store(self) -> ArtifactStore:
        """The artifact store."""
        return ArtifactStore(self.store_url)

    @property
    def store_path(self) -> Path | None:
        """The store's folder, or None when it is not on this machine's disk."""
        parsed = urlparse(self.store_url)
        return Path(url2pathname(parsed.path)) if parsed.scheme == "file" else None


def load_settings() -> Settings:
    """Settings from the environment.

    Raises:
        BadInputError: when one of them cannot be used; says what it may be.
    """
    runtime = Runtime(device=os.environ.get("XSIM_DEVICE") or "cpu", num_workers=_num_workers())
    runner, address = _task_runner()
    return Settings(
        home=home_folder(), store_url=store_url(), runtime=runtime,
        stage_processes=_stage_processes(), stage_timeout_s=_stage_timeouts(), pools=_pools(),
        task_runner=runner, task_runner_address=address,
        render_shards=_whole_number("XSIM_RENDER_SHARDS") or 1,
    )  # fmt: skip


def _num_workers() -> int:
    asked = _whole_number("XSIM_WORKERS")
    return asked or min(MAX_WORKERS, len(os.sched_getaffinity(0)))


def _whole_number(name: str) -> int | None:
    text = os.environ.get(name)
    if not text:
        return None
    if not text.isdigit() or int(text) < 1:
        raise BadInputError(f"{name} is '{text}'. Give a whole number of at least 1.")
    return int(text)


def _task_runner() -> tuple[Literal["threads", "dask", "ray"], str | None]:
    text = os.environ.get("XSIM_TASK_RUNNER") or "threads"
    kind, equals, address = text.partition("=")
    match kind:
        case "threads" if not equals:
            return "threads", None
        case "dask" | "ray" if bool(address) == bool(equals):
            return kind, address or None
    raise BadInputError(
        f"XSIM_TASK_RUNNER is '{text}'. Give threads, dask or ray, the last two with the address "
        "of a cluster if there is one: dask=tcp://scheduler:8786, ray=ray://head:10001."
    )


def _stage_processes() -> bool:
    text = os.environ.get("XSIM_STAGE_PROCESSES") or "1"
    if text not in ("0", "1"):
        raise BadInputError(f"XSIM_STAGE_PROCESSES is '{text}'. Give 0 or 1.")
    return text == "1"


def _stage_timeouts() -> dict[str, float]:
    limits: dict[str, float] = {}
    for entry in filter(None, os.environ.get("XSIM_STAGE_TIMEOUT_S", "").split(",")):
        stage, equals, text = entry.rpartition("=")
        try:
            seconds = float(text)
        except ValueError:
            seconds = math.nan
        if not seconds > 0 or bool(stage) != bool(equals):
            raise BadInputError(
                f"XSIM_STAGE_TIMEOUT_S has '{entry}'. Give seconds, and stage=seconds for one "
                "stage, with commas between: 3600,ppo=7200."
            )
        limits[stage.strip() or "*"] = seconds
    if limits and not _stage_processes():
        raise BadInputError(
            "XSIM_STAGE_TIMEOUT_S needs stages in processes of their own: a thread cannot be "
            "ended. Leave XSIM_STAGE_PROCESSES=0 out."
        )
    return limits


def _pools() -> dict[str, str]:
    entries = [e.partition("=") for e in os.environ.get("XSIM_POOLS", "").split(",") if e]
    if not all(stage.strip() and pool.strip() for stage, _, pool in entries):
        raise BadInputError(
            f"XSIM_POOLS is '{os.environ['XSIM_POOLS']}'. Give stage=pool, with commas between: "
            "ppo=xsim-gpu,pose_track=xsim-foundationpose."
        )
    return {stage.strip(): pool.strip() for stage, _, pool in entries}
