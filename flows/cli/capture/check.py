"""``xsim capture check``: every gate of ingest, without a store."""

import textwrap
from dataclasses import dataclass
from typing import Literal

from flows.cli.arguments import CaptureFolder
from flows.cli.output import print_json

WIDTH = 98
MARKS = {"ok": "ok", "warning": "warning", "refused": "REFUSED", "not reached": "-"}


@dataclass(frozen=True)
class CaptureCheck:
    """Run every gate that a capture passes when it is taken in, in seconds; nothing is stored.

    A line a gate: ok, warning (something was guessed, dropped or mended, or does not agree well)
    or refused, with the mend. After a refusal all that can do without it is looked at too. Exits
    with 1 when anything is refused.
    """

    folder: CaptureFolder
    """The capture's folder."""
    video: Literal["declared", "recording", "folder"] = "declared"
    """The video that capture.yaml names, or the recording or the RGB-D folder in video/."""
    json: bool = False
    """Print JSON."""

    def run(self) -> int:
        """Look, then tell."""
        from xsim_core.capture.gates.examine import check_capture
        from xsim_core.files.folders import expanded

        folder = expanded(self.folder, "CAPTURE").absolute()
        gates = check_capture(folder, prefer=self.video)
        passes = not gates.refused
        if self.json:
            rows = [result.model_dump(mode="json") for result in gates.results]
            print_json({"passes": passes, "gates": rows})
            return 0 if passes else 1
        for result in gates.results:
            lead = f"[{MARKS[result.status]:<7}] {result.gate:<29}"
            _print_wrapped(f"{lead} {result.found}".replace(f"{folder}/", ""))
            for note in result.notes:
                _print_wrapped(f"{'':10}→ {note}".replace(f"{folder}/", ""))
        num_warned = sum(result.status == "warning" for result in gates.results)
        if passes:
            print(f"it can be taken in (warnings: {num_warned}): xsim run {folder}")
        else:
            print(f"it cannot be taken in (refused: {len(gates.refused)})")
        return 0 if passes else 1


def _print_wrapped(line: str) -> None:
    print(
        textwrap.fill(
            line,
            WIDTH,
            subsequent_indent=" " * 12,
            break_long_words=False,
            break_on_hyphens=False,
            replace_whitespace=False,
            drop_whitespace=True,
        )
    )
