"""The import contracts of pyproject.toml hold, and the library's front door is light."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_import_contracts_hold():
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]


def test_stages_import_without_prefect_simulator_or_gpu_libraries():
    code = (
        "import sys; import xsim_core.presets, xsim_core.report; "
        "heavy = {'prefect', 'sapien', 'mani_skill', 'pycolmap', 'pyrealsense2', 'gsplat'}; "
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
