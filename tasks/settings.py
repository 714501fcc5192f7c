"""Where to work and how wide, as stages and flows are told it; never part of identity.

``environment`` holds what people may write, one field a variable, and refuses what cannot be used;
this is what follows from it on this machine, with paths, a store and cores. Tests make their own.
"""

import os
from pathlib import Path
from typing import Literal

from pydantic import Field

from xsim_core.config import FrozenModel
from xsim_core.errors import BadInputError
from xsim_core.storage import ArtifactStore, Runtime, home_folder, store_url

from .environment import read_environment

MAX_WORKERS = 8
"""More simulator processes than this do not pay for their memory at the demo's sizes."""


class Settings(FrozenModel):
    """Where artifacts, reports and the Prefect server's files lie, and how wide stages run."""

    home: Path
    """``XSIM_HOME``, or the ``.xsim`` that ``home_folder`` finds."""
    store_url: str
    """``XSIM_STORE``, or ``store`` below ``home``."""
    inbox: str | None = None
    """``XSIM_INBOX``: a folder or a store URL; None for ``inbox`` below ``home``."""
    runtime: Runtime
    """``XSIM_DEVICE`` (default cpu) and ``XSIM_WORKERS`` (default: the cores this process has)."""
    stage_processes: bool = True
    """Whether a flow's stages run in processes of their own: ``XSIM_STAGE_PROCESSES`` (0 or 1)."""
    stage_timeout_s: dict[str, float] = Field(default_factory=dict)
    """``XSIM_STAGE_TIMEOUT_S``: "3600" for every stage, "3600,ppo=7200" with one apart."""

    pools: dict[str, str] = Field(default_factory=dict)
    """``XSIM_POOLS``: "ppo=xsim-gpu,pose_track=xsim-foundationpose" sends these stages there."""
    num_shards: int = 1
    """``XSIM_RENDER_SHARDS``: over how many tasks a stage with ``fan_out`` is spread."""
    task_runner: Literal["threads", "dask", "ray"] = "threads"
    """``XSIM_TASK_RUNNER``: what those tasks run on."""
    task_runner_address: str | None = None
    """Of a cluster: ``XSIM_TASK_RUNNER=dask=tcp://scheduler:8786``. None starts one here."""

    def timeout_of(self, stage: str) -> float | None:
        """After how many seconds a stage is ended; None for never."""
        return self.stage_timeout_s.get(stage, self.stage_timeout_s.get("*"))

    def open_store(self) -> ArtifactStore:
        """The artifact store."""
        return ArtifactStore(self.store_url)


def load_settings() -> Settings:
    """Settings from the environment.

    Raises:
        BadInputError: when one of them cannot be used; says what it may be.
    """
    given = read_environment()
    if given.stage_timeout_s and given.stage_processes == "0":
        raise BadInputError(
            "XSIM_STAGE_TIMEOUT_S needs stages in processes of their own: a thread cannot be "
            "ended. Leave XSIM_STAGE_PROCESSES=0 out."
        )
    workers = given.workers or min(MAX_WORKERS, len(os.sched_getaffinity(0)))
    return Settings(
        home=home_folder(),
        store_url=store_url(),
        inbox=given.inbox,
        runtime=Runtime(device=given.device, num_workers=workers),
        stage_processes=given.stage_processes == "1",
        stage_timeout_s=given.stage_timeout_s,
        pools=given.pools,
        num_shards=given.render_shards,
        task_runner=given.task_runner.kind,
        task_runner_address=given.task_runner.address,
    )
