"""xsim_core/sim/vision/backgrounds.py: views of the Gaussians are right; the latest are kept."""

import numpy as np
import pytest

from xsim_core.geometry import PinholeCamera, look_at, make_se3
from xsim_core.scratch import write_arrays
from xsim_core.sim.vision import backgrounds
from xsim_core.sim.vision.backgrounds import SplatBackground, SplatViews

CAMERA = PinholeCamera.from_fov(24, 18, 0.8)
T_WORLD_CAM = look_at([0.5, 0.01, 1.0], [0.5, 0.0, 0.0])


@pytest.fixture
def wall(tmp_path):
    """One large green disc on the table, before a red sky."""
    path = tmp_path / "gaussians.npz"
    write_arrays(
        path,
        {
            "means": np.array([[0.5, 0.0, 0.0]], np.float32),
            "quats_wxyz": np.array([[1.0, 0, 0, 0]], np.float32),
            "scales": np.full((1, 2), 0.15, np.float32),
            "opacities": np.array([0.99], np.float32),
            "rgb": np.array([[0.1, 0.8, 0.2]], np.float32),
        },
    )
    return SplatBackground(gaussians_npz=path, background_rgb=(1.0, 0.0, 0.0))


def look(views, T_world_cam=T_WORLD_CAM):
    return views.view(T_world_cam, CAMERA.K, CAMERA.width, CAMERA.height)


def test_the_disc_is_seen_where_it_lies_and_the_rest_is_sky(wall):
    view = look(SplatViews(wall))
    assert view.rgb.shape == (18, 24, 3)
    np.testing.assert_allclose(view.rgb[9, 12], [0.1, 0.8, 0.2], atol=0.05)
    np.testing.assert_allclose(view.rgb[0, 0], [1, 0, 0], atol=0.05)
    assert view.depth_m[9, 12] == pytest.approx(1.0, abs=0.02)
    assert np.isinf(view.depth_m[0, 0])


def test_a_view_is_made_once_and_the_oldest_goes_first(wall):
    views = SplatViews(wall)
    first = look(views)
    assert look(views) is first
    for k in range(1, backgrounds.CACHED_VIEWS):
        look(views, make_se3(T_WORLD_CAM[:3, :3], T_WORLD_CAM[:3, 3] + [0.001 * k, 0, 0]))
    assert look(views) is first  # Looked at again, it is the latest.
    look(views, make_se3(T_WORLD_CAM[:3, :3], T_WORLD_CAM[:3, 3] + [1.0, 0, 0]))
    assert look(views) is first
    assert len(views._views) == backgrounds.CACHED_VIEWS


def test_another_size_of_the_same_camera_is_another_view(wall):
    views = SplatViews(wall)
    small = look(views)
    camera = CAMERA.resized(48, 36)
    large = views.view(T_WORLD_CAM, camera.K, 48, 36)
    assert large.rgb.shape == (36, 48, 3)
    assert large is not small
