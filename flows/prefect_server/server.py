"""One background Prefect server on this machine: started when needed, reused when there.

The ephemeral server that Prefect starts inside a process is never used: it takes up to a minute on
a busy machine, evaluates no automations, and three at once fight over one database (see
docs/decisions). Importing this module does not import Prefect; the environment is set first.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import psutil

from xsim_core.errors import MissingDependencyError
from xsim_core.scratch import write_text

from .api import Server, basic, named_authorization
from .ports import HOST, claimed_port, is_free, lock_file
from .reports import launch_reports
from .secret import secret_in

PORT_TRIES = 3
START_TIMEOUT_S = 240.0
"""With two dozen busy processes on two cores, 120 s were not enough (measured). Less than a test
may take, so that the reason is shown and not the test's own limit."""
SLOW_S = 90.0
"""A server that was started before and does not answer for so long is replaced."""
_launched: list[subprocess.Popen[bytes]] = []
"""Kept, because a server is meant to outlive the handle of its process."""


def client_environment(home: Path, api_url: str | None) -> dict[str, str]:
    """Prefect's settings for this command line, to be in place before Prefect is imported."""
    environment = {
        "PREFECT_HOME": str(home / "prefect"),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
        # V2's page asks a host of an analytics firm for settings before it knows that analytics are
        # off (seen in Chromium's log of the network). V1 is as complete, and has no such code.
        "PREFECT_SERVER_UI_V2_ENABLED": "false",
        "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "false",
        # By default they lie in memory: a restart forgets who held a slot, and it is never free.
        "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": (
            "prefect.server.concurrency.lease_storage.filesystem"
        ),
        # Runs whose process died are found by their missing heartbeat; 30 s is Prefect's minimum.
        "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30",
        # The live display and the command line's own errors say it once; the UI keeps the logs.
        "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL",
    }
    if api_url is not None:
        environment["PREFECT_API_URL"] = api_url
    return environment


def use_server(home: Path, server: Server) -> None:
    """Point this process's Prefect at a server."""
    os.environ.update(client_environment(home, server.api_url))
    if server.pid is not None:
        # Only to the server that we started: another one has a string of its own.
        os.environ["PREFECT_API_AUTH_STRING"] = auth_string(home)
    for name in ("NO_PROXY", "no_proxy"):
        entries = [e for e in os.environ.get(name, "").split(",") if e]
        os.environ[name] = ",".join(dict.fromkeys([*entries, HOST, "localhost"]))
    if "prefect" in sys.modules:
        # It read its settings when it was imported, and would start a server of its own.
        from prefect.context import refresh_global_settings_context
        from prefect.logging.configuration import setup_logging

        refresh_global_settings_context()
        setup_logging(incremental=False)


def find_server(home: Path) -> Server | None:
    """The server that is running, if one is."""
    if url := os.environ.get("PREFECT_API_URL"):
        return Server(api_url=url.rstrip("/"))
    server = _known(home)
    return server if server is not None and server.is_healthy() else None


def _known(home: Path) -> Server | None:
    """The server that was started here, if its process is there."""
    server = _read_state(home)
    if server is None or server.pid is None or not _is_ours(server.pid):
        return None
    return server


def start_server(home: Path) -> Server:
    """Reuse the running server or start one, and wait until it answers.

    Raises:
        MissingDependencyError: when it does not come up; says where its log lies.
    """
    if server := find_server(home):
        return server
    with lock_file(home / "server.lock"):
        # Another command may have started it while this one waited for the lock.
        if server := find_server(home):
            return server
        # One that is only slow carries other people's runs.
        server = _known(home)
        if server and _comes_to_answer(home, server, SLOW_S, lambda: _known(home) is None):
            return server
        before = _read_state(home)
        _stop_known(home)
        # Workers and runs that outlived their server look for it where it was.
        server = _launch_on_free_port(home, urlsplit(before.api_url).port if before else None)
        assert server.pid is not None
        earlier = before.reports_url if before else None
        reports = launch_reports(home, server.pid, earlier, log_path(home))
        server = server.model_copy(update={"reports_url": reports})
        write_text(_state_path(home), server.model_dump_json())
        return server


def reports_url(home: Path) -> str | None:
    """Below which the reports of this home are served; None while no server of ours runs."""
    server = _read_state(home)
    if server is None or server.pid is None or not _is_ours(server.pid):
        return None
    return server.reports_url


def stop_server(home: Path) -> Server | None:
    """Stop the server that this command line started; None when there was none."""
    if not _state_path(home).exists():
        return None
    with lock_file(home / "server.lock"):
        return _stop_known(home)


