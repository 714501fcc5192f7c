"""The process in which one stage runs: reads a job, answers over a pipe, dies with its parent.

Started by ``tasks.engine.child`` as ``python -m tasks.engine.stage_process JOB ANSWERS NAME``: two
file descriptors, and a name to be seen by. Simulator workers import this module again under another
name, so it imports nothing heavy until it has a job. Only JSON crosses the pipes.
"""

import contextlib
import fcntl
import json
import os
import select
import signal
import sys
import time
import traceback
from typing import Any

from xsim_core.named import named

PROGRESS_EVERY_S = 0.2
_F_SETSIG = 10
"""<fcntl.h>; Python names it from 3.13 on."""
_MAX_MESSAGE_BYTES = 4096
"""Linux's PIPE_BUF: up to here a write goes in whole or not at all."""


def main() -> None:
    """Read the job, run it, answer, and leave without Python's tidying up."""
    job_pipe, answer_pipe = map(int, sys.argv[1:3])
    for descriptor in (job_pipe, answer_pipe):
        os.set_inheritable(descriptor, False)  # noqa: FBT003
    job = json.loads(os.fdopen(job_pipe, "rb", closefd=False).readline())
    _die_with_the_writer_of(job_pipe)
    _restore_path(job["PYTHONPATH"])
    signal.signal(signal.SIGTERM, _interrupt)
    answers = _Answers(answer_pipe)
    try:
        do = named(job["function"])
        answers.send({"answer": do(job["given"], answers.progress)})
        code = 0
    except KeyboardInterrupt:
        code = 130
    except BaseException as error:  # noqa: BLE001 the parent raises it again
        answers.send({"error": _plain(error)})
        code = 1
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    # Drivers tear down slowly and sometimes crash; everything that counts is in the store.
    os._exit(code)


def make_artifact(job: dict[str, Any], progress: Any) -> str:
    """``run_stage`` on plain values; the text of the artifact's ref."""
    from xsim_core.artifacts import ArtifactRef
    from xsim_core.stage import run_stage
    from xsim_core.storage import ArtifactStore, Runtime

    stage = named(job["find"])(job["stage"])
    inputs = {name: ArtifactRef.parse(text) for name, text in job["inputs"].items()}
    ref = run_stage(
        stage,
        stage.config.model_validate(job["config"]),
        ArtifactStore(job["store"]),
        inputs,
        runtime=Runtime.model_validate(job["runtime"]),
        progress=progress,
    )
    return str(ref)


class _Answers:
    """The writing end of the pipe to the parent."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._due_s = 0.0

    def progress(self, fraction: float, figures: dict[str, float]) -> None:
        """Say how far the stage is; dropped when the parent has no time to read."""
        if (now := time.monotonic()) < self._due_s:
            return
        self._due_s = now + PROGRESS_EVERY_S
        plain = {name: float(value) for name, value in figures.items()}
        message = _line({"progress": [float(fraction), plain]})
        if len(message) <= _MAX_MESSAGE_BYTES:
            os.set_blocking(self._descriptor, False)
            with contextlib.suppress(BlockingIOError):
                os.write(self._descriptor, message)

    def send(self, message: dict[str, Any]) -> None:
        """Say how it ended."""
        os.set_blocking(self._descriptor, True)
        left = memoryview(_line(message))
        while left:
            left = left[os.write(self._descriptor, left) :]


def _line(message: dict[str, Any]) -> bytes:
    return json.dumps(message).encode() + b"\n"


def _plain(error: BaseException) -> dict[str, Any]:
    """An exception as plain values: its classes' names, its arguments, its traceback as text."""
    arguments = list(error.args)
    if isinstance(error, OSError) and error.errno is not None:
        arguments = [error.errno, error.strerror, str(error.filename or "") or None]
    if not arguments or not all(isinstance(a, str | int | float | None) for a in arguments):
        arguments = [str(error)]
    return {
        "classes": [c.__name__ for c in type(error).__mro__],
        "arguments": arguments,
        "text": str(error),
        "traceback": "".join(traceback.format_exception(error)),
    }


def _restore_path(before: str | None) -> None:
    """The parent's module path was for this process only: others run other Pythons."""
    del os.environ["PYTHONPATH"]
    if before is not None:
        os.environ["PYTHONPATH"] = before


def _die_with_the_writer_of(pipe: int) -> None:
    """Have the kernel kill this whole process group when the pipe's other end closes.

    It closes with the parent, whatever ends that. A thread that waits for it would have to wait for
    the interpreter too, which a driver may hold for minutes. See fcntl(2): F_SETOWN, F_SETSIG.
    """
    fcntl.fcntl(pipe, fcntl.F_SETOWN, -os.getpgrp())
    fcntl.fcntl(pipe, _F_SETSIG, signal.SIGKILL)
    fcntl.fcntl(pipe, fcntl.F_SETFL, fcntl.fcntl(pipe, fcntl.F_GETFL) | os.O_ASYNC)
    closed = select.poll()
    closed.register(pipe, 0)
    if closed.poll(0):
        os.killpg(0, signal.SIGKILL)  # It had closed before the kernel was told to watch.


def _interrupt(number: int, frame: Any) -> None:
    del number, frame
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
