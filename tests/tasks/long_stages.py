"""Stages that take long, hold on, or fail, as real processes meet them. Found by name."""

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from pydantic import Field

from tests.contracts.toys import ToyConfig, make_truth
from xsim_core.artifacts import GroundTruth
from xsim_core.config import FrozenModel
from xsim_core.errors import BadInputError
from xsim_core.stage import Stage


class Behaviour(FrozenModel):
    """What the stage does."""

    does: str = "work"
    notes: Path = Field(exclude=True)
    """Where it writes the numbers of its processes."""
    seed: int = 0
    backend: str = "none"


def find(name: str) -> Stage:
    """The stage of any name."""
    return Stage(name=name, version=1, run=_run, config=Behaviour, inputs={}, output=GroundTruth)


def _run(*, config: Behaviour, out):
    sys.stdout.write(f"this is {config.does}, PYTHONPATH {os.environ.get('PYTHONPATH')}\n")
    sys.stdout.write(f"{out.runtime.num_workers} workers\n")
    sys.stdout.flush()
    if config.does == "bad":
        raise BadInputError("the toy is broken. Mend it.")
    if config.does == "full":
        raise OSError(errno.EIO, "cannot read", "/dev/null")
    if config.does == "lookup":
        raise KeyError("shelf")
    if config.does == "hang":
        # Neither this process nor its helper listens to anybody.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        helper = subprocess.Popen(["sh", "-c", "trap '' TERM; while :; do sleep 60; done"])
        config.notes.write_text(f"{os.getpid()} {helper.pid}")
        out.progress(0.1, {"steps": 1.0})
        time.sleep(300)
    if config.does == "wait":
        config.notes.write_text(str(os.getpid()))
        out.progress(0.1, {"steps": 1.0})
        time.sleep(300)
    if config.does == "until":
        config.notes.write_text(str(os.getpid()))
        out.progress(0.1, {"steps": 1.0})
        while not config.notes.with_suffix(".go").exists():
            time.sleep(0.1)
    if config.does == "crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    out.progress(0.5, {"loss": 0.25})
    return make_truth(config=ToyConfig(), out=out)