def log_path(home: Path) -> Path:
    """What the server printed."""
    return home / "prefect" / "server.log"


def auth_path(home: Path) -> Path:
    """Where the line lies with which one signs in; only its owner may read it."""
    return home / "prefect" / "auth"


def auth_string(home: Path) -> str:
    """``user:password`` of the server that this command line starts, made at the first call."""
    return secret_in(auth_path(home), user="xsim")


def authorization(home: Path, server: Server) -> str:
    """The header with which a server lets us in: ours by its own string, others as they say."""
    return named_authorization() if server.pid is None else basic(auth_string(home))


def _launch_on_free_port(home: Path, first_choice: int | None = None) -> Server:
    """Start a server and wait for it; another port if somebody else took this one meanwhile."""
    for tries_left in reversed(range(PORT_TRIES)):
        with claimed_port(first_choice) as port:
            server = _launch(home, port)
            try:
                _wait_until_healthy(home, server)
            except MissingDependencyError:
                if is_free(port) or not tries_left:
                    raise
            else:
                return server
    raise AssertionError("unreachable: the last try returns or raises")


def _launch(home: Path, port: int) -> Server:
    api_url = f"http://{HOST}:{port}/api"
    environment = {
        k: v for k, v in os.environ.items() if not k.startswith("PREFECT_") or "_SERVER_" in k
    }
    environment |= client_environment(home, api_url)
    environment["PREFECT_SERVER_API_AUTH_STRING"] = auth_string(home)
    environment["PREFECT_API_AUTH_STRING"] = auth_string(home)
    environment["PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL"] = "INFO"
    log_path(home).parent.mkdir(parents=True, exist_ok=True)
    command = [
        # -P, as for every child: a file of the user's working folder is no module of ours.
        sys.executable, "-P", "-m", "prefect", "server", "start", "--host", HOST,
        "--port", str(port),
    ]  # fmt: skip
    with log_path(home).open("wb") as log:
        # A session of its own: Ctrl-C in the terminal ends the run, not the server.
        process = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    _launched.append(process)
    return Server(api_url=api_url, pid=process.pid)


def _wait_until_healthy(home: Path, server: Server) -> None:
    assert server.pid is not None
    # Its handle knows; the kernel shows an empty command line for a moment after the start.
    # Another program's may have come first on this port; ours then ends by itself.
    if _comes_to_answer(home, server, START_TIMEOUT_S, lambda: _launched[-1].poll() is not None):
        return
    how = "ended by itself" if _launched[-1].poll() is not None else "did not answer in time"
    _kill(server.pid)
    tail = "".join(
        f"  {line}\n" for line in log_path(home).read_text(errors="replace").splitlines()[-5:]
    )
    raise MissingDependencyError(
        f"the Prefect server for {server.ui_url} {how}. Its log, {log_path(home)}, ends with:\n"
        f"{tail}'xsim demo --no-prefect' runs the same pipeline without it."
    )


def _comes_to_answer(
    home: Path, server: Server, within_s: float, is_gone: Callable[[], bool]
) -> bool:
    said = authorization(home, server)
    return server.comes_to_answer(is_gone, authorization=said, within_s=within_s)


def _state_path(home: Path) -> Path:
    return home / "server.json"


def _read_state(home: Path) -> Server | None:
    try:
        return Server.model_validate(json.loads(_state_path(home).read_text()))
    except (OSError, ValueError):
        return None


def _is_ours(pid: int) -> bool:
    """Whether the process still is a Prefect server: numbers are used again after a reboot."""
    try:
        command = psutil.Process(pid).cmdline()
    except psutil.Error:
        return False
    return "prefect" in command and "server" in command


def _stop_known(home: Path) -> Server | None:
    server = _read_state(home)
    _state_path(home).unlink(missing_ok=True)
    if server is None or server.pid is None or not _is_ours(server.pid):
        return None
    _kill(server.pid)
    return server


def _kill(pid: int) -> None:
    """End the server and what it started; ask first, then insist."""
    for kill_signal, patience_s in ((signal.SIGTERM, 10.0), (signal.SIGKILL, 5.0)):
        with suppress(ProcessLookupError):
            os.killpg(pid, kill_signal)
        deadline = time.monotonic() + patience_s
        while time.monotonic() < deadline:
            if not _is_ours(pid):
                _reap(pid)
                return
            time.sleep(0.1)


def _reap(pid: int) -> None:
    """Take note of the end of a server that this process started."""
    for process in [p for p in _launched if p.pid == pid]:
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=5.0)
            _launched.remove(process)
