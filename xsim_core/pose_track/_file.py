"""A track that somebody already has: which frame and direction it is in, and whether it is right.

Nobody's poses are believed for where they come from. They are tried in some frames as they were
stated (in both frames, where that was not said); where they fit none, the usual slips are tried
too, only to name the one that it was. Then every frame is verified against mesh and depth, and the
first pose is held against the box, as the tracker's own is.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xsim_core.artifacts import Capture
from xsim_core.errors import BadInputError
from xsim_core.film.camera_path import CameraPath
from xsim_core.film.frames import Video
from xsim_core.geometry import TexturedMesh, inverse_se3
from xsim_core.storage import OpenArtifact, Progress
from xsim_core.tracking import ObjectTracker, add_m

from .config import PoseTrackConfig
from .raw_track import RawTrack
from .verified import judged

NUM_TRIED = 5
MAX_OFF = 0.1
"""How far the first pose may be from where the mesh fits, as a share of the object's size."""
Poses = NDArray[np.float64]

_GL = np.diag([1.0, -1.0, -1.0, 1.0])
_SLIPS: dict[str, Callable[[Poses], Poses]] = {
    "they map the frame to the object (write `inverted: true`)": inverse_se3,
    "they are a thousand times as long (write `unit: mm`)": lambda T: _scaled(T, 1e-3),
    "they are a thousandth as long (write `unit: m`)": lambda T: _scaled(T, 1e3),
    "the camera's axes are OpenGL's (multiply them from the left by diag(1, -1, -1, 1))": (
        lambda T: _GL @ T
    ),
}
"""By what a person has to write; each tells what the poses would have to be."""


@dataclass(frozen=True)
class Given:
    """As the capture holds it."""

    T: Poses
    """(t, 4, 4); the identity where there is none."""
    has_pose: NDArray[np.bool_]
    """(t,)."""
    frame: str
    """camera, robot, or unknown."""


def open_given(capture: OpenArtifact[Capture]) -> Given:
    """The track of a capture.

    Raises:
        BadInputError: when it holds none.
    """
    frame = capture.summary.track_frame
    if frame is None:
        raise BadInputError(
            "pose_track.backend is 'file', and the capture holds no track: name it as `track:` in "
            "capture.yaml (docs/your-own-capture.md), or leave the backend to 'reference'"
        )
    return Given(capture.array("track/T"), capture.array("track/has_pose"), frame)


def track_video(
    given: Given,
    video: Video,
    mesh: TexturedMesh,
    summary: Capture,
    path: CameraPath,
    *,
    config: PoseTrackConfig,
    report: Progress,
) -> tuple[RawTrack, tuple[str, ...]]:
    """The given poses as each frame's camera sees them, verified; and what was guessed.

    Raises:
        BadInputError: when they fit no frame, or the first pose does not stand up to the box.
    """
    trial = _Trial(given, video, mesh, config)
    ways = ["camera", "robot"] if given.frame == "unknown" else [given.frame]
    fits = {frame: trial.fit(_in_camera(given.T, frame, path)) for frame in ways}
    best = max(fits, key=lambda frame: fits[frame])
    if fits[best] < config.tracker.min_init_score:
        raise BadInputError(_misfit(given, fits, trial, path, config))
    T_cam_object = _in_camera(given.T, best, path)
    notes = (f"the given track is taken {_told(best, fits)}",)
    notes += _check_first(T_cam_object, given, video, mesh, summary, config)
    raw = judged(T_cam_object, video, mesh, summary, config, report, has_pose=given.has_pose)
    return raw, notes


def _in_camera(T: Poses, frame: str, path: CameraPath) -> Poses:
    """Poses (t, 4, 4) as each frame's own camera sees them."""
    if frame == "camera":
        return T
    return np.asarray(path.from_main(inverse_se3(path.world.T_world_cam) @ T), np.float64)


