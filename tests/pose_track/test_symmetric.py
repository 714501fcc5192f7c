"""A can that spins while it is pushed: the track holds its pose, not a spin that does not show."""

from dataclasses import replace

import numpy as np
import pytest

from tests.pose_track.captures import commit_capture
from tests.pose_track.films import small_film
from tests.tracking.objects import of_one_colour, shape
from tests.tracking.scenes import T_WORLD_CAM, Scene, box_of, make_camera
from xsim_core.artifacts import ObjectTrack
from xsim_core.geometry import make_se3, rotation_angle, so3_exp
from xsim_core.geometry.symmetry_spec import ObjectSymmetry, SymmetryAxis
from xsim_core.pose_track import PoseTrackConfig
from xsim_core.stage import run_stage
from xsim_core.stages import POSE_TRACK
from xsim_core.storage import ArtifactStore
from xsim_core.tracking import adds_m

N = 5
CAN = ObjectSymmetry(continuous=(SymmetryAxis(axis=(0, 0, 1)),))


@pytest.fixture(scope="module")
def film():
    """Five frames in which it moves 2 cm and spins by half a turn each."""
    mesh, camera = of_one_colour(shape("can")), make_camera(400, 300)
    scene, k = Scene(camera, mesh), np.arange(N)
    T = make_se3(
        so3_exp(np.stack([0 * k, 0 * k, np.pi * k], -1)),
        np.stack([0.5 + 0 * k, 0.02 * k, 0 * k], -1),
    )
    frames = [scene.render(pose) for pose in T]
    return replace(
        small_film(1),
        rgb=np.stack([rgb for rgb, _ in frames]),
        depth_mm=np.stack([np.round(1000 * depth_m).astype(np.uint16) for _, depth_m in frames]),
        timestamps_s=k / 10,
        T_world_object=T,
        mesh=mesh,
        box=box_of(mesh, T[0], camera),
    )


def tracked(film, symmetry):
    """With the true poses as a track that was brought, spin included."""
    store = ArtifactStore("memory://")
    given = {"track/T": film.T_cam_object, "track/has_pose": np.ones(N, bool)}
    capture = commit_capture(
        store,
        film.arrays | given,
        init_box_xyxy=film.box,
        board=None,
        T_world_cam=tuple(map(tuple, T_WORLD_CAM.tolist())),
        track_frame="camera",
        symmetry=symmetry,
    )
    config = PoseTrackConfig(backend="file", check_first_pose=False)
    return store.open(run_stage(POSE_TRACK, config, store, {"capture": capture.ref}), ObjectTrack)


def test_the_spin_is_gone_and_the_surface_where_it_was(film):
    spun, still = tracked(film, None), tracked(film, CAN)
    assert (spun.summary.symmetry, still.summary.symmetry) == (None, CAN)
    turned = [
        rotation_angle(a[:-1, :3, :3], a[1:, :3, :3])
        for a in (spun.array("T_cam_object"), still.array("T_cam_object"))
    ]
    np.testing.assert_allclose(turned[0], np.pi, atol=1e-3)
    assert turned[1].max() < 1e-6
    points = film.mesh.sample_surface(3000, rng=np.random.default_rng(0))
    # Samples of the surface lie 2 mm from each other.
    assert adds_m(still.array("T_world_object"), film.T_world_object, points).max() < 0.003
    assert spun.summary.verdict == "review"
    assert "31 rad/s" in spun.notes[0]
    assert still.summary.verdict == "pass"
