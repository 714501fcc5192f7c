from .meshes.mesh import read_mesh as read_mesh
from .photos import read_photos as read_photos
from .video import (
    read_video as read_video,
    read_video_and_unit as read_video_and_unit,
    video_files as video_files,
)
