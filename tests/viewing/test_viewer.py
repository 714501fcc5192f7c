import json
import shutil
import socket
import subprocess
from dataclasses import replace
from threading import Event, Thread

import numpy as np
import pytest

from flows.cli.runs.view import View
from tests.evaluate.fixtures import commit, make_images, make_rollouts, make_student
from tests.sim.fixtures import make_scene, make_sim, make_track
from tests.waiting import PATIENCE_S
from tests.world.test_rollouts import recording
from xsim_core.artifacts import EpisodeDataset, Evaluation
from xsim_core.errors import BadInputError, MissingDependencyError
from xsim_core.evaluate.rates import Trials
from xsim_core.pictures import gif_bytes
from xsim_core.sim.controller import QPOS_REST, forward_kinematics
from xsim_core.storage import ArtifactStore
from xsim_core.viewing import open_viewer
from xsim_core.viewing.rollouts import seen_points
from xsim_core.world import read_rollouts


def make_dataset(store):
    """Two episodes of five steps in which the object goes along x."""
    n = 10
    states = np.zeros((n, 16), np.float32)
    states[:, :7], states[:, 9], states[:, 12] = QPOS_REST, 0.01 * np.arange(n), 1
    arrays = {
        "observation.images.front": np.full((n, 24, 32, 3), 7, np.uint8),
        "observation.state": np.zeros((n, 6), np.float32),
        "action": np.zeros((n, 3), np.float32),
        "episode_ends": np.array([5, 10]),
        "env_states": states,
        "T_world_cam": np.tile(np.eye(4, dtype=np.float32), (2, 1, 1)),
        "K": np.diag([30, 30, 1]).astype(np.float32),
    }
    summary = EpisodeDataset(
        task="push_block", num_episodes=2, num_steps=n, num_attempts=2, image_hw=(24, 32), fps=10.0
    )
    return commit(store, summary, arrays, name="dataset")


@pytest.fixture(scope="module")
def store():
    return ArtifactStore("memory://")


@pytest.fixture(scope="module")
def refs(store):
    return [make(store) for make in (make_images, make_scene, make_track, make_sim, make_dataset)]


@pytest.fixture
def port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def test_a_run_is_one_scene(store, refs, port):
    with open_viewer(store, refs, port=port) as viewer:
        at = viewer.server.scene.get_handle_by_name
        assert viewer.url == f"http://127.0.0.1:{port}"
        assert [t.name for t in viewer.timelines] == ["the film", "episode 0", "episode 1"]
        T = store.open(refs[2]).array("T_world_object")
        viewer.show(len(T) - 1)
        np.testing.assert_allclose(at("/film/object").position, T[-1, :3, 3], atol=1e-6)
        assert at("/film/object").visible
        assert not at("/episode").visible
        assert not at("/task/object").visible

        viewer._controls["of"].value = "episode 1"
        viewer.show(3)
        np.testing.assert_allclose(at("/episode/object").position, [0.08, 0, 0], atol=1e-6)
        tcp = at("/robot/panda_hand").position + 0.1034 * np.array([0, 0, -1])
        np.testing.assert_allclose(tcp, forward_kinematics(QPOS_REST)[0][:3, 3], atol=1e-3)
        assert at("/episode").visible
        assert not at("/film/object").visible
        viewer.show(99)  # Past the end is the end: the slider of a longer one may say so.
        np.testing.assert_allclose(at("/episode/object").position, [0.09, 0, 0], atol=1e-6)


def test_discs_become_flat_gaussians_that_lie_as_they_did(store, refs, port):
    scene = store.open(refs[1])
    with open_viewer(store, [refs[1]], port=port) as viewer:
        splat = viewer.server.scene.get_handle_by_name("/room/splat")
        assert viewer.timelines == []
    values, axes = np.linalg.eigh(splat.covariances.astype(float))
    scales = np.sort(scene.array("scales").astype(float), axis=1)
    np.testing.assert_allclose(np.sqrt(values[:, 1:]), scales, rtol=1e-3)
    w, x, y, z = scene.array("quats_wxyz").astype(float).T
    normals = np.stack([2 * (x * z + w * y), 2 * (y * z - w * x), 1 - 2 * (x * x + y * y)], axis=1)
    assert np.abs(np.sum(axes[:, :, 0] * normals, axis=1)).min() > 0.999


def test_playing_goes_round(store, refs, port):
    ended = Event()
    with open_viewer(store, [refs[4]], port=port) as viewer:
        seen = []
        step, play = viewer._controls["step"], viewer._controls["play"]

        @step.on_update
        def _(_event):
            seen.append(step.value)
            if len(seen) == 7:
                ended.set()

        play.value = True
        playing = Thread(target=viewer.run, args=(ended,))
        playing.start()
        playing.join(PATIENCE_S)
        assert seen[:7] == [1, 2, 3, 4, 0, 1, 2]


def test_what_has_no_place_in_space_is_refused(store):
    student = make_student(store)
    with (
        pytest.raises(BadInputError, match="there is student_policy; what can be looked at"),
        open_viewer(store, [student]),
    ):
        pass


