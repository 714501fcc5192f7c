"""A few processes, each serving one object's methods over a pipe.

They are forked from a server that has imported the simulator once (multiprocessing's fork server):
each would spend five seconds of CPU on that. The server only imports, so no thread, driver or CUDA
context is alive in it that must not be forked.
"""

import contextlib
import multiprocessing
import multiprocessing.connection
import multiprocessing.util
import os
import tempfile
import traceback
from collections.abc import Callable, Generator, Iterator, Sequence
from multiprocessing.connection import Connection
from typing import Any

from xsim_core.errors import BadInputError, MissingDependencyError, XSimError

PRELOAD = ["xsim_core.sim.maniskill.environment", "xsim_core.sim.vision.rendering"]


class WorkerProcesses(contextlib.AbstractContextManager["WorkerProcesses"]):
    """One object a process, built there by ``build(setup)``.

    Use as a context manager, so that processes end with the block, whatever ends it.
    """

    def __init__(
        self, build: Callable[[Any], Any], setups: Sequence[Any], *, in_process: bool = False
    ) -> None:
        """Start the processes and wait until every object is built.

        Args:
            build: a module-level callable.
            setups: picklable arguments of ``build``, one a process.
            in_process: build the only object in this process instead.
        """
        self._connections: list[Connection] = []
        self._processes: list[Any] = []
        self._local = build(setups[0]) if in_process else None
        if in_process:
            return
        try:
            self._start(build, setups)
        except BaseException:
            self.close()
            raise

    def _start(self, build: Callable[[Any], Any], setups: Sequence[Any]) -> None:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(PRELOAD)
        with _single_threaded():
            _short_socket_folder()
            for setup in setups:
                ours, theirs = context.Pipe()
                process = context.Process(target=_serve, args=(theirs, build, setup), daemon=True)
                process.start()
                theirs.close()
                self._connections.append(ours)
                self._processes.append(process)
        for connection in self._connections:
            _receive(connection)

    def call(self, name: str, arguments: Sequence[tuple[Any, ...]]) -> list[Any]:
        """Call one method in every process with its own arguments; the answers in order."""
        if self._local is not None:
            return [getattr(self._local, name)(*arguments[0])]
        self._check_open()
        for connection, argument in zip(self._connections, arguments, strict=True):
            _send(connection, (name, argument))
        return [_receive(c) for c in self._connections]

    def map_unordered(
        self, name: str, jobs: Sequence[tuple[Any, ...]]
    ) -> Iterator[tuple[int, Any]]:
        """Call one method once for each job, on whichever process is free; (job index, answer)."""
        if self._local is not None:
            for i, job in enumerate(jobs):
                yield i, getattr(self._local, name)(*job)
            return
        self._check_open()
        busy: dict[Connection, int] = {}
        waiting = iter(enumerate(jobs))
        for connection in self._connections:
            _assign(connection, name, waiting, busy)
        while busy:
            for ready in multiprocessing.connection.wait(list(busy)):
                assert isinstance(ready, Connection)
                index, answer = busy.pop(ready), _receive(ready)
                _assign(ready, name, waiting, busy)
                yield index, answer

    def _check_open(self) -> None:
        if not self._connections:
            raise XSimError("these worker processes were closed; start others")

    def close(self) -> None:
        """End the processes."""
        for connection in self._connections:
            connection.close()
        for process in self._processes:
            process.join(timeout=2)
            if process.is_alive():
                process.terminate()
                process.join()
        self._connections, self._processes, self._local = [], [], None

    def __exit__(self, *_: object) -> None:
        self.close()


def _assign(
    connection: Connection, name: str, waiting: Iterator[tuple[int, Any]], busy: dict[Any, int]
) -> None:
    job = next(waiting, None)
    if job is not None:
        _send(connection, (name, job[1]))
        busy[connection] = job[0]


def _serve(connection: Connection, build: Callable[[Any], Any], setup: Any) -> None:
    """Body of a worker process: answers until the pipe closes."""
    import torch

    torch.set_num_threads(1)
    try:
        served = build(setup)
        connection.send(("ok", None))
        while (request := _next_request(connection)) is not None:
            name, arguments = request
            connection.send(("ok", getattr(served, name)(*arguments)))
    except (BrokenPipeError, KeyboardInterrupt):
        pass
    except (BadInputError, MissingDependencyError) as error:
        connection.send(("raise", error))
    except Exception:  # noqa: BLE001 - the parent raises it with its text.
        connection.send(("error", traceback.format_exc()))


def _next_request(connection: Connection) -> tuple[str, tuple[Any, ...]] | None:
    """The next method and its arguments; None once the parent has closed the pipe."""
    try:
        return connection.recv()
    except (EOFError, ConnectionResetError):
        return None


_DIED = (
    "a simulator process died without a word: killed, out of memory, or a driver crash "
    "(its last lines are on stderr). Run again: finished work is kept."
)


def _send(connection: Connection, request: tuple[str, tuple[Any, ...]]) -> None:
    try:
        connection.send(request)
    except (BrokenPipeError, ConnectionResetError) as error:
        raise XSimError(_DIED) from error


def _receive(connection: Connection) -> Any:
    try:
        status, value = connection.recv()
    except (EOFError, ConnectionResetError) as error:
        raise XSimError(_DIED) from error
    if status == "raise":
        raise value
    if status == "error":
        raise XSimError(f"a simulator process failed:\n{value}")
    return value


MAX_FOLDER_CHARS = 70
"""A socket's path has at most 107 characters, of which the fork server's own part takes 32."""


def _short_socket_folder() -> None:
    """Have multiprocessing make its folder where a socket's path fits (TMPDIR of SLURM jobs)."""
    if len(tempfile.gettempdir()) <= MAX_FOLDER_CHARS:
        return
    places = (os.environ.get("XDG_RUNTIME_DIR", ""), "/tmp", "/var/tmp", "/dev/shm")
    before = tempfile.tempdir
    tempfile.tempdir = next((p for p in places if p and os.access(p, os.W_OK)), before)
    try:
        multiprocessing.util.get_temp_dir()  # Made once, kept, and removed at the process's end.
    finally:
        tempfile.tempdir = before


@contextlib.contextmanager
def _single_threaded() -> Generator[None]:
    """Children started inside use one thread each: there is one process a core already."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "LP_NUM_THREADS")
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(dict.fromkeys(names, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
