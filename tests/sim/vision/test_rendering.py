import numpy as np
import pytest

from tests.sim.fixtures import open_sim
from xsim_core.geometry import inverse_se3, make_se3, se3_to_pos_quat, so3_exp, transform_points
from xsim_core.render.lights import LightSpec, shining_along, table_irradiance
from xsim_core.render.room import RoomSpec
from xsim_core.render.sensor import SensorSpec
from xsim_core.sim.vision.backgrounds import RoomBackground
from xsim_core.sim.vision.domain import Domain, LightRandomisation, randomised_domain
from xsim_core.sim.vision.rendering import SceneRenderer, policy_camera, video_camera


@pytest.fixture(scope="module")
def setting(tmp_path_factory):
    sim = open_sim(tmp_path_factory.mktemp("world"))
    return sim.assets, sim.background, sim.mesh


def start_state(assets, *, lift=0.0):
    position, quat = se3_to_pos_quat(assets.start)
    position[2] += lift
    return np.array([*assets.start_qpos, *position, *quat], np.float32)


@pytest.fixture(scope="module")
def splat_renderer(setting):
    assets, background, _ = setting
    return SceneRenderer(assets, background)


@pytest.fixture(scope="module")
def room_renderer(setting):
    return SceneRenderer(setting[0], RoomBackground(room=RoomSpec(texture_px_per_m=100)))


@pytest.mark.vulkan
@pytest.mark.parametrize("which", ["splat_renderer", "room_renderer"])
def test_the_object_appears_where_the_camera_model_puts_it(which, setting, request):
    renderer, (assets, _, mesh) = request.getfixturevalue(which), setting
    state = start_state(assets)
    state[0] += 1.2  # The arm is out of the way.
    frame = renderer.render(state)
    T_cam_object = inverse_se3(np.array(assets.T_world_cam)) @ assets.start
    vertices = transform_points(T_cam_object, mesh.vertices)
    uv = renderer.camera().project(vertices)
    rows, columns = np.nonzero(frame.object_mask)
    assert frame.rgb.shape == (72, 96, 3)
    np.testing.assert_allclose([columns.min(), rows.min()], uv.min(axis=0), atol=1.5)
    np.testing.assert_allclose([columns.max(), rows.max()], uv.max(axis=0), atol=1.5)
    nearest = frame.depth_m[frame.object_mask].min()
    assert nearest == pytest.approx(vertices[:, 2].min(), abs=0.01)


@pytest.mark.vulkan
def test_foreground_hides_the_splat_and_casts_a_shadow_on_it(splat_renderer, setting):
    assets = setting[0]
    empty = start_state(assets, lift=-1.0)
    empty[0] += 2.2
    full = start_state(assets)
    full[0] += 2.2
    a, b = splat_renderer.render(empty), splat_renderer.render(full)
    assert not a.object_mask.any()  # Below the table: behind the reconstructed surface.
    assert b.object_mask.sum() > 30
    darker = (a.rgb.mean(-1) - b.rgb.mean(-1) > 10) & ~b.object_mask
    assert darker.sum() > 5
    rows, columns = np.nonzero(b.object_mask)
    shadow_rows, shadow_columns = np.nonzero(darker)
    assert abs(np.median(shadow_rows) - np.median(rows)) < 25
    assert abs(np.median(shadow_columns) - np.median(columns)) < 25


@pytest.mark.vulkan
def test_light_changes_both_splat_and_foreground(splat_renderer, setting):
    state, dim = start_state(setting[0]), LightSpec(ambient_rgb=(0.2, 0.2, 0.2))
    dim = dim.model_copy(update={"colours_rgb": ((0.5, 0.5, 0.5), (0.2, 0.2, 0.2))})
    bright, dark = splat_renderer.render(state), splat_renderer.render(state, lights=dim)
    for mask in (bright.object_mask, ~bright.object_mask):
        assert dark.rgb[mask].mean() < 0.8 * bright.rgb[mask].mean()
    again = splat_renderer.render(state)
    np.testing.assert_array_equal(again.rgb, bright.rgb)


@pytest.mark.vulkan
def test_other_sizes_show_the_whole_video_image(room_renderer, setting):
    frame = room_renderer.render(start_state(setting[0]), image_hw=(60, 80))
    assert frame.rgb.shape == (60, 80, 3)
    K = video_camera(setting[0]).resized(80, 60).K
    np.testing.assert_allclose(room_renderer.camera((60, 80)).K, K)


def test_the_policy_view_is_a_crop_of_the_video_that_holds_the_path(setting):
    assets = setting[0]
    view, full = policy_camera(assets), video_camera(assets)
    assert view.K[0, 0] > full.resized(96, 72).K[0, 0]
    T_cam_world = inverse_se3(np.array(assets.T_world_cam))
    path = np.vstack([assets.start[:3, 3], assets.waypoints[:, :3, 3]])
    uv = view.project(transform_points(T_cam_world, path))
    assert (uv > 5).all()
    assert (uv < [90, 66]).all()
    # A point's direction is the same in both: the crop only shifts and scales pixels.
    centre = np.array([47.5, 35.5, 1.0])
    in_video = full.K @ np.linalg.inv(view.K) @ centre
    assert 0 < in_video[0] < 640
    assert 0 < in_video[1] < 480


def test_a_domain_draws_the_same_episode_for_the_same_seed():
    T = make_se3(so3_exp([0.1, 0.2, 0.3]), [1, 2, 3])
    domain = randomised_domain()
    a, b, c = domain.draw(5, T), domain.draw(5, T), domain.draw(6, T)
    assert a.lights == b.lights
    np.testing.assert_array_equal(a.T_world_cam, b.T_world_cam)
    np.testing.assert_array_equal(a.rng.standard_normal(4), b.rng.standard_normal(4))
    assert a.lights != c.lights
    assert not np.allclose(a.T_world_cam, c.T_world_cam)
    off = np.linalg.norm((inverse_se3(T) @ a.T_world_cam)[:3, 3])
    assert 0 < off <= domain.camera.translation_m * 3**0.5


def test_a_plain_domain_keeps_camera_and_light():
    draw = Domain().draw(3, np.eye(4))
    np.testing.assert_array_equal(draw.T_world_cam, np.eye(4))
    base = LightSpec()
    np.testing.assert_allclose(draw.lights.colours_rgb, base.colours_rgb)


def test_lights_shine_along_their_direction():
    T = shining_along((0.3, -0.4, -1.0), np.zeros(3))
    np.testing.assert_allclose(T[:3, 0], np.array([0.3, -0.4, -1]) / 1.25**0.5)
    np.testing.assert_allclose(T[:3, :3] @ T[:3, :3].T, np.eye(3), atol=1e-12)
    drawn = LightRandomisation(gain=0.3).draw(LightSpec(), np.random.default_rng(0))
    assert (table_irradiance(drawn) != table_irradiance(LightSpec())).all()


def test_sensor_noise_has_the_stated_size():
    rng = np.random.default_rng(0)
    grey = np.full((60, 80, 3), 128, np.uint8)
    seen = SensorSpec(noise_std=4.0).apply(grey, np.ones(3, np.float32), rng)
    assert seen.std() == pytest.approx(4.0, rel=0.1)
    depth = np.full((60, 80), 0.9, np.float32)
    depth[20:40, 20:40] = 0.7
    measured = SensorSpec().apply_depth(depth, rng)
    assert (measured == 0).any()  # Across the edge.
    error = measured[measured > 0] / 1000 - depth[measured > 0]
    assert 2e-4 < error.std() < 4e-3
