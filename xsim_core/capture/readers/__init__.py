"""Readers of everything a person may bring: videos, photos, meshes.

Each module says at its top what it accepts; ``accepted.py`` gathers that into the table of
``docs/your-own-capture.md``.
"""

from .mesh import read_mesh
from .photos import read_photos
from .video import read_video, read_video_and_unit, video_files

__all__ = ["read_mesh", "read_photos", "read_video", "read_video_and_unit", "video_files"]
