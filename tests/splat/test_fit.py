"""The stage on photos of a scene with a formula."""

import cv2
import numpy as np
import pytest

from xsim_core.artifacts import PosedImages, SplatScene
from xsim_core.errors import BadInputError, QualityGateError
from xsim_core.geometry import inverse_se3
from xsim_core.geometry.gaussian_ply import decode_ply
from xsim_core.rasterize import Gaussians2D, render_numpy
from xsim_core.splat import SplatConfig, fit_scene
from xsim_core.splat.mesh import MeshConfig
from xsim_core.stage import Stage, run_stage
from xsim_core.storage import ArtifactStore

from .conftest import BOX_MAX, BOX_MIN, commit_photos

STAGE = Stage(
    name="splat",
    version=1,
    run=fit_scene,
    config=SplatConfig,
    inputs={"images": PosedImages},
    output=SplatScene,
)
QUICK = SplatConfig(
    num_iters=300,
    num_init=1200,
    max_gaussians=2500,
    grow_every=50,
    image_width=80,
    mesh=MeshConfig(min_m=(0.2, -0.3, -0.05), max_m=(0.8, 0.3, 0.25)),
)


@pytest.fixture(scope="module")
def scene(photos):
    store = ArtifactStore("memory://")
    images = commit_photos(store, photos)
    reports = []
    ref = run_stage(
        STAGE, QUICK, store, {"images": images}, progress=lambda f, figures: reports.append(f)
    )
    assert reports == sorted(reports)
    assert reports[-1] > 0.9
    return store.open(ref, SplatScene)


def test_held_out_photos_are_reproduced(scene):
    # After 60 iterations it is 15 dB.
    assert scene.summary.psnr_db > 21.5
    assert scene.summary.ssim > 0.85


def test_geometry_is_metric(scene, photos):
    out = render_numpy(
        Gaussians2D.from_scene(scene), inverse_se3(photos.T_world_cam[3]), photos.camera.K, 80, 60
    )
    solid = (photos.depth_m[3] > 0) & (out.alpha > 0.9)
    error = np.abs(out.depth_m - photos.depth_m[3])[solid]
    assert np.median(error) < 0.012
    assert abs(scene.summary.table_height_m) < 0.003
    assert scene.summary.table_tilt_rad < 0.01


def test_the_box_is_the_only_obstacle(scene):
    vertices, ends = scene.array("collision/vertices"), scene.array("collision/piece_ends")
    pieces = np.split(vertices, ends[:-1])
    assert len(pieces) == 2
    support, box = pieces
    assert support[:, 2].max() == pytest.approx(scene.summary.table_height_m, abs=1e-6)
    # Voxels of 1 cm.
    np.testing.assert_allclose(box.min(0), BOX_MIN, atol=0.02)
    np.testing.assert_allclose(box.max(0), BOX_MAX, atol=0.02)


def test_pictures_and_exchange_file(scene):
    held_out = [n for n in scene.file_names if n.startswith("heldout_")]
    assert len(held_out) == 3
    for name in (*held_out, "mesh.png"):
        image = cv2.imdecode(np.frombuffer(scene.read_file(name), np.uint8), cv2.IMREAD_COLOR)
        assert image.std() > 5
    means = decode_ply(scene.read_file("scene.ply"))["means"]
    np.testing.assert_array_equal(means, scene.array("means"))


def test_resumes_where_it_was_interrupted(photos, tmp_path):
    store = ArtifactStore("memory://", scratch_root=tmp_path)
    inputs = {"images": commit_photos(store, photos)}
    config = QUICK.model_copy(update={"num_iters": 60, "grow_every": 20, "min_psnr_db": 5.0})

    def interrupted(images, *, config, out):
        with pytest.raises(QualityGateError, match="below 99"):
            fit_scene(images, config=config.model_copy(update={"min_psnr_db": 99.0}), out=out)
        raise KeyboardInterrupt

    broken = Stage(**{**STAGE.__dict__, "run": interrupted})
    with pytest.raises(KeyboardInterrupt):
        run_stage(broken, config, store, inputs)
    (checkpoint,) = tmp_path.rglob("*.npz")
    with np.load(checkpoint, allow_pickle=False) as saved:
        assert int(saved["iteration"][0]) == 60
    ref = run_stage(STAGE, config, store, inputs)
    assert store.open(ref).summary.psnr_db > 13
    assert not checkpoint.exists()


def test_too_few_points_are_refused(photos):
    store = ArtifactStore("memory://")
    images = commit_photos(
        store, photos, points_world=photos.points_world[:5], points_rgb=photos.points_rgb[:5]
    )
    with pytest.raises(BadInputError, match=r"16 points; it has 21, 3 and 5"):
        run_stage(STAGE, QUICK, store, {"images": images})


def test_a_scan_without_a_table_is_refused(photos):
    store = ArtifactStore("memory://")
    lifted = photos.points_world + np.float32([0, 0, 1])
    images = commit_photos(store, photos, points_world=lifted)
    with pytest.raises(QualityGateError, match="no support plane"):
        run_stage(STAGE, QUICK, store, {"images": images})
