"""The capture's RGB-D film, read frame by frame."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsim_core.artifacts import Capture
from xsim_core.geometry import PinholeCamera
from xsim_core.storage import OpenArtifact

NUM_KEPT = 3
NUM_NOISE_PAIRS = 8
NOISY_SHARE = 0.3
"""Of the pixels of a frame, how many another frame of a real sensor changes at least."""


@dataclass(frozen=True)
class CameraMotion:
    """The pose in every frame of a camera that moves."""

    T_world_cam: NDArray[np.float64]
    """(t, 4, 4); of frames without a pose that of the nearest frame with one."""
    has_pose: NDArray[np.bool_]
    """(t,) frames whose pose was found; the others are not believed."""


@dataclass(frozen=True)
class Video:
    """Lazy frames of one capture."""

    rgb_frames: Any
    depth_frames: Any
    timestamps_s: NDArray[np.float64]
    camera: PinholeCamera
    motion: CameraMotion | None = None
    """Where a camera that moves was; None where it stood still."""
    _repeats: dict[int, bool] = field(default_factory=dict)

    @property
    def num_frames(self) -> int:
        """How many frames there are."""
        return len(self.timestamps_s)

    def rgb(self, i: int) -> NDArray[np.uint8]:
        """Colour image (h, w, 3)."""
        return np.asarray(self.rgb_frames[i])

    def depth_m(self, i: int) -> NDArray[np.float32]:
        """Depth image (h, w) in metres, 0 = no measurement."""
        return np.asarray(self.depth_frames[i]).astype(np.float32) * np.float32(1e-3)

    def is_repeat(self, i: int) -> bool:
        """Whether a frame shows nothing new: a stream that has noise repeats the frame before."""
        if i not in self._repeats:
            is_equal = i > 0 and any(_is_equal(stream, i) for stream in self._noisy_streams)
            self._repeats[i] = is_equal
        return self._repeats[i]

    @cached_property
    def _noisy_streams(self) -> tuple[Any, ...]:
        """The streams in which no two frames are alike unless one is a copy."""
        return tuple(s for s in (self.depth_frames, self.rgb_frames) if _is_noisy(s))


class _Recent:
    """A stream whose latest frames stay in memory: each is compared with its neighbour."""

    def __init__(self, frames: Any) -> None:
        self.frames, self._kept = frames, dict[int, NDArray[Any]]()

    def __len__(self) -> int:
        return int(self.frames.shape[0])

    def __getitem__(self, i: int) -> NDArray[Any]:
        if i not in self._kept:
            self._kept = dict(list(self._kept.items())[1 - NUM_KEPT :])
            self._kept[i] = np.asarray(self.frames[i])
        return self._kept[i]


def _is_equal(stream: Any, i: int) -> bool:
    now = np.asarray(stream[i])
    # Without any measurement there is nothing that could repeat.
    return bool(now.any()) and np.array_equal(now, np.asarray(stream[i - 1]))


def _is_noisy(stream: Any) -> bool:
    """Whether most pixels change between frames, as a sensor's do and a clean rendering's do not.

    What stands still in a clean rendering, or in a film that was compressed hard, looks the same
    in every frame without being a copy.
    """
    frames = np.unique(np.linspace(1, len(stream) - 1, NUM_NOISE_PAIRS).astype(int))
    shares: list[float] = []
    for i in frames[frames > 0].tolist():
        now, before = np.asarray(stream[i]), np.asarray(stream[i - 1])
        is_measured = (now > 0) | (before > 0)
        changed = float(((now != before) & is_measured).sum()) / max(1, int(is_measured.sum()))
        if changed > 0:
            shares.append(changed)
    return bool(shares) and float(np.median(shares)) > NOISY_SHARE


def open_video(capture: OpenArtifact[Capture]) -> Video:
    """The video of a capture."""
    rgb, depth = capture.group["video/rgb"], capture.group["video/depth_mm"]
    height, width = rgb.shape[1:3]  # type: ignore[union-attr]
    camera = PinholeCamera(width, height, capture.array("video/K"))
    streams = _Recent(rgb), _Recent(depth)
    motion = None
    if "camera/T_world_cam" in capture.array_names:
        known = capture.array("camera/has_pose").astype(bool)
        motion = CameraMotion(capture.array("camera/T_world_cam"), known)
    return Video(*streams, capture.array("video/timestamps_s"), camera, motion)
