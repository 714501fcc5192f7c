import numpy as np
import pytest

from xsim_core.capture import SynthesizeConfig, truth_folder
from xsim_core.capture.layout import read_capture_file
from xsim_core.capture.readers import read_photos, read_video
from xsim_core.capture.synthetic.rendering import RenderScene
from xsim_core.capture.synthetic.scenario import demo_board
from xsim_core.geometry import PinholeCamera, detect_board, look_at, rotation_angle
from xsim_core.render.lights import LightSpec, light_room
from xsim_core.render.room import RoomSpec, board_mesh
from xsim_core.world import WorldSpec

pytestmark = pytest.mark.vulkan


def test_a_capture_has_all_its_files(tiny_capture):
    names = {p.relative_to(tiny_capture).as_posix() for p in tiny_capture.rglob("*") if p.is_file()}
    assert {"capture.yaml", "object/mesh.obj", "object/texture.png"} <= names
    assert {"video/recording.db3", "video/cam_K.txt", "video/rgb/000005.png"} <= names
    assert "photos/0003.jpg" in names
    assert not any("truth" in n or "world" in n for n in names)
    assert not list(tiny_capture.parent.glob(".*"))


def test_the_truth_lies_apart_and_agrees_with_the_depth(tiny_capture):
    video = read_video(tiny_capture / "video")
    with np.load(truth_folder(tiny_capture) / "truth.npz", allow_pickle=False) as truth:
        T_world_cam, T_world_object = truth["T_world_cam"], truth["T_world_object"]
        visible = truth["visible_fraction"]
    points = video.camera.unproject(video.depth_mm[0] / 1000.0)
    heights = (points @ T_world_cam[:3, :3].T + T_world_cam[:3, 3])[..., 2]
    on_table = heights[60:][video.depth_mm[0][60:] > 0]
    assert abs(np.median(on_table)) < 0.004
    assert T_world_object.shape == (6, 4, 4)
    assert visible[0] > 0.9
    assert 0.3 < visible.min() < 0.8


def test_both_videos_are_the_same(tiny_capture):
    folder, recording = (read_video(tiny_capture / "video" / n) for n in (".", "recording.db3"))
    np.testing.assert_array_equal(folder.rgb, recording.rgb)
    np.testing.assert_array_equal(folder.depth_mm, recording.depth_mm)


def test_the_box_holds_the_object(tiny_capture):
    file = read_capture_file(tiny_capture)
    left, top, right, bottom = file.init_box_xyxy
    assert 0 <= left < right < 160
    assert 0 <= top < bottom < 120
    assert len(read_photos(tiny_capture / file.photos)) == 4
    # What it does not say: its bytes are part of every artifact's identity.
    assert "room" not in (tiny_capture / "capture.yaml").read_text()


def test_the_world_is_one_that_the_robot_can_enter(tiny_capture):
    text = (truth_folder(tiny_capture) / "world.json").read_text()
    world = WorldSpec.model_validate_json(text)
    assert world.room.board == demo_board()
    assert world.lights != LightSpec()


def test_the_board_is_found_where_it_lies():
    board = demo_board()
    scene = RenderScene()
    mesh, T_world_quad = board_mesh(board)
    scene.place(scene.add("board", [mesh]), T_world_quad)
    light_room(scene.scene, LightSpec())
    camera = PinholeCamera.from_fov(640, 480, 0.8)
    config = SynthesizeConfig()
    T_world_cam = look_at(config.eye_m, config.target_m)
    found = detect_board(scene.render(camera, T_world_cam).rgb, board, camera=camera)
    assert found is not None
    assert found.T_cam_board is not None
    T_world_board = T_world_cam @ found.T_cam_board
    truth = np.array(board.T_world_board)
    assert np.linalg.norm(T_world_board[:3, 3] - truth[:3, 3]) < 0.001
    assert rotation_angle(T_world_board[:3, :3], truth[:3, :3]) < np.deg2rad(0.2)
    assert RoomSpec(board=board).board == board
