"""Writers of the formats that people have: RGB-D folders, RealSense recordings, OBJ meshes."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from xsim_core.errors import BadInputError
from xsim_core.geometry import PinholeCamera

from .librealsense import load_librealsense


@dataclass(frozen=True)
class RGBDVideo:
    """A recording with depth aligned to colour."""

    rgb: NDArray[np.uint8]
    """(t, h, w, 3)."""
    depth_mm: NDArray[np.uint16]
    """(t, h, w); 0 is no measurement."""
    timestamps_s: NDArray[np.float64]
    K: NDArray[np.float64]
    """(3, 3) of the colour camera, pixel centres at integers."""
    source_frames: NDArray[np.int64] | None = None
    """(t,) of an RGB-D folder: which of its colour images each frame is; some may be left out."""
    names: tuple[str, ...] | None = None
    """Of an RGB-D folder: what its colour images are called, without their suffix."""
    began_s: float | None = None
    """When the first frame was, by the recording's own clock; ``timestamps_s`` count from there."""

    @property
    def camera(self) -> PinholeCamera:
        """The colour camera."""
        return PinholeCamera(self.rgb.shape[2], self.rgb.shape[1], self.K)

    @property
    def fps(self) -> float:
        """Median frame rate; 0 for a single frame."""
        if len(self.timestamps_s) < 2:
            return 0.0
        return float(1 / np.median(np.diff(self.timestamps_s)))


def write_rgbd_folder(folder: Path, video: RGBDVideo) -> None:
    """``rgb/%06d.png``, ``depth/%06d.png`` (uint16 mm), ``cam_K.txt``, ``timestamps.txt``."""
    for name in ("rgb", "depth"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for i, (rgb, depth_mm) in enumerate(zip(video.rgb, video.depth_mm, strict=True)):
        Image.fromarray(rgb).save(folder / "rgb" / f"{i:06d}.png", compress_level=1)
        Image.fromarray(depth_mm).save(folder / "depth" / f"{i:06d}.png", compress_level=1)
    np.savetxt(folder / "cam_K.txt", video.K, fmt="%.10g")
    np.savetxt(folder / "timestamps.txt", video.timestamps_s, fmt="%.9f")


def write_realsense(
    path: Path, video: RGBDVideo, *, T_colour_depth: NDArray[np.float64] | None = None
) -> None:
    """Record the video through librealsense's software device, as a camera would have written it.

    Args:
        path: ends in ``.db3``: librealsense from 2.58 on writes nothing else.
        video: depth and colour of the same intrinsics.
        T_colour_depth: (4, 4) where the depth camera lies; in the colour camera's place by default,
            as depth that is aligned.
    """
    rs = load_librealsense()

    if path.suffix != ".db3":
        raise BadInputError(f"{path}: librealsense records .db3 files only")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    device = rs.software_device()
    fps = max(1, round(video.fps))
    depth_sensor, colour_sensor = device.add_sensor("Depth"), device.add_sensor("Color")
    depth_profile = depth_sensor.add_video_stream(
        _stream(rs.stream.depth, 0, rs.format.z16, 2, fps, video)
    )
    colour_profile = colour_sensor.add_video_stream(
        _stream(rs.stream.color, 1, rs.format.rgb8, 3, fps, video)
    )
    depth_sensor.add_read_only_option(rs.option.depth_units, 0.001)
    T = np.eye(4) if T_colour_depth is None else T_colour_depth
    place = rs.extrinsics()
    place.rotation, place.translation = T[:3, :3].T.ravel().tolist(), T[:3, 3].tolist()
    depth_profile.register_extrinsics_to(colour_profile, place)
    device.create_matcher(rs.matchers.dlr_c)
    recorder = rs.recorder(str(path), device)
    sensors = recorder.query_sensors()
    queue = rs.frame_queue(8)
    for sensor, profile in zip(sensors, (depth_profile, colour_profile), strict=True):
        sensor.open(profile)
        sensor.start(queue)
    for i, t_s in enumerate(video.timestamps_s):
        depth_sensor.on_video_frame(_frame(video.depth_mm[i], 2, i, t_s, depth_profile))
        colour_sensor.on_video_frame(_frame(video.rgb[i], 3, i, t_s, colour_profile))
    for sensor in sensors:
        sensor.stop()
        sensor.close()
    # The recorder writes its index when it is destroyed.
    del recorder, sensors


def _stream(kind: object, uid: int, fmt: object, bpp: int, fps: int, video: RGBDVideo) -> object:
    rs = load_librealsense()
    intrinsics = rs.intrinsics()
    intrinsics.width, intrinsics.height = video.camera.width, video.camera.height
    intrinsics.fx, intrinsics.fy = video.K[0, 0], video.K[1, 1]
    intrinsics.ppx, intrinsics.ppy = video.K[0, 2], video.K[1, 2]
    intrinsics.model = rs.distortion.none
    intrinsics.coeffs = [0.0] * 5
    stream = rs.video_stream()
    stream.type, stream.index, stream.uid, stream.fmt = kind, 0, uid, fmt
    stream.width, stream.height = intrinsics.width, intrinsics.height
    stream.fps, stream.bpp, stream.intrinsics = fps, bpp, intrinsics
    return stream


def _frame(
    image: NDArray[np.generic], bpp: int, number: int, t_s: float, profile: object
) -> object:
    rs = load_librealsense()
    frame = rs.software_video_frame()
    image = np.ascontiguousarray(image)
    frame.pixels = image
    frame.bpp, frame.stride = bpp, image.shape[1] * bpp
    frame.timestamp, frame.frame_number = 1000.0 * t_s, number
    frame.domain = rs.timestamp_domain.hardware_clock
    frame.profile = profile.as_video_stream_profile()  # type: ignore[attr-defined]
    if bpp == 2:
        frame.depth_units = 0.001
    return frame


def write_photos(folder: Path, photos: NDArray[np.uint8]) -> None:
    """``%04d.jpg`` at quality 95 of (n, h, w, 3)."""
    folder.mkdir(parents=True, exist_ok=True)
    for i, photo in enumerate(photos):
        Image.fromarray(photo).save(folder / f"{i:04d}.jpg", quality=95)
