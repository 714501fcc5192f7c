"""The checks behind ``xsim doctor``."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil

from tasks.environment import unknown_variables
from tasks.settings import Settings
from xsim_core.device import device_label
from xsim_core.errors import XSimError
from xsim_core.storage import is_store_flushed, local_path

from .finding import Finding
from .prefect_checks import prefect_findings
from .vulkan import MIN_MESA, too_old

PYTHONS = ((3, 11), (3, 12), (3, 13))
"""Those that the lock is solved for."""
MIN_FREE_DISK_GB = 3.0
MIN_MEMORY_GB = 6.0
PROBE_TIMEOUT_S = 120.0


def examine(settings: Settings) -> list[Finding]:
    """All checks, in the order in which they would stop the demo."""
    checks: list[Callable[[], Finding]] = [
        _python,
        _compiler,
        _vulkan,
        _memory,
        lambda: _disk(settings.home),
        lambda: _store(settings),
    ]
    return [
        *(check() for check in checks),
        _power_cuts(settings),
        *prefect_findings(settings.home),
        _environment(),
        _gpu(),
        _device(settings.runtime.device),
    ]


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    return Finding(
        name="python",
        ok=sys.version_info[:2] in PYTHONS,
        needed=True,
        found=f"{version} at {sys.executable}",
        mend=f"X-Sim's lock is solved for Python {', '.join(f'{a}.{b}' for a, b in PYTHONS)}: "
        "install one of them, and run 'make clean' and 'make setup'.",
    )


def _compiler() -> Finding:
    path = shutil.which("g++")
    return Finding(
        name="compiler",
        ok=path is not None,
        needed=True,
        found=path or "no g++",
        mend="The rasteriser and the tracker are compiled on first use: apt-get install g++.",
    )


_RENDER = """
import os
import sapien
from xsim_core.render.shaders import shader_pack
scene = sapien.Scene([sapien.physx.PhysxCpuSystem(), sapien.render.RenderSystem()])
with shader_pack("minimal"):
    camera = scene.add_camera("probe", 16, 16, 1.0, 0.01, 10.0)
