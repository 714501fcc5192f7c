"""What a camera is to whoever lets a robot act: pictures that come by themselves, each with a time.

It stands still; where it stands is its owner's to say (``place``).
"""

from dataclasses import dataclass
from typing import Protocol

from xsim_core.errors import XSimError
from xsim_core.geometry import PinholeCamera
from xsim_core.robots.driver import CameraFrame


class CameraLostError(XSimError):
    """The camera sends nothing any more."""


@dataclass(frozen=True)
class CameraInfo:
    """What a camera says of itself when it is connected."""

    camera: PinholeCamera
    """Intrinsics of its pictures, which are those of a pinhole: a lens is undone before."""
    has_depth: bool
    times: str
    """In words, what the times of its pictures rest on and what is not in them."""


class Camera(Protocol):
    """A camera. ``frame`` does not wait for it, and may be called by two threads."""

    name: str

    def connect(self) -> CameraInfo:
        """Reach it; returns when its first picture is there.

        Raises:
            BadInputError: when there is none, or it cannot be used as it is.
            CameraLostError: when it sends no picture.
        """
        ...

    def frame(self) -> CameraFrame:
        """The latest picture, its time on ``time.monotonic``.

        Raises:
            CameraLostError: when none came for too long.
        """
        ...

    def close(self) -> None:
        """Let go of it; may be called twice."""
        ...
