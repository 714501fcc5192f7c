"""A capture without a mesh, taken in from its files."""

import shutil

import numpy as np
import pytest
import yaml

from tests.reconstruct.films import hand_film
from xsim_core.capture import IngestConfig, has_mesh
from xsim_core.capture.formats import RGBDVideo, write_rgbd_folder
from xsim_core.capture.gates.examine import check_capture
from xsim_core.capture.layout import mesh_path, read_capture_file
from xsim_core.errors import BadInputError
from xsim_core.stage import run_stage
from xsim_core.stages import INGEST_CAPTURE
from xsim_core.storage import ArtifactStore

NUM_FRAMES = 3


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A film and what a person writes beside it, without any mesh."""
    film, folder = hand_film(NUM_FRAMES, is_pushed=False), tmp_path_factory.mktemp("c") / "cup"
    v = film.video
    video = RGBDVideo(v.rgb_frames, v.depth_frames, v.timestamps_s, v.camera.K)
    write_rgbd_folder(folder / "video", video)
    write(folder, init_box_xyxy=[round(x, 1) for x in film.box])
    return folder


def write(folder, **changes):
    path = folder / "capture.yaml"
    content = yaml.safe_load(path.read_text()) if path.exists() else {}
    usual = {"name": "cup", "object_name": "cup", "video": "video", "room": "film"}
    content = {**usual, "world": "table", **content, **changes}
    path.write_text(yaml.safe_dump({k: v for k, v in content.items() if v is not None}))


@pytest.fixture
def copy(made, tmp_path):
    return shutil.copytree(made, tmp_path / "cup")


def test_the_mesh_is_made_and_what_is_a_guess_is_said(made, tmp_path):
    store = ArtifactStore("memory://", scratch_root=tmp_path)
    opened = store.open(run_stage(INGEST_CAPTURE, IngestConfig.from_folder(made), store, {}))
    summary, is_seen = opened.summary, opened.array("object/is_seen")
    assert summary.mesh_from == "film"
    assert summary.is_mesh_coloured
    assert is_seen.shape == opened.array("object/vertices").shape[:1]
    assert is_seen.any()
    assert not is_seen.all()
    (note,) = (n for n in summary.notes if n.startswith("no mesh was brought"))
    assert f"{100 * (1 - summary.mesh_seen_share):.0f} % of its surface was never measured" in note
    np.testing.assert_allclose(
        sorted(np.ptp(opened.array("object/vertices"), axis=0)), [0.05, 0.07, 0.11], atol=0.02
    )


def test_a_box_around_nothing_is_refused_with_what_to_do(copy):
    write(copy, init_box_xyxy=[2, 2, 60, 60])
    (refused,) = check_capture(copy).refused
    assert refused.gate == "object from the film"
    assert "the object cannot be reconstructed" in refused.found
    assert "bring a mesh (`mesh:`)" in refused.found


def test_where_the_mesh_comes_from(copy):
    def path():
        return mesh_path(copy, read_capture_file(copy))

    assert path() is None
    assert not has_mesh(copy)
    (copy / "object").mkdir()
    (copy / "object" / "mesh.obj").write_text("")
    assert path() == copy / "object" / "mesh.obj"
    assert has_mesh(copy)
    write(copy, mesh="film")
    assert path() is None
    write(copy, mesh="scan.glb")
    assert path() == copy / "scan.glb"


def test_a_track_of_a_mesh_that_is_not_there_is_refused(copy):
    write(copy, track={"file": "poses.npy", "frame": "camera"})
    with pytest.raises(BadInputError, match="'track' has poses of a mesh, and there is none"):
        read_capture_file(copy)
