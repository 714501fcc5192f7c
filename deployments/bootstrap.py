"""Create the work pool, the GPU limit and the deployments; running it again changes nothing.

Usage: python deployments/bootstrap.py   (starts the local Prefect server if none runs)
"""

import subprocess
import sys
from pathlib import Path

from flows.server import start_server, use_server
from tasks.settings import load_settings

ROOT = Path(__file__).parents[1]
WORK_POOL = "xsim-process"
GPU_TAG = "gpu"


def main() -> None:
    """Bring the server to the state that prefect.yaml describes."""
    home = load_settings().home
    server = start_server(home)
    use_server(home, server)
    _prefect("work-pool", "create", WORK_POOL, "--type", "process", "--overwrite")
    # One GPU, one stage: tasks tagged "gpu" wait for the slot, which a dead holder gives back.
    _prefect("concurrency-limit", "create", GPU_TAG, "1")
    _prefect("deploy", "--all")
    sys.stdout.write(f"{server.ui_url}/deployments\n")


def _prefect(*arguments: str) -> None:
    command = [sys.executable, "-m", "prefect", "--no-prompt", *arguments]
    subprocess.run(command, cwd=ROOT, check=True)


if __name__ == "__main__":
    main()
