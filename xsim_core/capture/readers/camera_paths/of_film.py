"""Which pose of a camera's path belongs to which frame of its film."""

from pathlib import Path

import numpy as np

from xsim_core.capture.formats import RGBDVideo
from xsim_core.capture.place.moving.given_path import AboutPath, GivenPath
from xsim_core.capture.readers.tracks.of_film import laid_on_frames, poses_of_frames
from xsim_core.capture.readers.tracks.rigid import by_rows, rotations
from xsim_core.errors import BadInputError

from .forms import read_camera_poses


def read_camera_path(path: Path, video: RGBDVideo, notes: list[str]) -> GivenPath:
    """The matrices of a film's frames; what they mean is told where the film can tell it.

    By time a pose belongs to a frame that is nearer than 0.6 of the time between frames, and to
    one frame only, so that a gap stays one.

    Args:
        path: the file or folder.
        video: the film.
        notes: receives what was mended or guessed, and which frames have none.

    Raises:
        BadInputError: for poses that are none, and frames that cannot be told.
    """
    poses = read_camera_poses(path, notes)
    T, source = poses.T.copy(), str(path)
    known = np.asarray(np.isfinite(T).all(axis=(1, 2)))
    if not known.any():
        raise BadInputError(f"{source} holds no pose that is finite")
    T[known] = by_rows(T[known], source, notes)
    T[known, :3, :3] = rotations(T[known, :3, :3], np.flatnonzero(known), source, notes)
    taken = poses_of_frames(poses, video, path, notes)
    every, has_pose = laid_on_frames(T, taken, path, notes, means="they are not believed")
    about = AboutPath(
        name=path.name,
        form=poses.form,
        maps=poses.maps,
        axes=poses.axes,
        unit_m=poses.unit_m,
        has_metres=poses.has_metres,
    )
    return GivenPath(every, has_pose, about)
