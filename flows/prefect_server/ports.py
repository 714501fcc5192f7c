"""Free ports for servers that start at the same time, and the file locks of that."""

import os
import socket
import tempfile
from collections.abc import Generator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from xsim_core.errors import MissingDependencyError

HOST = "127.0.0.1"
FIRST_PORT, LAST_PORT = 4200, 4299


@contextmanager
def claimed_port(first_choice: int | None = None) -> Generator[int]:
    """A free port for a server that binds it half a minute later, and that no other start takes.

    Starts of other users, or with another TMPDIR, do not see the claim.

    Raises:
        MissingDependencyError: when none is free.
    """
    with ExitStack() as claims:
        yield _claim_port(claims, [first_choice] if first_choice else [])


def _claim_port(claims: ExitStack, choices: list[int]) -> int:
    folder = Path(tempfile.gettempdir()) / f"xsim-ports-{os.getuid()}"
    for port in [*choices, *range(FIRST_PORT, LAST_PORT + 1)]:
        with suppress(Timeout):
            if is_free(port):
                claims.enter_context(lock_file(folder / f"{port}.lock", wait=False))
                return port
    raise MissingDependencyError(
        f"no free port between {FIRST_PORT} and {LAST_PORT} for the Prefect server. "
        "Stop one of the programs there, or set PREFECT_API_URL to a running server."
    )


def is_free(port: int) -> bool:
    """Whether nobody listens on it."""
    with closing(socket.socket()) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with suppress(OSError):
            probe.bind((HOST, port))
            return True
    return False


def lock_file(path: Path, *, wait: bool = True) -> FileLock:
    """A lock that the kernel gives back with its holder's end; to be entered by ``with``.

    Entering it waits for whoever holds it, or raises ``filelock.Timeout`` when ``wait`` is off.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    return FileLock(path, blocking=wait)
