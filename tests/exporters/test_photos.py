"""Photos with cameras, read by COLMAP itself, and by nerfstudio's convention."""

import json

import numpy as np
import pytest
import trimesh
from PIL import Image

from xsim_core.capture.readers.posed.posed_photos import poses_in, read_posed_photos
from xsim_core.exporters import export_artifact


def test_colmap_reads_the_same_cameras(store, refs, tmp_path):
    pycolmap = pytest.importorskip("pycolmap")
    export_artifact(store, refs["images"], "colmap", tmp_path / "out")
    photos = store.open(refs["images"])
    model = pycolmap.Reconstruction(tmp_path / "out/sparse/0")
    assert (len(model.images), len(model.points3D)) == (7, 4)
    by_name = {image.name: image for image in model.images.values()}
    for name, T_world_cam in zip(sorted(by_name), photos.array("T_world_cam"), strict=True):
        T_cam_world = np.vstack([by_name[name].cam_from_world().matrix(), [0, 0, 0, 1]])
        np.testing.assert_allclose(T_cam_world @ T_world_cam, np.eye(4), atol=1e-12)
        with Image.open(tmp_path / "out/images" / name) as image:
            assert image.size == (8, 8)
    camera = model.cameras[1]
    # A point on the optical axis lies at K's principal point, whose pixel counts from its centre.
    np.testing.assert_allclose(camera.img_from_cam([0, 0, 1.0]).ravel(), [0.5, 0.5])


def test_nerfstudio_looks_where_the_camera_looks(store, refs, tmp_path):
    made = export_artifact(store, refs["images"], "nerfstudio", tmp_path / "out")
    photos = store.open(refs["images"])
    told = json.loads((tmp_path / "out/transforms.json").read_text())
    assert (told["cx"], told["cy"], told["fl_x"], told["w"], told["h"]) == (0.5, 0.5, 1, 8, 8)
    assert len(told["frames"]) == len(told["train_filenames"]) == 7
    for frame, T in zip(told["frames"], photos.array("T_world_cam"), strict=True):
        c2w = np.array(frame["transform_matrix"])
        np.testing.assert_allclose(-c2w[:3, 2], T[:3, 2], atol=1e-12)  # OpenGL looks along -z.
        np.testing.assert_allclose(c2w[:3, 1], -T[:3, 1], atol=1e-12)
        np.testing.assert_allclose(c2w[:3, 3], T[:3, 3])
        assert (tmp_path / "out" / frame["file_path"]).is_file()
    assert trimesh.load(tmp_path / "out/points3D.ply").vertices.shape == (4, 3)
    assert "--auto-scale-poses False" in made.notes[0]


@pytest.mark.parametrize("form", ["nerfstudio", "colmap", "colmap, binary"])
def test_what_is_exported_is_read_again(store, refs, tmp_path, form):
    """The round trip: a capture's photo_poses read what `xsim export` wrote, to the last digits."""
    out = tmp_path / "out"
    export_artifact(store, refs["images"], form.split(",")[0], out)
    if form.endswith("binary"):
        pycolmap = pytest.importorskip("pycolmap")
        pycolmap.Reconstruction(out / "sparse/0").write_binary(out / "sparse/0")
        for text in (out / "sparse/0").glob("*.txt"):
            text.unlink()
    scan, notes = store.open(refs["images"]), []
    name = poses_in(out)
    assert name == ("transforms.json" if form == "nerfstudio" else "sparse/0")
    found = read_posed_photos(out, name, notes)
    np.testing.assert_array_equal(found.images, scan.array("images"))
    np.testing.assert_allclose(found.T_given_cam, scan.array("T_world_cam"), atol=1e-12)
    np.testing.assert_allclose(found.K, scan.array("K"), atol=1e-12)
    assert notes == [f"photos: the poses of 7 are those of {name}, not solved anew"]
