"""Run a stage in a process of its own, which a timeout, a cancel or Ctrl-C really ends.

Python cannot interrupt a thread that is inside a simulator, a solver or a training step. A process
group can be ended at any moment; the store shows nothing of a stage that had not committed.
"""

import json
import os
import selectors
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Mapping
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Any

from pydantic_core import to_jsonable_python

from tasks.settings import Settings
from xsim_core.artifacts import ArtifactRef
from xsim_core.config import FrozenModel
from xsim_core.errors import StageDiedError, StageTimeoutError, XSimError
from xsim_core.stage import Stage, output_ref
from xsim_core.storage import Progress

from .limits import raise_if_stopped, share_of, timeout_of
from .rebuild import rebuild

STAGES = "xsim_core.stages:get_stage"
"""Where a stage is found by its name, as module:function."""

PATIENCE_S = 3.0
"""What a stage gets for discarding its attempt before its processes are killed."""

_LOOK = os.WEXITED | os.WNOWAIT | os.WNOHANG
"""Whether a process has ended, without waiting and without taking its number back."""

LISTEN_S = 0.5
"""How long one wait lasts: Prefect's timeout reaches a thread only between two of them."""


def run_in_child(
    stage: Stage,
    config: FrozenModel,
    inputs: Mapping[str, ArtifactRef],
    settings: Settings,
    *,
    progress: Progress,
    find: str = STAGES,
) -> ArtifactRef:
    """``run_stage`` in a process group of its own, ended with whatever ends this call.

    Args:
        stage: what to run; the child finds it by name through ``find``.
        config: the stage's configuration.
        inputs: refs by input name.
        settings: store, runtime and the stage's timeout.
        progress: hears the stage's progress, some times a second at most.
        find: ``module:function`` that answers a stage for a name.

    Raises:
        StageTimeoutError, StageDiedError, Exception: as ``run_job`` says.
    """
    expected = output_ref(stage, config, inputs)
    given = {
        **as_plain(stage, config, inputs, find),
        "store": settings.store_url,
        "runtime": share_of(settings.runtime).model_dump(),
    }
    make = "tasks.engine.stage_process:make_artifact"
    timeout_s = timeout_of(stage.name, settings)
    answer = run_job(stage.name, make, given, progress=progress, timeout_s=timeout_s)
    if answer != str(expected):
        raise XSimError(f"the process of stage {stage.name} made {answer}, not {expected}")
    return expected


def run_job(
    name: str,
    function: str,
    given: Mapping[str, Any],
    *,
    progress: Progress,
    timeout_s: float | None = None,
) -> Any:
    """``function(given, progress)`` in a process group of its own.

    Args:
        name: what people call it.
        function: as ``module:function``; answers plain values.
        given: plain values.
        progress: hears the job's progress.
        timeout_s: after how long it is ended; None for never.

    Raises:
        StageTimeoutError: when it took longer than its timeout.
        StageDiedError: when its process ended without an answer.
        Exception: what the function raised, rebuilt from its name and text.
    """
    with _Child(name, {"function": function, "given": dict(given)}, timeout_s) as child:
        return child.listen(progress)


def module_path() -> str:
    """``sys.path`` for a child, but for folders that are packages themselves.

    Prefect leaves the folder of the file that it loaded a flow from at the head of it: there our
    own ``flows/requests.py`` would be what SAPIEN takes for the package of that name.
    """
    places = [Path(place or Path.cwd()) for place in sys.path]
    return os.pathsep.join(str(p) for p in places if not (p / "__init__.py").is_file())


def as_plain(
    stage: Stage, config: FrozenModel, inputs: Mapping[str, ArtifactRef], find: str
) -> dict[str, Any]:
    """What is to be made, in plain values; fields that are no part of its identity included."""
    fields = type(config).model_fields
    return {
        "find": find,
        "stage": stage.name,
        "config": {name: to_jsonable_python(getattr(config, name)) for name in fields},
        "inputs": {name: str(ref) for name, ref in inputs.items()},
    }


