"""A server, workers and runs of ``recovery_flow`` as processes that a test may kill."""

import base64
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

from flows.prefect_server.server import auth_string, find_server
from tests.servers.prefect import server_of

ROOT = Path(__file__).parents[2]
MAIN = ["-c", "from flows.cli.main import main; main()"]
FINAL = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}


class Laboratory:
    """``with Laboratory(folder) as lab: lab.start_worker(); run = lab.submit("a")``."""

    def __init__(self, folder, **environment):
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("PREFECT_", "XSIM_"))}
        self.folder, self.workers = folder, []
        self.environment = {**clean, "XSIM_HOME": str(folder), **environment}

    def __enter__(self):
        with ExitStack() as stack:
            stack.enter_context(server_of(self.folder))
            self.deployment = self.python("-m", "tests.faults.recovery_flow")
            # A ``with`` that never began is not left either; the server would go on for ever.
            self._server = stack.pop_all()
        return self

    def __exit__(self, *_):
        for worker in self.workers:
            self.kill_worker(worker)
        self._server.close()

    def python(self, *arguments):
        """A Python process to its end; what it printed."""
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=ROOT,
            env=self.environment,
            text=True,
            check=False,
            capture_output=True,
            timeout=300,
        )
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout.strip()

    def start_worker(self, pool="xsim-cpu", *, within=(), **environment):
        """A worker, perhaps within another command."""
        with (self.folder / "worker.log").open("ab") as log:
            worker = subprocess.Popen(
                [*within, sys.executable, *MAIN, "worker", pool],
                cwd=ROOT,
                stdout=log,
                stderr=log,
                env={**self.environment, **environment},
                start_new_session=True,
            )
        self.workers.append(worker)
        return worker

    def kill_worker(self, worker):
        with suppress(ProcessLookupError):
            os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()

    def ask(self, path, body=None):
        """The API's answer."""
        server = find_server(self.folder)
        request = Request(f"{server.api_url}/{path}")
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        token = base64.b64encode(auth_string(self.folder).encode()).decode()
        request.add_header("Authorization", f"Basic {token}")
        for patience_s in (1, 2, 4, 8, 0):
            try:
                with build_opener(ProxyHandler({})).open(request, timeout=30) as answer:
                    return json.load(answer)
            except HTTPError as error:
                # Its SQLite file was busy; Prefect's own client asks again too.
                if error.code != 503 or not patience_s:
                    raise
                time.sleep(patience_s)
        raise AssertionError("unreachable")

    def forget_second(self):
        """Artifacts of earlier tests would spare the next one its waiting."""
        self.python(
            "-c",
            "from tasks.settings import load_settings as s\n"
            "store = s().open_store()\n"
            "[store.delete(r) for r in store.list_refs()"
            " if store.open(r).manifest.stage == 'second']",
        )

    def submit(self, name, **parameters):
        parameters = {"name": name, "notes": str(self.folder / f"{name}.notes"), **parameters}
        body = {"parameters": parameters, "name": name, "state": {"type": "SCHEDULED"}}
        run = self.ask(f"deployments/{self.deployment}/create_flow_run", body)
        return Run(self, run["id"], self.folder / f"{name}.notes")


class Run:
    """A flow run: its state, its processes."""

    def __init__(self, lab, number, notes):
        self.lab, self.id, self.notes = lab, number, notes

    @property
    def state(self):
        return self.lab.ask(f"flow_runs/{self.id}")["state_type"]

    def tasks(self):
        body = {"flow_runs": {"id": {"any_": [self.id]}}}
        return {t["name"]: t["state_name"] for t in self.lab.ask("task_runs/filter", body)}

    def await_stage(self, *, within_s=400):
        """Wait for the second stage's own process; its number. A busy machine needs its time."""
        until(lambda: self.notes.exists() and self.notes.read_text(), within_s=within_s)
        return int(self.notes.read_text())

    def let_go(self):
        """The second stage may finish."""
        self.notes.with_suffix(".go").touch()

    def await_end(self, *, within_s=120):
        """Seconds until the run's state is final, and the state."""
        seconds = until(lambda: self.state in FINAL, within_s=within_s)
        return seconds, self.state


def until(is_true, *, within_s):
    """Seconds until it holds; an absent server is no answer."""
    clock = time.monotonic()
    while True:
        with suppress(OSError, AttributeError):
            if is_true():
                return time.monotonic() - clock
        assert time.monotonic() - clock < within_s, f"not within {within_s} s"
        time.sleep(0.2)


class Line:
    """A TCP line to a server that can be cut and mended."""

    def __init__(self, endpoint):
        host, _, port = endpoint.removeprefix("http://").partition(":")
        self.there, self.is_cut, self.open = (host, int(port)), False, []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.endpoint = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self):
        """Nothing goes through from now on, and what was open is reset."""
        self.is_cut = True
        for end in self.open:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        self.open.clear()

    def mend(self):
        self.is_cut = False

    def _accept(self):
        while True:
            near, _ = self.listener.accept()
            if self.is_cut:
                near.close()
                continue
            far = socket.create_connection(self.there)
            self.open += [near, far]
            for ends in ((near, far), (far, near)):
                threading.Thread(target=self._carry, args=ends, daemon=True).start()

    @staticmethod
    def _carry(source, target):
        with suppress(OSError):
            while part := source.recv(65536):
                target.sendall(part)
            target.shutdown(socket.SHUT_WR)
