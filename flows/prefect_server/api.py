"""A Prefect server as it is asked over HTTP, before Prefect itself is imported."""

import base64
import json
import os
import time
from collections.abc import Callable
from http.client import HTTPResponse
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import OpenerDirector, ProxyHandler, Request, build_opener

from xsim_core.config import FrozenModel
from xsim_core.errors import BadInputError

_THIS_MACHINE = ("127.0.0.1", "localhost", "::1")

PATIENCE_S = (2.0, 30.0)
"""How long one question to a server that starts or is slow waits at first, and at most: an answer
took 36 s on a machine that had no time for it, and whoever asks again each 2 s hears none."""
_BUSY = (429, 503)
"""Answers of a server that did nothing yet and may be asked again: Prefect 3 says 503 while
another process holds its SQLite database, and rolls back what it began."""


class Server(FrozenModel):
    """A Prefect server that this command line started, or one named by ``PREFECT_API_URL``."""

    api_url: str
    pid: int | None = None
    """None for a server that somebody else runs."""
    reports_url: str | None = None
    """Below which the reports of its runs are served, while it lives."""

    @property
    def ui_url(self) -> str:
        """What a person opens."""
        return self.api_url.removesuffix("/api")

    def ask(
        self, path: str, *, authorization: str = "", body: Any = None, timeout_s: float = 5.0
    ) -> HTTPResponse:
        """The answer to a request; to be entered by ``with``.

        Args:
            path: below the API's address.
            authorization: the header of this name, if any.
            body: sent as JSON by POST; None asks by GET.
            timeout_s: how long to wait, for a server that says it is busy too.

        Raises:
            URLError, OSError, ValueError: when there is no answer, or one that refuses.
        """
        headers = {"Authorization": authorization} if authorization else {}
        data = None
        if body is not None:
            data = json.dumps(body).encode()
            headers["Content-Type"] = "application/json"
        # A proxy named in the environment must not be asked about this machine's own ports.
        is_here = urlsplit(self.api_url).hostname in _THIS_MACHINE
        opener = build_opener(*([ProxyHandler({})] if is_here else []))
        request = Request(f"{self.api_url}/{path}", data=data, headers=headers)
        return _open_when_free(opener, request, timeout_s)

    def answers(self, path: str, *, authorization: str = "", timeout_s: float = 5.0) -> bool:
        """Whether a request is answered well."""
        try:
            with self.ask(path, authorization=authorization, timeout_s=timeout_s) as answer:
                return answer.status == 200
        except (URLError, OSError, ValueError):
            return False

    def is_healthy(self, *, timeout_s: float = 5.0) -> bool:
        """Whether the API answers."""
        return self.answers("health", timeout_s=timeout_s)

    def comes_to_answer(
        self, is_gone: Callable[[], bool], *, authorization: str, within_s: float
    ) -> bool:
        """Whether it lets us in, asked with growing patience, before its process is gone."""
        deadline, (wait_s, most_s) = time.monotonic() + within_s, PATIENCE_S
        while time.monotonic() < deadline:
            if self.is_healthy(timeout_s=wait_s) and self.answers(
                "admin/version", authorization=authorization, timeout_s=wait_s
            ):
                return True
            if is_gone():
                return False
            time.sleep(0.3)
            wait_s = min(1.5 * wait_s, most_s)
        return False


def _open_when_free(opener: OpenerDirector, request: Request, timeout_s: float) -> HTTPResponse:
    """The answer, asked for again while the server is busy and there is time."""
    until, pause_s = time.monotonic() + timeout_s, 0.1
    while True:
        try:
            return opener.open(request, timeout=timeout_s)
        except HTTPError as error:
            if error.code not in _BUSY or time.monotonic() + pause_s > until:
                raise
            error.close()
        time.sleep(pause_s)
        pause_s = min(2 * pause_s, 1.0)


def basic(user_and_password: str) -> str:
    """The header ``Authorization`` of ``user:password``."""
    return f"Basic {base64.b64encode(user_and_password.encode()).decode()}"


def named_authorization() -> str:
    """The header for a server of somebody else's, from Prefect's own variables; empty for none."""
    if said := os.environ.get("PREFECT_API_AUTH_STRING"):
        return basic(said)
    key = os.environ.get("PREFECT_API_KEY")
    return f"Bearer {key}" if key else ""


def check_named(server: Server) -> None:
    """Make sure that a server of somebody else's answers, and lets us in.

    Raises:
        BadInputError: otherwise, with what to set.
    """
    if server.pid is not None:
        return
    try:
        server.ask("admin/version", authorization=named_authorization()).close()
    except HTTPError as error:
        if error.code in (401, 403):
            raise BadInputError(
                f"the Prefect server {server.api_url} wants a password: set "
                "PREFECT_API_AUTH_STRING=user:password, or PREFECT_API_KEY."
            ) from None
    except (OSError, ValueError) as error:
        raise BadInputError(
            f"PREFECT_API_URL names {server.api_url}, where no Prefect server answers ({error}). "
            "Start it, correct the address, or unset PREFECT_API_URL: xsim then starts its own."
        ) from None
