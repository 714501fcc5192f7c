"""One real Prefect server for all tests of flows, in a home of its own."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from flows.cli.main import main
from tests.capture.conftest import TINY
from tests.servers.prefect import server_of
from tests.servers.s3 import moto_endpoint, moto_url

__all__ = ["moto_endpoint", "moto_url"]

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="package")
def prefect_home(tmp_path_factory):
    """A home with a running server; ended with the last test of flows, for it is never idle."""
    home = tmp_path_factory.mktemp("xsim-home")
    with server_of(home):
        yield home


@pytest.fixture(scope="session")
def tiny_capture(tmp_path_factory):
    """A capture's folder, with truth and world beside it; for looking only."""
    from xsim_core.capture import synthesize_capture

    folder = tmp_path_factory.mktemp("captures") / "tiny"
    synthesize_capture(folder, TINY)
    return folder


class Left(NamedTuple):
    """How a command ended, and what it printed."""

    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def xsim(monkeypatch, capsys):
    """The command line within this process: starting Python for each question takes seconds."""

    def call(home, *arguments):
        monkeypatch.setenv("XSIM_HOME", str(home))
        monkeypatch.delenv("XSIM_STORE", raising=False)
        with pytest.raises(SystemExit) as left:
            main(list(arguments))
        return Left(left.value.code, *capsys.readouterr())

    handler = signal.getsignal(signal.SIGTERM)
    yield call
    signal.signal(signal.SIGTERM, handler)


def run_python(home, *arguments, timeout=250, **environment):
    """A fresh Python, since Prefect reads its settings when it is imported."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("PREFECT_", "XSIM_"))}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        # Toys are made in milliseconds; a process for each would take minutes together.
        env={**clean, "XSIM_HOME": str(home), "XSIM_STAGE_PROCESSES": "0", **environment},
        timeout=timeout,
    )


@pytest.fixture
def python():
    return run_python
