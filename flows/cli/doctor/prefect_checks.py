"""What ``xsim doctor`` finds out about Prefect: packages, server, database and runs."""

import json
import os
import sqlite3
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from importlib import metadata
from pathlib import Path
from typing import Any
from urllib.error import URLError

import psutil

from flows.prefect_server.api import Server
from flows.prefect_server.heartbeats import SIGNS_OF_LIFE, SILENCE_S
from flows.prefect_server.server import authorization, find_server

from .finding import Finding

LOCK_PATIENCE_S = 5.0
"""A server at work holds its database for milliseconds."""
_DATABASE_URLS = ("PREFECT_SERVER_DATABASE_CONNECTION_URL", "PREFECT_API_DATABASE_CONNECTION_URL")


def packages(server: Server | None) -> Finding:
    """Prefect and a FastAPI that it can start with."""
    try:
        version = metadata.version("prefect")
        fastapi = tuple(int(x) for x in metadata.version("fastapi").split(".")[:2])
    except metadata.PackageNotFoundError as error:
        return Finding(
            name="prefect",
            ok=False,
            needed=True,
            found=f"{error.name} is not installed",
            mend="Run 'make setup'.",
        )
    running = f"server at {server.ui_url}" if server else "no server yet; a run starts one"
    return Finding(
        name="prefect",
        ok=fastapi < (0, 151),
        needed=True,
        found=f"{version}, {running}",
        mend="Prefect 3.8 cannot start with this FastAPI. Run 'make setup' to restore the lock.",
    )


def database(home: Path, *, patience_s: float = LOCK_PATIENCE_S) -> Finding:
    """Whether the SQLite file of this home's server can be written to."""
    if url := next(filter(None, map(os.environ.get, ("PREFECT_API_URL", *_DATABASE_URLS))), None):
        where = url.rpartition("@")[2]  # Without the password.
        return _database(ok=True, found=f"not this home's own ({where}); not looked at")
    path = (home / "prefect/prefect.db").absolute()
    if not path.exists():
        return _database(ok=True, found="none yet")
    try:
        connection = sqlite3.connect(
            f"{path.as_uri()}?mode=rw", uri=True, timeout=patience_s, isolation_level=None
        )
        with closing(connection):
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
    except sqlite3.Error as error:
        if "locked" not in str(error):
            return _database(
                ok=False,
                found=f"{path}: {error}",
                mend="See that you may write to it and its folder. If it is damaged, 'xsim server "
                "stop' and move it away: a new one is made, the store has all artifacts.",
            )
        return _database(
            ok=False,
            found=f"{path} is locked{_holders(path)}",
            mend="Nothing starts while it is. End what holds it ('xsim server stop' ends this "
            "home's server), or run without Prefect: 'xsim demo --no-prefect'.",
        )
    return _database(ok=True, found=f"{path.stat().st_size / 1e6:.1f} MB, not locked")


def _database(*, ok: bool, found: str, mend: str = "") -> Finding:
    return Finding(name="database", ok=ok, needed=True, found=found, mend=mend)


def _holders(path: Path) -> str:
    """The processes of this user that have the file open."""
    names: list[str] = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.pid != os.getpid() and str(path) in {f.path for f in process.open_files()}:
                names.append(f"{process.name()} ({process.pid})")
    return f"; {', '.join(names)} has it open" if names else ""


def zombies(home: Path, server: Server | None, *, silence_s: float = SILENCE_S) -> Finding:
    """Runs that the server takes for alive, and of which nothing was heard for a while."""
    name = "runs"
    if server is None:
        return Finding(name=name, ok=True, needed=False, found="not looked at: no server runs")
    try:
        silent = _silent_runs(home, server, silence_s)
    except (URLError, OSError, ValueError) as error:
        return Finding(
            name=name,
            ok=False,
            needed=False,
            found=f"{server.api_url} does not tell: {error}",
            mend="Set PREFECT_API_AUTH_STRING or PREFECT_API_KEY if that server wants one.",
        )
    if not silent:
        return Finding(name=name, ok=True, needed=False, found="none that died unnoticed")
    return Finding(
        name=name,
        ok=False,
        needed=False,
        found=f"{len(silent)} shown as alive and silent for {silence_s:.0f} s: {', '.join(silent)}",
        mend=f"Their processes died. On their pages ({server.ui_url}/runs) 'Change state' ends "
        "them; a new run reuses what they committed. 'xsim deploy' has the server notice the next.",
    )


def _silent_runs(home: Path, server: Server, silence_s: float) -> list[str]:
    """Names of runs in a state that a process must be behind, without a sign of life since."""
    alive = {"state": {"type": {"any_": ["RUNNING", "PENDING", "CANCELLING"]}}}
    runs = _ask(home, server, "flow_runs/filter", {"flow_runs": alive})
    since = datetime.now(UTC) - timedelta(seconds=silence_s)
    silent: list[str] = []
    for run in runs:
        # Events come into the database some seconds after the state that they are about.
        if datetime.fromisoformat(run["state"]["timestamp"]) > since:
            continue
        heard = {
            "occurred": {"since": since.isoformat()},
            "event": {"name": sorted(SIGNS_OF_LIFE)},
            "resource": {"id": [f"prefect.flow-run.{run['id']}"]},
        }
        if not _ask(home, server, "events/filter", {"filter": heard, "limit": 1})["events"]:
            silent.append(run["name"])
    return silent


def _ask(home: Path, server: Server, path: str, body: dict[str, Any]) -> Any:
    said = authorization(home, server)
    with server.ask(path, authorization=said, body=body, timeout_s=10.0) as answer:
        return json.loads(answer.read())


def prefect_findings(home: Path) -> list[Finding]:
    """All of them."""
    # A server that waits for its database does not answer, and would only be waited for.
    held = database(home)
    server = find_server(home) if held.ok else None
    return [packages(server), held, zombies(home, server)]
