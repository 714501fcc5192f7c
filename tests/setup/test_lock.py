"""The lock is whole, and solved for every Python that is supported."""

import functools
import re
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from flows.cli.doctor.checks import PYTHONS

REPO = Path(__file__).parents[2]
PROJECT = tomllib.loads((REPO / "pyproject.toml").read_text())
VERSIONS = [f"{major}.{minor}" for major, minor in PYTHONS]
OVERRIDDEN = {Requirement(r).name for r in PROJECT["tool"]["uv"]["override-dependencies"]}


def entries(name: str) -> list[str]:
    """One line per package, hashes included."""
    text = (REPO / name).read_text().replace("\\\n", "")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def environment(python: str) -> dict[str, str]:
    named = {"python_version": python, "python_full_version": f"{python}.9"}
    return {**default_environment(), **named, "extra": ""}


@functools.cache
def locked(python: str) -> dict[str, str]:
    """Version by name, as set-up installs them with one of the Pythons."""
    found = {}
    for line in entries("requirements.lock") + entries("requirements-torch.lock"):
        requirement = Requirement(line.split(" --hash")[0].strip())
        if requirement.marker is None or requirement.marker.evaluate(environment(python)):
            (pin,) = requirement.specifier
            assert pin.operator == "=="
            found[canonicalize_name(requirement.name)] = pin.version
    return found


def unmet(wanted: list[str], python: str) -> list[str]:
    have = locked(python)
    requirements = [Requirement(line) for line in wanted]
    return [
        str(r)
        for r in requirements
        if (r.marker is None or r.marker.evaluate(environment(python)))
        and not r.specifier.contains(have.get(canonicalize_name(r.name), "0"))
    ]


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-gpu.lock"])
def test_every_package_is_pinned_and_hashed(lock):
    lines = entries(lock)
    assert lines
    assert not [
        line for line in lines if not re.search(r"==\S+ .*--hash=sha256:[0-9a-f]{64}", line)
    ]


@pytest.mark.parametrize("python", VERSIONS)
def test_what_the_project_asks_for_is_locked(python):
    groups = [line for group in PROJECT["dependency-groups"].values() for line in group]
    missing = unmet([*PROJECT["project"]["dependencies"], *groups], python)
    assert not missing, f"run 'make lock': {missing}"


def test_what_the_locked_packages_ask_for_is_locked():
    """As far as this environment tells, which has one of the Pythons."""
    here = ".".join(default_environment()["python_version"].split(".")[:2])
    missing = {}
    for name in locked(here):
        wanted = [
            line
            for line in metadata.requires(name) or []
            if canonicalize_name(Requirement(line).name) not in OVERRIDDEN
            # What CUDA's torch brings is not the lock's business.
            and name != "torch"
        ]
        if lacks := unmet(wanted, here):
            missing[name] = lacks
    assert not missing


@pytest.mark.parametrize("python", VERSIONS)
def test_what_a_cpu_does_not_need_and_what_breaks_is_left_out(python):
    names = locked(python)
    assert not [n for n in names if n.startswith("nvidia-") and n != "nvidia-ml-py"]
    assert "triton" not in names
    # They are one module, cv2.
    assert [n for n in names if n.startswith("opencv")] == ["opencv-contrib-python-headless"]
    # ManiSkill pins it, and it has no wheel for 3.13.
    assert ("mplib" in names) == (python != "3.13")


def test_one_list_of_pythons():
    spec = SpecifierSet(PROJECT["project"]["requires-python"])
    assert [v for v in (f"3.{minor}" for minor in range(20)) if v in spec] == VERSIONS
    shell = (REPO / "deployments/setup/system.sh").read_text()
    assert f"readonly PYTHONS=({' '.join(VERSIONS)})" in shell
    lowest = "py" + VERSIONS[0].replace(".", "")
    assert PROJECT["tool"]["ruff"]["target-version"] == lowest
    assert PROJECT["tool"]["basedpyright"]["pythonVersion"] == VERSIONS[0]
    for version in VERSIONS:
        assert f"Programming Language :: Python :: {version}" in PROJECT["project"]["classifiers"]
