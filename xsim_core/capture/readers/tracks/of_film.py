"""Which pose of a track belongs to which frame of the film."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from xsim_core.capture.formats import RGBDVideo
from xsim_core.errors import BadInputError

from .forms import read_poses
from .rigid import rigid_poses
from .spec import TrackFrame, TrackSpec

NEAR = 0.6
"""A pose belongs to a frame if it is nearer than this share of the time between frames."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class GivenTrack:
    """The object's poses in the frames of a film, from somebody's tracker."""

    T_frame_object: Floats
    """(t, 4, 4) in metres; the identity where there is none."""
    has_pose: NDArray[np.bool_]
    """(t,)."""
    frame: TrackFrame | None
    """Whose frame it is; None where neither the file nor a person says."""

    def of_frames(self, kept: NDArray[np.bool_]) -> "GivenTrack":
        """The part of a film of which only these frames (t,) are left."""
        return GivenTrack(self.T_frame_object[kept], self.has_pose[kept], self.frame)


def read_track(path: Path, spec: TrackSpec, video: RGBDVideo, notes: list[str]) -> GivenTrack:
    """The track of a film's object.

    Args:
        path: the file or folder.
        spec: what ``capture.yaml`` says of it.
        video: the film.
        notes: receives what was mended, guessed or left out.

    Raises:
        BadInputError: for poses that are none, and frames that cannot be told.
    """
    poses = read_poses(path, spec, notes)
    if spec.frame is not None and poses.frame not in (None, spec.frame):
        notes.append(
            f"{path.name} is {poses.form}, whose poses are in the {poses.frame}'s frame; "
            f"capture.yaml says the {spec.frame}'s, and counts"
        )
    T = rigid_poses(poses, spec, str(path), notes)
    taken = poses_of_frames(poses, video, path, notes)
    every, has_pose = laid_on_frames(T, taken, path, notes, means="they count as lost")
    return GivenTrack(every, has_pose, spec.frame or poses.frame)


def laid_on_frames(
    T: Floats, taken: list[int | None], path: Path, notes: list[str], *, means: str
) -> tuple[Floats, NDArray[np.bool_]]:
    """A pose for each frame (t, 4, 4), the identity where there is none; and which have one (t,).

    Args:
        T: (n, 4, 4) as they came; what is not finite is none.
        taken: which of them each frame has.
        path: of their file.
        notes: receives how many frames have none.
        means: what that means, for the note.

    Raises:
        BadInputError: when no frame has one.
    """
    has_pose = np.array([k is not None and bool(np.isfinite(T[k]).all()) for k in taken])
    if not has_pose.any():
        raise BadInputError(f"{path} holds no pose of a frame of the film")
    if not has_pose.all():
        missing = np.flatnonzero(~has_pose)
        notes.append(
            f"{path.name}: {len(missing)} of {len(taken)} frames have no pose (the first is "
            f"{missing[0]}); {means}"
        )
    every = np.tile(np.eye(4), (len(taken), 1, 1))
    for i in np.flatnonzero(has_pose).tolist():
        every[i] = T[taken[i]]
    return every, has_pose


class Series(Protocol):
    """Poses in some order, with the names or the times of what they are of."""

    @property
    def T(self) -> Floats: ...  # noqa: D102 as Poses has them
    @property
    def form(self) -> str: ...  # noqa: D102
    @property
    def names(self) -> list[str] | None: ...  # noqa: D102
    @property
    def times_s(self) -> Floats | None: ...  # noqa: D102


