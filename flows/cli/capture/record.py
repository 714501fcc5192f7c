"""``xsim capture record``: a film from a connected RealSense, and what to do with it."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from tyro.conf import arg

from flows.cli.arguments import Folder
from flows.cli.output import answer


@dataclass(frozen=True)
class CaptureRecord:
    """Record a film from a connected RealSense into a capture's folder.

    After a countdown, in which the exposure settles and `preview.png` shows what the camera sees
    (colour beside depth), exposure and white balance are locked and the film is written as
    video/recording.db3. Ctrl-C ends it early; what was recorded is kept. Tried with librealsense's
    software device, never with a camera.
    """

    folder: Folder
    """The capture's folder; made if it is not there."""
    seconds: float = 10.0
    """How long."""
    countdown_s: float = 3.0
    """Before it begins."""
    auto_exposure: bool = False
    """Leave exposure and white balance automatic."""
    serial: Annotated[str, arg(metavar="NUMBER")] = ""
    """Of the camera, where several are connected."""
    json: bool = False
    """Print JSON."""

    def run(self) -> int:
        """Record, tell how much came and what is next."""
        return answer(self.filmed(), as_json=self.json)

    def filmed(self, device: Any = None) -> dict[str, str]:
        """Record from the camera that is connected, or from a ``pyrealsense2.device``."""
        from xsim_core.robots.cameras.record import Wish, record

        folder = Path(self.folder).absolute()
        wish = Wish(
            seconds=self.seconds,
            countdown_s=self.countdown_s,
            lock=not self.auto_exposure,
            preview=folder / "preview.png",
        )
        path = folder / "video" / "recording.db3"
        made = record(path, wish, serial=self.serial, say=_say, device=device)
        for note in made.notes:
            _say(f"  {note}")
        return {
            "recording": str(made.path),
            "colour": str(made.num_colour),
            "depth": str(made.num_depth),
            "seconds": f"{made.lasted_s:.1f}",
            "next": f"xsim capture init {self.folder}",
        }


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
