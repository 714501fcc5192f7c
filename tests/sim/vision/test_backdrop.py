"""xsim_core/sim/vision/backdrop.py: another table for each episode, and nothing else changed."""

import numpy as np
import pytest

from tests.sim.fixtures import open_sim
from xsim_core.geometry import PinholeCamera, make_se3, se3_to_pos_quat, so3_exp
from xsim_core.sim.vision.backdrop import BackdropRandomisation, repainted
from xsim_core.sim.vision.backgrounds import BackgroundView
from xsim_core.sim.vision.domain import randomised_domain
from xsim_core.sim.vision.rendering import SceneRenderer

STRAYS = BackdropRandomisation(share=1.0)
CAMERA = PinholeCamera(64, 48, np.array([[60.0, 0, 31.5], [0, 60.0, 23.5], [0, 0, 1]]))
HEIGHT_M = 0.02


def looking_down(x, y, yaw=0.0):
    return make_se3(so3_exp([0, 0, yaw]) @ so3_exp([np.pi, 0, 0]), [x, y, HEIGHT_M + 0.8])


def test_an_episode_is_its_seed_and_a_share_of_them_is_as_it_was_filmed():
    xy = np.random.default_rng(0).uniform(-1, 1, (50, 2))
    one, same, other = (STRAYS.draw(seed).gain(xy) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)
    strays = [BackdropRandomisation(share=0.7).draw(seed) is not None for seed in range(400)]
    assert 0.63 < np.mean(strays) < 0.77
    assert BackdropRandomisation(share=0.0).draw(1) is None


def test_colours_stray_as_far_as_it_says():
    xy = np.random.default_rng(0).uniform(-1, 1, (200, 2))
    logs = np.log([STRAYS.draw(seed).gain(xy) for seed in range(100)])
    furthest = np.abs(logs).max()
    assert 0.6 * (STRAYS.tint + STRAYS.contrast) < furthest <= STRAYS.tint + STRAYS.contrast
    assert np.ptp(logs, axis=1).max() > STRAYS.contrast  # Up and down within one table.


def test_only_the_table_is_repainted_and_depth_stays():
    depth_m = np.full((48, 64), 0.8, np.float32)
    depth_m[:10], depth_m[10:20] = np.inf, 0.7  # Nothing, and something 10 cm high.
    view = BackgroundView(np.full((48, 64, 3), 0.3, np.float32), depth_m)
    seen = repainted(view, STRAYS.draw(3), looking_down(0.5, 0.0), CAMERA, HEIGHT_M)
    np.testing.assert_array_equal(seen.depth_m, depth_m)
    np.testing.assert_array_equal(seen.rgb[:20], view.rgb[:20])
    assert (seen.rgb[20:] != view.rgb[20:]).any(axis=-1).all()


def test_the_pattern_lies_on_the_table_whoever_looks():
    """A camera that is moved by whole pixels sees the same pattern moved by as many."""
    metres_per_px = 0.8 / 60.0
    view = BackgroundView(np.full((48, 64, 3), 0.3, np.float32), np.full((48, 64), 0.8, np.float32))
    backdrop = STRAYS.draw(5)
    here = repainted(view, backdrop, looking_down(0.5, 0.0), CAMERA, HEIGHT_M).rgb
    there = repainted(
        view, backdrop, looking_down(0.5 + 8 * metres_per_px, 0.0), CAMERA, HEIGHT_M
    ).rgb
    is_alike = np.isclose(here[:, 8:], there[:, :-8], atol=1e-4).all(axis=-1)
    assert is_alike.mean() > 0.99  # Sharp edges may fall to either side of a pixel's ray.


def test_all_else_of_an_episode_is_as_without():
    plain = randomised_domain()
    straying = plain.model_copy(update={"backdrop": STRAYS})
    a, b = (domain.draw(7, np.eye(4)) for domain in (plain, straying))
    assert (a.backdrop, b.backdrop is None) == (None, False)
    np.testing.assert_array_equal(a.T_world_cam, b.T_world_cam)
    np.testing.assert_array_equal(a.gain, b.gain)
    assert a.lights == b.lights
    assert a.rng.standard_normal() == b.rng.standard_normal()


@pytest.mark.vulkan
def test_robot_and_object_keep_their_colours(tmp_path):
    sim = open_sim(tmp_path)
    renderer = SceneRenderer(sim.assets, sim.background, supersample=1)
    position, quat = se3_to_pos_quat(sim.assets.start)
    state = np.array([*sim.assets.start_qpos, *position, *quat], np.float32)
    plain, painted = renderer.render(state), renderer.render(state, backdrop=STRAYS.draw(2))
    np.testing.assert_array_equal(plain.object_mask, painted.object_mask)
    np.testing.assert_array_equal(plain.rgb[plain.object_mask], painted.rgb[plain.object_mask])
    np.testing.assert_array_equal(plain.depth_m, painted.depth_m)
    assert (plain.rgb != painted.rgb).any(axis=-1).mean() > 0.2
    np.testing.assert_array_equal(renderer.render(state).rgb, plain.rgb)
