"""What the Python door answers, on a small run."""

import subprocess
import sys

import numpy as np
import pytest
import torch

import xsim_core
from tests.sim.fixtures import default_T_world_cam, push_path
from xsim_core.api.scene import cut_pieces
from xsim_core.errors import BadInputError, UnknownNameError
from xsim_core.policies import ClosedLoopStudent

pytestmark = pytest.mark.usefixtures("home")

RGB = np.random.default_rng(3).integers(0, 256, (72, 96, 3), dtype=np.uint8)
STATE = np.array([0.5, -0.1, 0.05, 0, 1, 0], np.float32)


def test_a_policy_acts_as_the_student_that_was_stored():
    policy = xsim_core.load_policy("demo:calibrate")
    assert (policy.image_hw, policy.state_dim, policy.action_dim) == ((72, 96), 6, 3)
    loop = ClosedLoopStudent(policy.student)
    loop.reset([5])
    policy.reset(5)
    for _ in range(6):  # Past the end of a chunk of four.
        action = policy.act(RGB, STATE)
        np.testing.assert_array_equal(action, loop.act(RGB[None], STATE[None])[0])
        assert action.shape == (3,)
        assert np.abs(action).max() <= 1


def test_a_policy_acts_without_being_reset_and_again_after_it():
    policy = xsim_core.load_policy("demo:calibrate")
    first = [policy.act(RGB, STATE) for _ in range(5)]
    assert not np.array_equal(first[0], first[4])
    policy.reset()
    np.testing.assert_array_equal(first, [policy.act(RGB, STATE) for _ in range(5)])


@pytest.mark.parametrize(
    ("rgb", "state", "message"),
    [
        (RGB[:, :-1], STATE, r"rgb is uint8 \(72, 95, 3\); student_policy/.* takes uint8 \(72, 96"),
        (RGB / 255.0, STATE, "rgb is float64"),
        (RGB[None], STATE, r"rgb is uint8 \(1, 72"),
        (RGB, STATE[:-1], "takes 6 finite numbers"),
        (RGB, np.where(STATE == 1, np.nan, STATE), "takes 6 finite numbers"),
    ],
)
def test_a_policy_says_what_it_takes(rgb, state, message):
    with pytest.raises(BadInputError, match=message):
        xsim_core.load_policy("demo:calibrate").act(rgb, state)


def test_a_scene_is_drawn_from_the_camera_and_stands_where_it_is():
    scene = xsim_core.load_scene("demo:splat")
    K = [[80, 0, 47.5], [0, 80, 35.5], [0, 0, 1]]
    image = scene.render(default_T_world_cam(), K, width=96, height=72)
    assert image.rgb.shape == (72, 96, 3)
    assert image.alpha[40, 48] > 0.9
    expected_m = np.linalg.norm(np.array([0.5, 0, 0]) - default_T_world_cam()[:3, 3])
    assert abs(image.depth_m[36, 48] - expected_m) < 0.05
    assert [piece.shape for piece in scene.collision_pieces] == [(8, 3)]
    assert scene.mesh_vertices[scene.mesh_faces].shape == (2, 3, 3)
    assert scene.summary.table_height_m == 0


def test_collision_pieces_are_cut_where_they_end():
    corners = np.arange(21, dtype=np.float32).reshape(7, 3)
    pieces = cut_pieces(corners, np.array([4, 7]))
    assert [len(piece) for piece in pieces] == [4, 3]
    np.testing.assert_array_equal(np.concatenate(pieces), corners)
    assert cut_pieces(corners[:0], np.array([], np.int64)) == ()


def test_a_track_is_the_path_of_the_object():
    track = xsim_core.load_track("demo:pose_track")
    np.testing.assert_array_equal(track.T_world_object, push_path())
    np.testing.assert_array_equal(track.positions, push_path()[:, :3, 3])
    np.testing.assert_allclose(track.T_world_cam @ track.T_cam_object, push_path(), atol=1e-12)
    assert len(track) == track.summary.num_frames == len(track.timestamps_s)
    assert track.image_hw == (480, 640)
    assert {track.status_names[s] for s in track.status.tolist()} == {"ok"}
    assert track.mesh.uv.shape == (len(track.mesh.vertices), 2)


