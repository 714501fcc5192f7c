"""A real camera in the hand around a desk (`desk_rgbd`): from the raw folder to a verdict."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from xsim_core.capture import IngestConfig
from xsim_core.capture.propose import propose, write_proposal
from xsim_core.capture.recognise import look_apart
from xsim_core.geometry import TexturedMesh
from xsim_core.pose_track import PoseTrackConfig
from xsim_core.stage import run_stage
from xsim_core.stages import INGEST_CAPTURE, POSE_TRACK
from xsim_core.storage import ArtifactStore
from xsim_core.tracking import adds_m

ROOT = Path(os.environ.get("XSIM_REAL_DATA", Path(__file__).parents[3] / "shared" / "data"))
DESK = ROOT / "desk_rgbd"
pytestmark = [
    pytest.mark.realdata,
    pytest.mark.slow,
    pytest.mark.skipif(not DESK.exists(), reason=f"no recording at {DESK} (set XSIM_REAL_DATA)"),
]


@pytest.fixture(scope="module")
def store():
    return ArtifactStore("memory://")


@pytest.fixture(scope="module")
def capture(store, tmp_path_factory):
    """As `xsim capture init` proposes it, taken in."""
    folder = tmp_path_factory.mktemp("captures") / "desk"
    folder.mkdir()
    for there in DESK.iterdir():
        (folder / there.name).symlink_to(there)
    facts, frame = look_apart(folder)
    proposal = propose(facts)
    assert proposal.is_ready
    write_proposal(folder / "capture.yaml", proposal, frame, facts.box)
    return store.open(run_stage(INGEST_CAPTURE, IngestConfig.from_folder(folder), store, {}))


def test_the_camera_is_followed_by_the_room(capture):
    T_world_cam = capture.array("camera/T_world_cam")
    assert capture.array("camera/has_pose").all()
    reach_m = np.linalg.norm(T_world_cam[:, :3, 3] - T_world_cam[0, :3, 3], axis=1).max()
    assert 0.09 < reach_m < 0.13
    # The annotated poses are good to 5 mm on slow frames and 1 to 3 cm on fast ones.
    T_cam_cube = np.array(json.loads((DESK / "ground_truth.json").read_text())["T_cam_object"])
    place = (T_world_cam @ T_cam_cube)[:, :3, 3]
    off_mm = 1000 * np.linalg.norm(place - np.median(place, axis=0), axis=1)
    assert np.median(off_mm) < 10
    assert off_mm.max() < 30


def test_the_cube_is_tracked_and_nothing_moves(store, capture):
    ref = run_stage(POSE_TRACK, PoseTrackConfig(), store, {"capture": capture.ref})
    track = store.open(ref)
    assert track.summary.num_segments == 0
    assert any(note.startswith("nothing moves") for note in track.summary.notes)
    assert track.summary.num_ok >= 55
    T_world_cube = track.array("T_world_object")
    place = T_world_cube[:, :3, 3]
    assert 1000 * np.linalg.norm(place - np.median(place, axis=0), axis=1).max() < 5
    mesh = TexturedMesh.from_arrays(
        {n: track.array(f"object/{n}") for n in ("vertices", "faces", "uv", "texture")},
        is_textured=False,
    )
    points = mesh.sample_surface(500, rng=np.random.default_rng(0))
    annotated = np.array(json.loads((DESK / "ground_truth.json").read_text())["T_cam_object"])
    assert np.median(adds_m(track.array("T_cam_object"), annotated, points)) < 0.008
