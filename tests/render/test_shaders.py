import numpy as np
import pytest

from xsim_core.geometry import PinholeCamera
from xsim_core.render import shaders
from xsim_core.render.lights import LightSpec, light_room
from xsim_core.render.meshes import render_shape
from xsim_core.render.scene import open_render_scene
from xsim_core.render.shapes import textured_box

CAMERA = PinholeCamera.from_fov(48, 36, 0.8)


def picture(pack):
    import sapien

    scene = open_render_scene()
    light_room(scene, LightSpec())
    body = sapien.render.RenderBodyComponent()
    texture = np.random.default_rng(0).integers(0, 255, (16, 16, 3)).astype(np.uint8)
    mesh = textured_box((0.1, 0.1, 0.1), texture)
    body.attach(render_shape(mesh, roughness=0.2))
    camera = sapien.render.RenderCameraComponent(CAMERA.width, CAMERA.height)
    before = sapien.render.get_camera_shader_dir()
    sapien.render.set_camera_shader_dir(pack)
    for component, pose in ((body, sapien.Pose()), (camera, sapien.Pose([-0.4, 0, 0]))):
        entity = sapien.Entity()
        entity.add_component(component)
        entity.set_pose(pose)
        scene.add_entity(entity)
    sapien.render.set_camera_shader_dir(before)
    scene.update_render()
    camera.take_picture()
    return camera.get_picture("Color"), camera.get_picture_names()


@pytest.mark.vulkan
@pytest.mark.parametrize("pack", ["minimal", "default"])
def test_pictures_are_those_of_sapiens_own_pack(pack, tmp_path):
    plain = shaders.without_environment_table(pack, tmp_path)
    assert plain != pack
    reference, names = picture(pack)
    assert ("PositionSegmentation" in names) == (pack == "minimal")
    assert reference.std() > 0.05
    np.testing.assert_array_equal(picture(plain)[0], reference)


def test_shaders_of_another_kind_are_left_alone(tmp_path):
    assert shaders.without_environment_table("rt", tmp_path) == "rt"
    assert not list(tmp_path.iterdir())
