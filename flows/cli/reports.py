"""Commands about pages for people: ``report`` and ``open``."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from tyro.conf import Positional, arg

from .arguments import File
from .output import print_json

if TYPE_CHECKING:
    from tasks.settings import Settings


@dataclass(frozen=True)
class Report:
    """Write the one-page report of a run, or of an artifact and all it was made from."""

    what: Annotated[Positional[str], arg(metavar="RUN|ARTIFACT")]
    """A run's name (see `xsim status`), or an artifact as in `xsim show`."""
    out: File = ""
    """Where to write; .xsim/reports/NAME.html by default."""
    json: bool = False
    """Print JSON."""

    def run(self) -> int:
        """Build the page and print its path."""
        from tasks.settings import load_settings

        path = _write(load_settings(), self.what, self.out)
        if self.json:
            print_json({"report": str(path.absolute())})
        else:
            print(path.absolute())
        return 0


@dataclass(frozen=True)
class Open:
    """Show a run's report in the browser, and build it first if need be."""

    what: Annotated[Positional[str], arg(metavar="[RUN]")] = ""
    """A run's name, or an artifact as in `xsim show`; by default the run that began last."""
    json: bool = False
    """Print JSON."""

    def run(self) -> int:
        """Open the page; where there is no screen, only say where it lies."""
        from tasks.settings import load_settings

        settings = load_settings()
        path = _write(settings, self.what or _newest(settings), "").absolute()
        opened = _show(path.as_uri())
        if self.json:
            print_json({"report": str(path), "opened": opened})
            return 0
        if not opened:
            print("no browser here; open the file on a machine that has one:", file=sys.stderr)
        print(path)
        return 0


def _write(settings: "Settings", what: str, out: str) -> Path:
    from flows.runs import report_path, write_report
    from xsim_core.refs import find_ref
    from xsim_core.report import build_report, stages_behind, trace_lineage as trace
    from xsim_core.runs import list_runs, load_record

    from .output import announce_empty

    store = settings.open_store()
    announce_empty(store)
    is_run = what in list_runs(store)
    if is_run and not out:
        return write_report(settings, store, load_record(store, what))
    if is_run:
        stages, name = load_record(store, what).stages, what
    else:
        ref = find_ref(store, what)
        stages, name = stages_behind(trace(store, ref)), str(ref).replace("/", "-")
    path = Path(out) if out else report_path(settings, name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(build_report(store, stages, title=name), encoding="utf-8")
    return path


def _newest(settings: "Settings") -> str:
    from xsim_core.errors import BadInputError
    from xsim_core.runs import list_runs, load_record

    store = settings.open_store()
    records = [load_record(store, name) for name in list_runs(store)]
    if not records:
        raise BadInputError(f"there is no run in {store.url} yet. 'xsim demo' makes the first.")
    return max(records, key=lambda r: r.started).name


def _show(url: str) -> bool:
    """Whether a browser took it. One within this terminal is not looked for."""
    import webbrowser

    has_screen = any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"))
    return (has_screen or sys.platform == "darwin") and webbrowser.open(url)
