import importlib.util
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from flows.prefect_server import ports
from flows.prefect_server.api import Server, check_named
from flows.prefect_server.ports import claimed_port
from flows.prefect_server.server import (
    auth_string,
    client_environment,
    find_server,
    start_server,
    stop_server,
)
from tests.flows.conftest import ROOT
from xsim_core.errors import BadInputError, MissingDependencyError


def test_a_running_server_is_reused(prefect_home):
    first = find_server(prefect_home)
    assert first is not None
    assert first.is_healthy()
    assert start_server(prefect_home) == first
    assert first.api_url.startswith("http://127.0.0.1:")


def test_no_server_is_found_in_an_empty_home(tmp_path):
    assert find_server(tmp_path) is None
    assert stop_server(tmp_path) is None


def test_a_stale_state_file_is_neither_believed_nor_acted_on(tmp_path):
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        state = Server(api_url="http://127.0.0.1:9/api", pid=stranger.pid)
        (tmp_path / "server.json").write_text(state.model_dump_json())
        assert find_server(tmp_path) is None
        assert stop_server(tmp_path) is None
        assert stranger.poll() is None
    finally:
        os.kill(stranger.pid, signal.SIGKILL)
        stranger.wait()


BUSY = """
from http.server import BaseHTTPRequestHandler, HTTPServer

class Busy(BaseHTTPRequestHandler):
    asked = 0

    def do_GET(self):
        Busy.asked += 1
        self.send_response(500 if Busy.asked <= 2 else 200)
        self.end_headers()

server = HTTPServer(("127.0.0.1", 0), Busy)
print(server.server_port, flush=True)
server.serve_forever()
"""


def test_a_server_that_does_not_answer_at_once_is_not_ended_under_the_runs_it_carries(tmp_path):
    command = [sys.executable, "-P", "-c", BUSY, "prefect", "server"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as busy:
        try:
            port = int(busy.stdout.readline())
            state = Server(api_url=f"http://127.0.0.1:{port}/api", pid=busy.pid)
            (tmp_path / "server.json").write_text(state.model_dump_json())
            assert start_server(tmp_path) == state
            assert busy.poll() is None
        finally:
            busy.kill()


def test_a_server_named_in_the_environment_is_used_as_it_is(tmp_path, monkeypatch):
    monkeypatch.setenv("PREFECT_API_URL", "http://prefect.example/api/")
    assert find_server(tmp_path) == Server(api_url="http://prefect.example/api")


def test_a_named_server_that_is_dead_or_wants_a_password_is_one_sentence(prefect_home, monkeypatch):
    with claimed_port() as port, pytest.raises(BadInputError, match="no Prefect server answers"):
        check_named(Server(api_url=f"http://127.0.0.1:{port}/api"))
    found = find_server(prefect_home)
    named = Server(api_url=found.api_url)
    monkeypatch.delenv("PREFECT_API_AUTH_STRING", raising=False)
    with pytest.raises(BadInputError, match="wants a password: set PREFECT_API_AUTH_STRING"):
        check_named(named)
    monkeypatch.setenv("PREFECT_API_AUTH_STRING", auth_string(prefect_home))
    check_named(named)


def test_a_proxy_is_asked_about_other_machines_only(prefect_home, monkeypatch):
    with claimed_port() as nobody:
        for name in ("http_proxy", "HTTP_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{nobody}")
        for name in ("no_proxy", "NO_PROXY"):
            monkeypatch.delenv(name, raising=False)
        found = find_server(prefect_home)
        assert found is not None
        with pytest.raises(BadInputError, match="refused"):
            check_named(Server(api_url="http://192.0.2.1/api"))


def test_telemetry_is_off_and_no_ephemeral_server_is_allowed(tmp_path):
    environment = client_environment(tmp_path, None)
    assert environment["PREFECT_SERVER_ANALYTICS_ENABLED"] == "false"
    assert environment["DO_NOT_TRACK"] == "1"
    assert environment["PREFECT_SERVER_ALLOW_EPHEMERAL_MODE"] == "false"


def test_no_free_port_is_a_clear_error(monkeypatch):
    monkeypatch.setattr(ports, "LAST_PORT", ports.FIRST_PORT - 1)
    with pytest.raises(MissingDependencyError, match="PREFECT_API_URL"), claimed_port():
        pass


def test_a_port_is_claimed_until_its_server_is_up(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with claimed_port() as first, claimed_port() as second:
        assert first != second
    with claimed_port() as again:
        assert again == first
    with claimed_port(second) as where_it_was:
        assert where_it_was == second


AIM = """
import pathlib, prefect, sys
from flows.prefect_server.api import Server
from flows.prefect_server.server import use_server
use_server(pathlib.Path(sys.argv[1]), Server(api_url="http://127.0.0.1:9/api"))
settings = prefect.settings.get_current_settings()
print(settings.api.url, settings.server.ephemeral.enabled)
"""


def test_prefect_is_aimed_at_the_server_also_when_it_was_imported_before(tmp_path):
    clean = {k: v for k, v in os.environ.items() if not k.startswith("PREFECT_")}
    done = subprocess.run(
        [sys.executable, "-c", AIM, str(tmp_path)],
        cwd=ROOT,
        env=clean,
        text=True,
        check=True,
        capture_output=True,
    )
    assert done.stdout.split() == ["http://127.0.0.1:9/api", "False"]


START = (
    "import sys, pathlib; from flows.prefect_server.server import start_server; "
    "start_server(pathlib.Path(sys.argv[1]))"
)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_servers_that_take_the_same_port_both_come_up(tmp_path):
    """With a TMPDIR each they do not see each other's claim; one finds the port taken."""
    homes = [tmp_path / name for name in ("one", "other")]
    clean = {k: v for k, v in os.environ.items() if not k.startswith("PREFECT_")}
    try:
        starts = []
        for home in homes:
            home.mkdir()
            starts.append(
                subprocess.Popen(
                    [sys.executable, "-c", START, str(home)],
                    cwd=ROOT,
                    stderr=subprocess.PIPE,
                    env={**clean, "TMPDIR": str(home)},
                    text=True,
                )
            )
        errors = [start.communicate()[1] for start in starts]
        servers = [find_server(home) for home in homes]
        assert None not in servers, errors
        assert servers[0].api_url != servers[1].api_url
    finally:
        for home in homes:
            stop_server(home)


def test_the_ui_that_opens_first_has_no_analytics_client(tmp_path):
    assert client_environment(tmp_path, None)["PREFECT_SERVER_UI_V2_ENABLED"] == "false"
    installed = importlib.util.find_spec("prefect")
    scripts = list((Path(installed.origin).parent / "server" / "ui").rglob("*.js"))
    assert scripts
    assert not [p for p in scripts if "amplitude.com" in p.read_text(errors="replace")]
