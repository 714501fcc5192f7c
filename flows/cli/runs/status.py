"""``xsim status``: which runs there are, and what of a capture is done."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from tyro.conf import Positional, arg

from flows.cli.arguments import Preset, Task
from flows.cli.output import announce_empty, print_json

if TYPE_CHECKING:
    from xsim_core.runs import RunRecord


@dataclass(frozen=True)
class Status:
    """Which runs there are, and for a capture which stages are done and which are missing.

    Nothing is run: the missing ones are found by computing each stage's identity.
    """

    capture: Annotated[Positional[str], arg(metavar="[CAPTURE]")] = ""
    """A capture's folder; without it, all recorded runs are listed."""
    preset: Preset = "demo"
    """Whose settings."""
    task: Task = ""
    """A task's name or YAML file."""
    json: bool = False
    """Print JSON."""

    def run(self) -> int:
        """List."""
        return self._capture() if self.capture else self._runs()

    def _runs(self) -> int:
        from tasks.settings import load_settings
        from xsim_core.runs import host_elsewhere, load_records

        settings = load_settings()
        store = settings.open_store()
        records, odd = load_records(store)
        if self.json:
            print_json(
                {
                    "store": settings.store_url,
                    "skipped": odd,
                    "runs": [r.model_dump(mode="json") for r in records],
                }
            )
            return 0
        print(f"store: {settings.store_url}")
        for r in records:
            print(_line(r, host_elsewhere(r)))
            if r.awaits:
                print(f"    {r.awaits}")
        for name, why in odd.items():
            print(f"  {name:<24} skipped: {why}")
        if not (records or odd):
            print("  no runs yet; 'xsim demo' makes the first")
            announce_empty(store)
        return 0

    def _capture(self) -> int:
        from flows.requests import resolve
        from tasks.settings import load_settings
        from xsim_core.runs import RunRequest, load_records
        from xsim_core.stages import INGEST_CAPTURE

        request = RunRequest(capture=self.capture, preset=self.preset, task=self.task or None)
        store = load_settings().open_store()
        plan = resolve(request).plan(store)
        taken_in = plan.refs[INGEST_CAPTURE.name]
        waiting = {r.name: r.awaits for r in load_records(store)[0] if r.taken_in == taken_in}
        waiting = {name: said for name, said in waiting.items() if said}
        rows = {s: ("missing" if s in plan.missing else "done") for s in plan.refs}
        if self.json:
            refs = {
                s: {"ref": str(r), "state": rows[s], "other_code": plan.other_code.get(s, "")}
                for s, r in plan.refs.items()
            }
            print_json({"capture": self.capture, "stages": refs, "waiting": waiting})
        else:
            for stage, ref in plan.refs.items():
                by = plan.other_code.get(stage)
                print(f"  {stage:<16} {rows[stage]:<8} {ref}{f'  made by {by}' if by else ''}")
            for said in waiting.values():
                print(f"  {said}")
        return 0


def _line(r: "RunRecord", elsewhere: str | None) -> str:
    took = f"{r.elapsed_s:.0f} s" if r.elapsed_s is not None else ""
    said = f"  on {elsewhere}; whether it still runs is not known here" if elsewhere else ""
    said += f"  other code made {', '.join(r.other_code)}" if r.other_code else ""
    row = f"  {r.name:<24} {r.state:<12} {len(r.stages):2d} stages  {took:>7}  {r.started}"
    return row + said
