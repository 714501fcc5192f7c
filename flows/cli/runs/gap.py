"""``xsim gap``: the gap between simulation and world, taken apart."""

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from tyro.conf import Positional, arg

from flows.cli.arguments import File
from flows.cli.output import page_path, print_json

if TYPE_CHECKING:
    from flows.gaps import LadderRecord
    from tasks.settings import Settings
    from xsim_core.gap import Gap
    from xsim_core.gap.found import Change, RungFound
    from xsim_core.storage import ArtifactStore


@dataclass(frozen=True)
class GapCommand:
    """Take the gap between a run's simulation and its world apart, one difference at a time.

    A policy is tried on the same seeds on every rung: in simulation, with the true room, with the
    world's lights, and so on to the world, and back. Rungs that were measured are reused: after
    Ctrl-C the same command goes on where it stopped. Prints a table, and writes a page.
    """

    name: Annotated[Positional[str], arg(metavar="RUN")]
    """A run's name (see `xsim status`)."""
    policy: Annotated[str, arg(metavar="student|calibrated|ARTIFACT")] = "student"
    """Whose success: the run's student, the calibrated one, or a policy as in `xsim show`."""
    trials: Annotated[int, arg(metavar="N")] = 48
    """Seeds on every rung, the same on all."""
    rungs: Annotated[tuple[str, ...], arg(metavar="FACTOR")] = ()
    """Only these, in this order, and all others as one: room, object, lights, exposure, noise,
    camera, table, friction, mass, latency, gain. By default each in which the two differ."""
    worlds: Annotated[int, arg(metavar="N")] = 0
    """Go to this many drawn worlds, among which the trials are shared, instead of the run's own."""
    out: File = ""
    """Where to write the page; RUN-gap.html in .xsim/reports by default, or RUN-gap-POLICY.html."""
    json: bool = False
    """Print JSON on standard output; progress goes to standard error."""

    def run(self) -> int:
        """Measure what is not measured yet, print, write the page."""
        from flows.gaps import keep_ladder, plan_ladder, read_gap
        from flows.runs import report_path
        from tasks.settings import load_settings
        from xsim_core.gap import gap_page, pictures_of
        from xsim_core.runs import load_record
        from xsim_core.scratch import write_text

        self._check()
        settings = load_settings()
        store = settings.open_store()
        record = load_record(store, self.name)
        planned = plan_ladder(
            store,
            record,
            policy=self.policy,
            asked=self.rungs,
            num_trials=self.trials,
            num_worlds=self.worlds,
        )
        path = page_path(self.out, report_path(settings, self._page_name()))
        keep_ladder(store, record.name, planned)
        _measure(settings, store, planned)
        gap, rung_of = read_gap(store, planned)
        page = gap_page(record.name, gap, pictures_of(planned.ladder, rung_of))
        write_text(path, page)
        if self.json:
            print_json({**gap.model_dump(mode="json"), "page": str(path)})
        else:
            _print(gap)
            print(path.absolute())
        return 0

    def _page_name(self) -> str:
        """One page for each policy and kind of world."""
        from xsim_core.runs import plain_name

        policy = "" if self.policy == "student" else f"-{plain_name(self.policy)}"
        return f"{self.name}-gap{policy}{f'-{self.worlds}-worlds' if self.worlds else ''}"

    def _check(self) -> None:
        from xsim_core.errors import BadInputError

        if self.trials < 2:
            raise BadInputError(f"--trials {self.trials}: an interval needs at least 2.")
        if self.worlds < 0 or self.worlds == 1:
            raise BadInputError(
                f"--worlds {self.worlds}: one says nothing of worlds; 2 and up, or 0 for the run's."
            )
        if self.worlds and self.trials % self.worlds:
            raise BadInputError(
                f"--trials {self.trials} are not shared evenly among {self.worlds} worlds; take a "
                "multiple."
            )


def _measure(settings: "Settings", store: "ArtifactStore", planned: "LadderRecord") -> None:
    """Make the rungs that the store does not have, and show all of them."""
    from flows.cli.progress import Display
    from xsim_core.stage import run_stage
    from xsim_core.stages import GAP_RUNG

    rungs = planned.ladder.rungs()
    with Display([rung.title for rung in rungs]) as display:
        for rung in rungs:
            title, ref = rung.title, planned.ref(rung)
            display.started(title)
            reused = store.claim(ref)

            def tell(fraction: float, figures: dict[str, float], title: str = title) -> None:
                display.progressed(title, fraction, figures)

            if not reused:
                run_stage(
                    GAP_RUNG,
                    planned.config_of(rung),
                    store,
                    planned.inputs,
                    runtime=settings.runtime,
                    progress=tell,
                )
            summary = store.open(ref).summary
            tell(1.0, {"success": summary.successes / summary.trials})
            made = store.manifest(ref)
            said = GAP_RUNG.other_maker(made) if made else ""
            display.finished(title, ref, reused=reused, other_code=said)


def _print(gap: "Gap") -> None:
    """Both ways as tables, what each part costs, and the sentence."""
    from rich.console import Console
    from rich.table import Table

    console = Console(file=sys.stdout, highlight=False)
    ways = (("forwards", gap.forwards), ("backwards", gap.backwards))
    for title, rungs in ways:
        table = Table(title=title, title_justify="left", box=None, pad_edge=False)
        for head in ("rung", "succeeds", "95 %", "against the rung before", "gained, lost"):
            table.add_column(head, justify="left" if head == "rung" else "right")
        for rung in rungs:
            table.add_row(*_cells(rung))
        console.print(table)
    table = Table(title="the world's part changes success by", title_justify="left", box=None)
    for head in ("part", "forwards", "backwards", "mean", "for all parts at once"):
        table.add_column(head, justify="left" if head == "part" else "right")
    for p in gap.parts:
        at_once = f"{p.low_of_all:+.2f} to {p.high_of_all:+.2f}"
        table.add_row(
            p.name, f"{p.forwards:+.2f}", f"{p.backwards:+.2f}", _change(p.change), at_once
        )
    console.print(table)
    print(gap.said)


def _cells(rung: "RungFound") -> tuple[str, ...]:
    change = rung.change
    return (
        rung.title,
        f"{rung.successes}/{rung.trials}",
        f"{rung.low:.2f}–{rung.high:.2f}",
        _change(change) if change else "",
        f"{change.gained}, {change.lost}" if change else "",
    )


def _change(change: "Change") -> str:
    return f"{change.difference:+.2f} ({change.low:+.2f} to {change.high:+.2f})"