def test_the_command_says_what_is_missing(monkeypatch):
    with pytest.raises(BadInputError, match="--port 99999 is no port"):
        View("demo", port=99999).run()
    monkeypatch.setattr("flows.cli.runs.view.find_spec", lambda name: None)
    with pytest.raises(MissingDependencyError, match=r"xsim\[view\]"):
        View("demo").run()


def make_robot_rollouts(store):
    """Two rollouts of a Panda at rest, whose camera looks straight down from a metre above."""
    whole = recording(has_times=True)
    T = np.array([[1.0, 0, 0, 0.5], [0, -1, 0, 0], [0, 0, -1, 1], [0, 0, 0, 1]])
    episodes = replace(
        whole,
        qpos=np.tile(np.array([*QPOS_REST, 0.04, 0.04], np.float32), (7, 1)),
        state=np.linspace(0, 0.3, 42, dtype=np.float32).reshape(7, 6),
        wide_depth_mm=np.full((7, 12, 16), 1000, np.uint16),
        T_world_cam=T,
    )
    return make_rollouts(store, episodes, outcome=np.array([1, 0]), name="1")


def make_evaluation(store):
    """With the film of one policy in one world."""
    out = store.begin(Evaluation.kind, "e".rjust(24, "0"))
    frames = np.stack([np.full((6, 8, 3), 40 * i, np.uint8) for i in range(4)])
    out.add_file("film_student_real.gif", gif_bytes(frames, fps=10, scale=1))
    won = np.array([True])
    rate = Trials("student", "real", won, won.astype(np.float32), []).rate()
    out.write("success/student_real", won)
    out.write("progress/student_real", won.astype(np.float32))
    summary = Evaluation(task="push_block", rates=(rate,), figures={})
    made = {"stage": "test", "stage_version": 1, "config": {}, "provenance": {}, "inputs": {}}
    return store.commit(out, summary, **made)


def test_rollouts_and_the_evaluations_films_are_scrubbed(store, port):
    refs = [make_robot_rollouts(store), make_evaluation(store)]
    with open_viewer(store, refs, port=port) as viewer:
        at, told = viewer.server.scene.get_handle_by_name, viewer._controls["told"]
        names = [t.name for t in viewer.timelines]
        assert names[:2] == ["rollout 0, succeeded", "rollout 1, did not succeed"]
        assert names[2:] == ["evaluated: student, real"]
        viewer._controls["of"].value = names[1]
        viewer.show(2)
        rollouts = read_rollouts(store.open(refs[0]))
        np.testing.assert_allclose(at("/rollout/tcp").position, rollouts.state[5, :3], atol=1e-6)
        np.testing.assert_array_equal(viewer.timelines[1].picture(2), rollouts.wide_rgb[5])
        assert told.content == "0.30 s of rollout 1 of 2, did not succeed"
        tcp = at("/robot/panda_hand").position + 0.1034 * np.array([0, 0, -1])
        np.testing.assert_allclose(tcp, forward_kinematics(QPOS_REST)[0][:3, 3], atol=1e-3)
        # Depth of a metre lies on the table, in the colours of the picture.
        points, rgb = seen_points(rollouts, 5)
        np.testing.assert_allclose(points[:, 2], 0, atol=1e-6)
        assert len(points) == 6 * 8
        np.testing.assert_array_equal(rgb[0], rollouts.wide_rgb[5, 0, 0])
        assert at("/rollout").visible
        viewer._controls["of"].value = names[2]
        viewer.show(3)
        assert not at("/rollout").visible
        assert abs(int(viewer.timelines[2].picture(3)[0, 0, 0]) - 120) < 5


def test_rollouts_without_joints_or_depth_show_the_tcp(store, port):
    bare = replace(recording(has_depth=False), qpos=None, T_world_cam=np.eye(4))
    ref = make_rollouts(store, bare, name="2")
    with open_viewer(store, [ref], port=port) as viewer:
        assert [t.name for t in viewer.timelines] == ["rollout 0", "rollout 1"]
        viewer.show(1)
        at = viewer.server.scene.get_handle_by_name
        np.testing.assert_allclose(at("/rollout/tcp").position, bare.state[1, :3], atol=1e-6)
        assert at("/rollout/seen") is None
        assert viewer._controls["told"].content == "0.10 s of rollout 0 of 2"


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("chromium") is None, reason="no chromium to open the page in")
def test_a_browser_draws_it(store, refs, port, tmp_path):
    from PIL import Image

    command = [
        "chromium",
        "--headless=new",
        "--no-sandbox",
        "--use-angle=swiftshader",
        "--enable-unsafe-swiftshader",
        "--window-size=800,600",
        "--virtual-time-budget=20000",
        f"--user-data-dir={tmp_path}/profile",
        f"--screenshot={tmp_path}/page.png",
    ]
    refs = [*refs, make_robot_rollouts(store)]
    with open_viewer(store, refs, port=port, title="a run") as viewer:
        viewer.choose([t.name for t in viewer.timelines].index("rollout 0, succeeded"))
        connected = []
        viewer.server.on_client_connect(lambda client: connected.append(client))
        subprocess.run([*command, viewer.url], check=True, capture_output=True, timeout=120)
    assert connected
    page = np.asarray(Image.open(tmp_path / "page.png").convert("RGB")).reshape(-1, 3)
    assert len(np.unique(page, axis=0)) > 1000, json.dumps(page[:3].tolist())
