"""What a person may bring, format by format, as each reader states it."""

from xsim_core.capture.place import matrix_file, tag_layout

from . import intrinsics, photos
from .camera_paths import forms as camera_forms
from .folders import names
from .meshes import mesh
from .posed import posed_photos
from .recordings import realsense_files, record3d, ros_bag, sens
from .rooms import read_room
from .tracks import forms

ACCEPTED = {
    "video: RealSense recording": realsense_files.ACCEPTS,
    "video: ROS bag": ros_bag.ACCEPTS,
    "video: Record3D": record3d.ACCEPTS,
    "video: RGB-D folder": names.ACCEPTS,
    "video: TUM RGB-D folder": names.TUM_ACCEPTS,
    "video: Open3D folder": names.OPEN3D_ACCEPTS,
    "video: BOP scene": names.BOP_ACCEPTS,
    "video: FoundationPose's demo folder": names.FOUNDATIONPOSE_ACCEPTS,
    "video: ScanNet's recording": sens.ACCEPTS,
    "video: ScanNet's export": names.SCANNET_ACCEPTS,
    "video: Stray Scanner": names.STRAY_ACCEPTS,
    "video: film beside a depth folder": names.FILM_ACCEPTS,
    "intrinsics in an RGB-D folder": intrinsics.ACCEPTS,
    "camera's pose": matrix_file.ACCEPTS,
    "tags' places": tag_layout.ACCEPTS,
    "path of a camera that moves": camera_forms.ACCEPTS,
    "object's track": forms.ACCEPTS,
    "photos": photos.ACCEPTS,
    "photos' poses": posed_photos.ACCEPTS,
    "room, reconstructed elsewhere": read_room.ACCEPTS,
    "mesh": mesh.ACCEPTS,
    "mesh, named with the mend": " ".join(sorted(mesh.MENDS)),
}


def accepted_table() -> str:
    """The table of ``docs/your-own-capture.md``."""
    rows = [f"| {what} | {accepts} |" for what, accepts in ACCEPTED.items()]
    return "\n".join(["| brought as | read |", "|---|---|", *rows])
