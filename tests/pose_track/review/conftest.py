"""A short film, its track, and the same track with poses that are wrong and sure."""

from types import SimpleNamespace

import numpy as np
import pytest

from tests.pose_track.captures import commit_capture
from tests.pose_track.films import small_film
from xsim_core.artifacts import ArtifactRef
from xsim_core.geometry import inverse_se3
from xsim_core.pose_track import PoseTrackConfig
from xsim_core.stage import run_stage
from xsim_core.stages import POSE_TRACK
from xsim_core.storage import ArtifactStore

NUM_FRAMES, WRONG = 10, slice(5, 8)
"""Of the film, and of its wrong stretch."""


def commit_like(store, track, *, changes=None, **summary):
    """A copy of a committed track with other arrays and another summary, as pose_track's."""
    writer = store.begin("object_track", f"{np.random.default_rng().integers(1 << 60):016x}")
    arrays = {name: track.array(name) for name in track.array_names} | (changes or {})
    writer.write_all(arrays)
    manifest = track.manifest
    ref = store.commit(
        writer,
        track.summary.model_copy(update=summary),
        stage="pose_track",
        stage_version=manifest.stage_version,
        config=manifest.config,
        inputs=manifest.inputs,
        provenance={},
    )
    return store.open(ArtifactRef(kind=ref.kind, fingerprint=ref.fingerprint))


@pytest.fixture(scope="session")
def filmed(tmp_path_factory):
    """store, film, capture, track, wrong."""
    store = ArtifactStore("memory://", scratch_root=tmp_path_factory.mktemp("review"))
    film = small_film(NUM_FRAMES)
    capture = commit_capture(store, film.arrays, init_box_xyxy=film.box)
    ref = run_stage(POSE_TRACK, PoseTrackConfig(), store, {"capture": capture.ref})
    track = store.open(ref)
    T = track.array("T_cam_object").copy()
    T[WRONG, :3, 3] += inverse_se3(film.T_world_cam)[:3, :3] @ [0.0, 0.06, 0.02]
    wrong = commit_like(store, track, changes={"T_cam_object": T})
    return SimpleNamespace(store=store, film=film, capture=capture, track=track, wrong=wrong)
