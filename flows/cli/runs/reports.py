"""Commands about pages for people: ``report``, ``open`` and ``compare``."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from tyro.conf import Positional, arg

from flows.cli.arguments import File
from flows.cli.output import page_path, print_json

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


@dataclass(frozen=True)
class Compare:
    """Two runs side by side: configurations, success with intervals, figures and pictures.

    Prints what differs, and writes it with the pictures as one page.
    """

    left: Annotated[Positional[str], arg(metavar="RUN")]
    """The run to compare with (see `xsim status`)."""
    right: Annotated[Positional[str], arg(metavar="RUN")]
    """The run that is compared."""
    out: File = ""
    """Where to write the page; .xsim/reports/LEFT-and-RIGHT.html by default."""
    json: bool = False
    """Print JSON."""

    def run(self) -> int:
        """Compare, write, print."""
        from flows.runs import report_path
        from tasks.settings import load_settings
        from xsim_core.compare import compare_runs, comparison_page
        from xsim_core.runs import load_record
        from xsim_core.scratch import write_text

        settings = load_settings()
        store = settings.open_store()
        left, right = load_record(store, self.left), load_record(store, self.right)
        found = compare_runs(store, left, right)
        default = report_path(settings, f"{left.name}-and-{right.name}")
        path = page_path(self.out, default)
        write_text(path, comparison_page(store, found, left, right))
        if self.json:
            print_json({**found.model_dump(mode="json"), "page": str(path)})
            return 0
        print(f"{left.name} → {right.name}")
        for r in found.rates:
            change = f"{r.difference:+.2f} [{r.low:+.2f}, {r.high:+.2f}]"
            print(f"  {r.policy:<12} {r.domain:<8} {r.left} → {r.right}  change {change}")
        for title, rows in (("configuration", found.config), ("figures", found.figures)):
            print(f"{title}:" if rows else f"{title}: the same")
            for d in rows:
                print(f"  {d.stage + '.' + d.name:<44} {d.left} → {d.right}")
        print(path)
        return 0


def _write(settings: "Settings", what: str, out: str) -> Path:
    from flows.cli.output import announce_empty
    from flows.runs import draw_report, report_path, write_report
    from xsim_core.refs import find_ref
    from xsim_core.report import stages_behind, trace_lineage as trace
    from xsim_core.runs import RunRecord, list_runs, load_record

    store = settings.open_store()
    announce_empty(store)
    if what in list_runs(store):
        record = load_record(store, what)
        if not out:
            return write_report(settings, store, record)
    else:
        ref = find_ref(store, what)
        stages = stages_behind(trace(store, ref))
        record = RunRecord(name=str(ref).replace("/", "-"), stages=stages)
    path = page_path(out, report_path(settings, record.name))
    draw_report(path, store, record)
    return path


def _newest(settings: "Settings") -> str:
    from xsim_core.errors import BadInputError
    from xsim_core.runs import load_records

    store = settings.open_store()
    # One that cannot be read must not keep the newest from being shown.
    records, _ = load_records(store)
    if not records:
        raise BadInputError(f"there is no run in {store.url} yet. 'xsim demo' makes the first.")
    return max(records, key=lambda r: r.started).name


def _show(url: str) -> bool:
    """Whether a browser took it. One within this terminal is not looked for."""
    import webbrowser

    has_screen = any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"))
    return (has_screen or sys.platform == "darwin") and webbrowser.open(url)
