"""Commands about the current policy and the nights that replace it."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Annotated

from tyro.conf import Positional, arg

from flows.cli.arguments import PointerName, Reference, Task
from flows.cli.output import print_json

if TYPE_CHECKING:
    from flows.retraining.records import NightRecord
    from xsim_core.promotion import Pointer


@dataclass(frozen=True)
class Promote:
    """Make a policy the current one by hand. The nightly run promotes by its test instead."""

    pointer: PointerName
    """What the policy is for, such as push_block.kitchen."""
    ref: Reference
    """kind/fingerprint, the fingerprint's first digits, or RUN:STAGE."""
    reason: str = "by hand"
    """For those who look later."""
    json: bool = False
    """Print JSON."""

    def run(self) -> int:
        """Add a number."""
        from tasks.settings import load_settings
        from xsim_core.artifacts import StudentPolicy, TeacherPolicy
        from xsim_core.errors import BadInputError
        from xsim_core.promotion import promote
        from xsim_core.refs import find_ref

        store = load_settings().open_store()
        ref = find_ref(store, self.ref)
        if ref.kind not in {StudentPolicy.kind, TeacherPolicy.kind}:
            raise BadInputError(f"{ref} is a {ref.kind}, not a policy")
        return _print(promote(store, self.pointer, ref, reason=self.reason), as_json=self.json)


@dataclass(frozen=True)
class Rollback:
    """Make an earlier policy current again; nothing is deleted."""

    pointer: PointerName
    """What the policy is for."""
    to: Annotated[int | None, arg(metavar="NUMBER")] = None
    """The number to go back to; by default the one before."""
    json: bool = False
    """Print JSON."""

    def run(self) -> int:
        """Add a number that names an earlier policy."""
        from tasks.settings import load_settings
        from xsim_core.promotion import rollback

        return _print(
            rollback(load_settings().open_store(), self.pointer, to=self.to), as_json=self.json
        )


@dataclass(frozen=True)
class Current:
    """Which policies are current; with a name, every number that this pointer ever had."""

    pointer: Annotated[Positional[str], arg(metavar="[POLICY]")] = ""
    """What the policy is for."""
    json: bool = False
    """Print JSON."""

    def run(self) -> int:
        """List."""
        from tasks.settings import load_settings
        from xsim_core.errors import CorruptArtifactError, UnknownNameError
        from xsim_core.promotion import current, history, pointers

        store = load_settings().open_store()
        odd: list[str] = []
        entries: list[Pointer] = []
        if self.pointer:
            entries = history(store, self.pointer)
            if not entries:
                raise UnknownNameError("policy pointer", self.pointer, pointers(store))
        else:
            for name in pointers(store):
                try:
                    entries += filter(None, [current(store, name)])
                except CorruptArtifactError as error:
                    odd.append(str(error))
        for line in odd:
            print(f"skipped: {line}", file=sys.stderr)
        if self.json:
            print_json([p.model_dump(mode="json") for p in entries])
            return 0
        for p in entries:
            _print(p, as_json=False)
        if not (entries or odd):
            print("nothing was promoted yet")
        return 0


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
        for line in odd.values():
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


def _print(pointer: "Pointer", *, as_json: bool) -> int:
    if as_json:
        print(pointer.model_dump_json(indent=1))
    else:
        print(
            f"{pointer.name} v{pointer.number:06d}  {pointer.ref}  {pointer.created}  "
            f"{pointer.reason}"
        )
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
