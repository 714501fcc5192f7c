"""``xsim doctor``: can this machine run the demo, and if not, how is that mended?"""

from dataclasses import dataclass

from flows.cli.output import print_json


@dataclass(frozen=True)
class Doctor:
    """Check Python, Vulkan, disk, memory, compiler, GPU, Prefect and the store.

    Each problem comes with its mend. Exits with 1 when the demo could not run.
    """

    json: bool = False
    """Print JSON."""

    def run(self) -> int:
        """Check everything, then report."""
        from tasks.settings import load_settings

        from .checks import examine

        findings = examine(load_settings())
        can_run = all(f.ok or not f.needed for f in findings)
        if self.json:
            print_json({"can_run_demo": can_run, "checks": [f.model_dump() for f in findings]})
            return 0 if can_run else 1
        for f in findings:
            mark = "ok  " if f.ok else ("FAIL" if f.needed else "note")
            print(f"[{mark}] {f.name:<10} {f.found}")
            if not f.ok and f.mend:
                print(f"{'':>17} → {f.mend}")
        print("the demo can run here" if can_run else "the demo cannot run here yet")
        return 0 if can_run else 1
