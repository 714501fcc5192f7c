"""The command about nightly retraining: ``nights``."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Annotated

from tyro.conf import Positional, arg

from .arguments import Task
from .output import print_json

if TYPE_CHECKING:
    from flows.retraining.records import NightRecord


@dataclass(frozen=True)
class Nights:
    """What each night of retraining looked at, what came of it, and what it left out and why."""

    night: Annotated[Positional[str], arg(metavar="[NIGHT]")] = ""
    """A night's number or day, to see each of its captures; all nights, a line each, by default."""
    task: Task = ""
    """Only this task's nights."""
    json: bool = False
    """Print JSON."""

    def run(self) -> int:
        """List."""
        from flows.retraining.page import terminal_lines
        from flows.retraining.reconstructions import task_key
        from flows.retraining.records import nights_of
        from tasks.settings import load_settings
        from xsim_core.errors import UnknownNameError

        store = load_settings().open_store()
        nights, odd = nights_of(store, task_key(self.task) if self.task else None)
        for line in odd:
            print(f"skipped: {line}", file=sys.stderr)
        chosen = [n for n in nights if self.night in ("", n.name, str(n.number), n.day)]
        if self.night and not chosen:
            raise UnknownNameError("night", self.night, (n.name for n in nights))
        if self.json:
            print_json([n.model_dump(mode="json") for n in chosen])
        elif self.night:
            print("\n".join(line for n in chosen for line in terminal_lines(n)))
        else:
            print("\n".join(_table(chosen)) or "no night has run yet")
        return 0


def _table(nights: "list[NightRecord]") -> Iterator[str]:
    """A line a night; days between nights without any are named, as nobody else would."""
    before: dict[str, date] = {}
    for n in nights:
        day = date.fromisoformat(n.day)
        silent = (day - before.get(n.task, day)).days - 1
        if silent > 0:
            first = before[n.task] + timedelta(days=1)
            yield f"{first.isoformat()}  {'':<11} {n.task:<24} no night ran for {silent} days"
        before[n.task] = day
        counts = ", ".join(f"{number} {outcome}" for outcome, number in n.counts().items())
        took = "" if n.elapsed_s is None else f"{n.elapsed_s:.0f} s"
        skipped = f"; {len(n.skipped)} skipped" if n.skipped else ""
        yield f"{n.day}  {n.name:<11} {n.task:<24} {n.state:<12} {took:>8}  {counts}{skipped}"
