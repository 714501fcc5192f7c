"""What the gates of a capture measured, in a few words each."""

from xsim_core.capture.find_object.found import BoxFrom, box_words as in_yaml
from xsim_core.capture.layout import CaptureFile
from xsim_core.capture.place.resolve import Place
from xsim_core.capture.readers.apart import Parts
from xsim_core.geometry import Board


def board_words(file: CaptureFile, board: Board | None) -> str:
    """The board or the tags as stated."""
    if board is not None:
        return board.described
    return "none; the camera's pose is stated" if file.camera is not None else "none"


def mesh_words(parts: Parts) -> str:
    """The mesh that was read."""
    if "mesh" not in parts.notes:
        return "none: the film gives it"
    if (mesh := parts.mesh) is None:
        return ""
    colours = "with colours" if mesh.is_textured else "without colours"
    return f"{1000 * mesh.diameter_m:.0f} mm across, {len(mesh.faces)} faces, {colours}"


def photos_words(parts: Parts) -> str:
    """The photos that were read."""
    if (photos := parts.photos) is None:
        return ""
    if not len(photos):
        return "none: the film gives the room"
    return f"{len(photos)} of {photos.shape[2]}x{photos.shape[1]}"


def video_words(parts: Parts) -> str:
    """The video that was read."""
    if (video := parts.video) is None:
        return ""
    t, h, w = video.rgb.shape[:3]
    lasts_s = float(video.timestamps_s[-1] - video.timestamps_s[0])
    return f"{t} frames of {w}x{h}, {video.fps:.3g} a second, {lasts_s:.1f} s"


def track_words(parts: Parts) -> str:
    """The track that was brought."""
    if (track := parts.track) is None:
        return ""
    return f"{int(track.has_pose.sum())} of {len(track.has_pose)} frames have a pose"


def path_words(parts: Parts) -> str:
    """The camera's path that was brought."""
    if (path := parts.camera_path) is None:
        return ""
    return f"{path.about.form}: {int(path.has_pose.sum())} of {len(path.has_pose)} frames"


def box_words(file: CaptureFile, box_from: BoxFrom) -> str:
    """The box as stated or found."""
    left, top, right, bottom = file.init_box_xyxy
    words = f"{right - left:.0f}x{bottom - top:.0f} pixels in frame {file.init_frame}"
    if box_from == "drawn":
        return words
    how = "grown from the click" if box_from == "click" else "found by what moves"
    return f"{words}, {how}: {in_yaml(file.init_box_xyxy)}"


def place_words(place: Place) -> str:
    """Where the robot stands, as it was found."""
    if place.world == "table":
        return "not known: the origin is on the table under the object"
    if place.T_world_cam is None:
        return "told by the board" if place.board is not None else "not told"
    x, y, z = place.T_world_cam[:3, 3]
    return f"the camera is at x {x:.2f}, y {y:.2f}, z {z:.2f} m from its base"
