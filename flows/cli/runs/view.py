"""``xsim view``: an artifact or a run in the browser."""

import signal
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from threading import Event
from typing import TYPE_CHECKING, Annotated

from tyro.conf import Positional, arg

from flows.cli.arguments import LOOPBACK
from flows.cli.listening import check_address
from flows.cli.output import announce_empty, print_json

if TYPE_CHECKING:
    from xsim_core.artifacts import ArtifactRef
    from xsim_core.storage import ArtifactStore


@dataclass(frozen=True)
class View:
    """Look at a run in the browser: room, object, robot and cameras, what moves on a slider.

    A run shows all that it made so far in one scene, an artifact itself. Ctrl-C ends it.
    """

    what: Annotated[Positional[str], arg(metavar="RUN|ARTIFACT")]
    """A run, RUN:STAGE, kind/fingerprint, or the fingerprint's first digits."""
    host: Annotated[str, arg(metavar="ADDRESS")] = "127.0.0.1"
    """Where to listen; this machine alone unless told. The page asks nobody for a key."""
    port: Annotated[int, arg(metavar="PORT")] = 8080
    """The next free one is taken where it is not free."""
    rerun: Annotated[str, arg(metavar="FILE")] = ""
    """Write a recording for rerun's viewer there instead, an .rrd: room, film with depth, track,
    episodes and rollouts."""
    json: bool = False
    """Print JSON."""

    def run(self) -> int:
        """Serve the page until it is interrupted, or write the recording."""
        return self._recorded() if self.rerun else self._served()

    def _recorded(self) -> int:
        from tasks.settings import load_settings
        from xsim_core.errors import BadInputError, MissingDependencyError
        from xsim_core.files.folders import expanded

        path = expanded(self.rerun, "--rerun")
        if path.suffix != ".rrd":
            raise BadInputError(f"--rerun {path} is no name of a recording: it ends in .rrd.")
        if path.exists():
            raise BadInputError(f"{path} exists; recordings are never written over.")
        if find_spec("rerun") is None:
            raise MissingDependencyError(
                "xsim view --rerun needs rerun-sdk, which is not installed: "
                "pip install 'xsim[rerun]'."
            )
        store = load_settings().open_store()
        refs = _refs(store, self.what)
        from xsim_core.exporters.rerun.run import write_recording

        notes = write_recording(store, refs, path)
        if self.json:
            print_json({"file": str(path), "bytes": path.stat().st_size, "notes": notes})
            return 0
        print(f"{path} ({path.stat().st_size / 1e6:.1f} MB); look at it with: rerun {path}")
        for note in notes:
            print(f"  {note}")
        return 0

    def _served(self) -> int:
        from tasks.settings import load_settings
        from xsim_core.errors import BadInputError, MissingDependencyError

        if not 1 <= self.port <= 65535:
            raise BadInputError(f"--port {self.port} is no port: 1 to 65535.")
        check_address(self.host, 0)  # Of ports the next free one is taken.
        if find_spec("viser") is None:
            raise MissingDependencyError(
                "xsim view needs viser, which is not installed: pip install 'xsim[view]'."
            )
        store = load_settings().open_store()
        announce_empty(store)
        refs = _refs(store, self.what)
        from xsim_core.viewing import open_viewer  # Seconds, in which no slip should hide.

        ended = Event()

        def end(_number: int, _frame: object) -> None:
            ended.set()

        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, end)
        with open_viewer(
            store, refs, host=self.host, port=self.port, title=f"X-Sim: {self.what}"
        ) as viewer:
            if self.host not in LOOPBACK:
                print("note: whoever reaches this address sees the page.", file=sys.stderr)
            if self.json:
                print_json({"url": viewer.url, "artifacts": [str(ref) for ref in refs]})
            else:
                print(f"{self.what} at {viewer.url}\n  Ctrl-C ends it")
            sys.stdout.flush()
            viewer.run(ended)
        return 0


def _refs(store: "ArtifactStore", what: str) -> "list[ArtifactRef]":
    """All that a run made, or the one artifact that is named."""
    from xsim_core.refs import find_ref
    from xsim_core.runs import list_runs, load_record

    if what in list_runs(store):
        return list(load_record(store, what).stages.values())
    return [find_ref(store, what)]