class _Child(AbstractContextManager["_Child"]):
    """A stage's process; leaving the block ends its whole group."""

    def __init__(self, name: str, job: dict[str, Any], timeout_s: float | None) -> None:
        self._name, self._timeout_s = name, timeout_s
        self._last_lines: deque[str] = deque(maxlen=8)
        self._timed_out = False
        environment = {k: v for k, v in os.environ.items() if not k.startswith("PREFECT_")}
        environment["PYTHONPATH"] = module_path()
        job_end, self._job = os.pipe()
        self._answers, answers_end = os.pipe()
        ends = (job_end, answers_end)
        try:
            # The name is for people who look at `ps`.
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "tasks.engine.stage_process", *map(str, ends), name],
                pass_fds=ends,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env=environment,
                process_group=0,
            )
        finally:
            for end in ends:
                os.close(end)
        self._alarm = threading.Timer(timeout_s or 0.0, self._time_is_up)
        self._alarm.daemon = True
        if timeout_s is not None:
            self._alarm.start()
        # Kept open: when this end closes, the kernel kills the stage's group.
        with suppress(BrokenPipeError), os.fdopen(self._job, "wb", closefd=False) as pipe:
            pipe.write(json.dumps({**job, "PYTHONPATH": os.environ.get("PYTHONPATH")}).encode())
            pipe.write(b"\n")

    def listen(self, progress: Progress) -> Any:
        """Pass progress and output on until the answer is there."""
        assert self._process.stdout is not None
        output = self._process.stdout.fileno()
        unread = b""
        with selectors.DefaultSelector() as selector:
            selector.register(self._answers, selectors.EVENT_READ)
            selector.register(output, selectors.EVENT_READ)
            while True:
                ready = {key.fd for key, _ in selector.select(LISTEN_S)}
                raise_if_stopped()
                if output in ready and not self._pass_on(os.read(output, 65536)):
                    selector.unregister(output)
                if self._answers not in ready:
                    continue
                if not (part := os.read(self._answers, 65536)):
                    raise self._death()
                *lines, unread = (unread + part).split(b"\n")
                for message in map(json.loads, lines):
                    if "progress" in message:
                        progress(*message["progress"])
                    elif "error" in message:
                        raise rebuild(message["error"], self._name)
                    else:
                        self._drain()
                        return message["answer"]

    def _pass_on(self, text: bytes) -> bool:
        """What the stage prints goes where this process prints; its last lines are kept."""
        shown = text.decode(errors="replace")
        self._last_lines.extend(shown.splitlines())
        sys.stderr.write(shown)
        return bool(text)

    def _drain(self) -> None:
        """Show what was printed last."""
        assert self._process.stdout is not None
        os.set_blocking(self._process.stdout.fileno(), False)
        with suppress(BlockingIOError):
            while self._pass_on(os.read(self._process.stdout.fileno(), 65536)):
                pass

    def _time_is_up(self) -> None:
        # From a thread of its own: this process may be waiting for a lost Prefect server just now.
        self._timed_out = True
        self._signal(signal.SIGKILL)

    def _death(self) -> XSimError:
        if self._timed_out:
            return StageTimeoutError(
                f"stage {self._name} took longer than {self._timeout_s:g} s and was ended. "
                "Raise its limit (XSIM_STAGE_TIMEOUT_S) and run again: what it kept is used."
            )
        self._await_end(PATIENCE_S)
        self._drain()
        status = os.waitid(os.P_PID, self._process.pid, _LOOK)
        if status is None:
            how = "closed its pipe"
        elif status.si_code == os.CLD_EXITED:
            how = f"ended by itself with code {status.si_status}"
        else:
            how = f"was ended by {signal.Signals(status.si_status).name}"
        said = "".join(f"\n  {line}" for line in self._last_lines)
        return StageDiedError(
            f"the process of stage {self._name} {how} (killed, out of memory, or a driver crash)."
            f" Run again: finished work is kept.{' Its last lines:' if said else ''}{said}"
        )

    def _signal(self, number: int) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)

    def _await_end(self, patience_s: float) -> None:
        """Wait for the process without taking its number back: the group is still named by it."""
        deadline = time.monotonic() + patience_s
        while os.waitid(os.P_PID, self._process.pid, _LOOK) is None:
            if time.monotonic() > deadline:
                return
            time.sleep(0.01)

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._alarm.cancel()
        try:
            if kind is not None:
                # The stage's own process only: it discards its attempt and closes its simulators.
                with suppress(ProcessLookupError):
                    os.kill(self._process.pid, signal.SIGTERM)
            self._await_end(PATIENCE_S)
        finally:
            self._signal(signal.SIGKILL)
            self._process.wait()
            os.close(self._answers)
            os.close(self._job)
            if self._process.stdout is not None:
                self._process.stdout.close()