def test_a_dataset_is_cut_into_its_episodes():
    dataset = xsim_core.load_dataset("demo:render_dataset")
    assert len(dataset) == 3
    assert dataset.rgb.shape == (30, 72, 96, 3)
    assert [len(episode) for episode in dataset] == [10, 10, 10]
    np.testing.assert_array_equal(dataset.episode(-1).action, dataset.action[20:])
    np.testing.assert_array_equal(dataset.episode(1).rgb, dataset.rgb[10:20])
    assert dataset.episode(1).T_world_cam.shape == (4, 4)
    for index in (3, -4):
        with pytest.raises(BadInputError, match=rf"no episode {index}: .* has 3"):
            dataset.episode(index)


def test_torch_windows_keep_within_their_episodes():
    dataset = xsim_core.load_dataset("demo:render_dataset")
    windows = dataset.torch(n_obs_steps=2, horizon=4)
    assert len(windows) == 30
    first, last = windows[10], windows[19]
    image = first["observation.images.front"]
    assert image.shape == (2, 3, 72, 96)
    np.testing.assert_allclose(image[1].movedim(0, -1) * 255, dataset.rgb[10], atol=1e-4)
    np.testing.assert_array_equal(first["observation.state"], dataset.state[[10, 10]])
    np.testing.assert_array_equal(first["action"], dataset.action[10:14])
    np.testing.assert_array_equal(last["observation.state"], dataset.state[[18, 19]])
    np.testing.assert_array_equal(last["action"], dataset.action[[19] * 4])
    assert last["action_is_pad"].tolist() == [False, True, True, True]
    assert len(list(windows)) == 30
    with pytest.raises(BadInputError, match="at least 1"):
        dataset.torch(horizon=0)


def test_torch_windows_batch_in_a_loader():
    windows = xsim_core.load_dataset("demo:render_dataset").torch()
    loader = torch.utils.data.DataLoader(windows, batch_size=8, shuffle=True)
    batch = next(iter(loader))
    assert {name: tuple(t.shape) for name, t in batch.items()} == {
        "observation.images.front": (8, 1, 3, 72, 96),
        "observation.state": (8, 1, 6),
        "action": (8, 8, 3),
        "action_is_pad": (8, 8),
    }


def test_an_evaluation_has_rates_and_what_each_seed_did():
    evaluation = xsim_core.load_evaluation("demo:evaluate")
    rate = evaluation.rate("calibrated", "real")
    assert (rate.successes, rate.trials) == (3, 4)
    assert rate.low < 0.75 < rate.high
    assert evaluation.success["calibrated_real"].tolist() == [True, True, False, True]
    assert evaluation.progress["student_real"].shape == (4,)
    assert evaluation.figures["gained"] == 1
    assert evaluation.errors["add_m"].shape == (5,)
    with pytest.raises(UnknownNameError, match=r"calibrated_sim.*Known: calibrated_real, student"):
        evaluation.rate("calibrated", "sim")


def test_importing_the_library_costs_milliseconds_and_no_torch():
    code = (
        "import sys, time; start = time.process_time(); import xsim_core; "
        "print(time.process_time() - start, len(set(sys.modules) & {'torch', 'numpy', 'zarr'}), "
        "bool(xsim_core.open_store), 'torch' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=xsim_core.__path__[0] + "/..",
    )
    seconds, heavy, offers_store, loads_torch = done.stdout.split()
    assert float(seconds) < 0.1  # Of CPU time, whatever else the machine does; 3 ms here.
    assert heavy == "0"
    assert (offers_store, loads_torch) == ("True", "False")
