"""The gates that the readers themselves were: each part by itself, before they are compared."""

from xsim_core.capture.readers.apart import Parts

from .gate import Gates
from .words import mesh_words, path_words, photos_words, track_words, video_words


def tell_parts(parts: Parts, gates: Gates, notes: list[str]) -> None:
    """The readers' own gates, with the notes of each."""
    for name, found in (
        ("mesh", mesh_words(parts)),
        ("photos", photos_words(parts)),
        ("video", video_words(parts)),
        ("room", f"{len(parts.room.get('means', ()))} Gaussians"),
        ("track", track_words(parts)),
        ("camera_path", path_words(parts)),
    ):
        if name in ("room", "track", "camera_path") and name not in parts.notes:
            continue  # None was brought, or there is no film that it could be of.
        with gates.part(), gates.gate(name, notes) as gate:
            notes += parts.notes.get(name, [])
            if name in parts.failures:
                raise parts.failures[name]
            gate.found = found