class _Trial:
    """Some frames, spread over the film, in which poses are tried."""

    def __init__(
        self, given: Given, video: Video, mesh: TexturedMesh, config: PoseTrackConfig
    ) -> None:
        known = np.flatnonzero(given.has_pose)
        at = np.unique(np.linspace(0, len(known) - 1, min(NUM_TRIED, len(known))).astype(int))
        self.frames: list[int] = known[at].tolist()
        self._video, self._mesh, self._config = video, mesh, config

    def fit(self, T_cam_object: Poses) -> float:
        """The median score; frames that the object is hidden in do not decide alone."""
        scores = [
            # A judge of its own for each: none learns from a wrong way.
            ObjectTracker(self._mesh, self._video.camera, self._config.tracker)
            .judge(T_cam_object[i], self._video.rgb(i), self._video.depth_m(i))
            .score
            for i in self.frames
        ]
        return float(np.median(scores))


def _misfit(
    given: Given,
    fits: dict[str, float],
    trial: _Trial,
    path: CameraPath,
    config: PoseTrackConfig,
) -> str:
    """What is wrong with poses that fit nothing, if it is one of the usual slips."""
    tried = " and ".join(f"{fit:.2f} in the {frame}'s frame" for frame, fit in fits.items())
    told = (
        f"the given track does not fit the film: mesh and depth agree by {tried}, "
        f"{config.tracker.min_init_score:g} is needed."
    )
    ways = {
        f"their frame is the {frame}'s (write `frame: {frame}`)": _in_camera(given.T, frame, path)
        for frame in ("camera", "robot")
        if frame not in fits
    }
    for frame in ("camera", "robot"):
        also = "" if frame in fits else f", in the {frame}'s frame (`frame: {frame}`)"
        ways |= {
            f"{slip}{also}": _in_camera(mend(given.T), frame, path)
            for slip, mend in _SLIPS.items()
            if frame == "camera" or "OpenGL" not in slip
        }
    found = {slip: trial.fit(T) for slip, T in ways.items()}
    likeliest = max(found, key=lambda slip: found[slip])
    if found[likeliest] >= config.tracker.min_init_score:
        return f"{told} It would, by {found[likeliest]:.2f}, if {likeliest}."
    return (
        f"{told} Nor does it inverted, in another unit or frame. Is it of this film, its frames "
        "counted as the film's, and of this mesh, with the same origin?"
    )


def _told(best: str, fits: dict[str, float]) -> str:
    if len(fits) == 1:
        return f"in the {best}'s frame, as stated (mesh and depth agree by {fits[best]:.2f})"
    other = next(frame for frame in fits if frame != best)
    return (
        f"to be in the {best}'s frame, where mesh and depth agree by {fits[best]:.2f} (in the "
        f"{other}'s by {fits[other]:.2f}); `frame:` below `track:` says it"
    )


def _check_first(
    T_cam_object: Poses,
    given: Given,
    video: Video,
    mesh: TexturedMesh,
    summary: Capture,
    config: PoseTrackConfig,
) -> tuple[str, ...]:
    """Hold the pose of ``init_frame`` against the box, where both are there.

    What is held against it is where the mesh fits best close by: annotations are some millimetres
    off, and only the tracker's own poses lie on the surface.
    """
    start = summary.init_frame
    if not (config.check_first_pose and given.has_pose[start]):
        return ()
    judge, T = ObjectTracker(mesh, video.camera, config.tracker), T_cam_object[start]
    seen = video.rgb(start), video.depth_m(start)
    nearby, against = judge.settle_in_box(T, *seen, summary.init_box_xyxy)
    points = mesh.sample_surface(500, rng=np.random.default_rng(0))
    off_m = float(add_m(T[None], nearby[None], points)[0])
    if against is None and off_m > MAX_OFF * mesh.diameter_m:
        against = f"the mesh fits {1000 * off_m:.0f} mm from it"
    if against:
        raise BadInputError(
            f"the given track's pose in frame {start} does not stand up to the box: {against}."
        )
    return (f"in frame {start} the mesh fits best {1000 * off_m:.1f} mm from the given pose (ADD)",)


def _scaled(T: Poses, factor: float) -> Poses:
    T = T.copy()
    T[:, :3, 3] *= factor
    return T
