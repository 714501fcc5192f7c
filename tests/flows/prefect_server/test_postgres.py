"""The server on PostgreSQL, by nothing but its URL. Needs Debian's ``postgresql`` package."""

import json
import os
import socket
import subprocess
import tempfile
from pathlib import Path

import pytest

from flows.prefect_server.server import log_path
from tests.flows.conftest import run_python
from tests.servers.prefect import server_of

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
PROGRAMS = max(Path("/usr/lib/postgresql").glob("*/bin"), default=None)
PASSWORD = "a-password"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def database(tmp_path_factory):
    """URL of an empty database on a server of our own; it refuses to run as root."""
    if PROGRAMS is None or not (PROGRAMS / "initdb").exists():
        pytest.skip("no PostgreSQL server here: apt-get install postgresql")
    as_root = os.geteuid() == 0
    # Outside pytest's folder, which only its owner may enter.
    folder = Path(tempfile.mkdtemp(prefix="xsim-postgres-"))
    (folder / "password").write_text(PASSWORD)
    if as_root:
        subprocess.run(["chown", "-R", "postgres", str(folder)], check=True)

    def run(program, *arguments):
        command = [str(PROGRAMS / program), "-D", str(folder / "data"), *arguments]
        subprocess.run(
            command,
            check=True,
            user="postgres" if as_root else None,
            cwd=folder,
            stdout=subprocess.DEVNULL,
            timeout=120,
        )

    port = free_port()
    run("initdb", "-U", "xsim", f"--pwfile={folder}/password", "-A", "scram-sha-256", "--no-sync")
    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1"
    run("pg_ctl", "-w", "-l", str(folder / "log"), "-o", options, "start")
    yield f"xsim:{PASSWORD}@127.0.0.1:{port}/postgres"
    run("pg_ctl", "-w", "-m", "immediate", "stop")
    subprocess.run(["rm", "-r", str(folder)], check=True)


def rows(database, query):
    command = ["psql", f"postgresql://{database}", "-Atc", query]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()


def test_a_run_is_kept_in_postgresql_and_its_password_nowhere(database, tmp_path, monkeypatch):
    url = f"postgresql+asyncpg://{database}"
    monkeypatch.setenv("PREFECT_SERVER_DATABASE_CONNECTION_URL", url)
    with server_of(tmp_path):
        done = run_python(tmp_path, "-m", "tests.flows.scripts.toy_flow", timeout=300)
        assert done.returncode == 0, done.stderr[-2000:]
        assert set(json.loads(done.stdout)["tasks"].values()) == {"Completed"}
        assert rows(database, "select state_type from flow_run") == ["COMPLETED"]
        assert rows(database, "select distinct state_type from task_run") == ["COMPLETED"]
        assert not (tmp_path / "prefect" / "prefect.db").exists()
        for path in (log_path(tmp_path), tmp_path / "server.json"):
            assert PASSWORD not in path.read_text(errors="replace")
