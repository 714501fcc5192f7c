"""xsim_core/sim/processes.py where no socket's path fits."""

import os
import subprocess
import sys
from pathlib import Path

FORK = """
import multiprocessing
from xsim_core.sim.processes import _short_socket_folder
if __name__ == "__main__":
    _short_socket_folder()
    process = multiprocessing.get_context("forkserver").Process(target=print, args=("alive",))
    process.start()
    process.join()
"""


def test_a_temporary_folder_with_a_long_name_stops_no_process(tmp_path):
    folder = tmp_path / ("x" * 95)
    folder.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", FORK],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[2],
        env={**os.environ, "TMPDIR": str(folder)},
    )
    assert done.stdout == "alive\n", done.stderr
