"""The import contracts of pyproject.toml hold, and what looks, plans and reuses loads light."""

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LAZY = sorted(
    ".".join(p.parent.relative_to(ROOT).parts) for p in ROOT.glob("xsim_core/**/__init__.pyi")
)


def test_import_contracts_hold():
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]


HEAVY = {
    "torch", "scipy", "cv2", "skimage", "trimesh", "sapien", "mani_skill", "pycolmap",
    "pyrealsense2", "gsplat",
}  # fmt: skip


@pytest.mark.parametrize(
    ("modules", "heavy"),
    [
        (
            "xsim_core.presets, xsim_core.stages, xsim_core.report, flows.cli.runs.launch",
            HEAVY | {"prefect"},
        ),
        ("flows.xsim, flows.fan_out, tasks.stages", HEAVY),
    ],
    ids=["plans and reports", "flows and tasks"],
)
def test_what_looks_plans_and_reuses_imports_no_heavy_library(modules, heavy):
    code = f"import sys; import {modules}; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("name", LAZY)
def test_every_name_that_a_package_offers_is_there(name):
    package = importlib.import_module(name)
    assert package.__all__
    assert all(hasattr(package, offered) for offered in package.__all__)
