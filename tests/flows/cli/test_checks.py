"""What the doctor finds where something is wrong, with real drivers, databases and a server."""

import json
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest

from flows.cli.doctor.checks import _device, _environment, _power_cuts, _vulkan
from flows.cli.doctor.prefect_checks import _ask, database, prefect_findings, zombies
from flows.cli.doctor.vulkan import MIN_MESA, mesa_version, too_old
from flows.prefect_server.server import find_server
from tasks.settings import load_settings

HOLD = """
import sqlite3, sys
held = sqlite3.connect(sys.argv[1], isolation_level=None)
held.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    (tmp_path / "prefect").mkdir()
    return tmp_path


@contextmanager
def holding(path):
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert process.stdout.readline() == b"held\n"
        yield process.pid
    finally:
        process.communicate()


def test_a_database_that_another_process_holds_is_named_with_that_process(home):
    assert database(home).found == "none yet"
    path = home / "prefect/prefect.db"
    with holding(path) as pid:
        found = database(home, patience_s=0.1)
        assert not found.ok
        assert f"{path} is locked" in found.found
        assert f"({pid}) has it open" in found.found
        assert "xsim server stop" in found.mend
    assert database(home).ok


def test_a_database_that_is_none_is_said_to_be(home):
    (home / "prefect/prefect.db").write_bytes(b"not a database, whatever its name says" * 100)
    found = database(home)
    assert not found.ok
    assert "file is not a database" in found.found
    assert "move it away" in found.mend


def test_a_database_elsewhere_is_not_looked_at_and_its_password_not_shown(home, monkeypatch):
    url = "postgresql+asyncpg://xsim:secret@db.lab/prefect"
    monkeypatch.setenv("PREFECT_SERVER_DATABASE_CONNECTION_URL", url)
    found = database(home)
    assert found.ok
    assert "db.lab/prefect" in found.found
    assert "secret" not in found.found


def test_a_held_database_does_not_keep_the_doctor_from_the_rest(home):
    with holding(home / "prefect/prefect.db"):
        names = {finding.name: finding.ok for finding in prefect_findings(home)}
    assert names == {"prefect": True, "database": False, "runs": True}


def test_a_run_whose_process_died_is_named(prefect_home, monkeypatch):
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    server = find_server(prefect_home)
    flow = _ask(prefect_home, server, "flows/", {"name": "doctored"})
    state = {"type": "RUNNING", "name": "Running"}
    body = {"flow_id": flow["id"], "name": "silent-heron", "state": state}
    run = _ask(prefect_home, server, "flow_runs/", body)
    # It just said that it is running.
    assert "silent-heron" not in zombies(prefect_home, server).found
    time.sleep(1.5)
    found = zombies(prefect_home, server, silence_s=1.0)
    assert not found.ok
    assert not found.needed
    assert "silent-heron" in found.found
    ended = {"state": {"type": "CRASHED", "name": "Crashed"}, "force": True}
    _ask(prefect_home, server, f"flow_runs/{run['id']}/set_state", ended)
    assert "silent-heron" not in zombies(prefect_home, server, silence_s=1.0).found


def test_a_store_that_a_power_cut_may_damage_is_said_to_be_one(home, monkeypatch):
    monkeypatch.setenv("XSIM_STORE", str(home / "store"))
    assert _power_cuts(load_settings()).ok
    monkeypatch.setenv("XSIM_STORE_FSYNC", "0")
    found = _power_cuts(load_settings())
    assert not found.ok
    assert not found.needed
    assert f"{home}/store: XSIM_STORE_FSYNC is 0" in found.found
    monkeypatch.setenv("XSIM_STORE", "s3://lab/xsim")
    assert _power_cuts(load_settings()).ok


def test_a_server_that_refuses_is_said_to(prefect_home, monkeypatch):
    monkeypatch.delenv("PREFECT_API_AUTH_STRING", raising=False)
    monkeypatch.setenv("PREFECT_API_URL", find_server(prefect_home).api_url)
    found = zombies(prefect_home, find_server(prefect_home))
    assert not found.ok
    assert "401" in found.found
    assert "PREFECT_API_AUTH_STRING" in found.mend


@pytest.mark.parametrize(
    ("driver", "version", "old"),
    [
        ("llvmpipe (LLVM 15.0.6, 256 bits): Mesa 22.3.6 (LLVM 15.0.6)", (22, 3), True),
        ("llvmpipe (LLVM 15.0.6, 256 bits): Mesa 24.2.8 (LLVM 15.0.6)", (24, 2), True),
        ("llvmpipe (LLVM 19.1.7, 256 bits): Mesa 24.3.0 (LLVM 19.1.7)", MIN_MESA, False),
        ("llvmpipe (LLVM 19.1.7, 256 bits): Mesa 25.0.7-2~bpo12+1 (LLVM 19.1.7)", (25, 0), False),
        ("AMD Radeon (RADV NAVI21): Mesa 22.3.6", (22, 3), False),
        ("NVIDIA GeForce RTX 4090: NVIDIA 570.86.16", None, False),
    ],
)
def test_mesa_is_judged_by_its_version(driver, version, old):
    assert mesa_version(driver) == version
    assert too_old(driver) == old


@pytest.mark.vulkan
def test_the_driver_that_renders_is_named_with_its_version():
    command = [sys.executable, "-m", "flows.cli.doctor.vulkan"]
    listed = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    found = _vulkan()
    assert found.ok
    device, _, version = listed[0].partition(": ")
    assert f"SAPIEN renders on {device}, {version}" in found.found


@pytest.mark.vulkan
def test_without_a_driver_the_doctor_says_what_vulkan_has(monkeypatch):
    for name in ("VK_ICD_FILENAMES", "VK_DRIVER_FILES"):
        monkeypatch.setenv(name, "/dev/null")
    found = _vulkan()
    assert not found.ok
    assert "SAPIEN cannot render: " in found.found
    assert "(Vulkan has: " in found.found


def test_variables_that_nobody_reads_are_named(monkeypatch):
    assert _environment().ok
    monkeypatch.setenv("XSIM_SERVICE_HOST", "10.0.0.1")
    finding = _environment()
    assert not finding.ok
    assert not finding.needed
    assert finding.found == "nobody reads XSIM_SERVICE_HOST"


def test_the_device_is_found_or_said_not_to_be_there():
    assert _device("cpu").ok
    assert _device("cpu").found.startswith("cpu; ")
    missing = _device("cuda:99")
    assert not missing.ok
    assert "'cuda:99' was asked for" in missing.found
