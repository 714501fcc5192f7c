"""``xsim capture init``: what lies in a folder, and a ``capture.yaml`` that says so."""

import textwrap
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from tyro.conf import arg

from flows.cli.arguments import Folder
from flows.cli.output import print_json

if TYPE_CHECKING:
    from xsim_core.capture.propose import Proposal, Written
    from xsim_core.capture.recognise import Facts

WIDTH = 98


@dataclass(frozen=True)
class CaptureInit:
    """Look at what lies in a folder, and write a capture.yaml with every choice explained.

    Prints what was recognised and what is missing: what that costs and how it is had. Exits with 1
    when something is missing without which nothing can be taken in.
    """

    folder: Folder
    """What you recorded, in whatever folders and names."""
    force: bool = False
    """Where a capture.yaml is there: keep it as capture.yaml.1 and write a new one."""
    to: Annotated[str, arg(metavar="FILE")] = ""
    """Write there instead; its paths stay those of the folder."""
    json: bool = False
    """Print JSON."""

    def run(self) -> int:
        """Look, propose, write, tell."""
        from xsim_core.capture.layout import CAPTURE_FILE
        from xsim_core.capture.propose import propose, write_proposal
        from xsim_core.capture.propose.writing import check_free
        from xsim_core.capture.recognise import look_apart
        from xsim_core.files.folders import expanded

        folder = expanded(self.folder, "FOLDER").absolute()
        path = expanded(self.to, "--to").absolute() if self.to else folder / CAPTURE_FILE
        check_free(path, force=self.force)
        facts, frame = look_apart(folder)
        proposal = propose(facts)
        written = None
        if proposal.is_capture:
            written = write_proposal(path, proposal, frame, facts.box, force=self.force)
        if self.json:
            print_json(_as_json(facts, proposal, written))
        else:
            _tell(folder, facts, proposal, written)
        return 0 if proposal.is_ready else 1


def _as_json(facts: "Facts", proposal: "Proposal", written: "Written | None") -> dict[str, Any]:
    files = {} if written is None else asdict(written)
    return {
        "ready": proposal.is_ready,
        **{name: str(path) for name, path in files.items() if path is not None},
        "recognised": [
            {"kind": kind, **found.model_dump(mode="json")} for kind, found in facts.listed()
        ],
        "markers": facts.markers.model_dump(mode="json") if facts.markers else None,
        "chosen": proposal.values,
        "missing": [item.model_dump(mode="json") for item in proposal.missing],
    }


def _tell(folder: Path, facts: "Facts", proposal: "Proposal", written: "Written | None") -> None:
    _tell_found(folder, facts)
    if written is None:
        print("nothing here makes a capture: no capture.yaml was written")
        for found in facts.hand_eye:
            where = folder if found.path == "." else folder / found.path
            print(f"where its camera is: xsim capture calibrate-camera {where} --help")
    else:
        for name, path in asdict(written).items():
            if path is not None:
                print(f"{name}: {path}")
    if proposal.missing:
        print("missing:")
    for item in proposal.missing:
        print(f"  [{'needed' if item.is_needed else 'better'}] {item.what}")
        _print_wrapped(f"costs: {item.costs}", indent=11)
        _print_wrapped(f"how: {item.how}", indent=11)
    if proposal.is_ready:
        print(f"ready. Look at the file, then: xsim capture check {folder}")
    else:
        print(f"not ready: {sum(item.is_needed for item in proposal.missing)} needed")


def _tell_found(folder: Path, facts: "Facts") -> None:
    listed = facts.listed()
    print(f"recognised in {folder}:" if listed else f"nothing was recognised in {folder}")
    for kind, found in listed:
        print(f"  {kind:<18} {found.path}: {found.what}")
        for sentence in (*found.notes, *([found.fault] if found.fault else [])):
            _print_wrapped(sentence, indent=21)
    if (seen := facts.markers) is not None:
        print(f"  {'markers':<18} {len(seen.ids)} of {seen.dictionary} in {seen.where}")


def _print_wrapped(sentence: str, *, indent: int) -> None:
    space = " " * indent
    print(
        textwrap.fill(
            sentence,
            WIDTH,
            initial_indent=space,
            subsequent_indent=space,
            break_long_words=False,
            break_on_hyphens=False,
        )
    )
