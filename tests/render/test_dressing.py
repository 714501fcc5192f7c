"""xsim_core/render/dressing.py: a room in another dressing, and as it was."""

import numpy as np
import pytest

from xsim_core.errors import BadInputError
from xsim_core.geometry import PinholeCamera, inverse_se3, make_se3, so3_exp
from xsim_core.render.dressing import DressableRoom, Dressing
from xsim_core.render.lights import LightSpec, light_room
from xsim_core.render.room import ClutterBox, RoomSpec
from xsim_core.render.scene import add_camera, open_render_scene, place_camera

CAMERA = PinholeCamera(96, 72, np.array([[80.0, 0, 47.5], [0, 80.0, 35.5], [0, 0, 1]]))
T_WORLD_CAM = make_se3(so3_exp([np.pi, 0, 0]), [0.45, 0.0, 0.9])
"""From above, straight down."""
THING = ClutterBox(position_m=(0.55, 0.1), size_m=(0.06, 0.06, 0.05), rgb=(0.9, 0.1, 0.1))
A = Dressing(seed=1, table_tint=(0.7, 1.0, 1.2), things=(THING,))
B = Dressing(seed=2)


@pytest.fixture(scope="module", params=["patterned", "kitchen"])
def shot(request):
    """Takes a picture of the room in a dressing: colour (h, w, 3) and height above the table."""
    scene = open_render_scene()
    room = DressableRoom(scene, RoomSpec(furniture=request.param, texture_px_per_m=60))
    light_room(scene, LightSpec())
    component, entity = add_camera(scene, CAMERA, shaders="minimal")
    place_camera(entity, T_WORLD_CAM)

    def take(dressing):
        room.wear(dressing)
        scene.update_render()
        component.take_picture()
        rgb = np.clip(component.get_picture("Color")[..., :3], 0, 1)
        depth_m = -component.get_picture("PositionSegmentation")[..., 2] * 1e-3
        return rgb, 0.9 - depth_m

    return take


@pytest.mark.vulkan
def test_another_table_top_and_a_thing_that_did_not_stand_there(shot):
    bare, height_bare = shot(None)
    dressed, height = shot(A)
    assert abs(dressed - bare).mean() > 0.03
    assert abs(height_bare).max() < 2e-3
    u, v = CAMERA.project((inverse_se3(T_WORLD_CAM) @ [0.55, 0.1, 0.05, 1])[None, :3])[0].round()
    assert height[int(v), int(u)] == pytest.approx(0.05, abs=2e-3)
    assert (height > 0.01).sum() > 20


@pytest.mark.vulkan
def test_what_is_taken_off_leaves_nothing_behind(shot):
    bare, one, other = (shot(worn)[0] for worn in (None, A, B))
    assert not np.array_equal(one, other)
    np.testing.assert_array_equal(shot(None)[0], bare)
    np.testing.assert_array_equal(shot(A)[0], one)
    np.testing.assert_array_equal(shot(B)[0], other)


@pytest.mark.vulkan
def test_a_splat_is_not_dressed(tmp_path):
    from tests.sim.fixtures import open_sim
    from xsim_core.sim.vision.rendering import SceneRenderer

    sim = open_sim(tmp_path)
    renderer = SceneRenderer(sim.assets, sim.background)
    renderer.dress(None)
    with pytest.raises(BadInputError, match="cannot be dressed"):
        renderer.dress(B)
