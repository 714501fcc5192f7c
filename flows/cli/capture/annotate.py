"""``xsim capture annotate``: a person boxes the object in the browser."""

import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Literal

from tyro.conf import arg

from flows.cli.arguments import LOOPBACK, CaptureFolder
from flows.cli.listening import check_address
from flows.cli.output import print_json


@dataclass(frozen=True)
class CaptureAnnotate:
    """Draw the box around the object in the browser, see what pose is found there, accept it.

    Needs a capture.yaml (`xsim capture init` writes one), with or without a box. What is accepted
    is written into it as init_frame and init_box_xyxy; nothing else of it changes. Ctrl-C ends
    it and leaves the file as it was.
    """

    folder: CaptureFolder
    """The capture's folder."""
    video: Literal["declared", "recording", "folder"] = "declared"
    """The video that capture.yaml names, or the recording or the RGB-D folder in video/."""
    port: Annotated[int, arg(metavar="PORT")] = 0
    """Of this machine's own address; any free one by default. From another machine:
    ssh -L PORT:127.0.0.1:PORT."""
    json: bool = False
    """Print JSON."""

    def run(self) -> int:
        """Serve the page until a box is accepted."""
        from xsim_core.capture.annotate.film import open_annotated
        from xsim_core.capture.annotate.server import Annotator
        from xsim_core.files.folders import expanded
        from xsim_core.files.windows import arrays_below

        check_address(LOOPBACK[0], self.port)
        folder = expanded(self.folder, "CAPTURE").absolute()
        with TemporaryDirectory() as place, arrays_below(Path(place)):
            film = open_annotated(folder, Path(place), prefer=self.video)
            with Annotator(folder, film, port=self.port) as annotator:
                # Not part of what is answered, which is one JSON object at the end.
                told = sys.stderr if self.json else sys.stdout
                print(f"open {annotator.url}\n  Ctrl-C ends it", file=told, flush=True)
                with suppress(KeyboardInterrupt):  # Raised again once the server is down.
                    annotator.serve()
        if annotator.written is None:
            print("nothing was accepted; capture.yaml is as it was", file=sys.stderr)
            return 130
        if self.json:
            print_json({"written": str(annotator.written)})
        else:
            print(f"written: {annotator.written}\n  then: xsim capture check {folder}")
        return 0
