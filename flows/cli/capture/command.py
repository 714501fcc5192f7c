"""Commands about captures: made, recognised, checked, brought in; where their camera is."""

import json as json_module
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from tyro.conf import arg, subcommand

from flows.cli.arguments import CaptureFolder, Folder
from flows.cli.output import answer, print_json

from .annotate import CaptureAnnotate
from .check import CaptureCheck
from .init import CaptureInit
from .record import CaptureRecord


@dataclass(frozen=True)
class CaptureSynthesize:
    """Render a capture with known truth: room photos, a video of a hand, a world to deploy into."""

    folder: Folder
    """Where to write; must not exist, or be such a capture already."""
    preset: Literal["demo", "patterned", "study", "lift", "debug"] = "demo"
    """demo (the object slides on a kitchen table), study and patterned (as the demo, in other
    rooms), lift (it is carried, for task pick_place) or debug (small)."""
    json: bool = False
    """Print JSON."""

    def run(self) -> int:
        """Write the files."""
        from flows.cli.progress import Display
        from flows.sources import synthesise

        with Display(["synthesize"]) as display:
            folder = synthesise(Path(self.folder).absolute(), display, preset=self.preset)
        return answer({"capture": str(folder)}, as_json=self.json)


@dataclass(frozen=True)
class CaptureIngest:
    """Check a capture's files and bring them into the store, without running further stages."""

    folder: CaptureFolder
    """The capture's folder."""
    queue: bool = False
    """Also enter it in the inbox: the next scan starts its run, at once if a server is up."""
    json: bool = False
    """Print JSON."""

    def run(self) -> int:
        """Read, check, store."""
        from flows.cli.progress import Display
        from flows.executors import InProcess
        from flows.pipeline import ingest
        from flows.records.naming import take_name
        from flows.runs import recorded
        from flows.sources import find_sources
        from tasks.settings import load_settings
        from xsim_core.runs import RunRecord, RunRequest, plain_name
        from xsim_core.stage import output_ref
        from xsim_core.stages import INGEST_CAPTURE

        settings, folder = load_settings(), Path(self.folder).absolute()
        store = settings.open_store()
        sources = find_sources(folder)
        request = RunRequest(capture=str(folder))
        taken_as = output_ref(INGEST_CAPTURE, sources.capture, {})
        name = take_name(store, request, taken_as, base=f"ingest-{plain_name(folder.name)}")
        record = RunRecord(name=name, request=request, taken_in=taken_as)
        with Display([]) as display, recorded(store, record) as recorder:
            ingested = ingest(InProcess(store, settings.runtime, display, recorder), sources)
        if self.queue:
            from flows.inbox.captures import announce, tell_server

            tell_server(settings.home, announce(store, sources.capture).digest)
        refs = {k: str(r) for k, r in ingested._asdict().items() if r is not None}
        return answer(refs, as_json=self.json)


@dataclass(frozen=True)
class CaptureCalibrateCamera:
    """Find where a camera is, from pictures of a board and the robot's pose at each (hand-eye).

    The folder holds 15 or so pictures, tilted about two axes, each with the robot's pose (base <-
    hand): 0.jpg and 0_robot_pose.txt, or one poses.txt with a line a picture. The matrix that is
    written is what `camera:` in capture.yaml takes, if the camera stands still.
    """

    folder: CaptureFolder
    """Where the pictures and poses lie."""
    corners: Annotated[str, arg(metavar="COLUMNSxROWS")] = ""
    """Inner corners of a chessboard, such as 11x9."""
    square_m: Annotated[float, arg(metavar="METRES")] = 0.0
    """Edge of the chessboard's squares, measured over many of them."""
    board: Annotated[str, arg(metavar="FILE")] = ""
    """Instead of a chessboard: a YAML file that describes a ChArUco board or tags as capture.yaml
    does."""
    camera: Literal["fixed", "hand"] = "fixed"
    """fixed: it stands still, the board is on the hand; hand: it is on the hand."""
    to: Annotated[str, arg(metavar="FILE")] = ""
    """Where to write the result; camera_pose.json in the folder by default."""
    json: bool = False
    """Print JSON."""

    def run(self) -> int:
        """Calibrate, print the residuals, write the matrix."""
        from xsim_core.capture.hand_eye.calibrate import calibrate_camera, described_board
        from xsim_core.scratch import write_text

        folder = Path(self.folder)
        board = described_board(self.corners, self.square_m, self.board)
        made = calibrate_camera(folder, board, is_fixed=self.camera == "fixed")
        told, path = made.as_json(), Path(self.to or folder / "camera_pose.json")
        write_text(path, json_module.dumps(told, indent=1) + "\n")
        if self.json:
            print_json(told | {"file": str(path)})
            return 0
        for name, row in told["pictures"].items():
            mark = "" if row["used"] else "  left out"
            print(f"{name:<24} {row['mm']:7.2f} mm {row['deg']:6.3f}°{mark}")
        for note in made.notes:
            print(f"  {note}", file=sys.stderr)
        print(f"{told['num_used']} poses agree to {told['rms_mm']} mm and {told['rms_deg']}°")
        return answer({"written": str(path)}, as_json=False)


@dataclass(frozen=True)
class CaptureCommands:
    """Make a capture, find where its camera is, or bring it into the store."""

    action: (
        Annotated[CaptureInit, subcommand("init")]
        | Annotated[CaptureRecord, subcommand("record")]
        | Annotated[CaptureAnnotate, subcommand("annotate")]
        | Annotated[CaptureCheck, subcommand("check")]
        | Annotated[CaptureSynthesize, subcommand("synthesize")]
        | Annotated[CaptureIngest, subcommand("ingest")]
        | Annotated[CaptureCalibrateCamera, subcommand("calibrate-camera")]
    )

    def run(self) -> int:
        """Pass on."""
        return self.action.run()
