"""RGB-D videos: which reader a path needs."""

import logging
from pathlib import Path

from xsim_core.capture.formats import RGBDVideo
from xsim_core.errors import BadInputError

from .depth_unit import DepthUnit
from .folders.names import FILM_SUFFIXES, folder_files
from .folders.rgbd_folder import read_rgbd_folder
from .foreign import UnreadableDirectlyError
from .recordings import record3d, sens
from .recordings.realsense_bag import read_bag
from .recordings.realsense_files import (
    check_recording,
    is_realsense,
    read_db3,
)
from .recordings.realsense_playback import read_with_librealsense
from .recordings.ros_bag import check_needs_no_folder, read_ros_bag
from .recordings.streams import Streams, pair_and_align

RECORDING_SUFFIXES = (".db3", ".bag", ".mcap", record3d.SUFFIX, sens.SUFFIX)
_log = logging.getLogger(__name__)


def read_video(source: Path, notes: list[str] | None = None) -> RGBDVideo:
    """An RGB-D video with depth aligned to colour and distortion undone.

    Args:
        source: an RGB-D folder, or a recording.
        notes: receives what was guessed, dropped or mended.

    Raises:
        BadInputError: when it is missing, damaged, or without depth.
    """
    return read_video_and_unit(source, [] if notes is None else notes)[0]


def read_video_and_unit(
    source: Path, notes: list[str], *, depth_unit_m: float | None = None
) -> tuple[RGBDVideo, DepthUnit]:
    """As ``read_video``, with what its depth was taken to mean.

    Args:
        source: as above.
        notes: as above.
        depth_unit_m: declared by a person.

    Raises:
        BadInputError: as above.
    """
    if source.is_dir() and not _is_ros2_folder(source):
        return read_rgbd_folder(source, notes, depth_unit_m=depth_unit_m)
    if source.suffix.lower() in FILM_SUFFIXES:
        raise BadInputError(
            f"{source}: '{source.suffix}' is not a video we read by itself: it holds colour alone. "
            "Lay it into a folder beside depth/ (an image for each frame) and cam_K.txt, and name "
            "that folder as 'video'."
        )
    check_needs_no_folder(source)
    if source.suffix not in RECORDING_SUFFIXES and not source.is_dir():
        raise BadInputError(
            f"{source}: '{source.suffix}' is not a video we read. Bring a RealSense, ROS, "
            f"Record3D or ScanNet recording ({', '.join(RECORDING_SUFFIXES)}), or a folder with "
            "rgb/, depth/ and cam_K.txt."
        )
    streams = _read_recording(source, notes)
    return pair_and_align(streams, source, notes, depth_unit_m=depth_unit_m)


def _read_recording(source: Path, notes: list[str]) -> Streams:
    """Without librealsense where the file allows it: the same bytes, and no threads to stall."""
    if source.suffix == record3d.SUFFIX:
        return record3d.read_record3d(source, notes)
    if source.suffix == sens.SUFFIX:
        return sens.read_sens(source, notes)
    if not source.is_dir():
        check_recording(source)
    if source.is_dir() or source.suffix == ".mcap" or not is_realsense(source):
        return read_ros_bag(source, notes)
    try:
        return read_db3(source) if source.suffix == ".db3" else read_bag(source)
    except UnreadableDirectlyError as error:
        _log.info("%s; reading it through librealsense", error)
    return read_with_librealsense(source)


def _is_ros2_folder(folder: Path) -> bool:
    return (folder / "metadata.yaml").is_file()


def video_files(source: Path) -> tuple[list[Path], list[Path]]:
    """The folders and single files that reading a video looks at; those that exist."""
    if source.is_dir() and _is_ros2_folder(source):
        return [source], []
    if source.is_dir():
        return folder_files(source)
    return [], [source] if source.is_file() else []
