"""What went wrong, as one sentence: on standard error, or as JSON on standard output."""

import errno
import json
import re
import socket
import sys
import time
import traceback
from dataclasses import dataclass

from xsim_core.errors import XSimError

_NETWORK = (
    errno.EADDRINUSE, errno.EADDRNOTAVAIL, errno.ENETDOWN, errno.ENETUNREACH, errno.EHOSTDOWN,
    errno.EHOSTUNREACH, errno.ETIMEDOUT,
)  # fmt: skip


@dataclass(frozen=True)
class Problem:
    """Why the command line leaves, and with which exit code."""

    kind: str
    """The error's class, for programs."""
    message: str
    code: int = 1


def say_problem(problem: Problem, *, as_json: bool) -> int:
    """Print it; answers the exit code."""
    if as_json:
        print(json.dumps({"error": {"kind": problem.kind, "message": problem.message}}), flush=True)
        return problem.code
    lead = "\n" if problem.kind == "Interrupted" else "error: "
    print(f"{lead}{problem.message}", file=sys.stderr, flush=True)
    return problem.code


def problem_of(error: Exception) -> Problem:
    """What a user can mend is said as it is; anything else is a bug, and its traceback is kept."""
    kind = type(error).__name__
    if isinstance(error, XSimError):
        return Problem(kind, str(error))
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return Problem(
            kind,
            f"the disk is full ({error.filename or 'while writing'}). Free some space and run the "
            "same command again; finished stages are kept.",
        )
    if isinstance(error, OSError) and error.filename is not None and error.strerror:
        return Problem(
            kind,
            f"{error.filename}: {error.strerror[0].lower()}{error.strerror[1:]}. "
            "Check the path, and whether you may read and write there.",
        )
    if _is_of_network(error):
        return Problem(kind, f"{_about_network(error)}; {_kept(error)}.")
    if type(error).__module__.partition(".")[0] in ("httpx", "httpcore", "prefect"):
        return Problem(kind, _about_server(error))
    return Problem(kind, f"{kind}: {_first_line(error)} This is a bug in X-Sim; {_kept(error)}.")


def usage_problem(printed: str) -> Problem:
    """Tyro's framed text about wrong arguments, as one line."""
    lines = (line.strip("│╭╮╰╯─ \t") for line in printed.splitlines())
    # Where nothing says which characters can be shown, frames are drawn in dashes.
    text = re.sub(r"-{4,}", " ", " ".join(lines))
    return Problem("UsageError", re.sub(r"\s+", " ", text).strip(), 2)


def _about_server(error: Exception) -> str:
    return (
        f"the Prefect server: {type(error).__name__}: {_first_line(error)} 'xsim server status' "
        "looks whether it answers; finished stages are kept, and --no-prefect runs without it."
    )


def _is_of_network(error: Exception) -> bool:
    return isinstance(error, ConnectionError | socket.gaierror) or (
        isinstance(error, OSError) and error.errno in _NETWORK
    )


def _about_network(error: Exception) -> str:
    text = (str(error).strip() or type(error).__name__).splitlines()[0][:300]
    return f"the network refused: {text}. Look at the address that was named, and who listens there"


def _first_line(error: Exception) -> str:
    if type(error).__name__ == "ValidationError":
        from pydantic import ValidationError

        from xsim_core.config import refusal

        if isinstance(error, ValidationError):
            return refusal(error, error.title)
    text = (str(error).strip() or "no message").splitlines()[0][:500]
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _kept(error: Exception) -> str:
    """Where the traceback lies; the traceback itself where it cannot be kept."""
    from xsim_core.scratch import write_bytes
    from xsim_core.storage.object_store.locate import home_folder

    text = "".join(traceback.format_exception(error))
    name = f"{time.strftime('%Y%m%dT%H%M%S')}-{type(error).__name__}.txt"
    path = home_folder() / "crashes" / name
    try:
        # Arguments may hold bytes that are no text.
        said = f"xsim {' '.join(sys.argv[1:])}\n\n{text}"
        write_bytes(path, said.encode(errors="backslashreplace"))
    except OSError:
        return f"its traceback:\n{text}"
    return f"its traceback is in {path}"
