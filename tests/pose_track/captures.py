"""A committed capture artifact of the synthetic table-top."""

import numpy as np

from tests.pose_track.films import small_film
from tests.tracking.scenes import BOARD
from xsim_core.artifacts import ArtifactRef, Capture
from xsim_core.storage import ArtifactStore, OpenArtifact


def commit_capture(store: ArtifactStore, arrays, **changes) -> OpenArtifact[Capture]:
    summary = Capture(
        **{
            "name": "table",
            "object_name": "block",
            "num_frames": len(arrays["video/rgb"]),
            "num_photos": 0,
            "fps": 30.0,
            "board": BOARD,
            "init_frame": 0,
            "init_box_xyxy": (0, 0, 1, 1),
            **changes,
        }
    )
    writer = store.begin("capture", f"{np.random.default_rng().integers(1 << 60):016x}")
    writer.write_all(arrays)
    ref = store.commit(
        writer,
        summary,
        stage="ingest_capture",
        stage_version=1,
        config={},
        inputs={},
        provenance={},
    )
    return store.open(ArtifactRef[Capture](kind=ref.kind, fingerprint=ref.fingerprint), Capture)


def synthetic_arrays(num_frames=18, **options):
    """Capture arrays, true object poses (t, 4, 4) in the world, and the first frame's box."""
    film = small_film(num_frames, **options)
    return film.arrays, film.T_world_object, film.box