scene.update_render()
camera.take_picture()
device = sapien.render.RenderSystem().device
print(getattr(device, "name", "a Vulkan device"), flush=True)
os._exit(0)
"""
"""It leaves without taking the scene down: that fails in some processes (6 of 100, SAPIEN 3.0.3 on
lavapipe, four beside each other), and says nothing of whether there are pictures."""


def _vulkan() -> Finding:
    rendered, said = _child("-c", _RENDER)
    listed, text = _child("-m", "flows.cli.doctor.vulkan")
    drivers: list[str] = json.loads(text) if listed else []
    if rendered:
        # SAPIEN names the device, Vulkan the driver's version.
        mine = [d for d in drivers if d.startswith(f"{said}: ")]
        version = f", {mine[0].removeprefix(f'{said}: ')}" if mine else ""
        return Finding(
            name="vulkan", ok=True, needed=True, found=f"SAPIEN renders on {said}{version}"
        )
    have = "; ".join(drivers) or (text if not listed else "no driver at all")
    old = ""
    if drivers and all(map(too_old, drivers)):
        old = f"That Mesa is older than {'.'.join(map(str, MIN_MESA))}, which SAPIEN needs. "
    return Finding(
        name="vulkan",
        ok=False,
        needed=True,
        found=f"SAPIEN cannot render: {said} (Vulkan has: {have})",
        mend=f"{old}Run 'make setup', which brings Mesa's lavapipe >= 25 when SAPIEN accepts no "
        "driver; or install mesa-vulkan-drivers (Debian 12: from bookworm-backports).",
    )


def _child(*arguments: str) -> tuple[bool, str]:
    """Whether it worked, and its last line: drivers can take a whole process down."""
    try:
        done = subprocess.run(
            [sys.executable, "-P", *arguments],
            capture_output=True,
            text=True,
            timeout=PROBE_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return False, f"no answer within {PROBE_TIMEOUT_S:.0f} s"
    lines = (done.stdout if done.returncode == 0 else done.stderr).strip().splitlines()
    return done.returncode == 0, lines[-1] if lines else f"nothing, exit {done.returncode}"


def _memory() -> Finding:
    available_gb = psutil.virtual_memory().available / 1e9
    if (limit := _cgroup_limit_gb()) is not None:
        available_gb = min(available_gb, limit)
    return Finding(
        name="memory",
        ok=available_gb >= MIN_MEMORY_GB,
        needed=True,
        found=f"{available_gb:.1f} GB available",
        mend=f"The demo needs {MIN_MEMORY_GB:.0f} GB: close other programs, or set XSIM_WORKERS=1.",
    )


def _cgroup_limit_gb() -> float | None:
    try:
        text = Path("/sys/fs/cgroup/memory.max").read_text().strip()
        used = int(Path("/sys/fs/cgroup/memory.current").read_text())
    except (OSError, ValueError):
        return None
    return None if text == "max" else (int(text) - used) / 1e9


def _disk(home: Path) -> Finding:
    existing = next(p for p in (home, *home.parents) if p.exists())
    free_gb = shutil.disk_usage(existing).free / 1e9
    return Finding(
        name="disk",
        ok=free_gb >= MIN_FREE_DISK_GB,
        needed=True,
        found=f"{free_gb:.1f} GB free at {home}",
        mend=f"A run needs {MIN_FREE_DISK_GB:.0f} GB: free some, or set XSIM_HOME to another disk.",
    )


def _store(settings: Settings) -> Finding:
    """The store can be written, and refuses to create the same object twice."""
    mend = "Set XSIM_STORE to a folder you may write to, or to s3://bucket/prefix with AWS_* set."
    try:
        settings.open_store().check_create_if_absent()
        ok, found = True, "writable, create-if-absent holds"
    except XSimError as error:
        ok, found = False, str(error)
    except Exception as error:  # noqa: BLE001 whatever a store raises is the finding
        ok, found = False, f"cannot be written: {type(error).__name__}: {error}".splitlines()[0]
    return Finding(
        name="store", ok=ok, needed=True, found=f"{settings.store_url} {found}", mend=mend
    )


def _power_cuts(settings: Settings) -> Finding:
    """Whether artifacts that were answered survive them."""
    is_safe = is_store_flushed() or local_path(settings.store_url) is None
    return Finding(
        name="power cuts",
        ok=is_safe,
        needed=False,
        found="what the store answers survives them"
        if is_safe
        else f"may damage artifacts of {settings.store_url}: XSIM_STORE_FSYNC is 0",
        mend="Unset XSIM_STORE_FSYNC, unless this store is thrown away.",
    )


def _environment() -> Finding:
    """Variables that look like ours; slips of ours were refused before."""
    strangers = unknown_variables()
    return Finding(
        name="variables",
        ok=not strangers,
        needed=False,
        found=f"nobody reads {', '.join(strangers)}" if strangers else "all XSIM_* are known",
        mend="Unset them, if they were meant for X-Sim: docs/command-line.md says what there is.",
    )


def _gpu() -> Finding:
    smi = shutil.which("nvidia-smi")
    found = "none; everything in the demo runs without"
    if smi is not None:
        done = subprocess.run(
            [smi, "--query-gpu=name,memory.total", "--format=csv,noheader"],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
            env={**os.environ, "LC_ALL": "C"},
        )
        if done.returncode == 0 and done.stdout.strip():
            return Finding(
                name="gpu", ok=True, needed=False, found=done.stdout.strip().replace("\n", "; ")
            )
        found = "nvidia-smi is here but answers nothing"
    return Finding(
        name="gpu",
        ok=False,
        needed=False,
        found=found,
        mend="The preset 'full' wants one: install its driver, then set XSIM_DEVICE=auto.",
    )


def _device(asked: str) -> Finding:
    """Where ppo, diffusion and calibrate compute when nothing else is said."""
    name, mend = "device", "Set XSIM_DEVICE to one that is there, or to 'auto'."
    try:
        found = device_label(asked)
    except XSimError as error:
        return Finding(name=name, ok=False, needed=False, found=str(error), mend=mend)
    said = "XSIM_DEVICE or --device names another" if asked == "cpu" else f"XSIM_DEVICE is {asked}"
    return Finding(name=name, ok=True, needed=False, found=f"{found}; {said}", mend=mend)
