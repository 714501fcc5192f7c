"""``pip install .`` gives an ``xsim`` that works from any folder; what needs a checkout says so."""

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

REPO = Path(__file__).parents[2]
PACKAGES = ("flows", "tasks", "xsim_core")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("dist")
    for name in ("pyproject.toml", "README.md", "LICENSE", "NOTICE"):
        shutil.copy(REPO / name, source)
    for name in PACKAGES:
        shutil.copytree(REPO / name, source / name)
    command = [
        sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation",
        "--no-index", "-w", str(out), str(source),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    (built,) = out.glob("xsim-*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """A folder of modules, as pip leaves it; before any other on the path of those who use it."""
    site = tmp_path_factory.mktemp("site")
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(site)
    return site


def xsim(installed: Path, cwd: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    main = "from flows.cli.main import main; import sys; sys.exit(main())"
    env = {**os.environ, "PYTHONPATH": str(installed), "XSIM_HOME": str(cwd / "home")}
    return subprocess.run(
        [sys.executable, "-P", "-c", main, *arguments],
        cwd=cwd,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_wheel_has_every_file_of_the_packages_and_no_other(wheel):
    listed = subprocess.run(
        ["git", "-C", str(REPO), "ls-files", "-co", "--exclude-standard", *PACKAGES],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    there = {name for name in listed if (REPO / name).exists()}
    assert {Path(name).suffix for name in there} > {".py", ".cpp", ".yaml", ".css", ".html"}
    with zipfile.ZipFile(wheel) as packed:
        names = {name for name in packed.namelist() if ".dist-info/" not in name}
        (points,) = (n for n in packed.namelist() if n.endswith("entry_points.txt"))
        assert "xsim = flows.cli.main:main" in packed.read(points).decode()
    assert names == there


def test_it_works_from_a_folder_that_has_modules_of_the_same_names(installed, tmp_path):
    # What an installed program must not take for its own: children are started in this folder.
    for name in ("tasks", "flows", "xsim_core", "prefect", "numpy"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('taken from the working folder')\n")
    findings = json.loads(xsim(installed, tmp_path, "doctor", "--json").stdout)["checks"]
    (vulkan,) = (f for f in findings if f["name"] == "vulkan")
    # Its child would have stopped at the first import.
    assert "taken from" not in vulkan["found"]


def test_no_child_takes_modules_from_the_working_folder():
    started = [
        f"{path.relative_to(REPO)}: {call}"
        for package in PACKAGES
        for path in (REPO / package).rglob("*.py")
        for call in re.findall(r"\[\s*sys\.executable, [^]]+", path.read_text())
    ]
    assert len(started) > 4
    # That one's folder is the checkout.
    left = [call for call in started if '"-P"' not in call and "entrypoints" not in call]
    assert not left


@pytest.mark.parametrize("command", ["deploy", "worker"])
def test_what_needs_a_checkout_says_so(installed, tmp_path, command):
    done = xsim(installed, tmp_path, command)
    assert done.returncode != 0
    assert "which only a checkout has" in done.stderr
    assert f"installed without one (at {installed})" in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "home/prefect").exists()


def test_an_installed_copy_names_no_commit(installed, tmp_path):
    """It may lie in a repository of somebody else's, whose commit says nothing about it."""
    look = "from xsim_core.provenance import git_commit; print(git_commit())"
    env = {**os.environ, "PYTHONPATH": str(installed)}
    done = subprocess.run(
        [sys.executable, "-P", "-c", look],
        env=env,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "None"
