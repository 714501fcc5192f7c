"""The command line ``xsim``. Commands are imported light; their work imports what it needs."""

import os
import signal
import sys
from typing import Annotated, Any

import tyro
from tyro.conf import subcommand

from .deploy import Backfill, Deploy, Worker
from .doctor import Doctor
from .inbox import InboxCommands
from .look import Lineage, Report, Show, Status, Verify
from .promote import Current, Promote, Rollback
from .run import CaptureCommands, Demo, Run
from .server import ServerCommands
from .store import BucketCommands, Gc, Pin

Command = (
    Annotated[Demo, subcommand("demo")]
    | Annotated[Run, subcommand("run")]
    | Annotated[CaptureCommands, subcommand("capture")]
    | Annotated[Status, subcommand("status")]
    | Annotated[Show, subcommand("show")]
    | Annotated[Lineage, subcommand("lineage")]
    | Annotated[Report, subcommand("report")]
    | Annotated[Verify, subcommand("verify")]
    | Annotated[Gc, subcommand("gc")]
    | Annotated[Pin, subcommand("pin")]
    | Annotated[BucketCommands, subcommand("bucket")]
    | Annotated[Promote, subcommand("promote")]
    | Annotated[Rollback, subcommand("rollback")]
    | Annotated[Current, subcommand("current")]
    | Annotated[Deploy, subcommand("deploy")]
    | Annotated[Worker, subcommand("worker")]
    | Annotated[Backfill, subcommand("backfill")]
    | Annotated[InboxCommands, subcommand("inbox")]
    | Annotated[Doctor, subcommand("doctor")]
    | Annotated[ServerCommands, subcommand("server")]
)

DESCRIPTION = """Teach a robot a task from one RGB-D video of a person doing it.

`xsim demo` runs the whole chain on a capture it makes itself, and prints the path of a report.
`xsim run CAPTURE` does the same for yours. Everything made is kept under .xsim (XSIM_HOME,
XSIM_STORE) and reused: running again continues where the last run stopped.
"""


def main(argv: list[str] | None = None) -> None:
    """Parse, run, and leave with 0, 1 (an error that says its mend), 2 (usage) or 130 (Ctrl-C)."""
    command: Any = tyro.cli(
        Command,
        prog="xsim",
        description=DESCRIPTION,
        args=argv,
        config=(
            tyro.conf.OmitSubcommandPrefixes,
            tyro.conf.OmitArgPrefixes,
            tyro.conf.FlagCreatePairsOff,
        ),
    )
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        code = command.run()
        sys.stdout.flush()
    except KeyboardInterrupt:
        _end_children()
        _say("\nInterrupted. Finished stages are kept; run the same command again to go on.")
        code = 130
    except BrokenPipeError:
        # The reader of a pipe, such as head, has seen enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 1
    except Exception as error:  # noqa: BLE001 explained, or raised again as a bug
        code = _explain(error)
        _end_children()
    sys.exit(code)


def _explain(error: Exception) -> int:
    """One clear block for what a user can mend; anything else is a bug and keeps its traceback."""
    import errno

    from xsim_core.errors import XSimError

    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        _say(f"error: the disk is full ({error.filename or 'while writing'}). Free some space and "
             "run the same command again; finished stages are kept.")  # fmt: skip
        return 1
    if not isinstance(error, XSimError):
        raise error
    _say(f"error: {error}")
    return 1


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _interrupt(number: int, frame: Any) -> None:
    del number, frame
    raise KeyboardInterrupt


def _end_children() -> None:
    """End what this command started; the Prefect server has a session of its own and stays."""
    from .processes import end_descendants

    end_descendants()
