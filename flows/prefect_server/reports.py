"""The reports over HTTP beside the Prefect server, whose UI strips links to files.

``python -m flows.prefect_server.reports FOLDER SECRET_FILE PID SOCKET`` serves until the process
of that number ends. It listens on this machine only, reads only, and answers only below a word that
the UI's pages know: whoever may sign in there may read the reports, other users of the machine not.
"""

import os
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from .ports import HOST
from .secret import secret_in

if TYPE_CHECKING:
    from starlette.applications import Starlette

FIRST_PORT, TRIES = 4300, 50
WATCH_S = 0.5
_launched: list[subprocess.Popen[bytes]] = []
"""Kept, because a server is meant to outlive the handle of its process."""
HEADERS = {
    # A page holds its style and pictures itself; nothing of it is fetched or sent elsewhere.
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; media-src data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def launch_reports(home: Path, pid: int, before: str | None, log: Path) -> str:
    """Serve the reports for as long as a process lives; answers the address they lie below.

    Args:
        home: of the command line.
        pid: of the Prefect server.
        before: the address of an earlier time, which pages link to; kept if its port is free.
        log: receives what the server says.
    """
    with _bound(before) as listener, log.open("ab") as out:
        command = [
            sys.executable, "-P", "-m", "flows.prefect_server.reports", str(home / "reports"),
            str(secret_path(home)), str(pid), str(listener.fileno()),
        ]  # fmt: skip
        _launched.append(
            subprocess.Popen(
                command,
                pass_fds=[listener.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )
        )
        port = listener.getsockname()[1]
    return f"http://{HOST}:{port}/{secret_in(secret_path(home))}"


def secret_path(home: Path) -> Path:
    """Where the word lies; only its owner may read it."""
    return home / "prefect" / "reports-word"


def report_url(served: str, page: Path) -> str:
    """Where a page of the reports' folder is served."""
    return f"{served}/{quote(page.name)}"


def _bound(before: str | None) -> socket.socket:
    earlier = urlsplit(before).port if before else None
    for port in [*filter(None, [earlier]), *range(FIRST_PORT, FIRST_PORT + TRIES)]:
        with suppress(OSError):
            return socket.create_server((HOST, port))
    return socket.create_server((HOST, 0))


def reports_app(folder: Path, word: str) -> "Starlette":
    """The pages and the files beside them, below ``/word/``."""
    from starlette.applications import Starlette
    from starlette.middleware import Middleware
    from starlette.middleware.trustedhost import TrustedHostMiddleware
    from starlette.responses import Response
    from starlette.routing import Mount
    from starlette.staticfiles import StaticFiles
    from starlette.types import Scope

    class Pages(StaticFiles):
        async def get_response(self, path: str, scope: Scope) -> Response:
            answer = await super().get_response(path, scope)
            answer.headers.update(HEADERS)
            return answer

    # Another site's page must not reach us by a name of its own that means this machine.
    hosts = Middleware(TrustedHostMiddleware, allowed_hosts=[HOST, "localhost"])
    folder.mkdir(parents=True, exist_ok=True)  # The first report may be yet to come.
    # Symbolic links are not followed out of the folder, nor are names with "..".
    return Starlette(routes=[Mount(f"/{word}", Pages(directory=folder))], middleware=[hosts])


def main(folder: Path, secret: Path, pid: int, descriptor: int) -> None:
    """Serve until the process ends."""
    import psutil
    from uvicorn import Config, Server

    app = reports_app(folder, secret_in(secret))
    server = Server(
        Config(
            app,
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            lifespan="off",
        )
    )

    def watch() -> None:
        with suppress(psutil.Error):
            process = psutil.Process(pid)
            while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
                time.sleep(WATCH_S)
        server.should_exit = True

    threading.Thread(target=watch, daemon=True).start()
    os.set_inheritable(descriptor, False)  # noqa: FBT003 it has no name
    server.run(sockets=[socket.socket(fileno=descriptor)])


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