def poses_of_frames(
    poses: Series, video: RGBDVideo, path: Path, notes: list[str]
) -> list[int | None]:
    """For each frame of the film the pose that is its, None where there is none.

    Args:
        poses: as read.
        video: the film.
        path: named in errors.
        notes: receives what was guessed.

    Raises:
        BadInputError: when it cannot be told which belong together.
    """
    if poses.names is not None:
        return _by_name(poses.names, video, path, notes)
    if poses.times_s is not None:
        return _by_time(poses.times_s, video, path)
    num_poses, num_frames = len(poses.T), len(video.timestamps_s)
    if num_poses == num_frames:
        return list(range(num_frames))
    if video.source_frames is not None and num_poses > video.source_frames[-1]:
        # Frames without depth were dropped from the film, and are still in the track.
        return [int(i) for i in video.source_frames]
    raise BadInputError(
        f"{path} ({poses.form}) has {num_poses} poses and the film {num_frames} frames: which "
        "belong together is not known. Bring a pose for each frame (NaN where there is none), or a "
        "form with names or times."
    )


def _by_name(names: list[str], video: RGBDVideo, path: Path, notes: list[str]) -> list[int | None]:
    of_frames = [*(video.names or [str(i) for i in range(len(video.timestamps_s))])]
    if not set(names) <= set(of_frames):
        names, of_frames = [_number(n) for n in names], [_number(n) for n in of_frames]
    index = {name: i for i, name in enumerate(names)}
    if len(index) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise BadInputError(
            f"{path}: more than one pose has the number {twice}; which of them belongs to that "
            "image is not known. Name poses as the film's images are, or leave one kind there."
        )
    if not index.keys() <= set(of_frames) and index.keys() <= set(map(str, range(len(of_frames)))):
        notes.append(f"{path.name}: its images are the film's frames, counted from 0")
        of_frames = [str(i) for i in range(len(of_frames))]
    taken = [index.get(name) for name in of_frames]
    num_used = len({k for k in taken if k is not None})
    if 2 * num_used < min(len(index), len(taken)):
        raise BadInputError(
            f"{path} names {len(names)} images ({names[0]} to {names[-1]}), and the film has "
            f"{len(of_frames)} ({of_frames[0]} to {of_frames[-1]}): {num_used} are the same. Bring "
            "the track of this film, by the names or numbers of its images."
        )
    return taken


def _number(name: str) -> str:
    """The number that a name ends with: 000012 and frame_12 are the same."""
    found = re.findall(r"\d+", name)
    return found[-1].lstrip("0") or "0" if found else name


def _by_time(times_s: Floats, video: RGBDVideo, path: Path) -> list[int | None]:
    stamps = video.timestamps_s
    # Films count from 0; the recording's clock, or names that are times, say when that was.
    began = [0.0] if video.began_s is None else [0.0, video.began_s]
    if video.names is not None and re.fullmatch(r"\d{9,}\.\d+", video.names[0]):
        began.append(float(video.names[0]))
    if not np.isfinite(times_s).all():
        raise BadInputError(f"{path}: a time is not finite")
    step = float(np.median(np.diff(stamps))) if len(stamps) > 1 else 1 / 30
    ways = [_nearest(times_s - start, stamps, NEAR * step) for start in began]
    taken = max(ways, key=lambda way: sum(k is not None for k in way))
    if 2 * sum(k is not None for k in taken) < min(len(times_s), len(stamps)):
        raise BadInputError(
            f"{path}: its times go from {times_s.min():.3f} to {times_s.max():.3f} s, the film's "
            f"from {began[-1]:.3f} to {began[-1] + stamps[-1]:.3f} s, and few are near each other. "
            "Count the track's from the film's first frame."
        )
    return taken


def _nearest(times_s: Floats, stamps_s: Floats, slack_s: float) -> list[int | None]:
    """The nearest in time; one that two frames are near to is the nearer one's."""
    nearest = [int(np.argmin(np.abs(times_s - stamp))) for stamp in stamps_s]
    off_s = np.abs(times_s[nearest] - stamps_s)
    taken: list[int | None] = [None] * len(stamps_s)
    used = set[int]()
    for i in np.argsort(off_s, kind="stable").tolist():
        if off_s[i] <= slack_s and nearest[i] not in used:
            taken[i] = nearest[i]
            used.add(nearest[i])
    return taken
