"""What the terminal shows while a run goes on: one line a stage, with figures and elapsed time."""

import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from threading import Event, Thread
from types import TracebackType
from typing import Literal, TextIO

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from xsim_core.artifacts import ArtifactRef
from xsim_core.runs import ending_of

LINE_EVERY_S = 10.0
BAR_CELLS = 16

State = Literal["waiting", "running", "done", "reused", "failed", "interrupted"]
_STYLE: dict[State, tuple[str, str]] = {
    "waiting": ("·", "dim"),
    "running": ("▸", "bold cyan"),
    "done": ("✓", "green"),
    "reused": ("↺", "blue"),
    "failed": ("✗", "bold red"),
    "interrupted": ("■", "yellow"),
}


@dataclass
class Row:
    """One stage's line."""

    name: str
    state: State = "waiting"
    fraction: float = 0.0
    figures: dict[str, float] = field(default_factory=dict)
    other_code: str = ""
    """Which made it, in words; "" for the code of this run."""
    started_s: float = 0.0
    ended_s: float = 0.0

    def elapsed_s(self) -> float:
        """Seconds since the stage began, or that it took."""
        if self.state == "waiting":
            return 0.0
        return (self.ended_s or time.monotonic()) - self.started_s

    def figures_text(self) -> str:
        """The latest key figures."""
        return "  ".join(f"{k} {_short(v)}" for k, v in self.figures.items())

    def end_text(self) -> str:
        """How it ended: reused, made by other code (commit abc1234)."""
        return f"{self.state}, made by {self.other_code}" if self.other_code else self.state


class Display:
    """An ``Observer`` for people: a live table on a terminal, a line now and then elsewhere."""

    def __init__(self, stages: list[str], *, stream: TextIO | None = None) -> None:
        self.rows = {name: Row(name) for name in stages}
        self._console = Console(file=stream or sys.stderr, highlight=False)
        self._live: Live | None = None
        self._stop = Event()
        self._ticker = Thread(target=self._tick, daemon=True)

    def __enter__(self) -> "Display":
        if self._console.is_terminal:
            self._live = Live(
                get_renderable=self._render, console=self._console, refresh_per_second=4
            )
            self._live.start()
        else:
            self._ticker.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        for row in self.rows.values():
            if row.state == "running":
                row.state = "failed" if error is None else ending_of(error)
                row.ended_s = time.monotonic()
                self._say(row)
        if self._live is not None:
            self._live.stop()
        elif self._ticker.ident is not None:
            self._ticker.join()

    def note(self, text: str) -> None:
        """A sentence above the table."""
        self._console.print(text)

    def num_reused(self, stages: Iterable[str]) -> int:
        """How many of these were found in the store."""
        return sum(stage in self.rows and self.rows[stage].state == "reused" for stage in stages)

    def waiting(self, stage: str) -> None:
        """The stage will come."""
        self.rows.setdefault(stage, Row(stage))

    def started(self, stage: str) -> None:
        """The stage begins (or is tried again)."""
        row = self.rows.setdefault(stage, Row(stage))
        row.state, row.fraction = "running", 0.0
        row.started_s, row.ended_s = time.monotonic(), 0.0

    def progressed(self, stage: str, fraction: float, figures: dict[str, float]) -> None:
        """The stage says how far it is."""
        row = self.rows.setdefault(stage, Row(stage, "running", started_s=time.monotonic()))
        row.fraction = min(1.0, max(0.0, fraction))
        row.figures = dict(figures) or row.figures

    def finished(
        self, stage: str, ref: ArtifactRef | None, *, reused: bool, other_code: str = ""
    ) -> None:
        """The stage's artifact is there."""
        row = self.rows.setdefault(stage, Row(stage, "running", started_s=time.monotonic()))
        row.state, row.fraction, row.ended_s = (
            "reused" if reused else "done",
            1.0,
            time.monotonic(),
        )
        row.other_code = other_code
        self._say(row)

    def noted(self, stage: str, notes: Sequence[str]) -> None:
        """A line for each thing that was guessed, dropped or mended."""
        for note in notes:
            self._console.print(f"[xsim] {stage}: {note}", soft_wrap=True, markup=False)

    def failed(self, stage: str, error: BaseException) -> None:
        """The stage gave up this attempt, or was ended."""
        row = self.rows[stage]
        row.state, row.ended_s = ending_of(error), time.monotonic()
        self._say(row)

    def _render(self) -> RenderableType:
        table = Table.grid(padding=(0, 2))
        for row in self.rows.values():
            mark, style = _STYLE[row.state]
            table.add_row(
                Text(f"{mark} {row.name}", style=style),
                _bar(row),
                Text(_clock(row.elapsed_s()) if row.state != "waiting" else "", style="dim"),
                Text(row.end_text() if row.state == "reused" else row.figures_text(), style=""),
            )
        return Group(table)

    def _say(self, row: Row) -> None:
        if self._live is not None:
            return
        figures = row.figures_text()
        word = f"{row.fraction:4.0%}" if row.state == "running" else row.end_text()
        line = f"[xsim] {row.name:<16} {word:<11} {_clock(row.elapsed_s())}"
        self._console.print(f"{line}  {figures}".rstrip(), soft_wrap=True, markup=False)

    def _tick(self) -> None:
        while not self._stop.wait(LINE_EVERY_S):
            for row in list(self.rows.values()):
                if row.state == "running":
                    self._say(row)


def _bar(row: Row) -> RenderableType:
    if row.state == "waiting":
        return Text(" " * BAR_CELLS)
    style = _STYLE[row.state][1]
    # Until a stage says how far it is, its bar moves without saying so either.
    is_silent = row.state == "running" and row.fraction == 0.0
    return ProgressBar(
        total=1.0,
        completed=row.fraction,
        width=BAR_CELLS,
        pulse=is_silent,
        style="dim",
        complete_style=style,
        finished_style=style,
    )


def _clock(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:5.1f} s"
    return f"{int(seconds // 60):2d}:{int(seconds % 60):02d} m"


def _short(value: float) -> str:
    if abs(value) >= 1000 and float(value).is_integer():
        return f"{value:,.0f}"
    return f"{value:.3g}"
