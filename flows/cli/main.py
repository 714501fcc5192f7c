"""The command line ``xsim``. Commands are imported light; their work imports what it needs."""

import gc
import importlib
import io
import os
import signal
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager, nullcontext, redirect_stderr
from dataclasses import fields
from typing import Any

import tyro

from xsim_core.errors import UnknownNameError
from xsim_core.storage.object_store.first_answer import expecting_answers

from .commands import actions_of, all_commands, find_command
from .problems import Problem, problem_of, say_problem, usage_problem

# pydantic looks for plugins among all that is installed, a tenth of a short command. Set it to
# nothing to have them.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")

DESCRIPTION = """Teach a robot a task from one RGB-D video of a person doing it.

`xsim demo` runs the whole chain on a capture it makes itself, and prints the path of a report.
`xsim run CAPTURE` does the same for yours. Everything made is kept under .xsim (XSIM_HOME,
XSIM_STORE) and reused: running again continues where the last run stopped.

`xsim COMMAND --help` explains one command; `xsim --version` says which release this is; every
command takes --json. `xsim --tyro-print-completion bash` prints completion for a shell.
"""

NUM_OBJECTS_PER_COLLECTION = 50_000
"""Some megabytes; Python's own 700 are for processes that import little."""

_CONFIG = (
    tyro.conf.OmitSubcommandPrefixes,
    tyro.conf.OmitArgPrefixes,
    tyro.conf.FlagCreatePairsOff,
)


def main(argv: list[str] | None = None) -> None:
    """Parse, run, and leave with 0, 1 (an error that says its mend), 2 (usage) or 130 (Ctrl-C)."""
    began_s = time.time()
    arguments = list(sys.argv[1:] if argv is None else argv)
    as_json = "--json" in arguments
    signal.signal(signal.SIGTERM, _interrupt)
    for stream in (sys.stdout, sys.stderr):
        # A terminal that knows no dash or bar gets its number instead of a traceback.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        with _seldom_collected(), expecting_answers():
            try:
                code = _run(arguments, as_json=as_json)
            except SystemExit as said:  # Help was asked for, and is not yet with its reader.
                code = said.code
        sys.stdout.flush()
    except KeyboardInterrupt:
        _end_children(began_s)
        text = "Interrupted. Finished stages are kept; run the same command again to go on."
        code = say_problem(Problem("Interrupted", text, 130), as_json=as_json)
    except BrokenPipeError:
        # The reader of a pipe, such as head, has seen enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 1
    except Exception as error:  # noqa: BLE001 explained, whatever it is
        # Told to end while it ends, it goes on ending.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        code = say_problem(problem_of(error), as_json=as_json)
        _end_children(began_s)
    sys.exit(code)


def _run(arguments: list[str], *, as_json: bool) -> int:
    if arguments[:1] == ["--version"]:
        from importlib import metadata

        version = metadata.version("xsim")
        print(f'{{"version": "{version}"}}' if as_json else f"xsim {version}")
        return 0
    try:
        command = _parse(arguments)
        importlib.import_module("tasks.settings")  # Whatever a command does needs it.
    except UnknownNameError as error:
        return say_problem(Problem("UsageError", str(error), 2), as_json=as_json)
    except UsageError as error:
        return say_problem(usage_problem(str(error)), as_json=as_json)
    return command.run()


@contextmanager
def _seldom_collected() -> Generator[None]:
    """Importing makes no garbage: looking for it again and again is a tenth of a short command."""
    thresholds = gc.get_threshold()
    gc.set_threshold(NUM_OBJECTS_PER_COLLECTION, *thresholds[1:])
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)


class UsageError(Exception):
    """What tyro printed about arguments that it refused, to be said again as JSON."""


def _parse(arguments: list[str]) -> Any:
    """The command of these arguments; leaves with 0 after a help text.

    Raises:
        UnknownNameError: for a command or action that does not exist; suggests one.
        UsageError: for arguments that do not fit, when JSON is wanted; otherwise tyro has said it.
    """
    name = arguments[0] if arguments else "--help"
    if name.startswith("-"):
        return _tyro(all_commands(), "xsim", arguments or ["--help"], description=DESCRIPTION)
    command, rest = find_command(name), arguments[1:]
    actions = actions_of(command)
    if actions:
        rest = rest or ["--help"]
        if not rest[0].startswith("-") and rest[0] not in actions:
            raise UnknownNameError(f"action of 'xsim {name}'", rest[0], actions)
    return _tyro(command, f"xsim {name}", _gathered(command, rest))


def _tyro(command: Any, prog: str, arguments: list[str], *, description: str | None = None) -> Any:
    capture = io.StringIO() if "--json" in arguments else None
    try:
        with redirect_stderr(capture) if capture else nullcontext():
            return tyro.cli(
                command, prog=prog, args=arguments, description=description, config=_CONFIG
            )
    except SystemExit as left:
        if capture and left.code == 2:
            raise UsageError(capture.getvalue()) from None
        raise


def _gathered(command: Any, arguments: list[str]) -> list[str]:
    """Options that take several values, each said once: a second one would replace the first.

    ``--set a=1 --set b=2 CAPTURE`` becomes ``CAPTURE --set a=1 b=2``. What holds no equals sign
    after the first value of ``--set`` or ``--env`` is not theirs.
    """
    lists = {f"--{field.name}" for field in fields(command) if isinstance(field.default, tuple)}
    gathered: dict[str, list[str]] = {}
    rest: list[str] = []
    taking: str | None = None
    for text in arguments:
        option, equals, value = text.partition("=")
        if option in lists:
            taking = option
            gathered.setdefault(option, []).extend([value] if equals else [])
        elif taking is None or text.startswith("--"):
            taking = None
            rest.append(text)
        elif gathered[taking] and taking in ("--set", "--env") and "=" not in text:
            rest.append(text)
        else:
            gathered[taking].append(text)
    return [*rest, *(part for option, values in gathered.items() for part in (option, *values))]


def _interrupt(number: int, frame: Any) -> None:
    del number, frame
    raise KeyboardInterrupt


def _end_children(began_s: float) -> None:
    """End what this command started; the Prefect server has a session of its own and stays.

    Children of whoever calls ``main`` from Python are none of its business.
    """
    if "subprocess" in sys.modules:
        from .processes import end_descendants

        end_descendants(since_s=began_s)
