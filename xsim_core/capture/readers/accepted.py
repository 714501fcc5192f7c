"""What a person may bring, format by format, as each reader states it."""

from xsim_core.capture.place import matrix_file, tag_layout

from . import intrinsics, photos, rgbd_folder
from .meshes import mesh
from .recordings import realsense_files, ros_bag

ACCEPTED = {
    "video: RealSense recording": realsense_files.ACCEPTS,
    "video: ROS bag": ros_bag.ACCEPTS,
    "video: RGB-D folder": rgbd_folder.ACCEPTS,
    "intrinsics in an RGB-D folder": intrinsics.ACCEPTS,
    "camera's pose": matrix_file.ACCEPTS,
    "tags' places": tag_layout.ACCEPTS,
    "photos": photos.ACCEPTS,
    "mesh": mesh.ACCEPTS,
    "mesh, named with the mend": " ".join(sorted(mesh.MENDS)),
}


def accepted_table() -> str:
    """The table of ``docs/your-own-capture.md``."""
    rows = [f"| {what} | {accepts} |" for what, accepts in ACCEPTED.items()]
    return "\n".join(["| brought as | read |", "|---|---|", *rows])
