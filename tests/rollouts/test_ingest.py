"""Recordings become ``RealRollouts``; what does not fit is refused, what was left out is said."""

import signal
import sys
from dataclasses import replace

import numpy as np
import pytest

from flows.cli.policies.recordings import RobotIngest
from tests.evaluate.fixtures import TINY, make_student
from tests.sim.fixtures import make_sim
from xsim_core.artifacts import RealRollouts
from xsim_core.calibrate.build_pairs import picture_times, tracked_rows
from xsim_core.errors import BadInputError
from xsim_core.robots.sight import PolicySight
from xsim_core.rollouts import IngestRolloutsConfig
from xsim_core.rollouts.recorded_policy import recorded_policy
from xsim_core.sim.open import open_sim_world
from xsim_core.stage import run_stage
from xsim_core.stages import INGEST_ROLLOUTS
from xsim_core.storage import ArtifactStore
from xsim_core.world import read_rollouts

from .recordings import DT_S, header_of, step_at, write

SAID = (
    "rollout_0005.rollout: ",
    "bytes behind its last whole step dropped",
    "rollout_0006.rollout: dropped, 1 picture is left of it",
    "rollout_0007.rollout: dropped, some of its pictures have no depth",
    "3 pictures of a robot that stood still",
    "pictures lay up to 280 ms behind",
    "of 1 rollouts the outcome is unknown",
)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("home")
    store = ArtifactStore((folder / "store").as_uri())
    sim = make_sim(store)
    given = {"student": make_student(store, inputs={"sim": sim}), "sim": sim}
    return store, given, open_sim_world(store.open(given["sim"]), folder / "sim")


def taken_in(home, *paths):
    store, given, _ = home
    config = IngestRolloutsConfig.of(list(paths))
    return store.open(run_stage(INGEST_ROLLOUTS, config, store, given), RealRollouts)


def test_recordings_become_an_artifact_that_says_what_was_left_out(home, tmp_path):
    _, given, sim = home
    header = header_of(sim, given["student"])
    rows = [step_at(i) for i in range(5)]
    write(tmp_path / "rollout_0003.rollout", header, rows)
    write(tmp_path / "rollout_0004.rollout", header | {"seed": 4}, rows, outcome="failure")
    write(tmp_path / "rollout_0005.rollout", header | {"seed": 5}, rows, outcome=None, is_cut=True)
    write(tmp_path / "rollout_0006.rollout", header | {"seed": 6}, rows[:1])
    write(tmp_path / "rollout_0007.rollout", header | {"seed": 7}, rows, has_depth=False)
    made = taken_in(home, tmp_path)
    assert made.array("seeds").tolist() == [3, 4, 5]
    assert made.array("outcome").tolist() == [1, 0, -1]
    assert made.summary.num_episodes == 3
    episodes = read_rollouts(made)
    # Rows 0 and 1 show the robot before anything was commanded; the cut file lost its last row.
    assert np.diff([0, *episodes.episode_ends]).tolist() == [4, 4, 3]
    assert episodes.wide_rgb[:4, 0, 0, 0].tolist() == [10, 12, 13, 14]
    assert episodes.wide_depth_mm[:4, 5, 5].tolist() == [700, 702, 703, 704]
    assert episodes.rgb.shape[1:3] == TINY.image_hw
    np.testing.assert_array_equal(episodes.T_world_cam, header["T_world_cam"])
    said = "; ".join(made.notes)
    for part in SAID:
        assert part in said


def test_the_tracker_is_told_when_each_picture_was_taken(home, tmp_path):
    _, given, sim = home
    header = header_of(sim, given["student"])
    lags_s = np.array([0, 0.03, 0, 0.08, 0, 0.02])
    for seed in (1, 2):
        rows = [step_at(i, lag_s=lag_s) for i, lag_s in enumerate(lags_s)]
        write(tmp_path / f"rollout_{seed:04d}.rollout", header | {"seed": seed}, rows)
    episodes = read_rollouts(taken_in(home, tmp_path))
    seen_s = DT_S * np.arange(6) - lags_s
    np.testing.assert_allclose(episodes.time_s, np.tile(seen_s, 2))
    every_second = tracked_rows(episodes, 1, 2)
    np.testing.assert_allclose(picture_times(episodes, every_second, DT_S), seen_s[::2])
    # Without them a row is a control step, as in a simulated world.
    unknown = replace(episodes, time_s=None)
    np.testing.assert_allclose(picture_times(unknown, every_second, DT_S), [0, 0.2, 0.4])


def test_what_the_policy_saw_is_what_it_is_shown_on_the_robot(home, tmp_path):
    _, given, sim = home
    header = header_of(sim, given["student"])
    path = write(tmp_path / "a.rollout", header, [step_at(i, lag_s=0) for i in range(3)])
    episodes = read_rollouts(taken_in(home, path))
    sight = PolicySight(episodes.rgbd_camera, episodes.camera)
    for seen, picture in zip(episodes.rgb, episodes.wide_rgb, strict=True):
        np.testing.assert_array_equal(seen, sight.image(np.asarray(picture)))


def test_without_depth_they_are_kept_and_it_is_said(home, tmp_path):
    _, given, sim = home
    rows = [step_at(i) for i in range(4)]
    path = write(tmp_path / "a.rollout", header_of(sim, "x/y"), rows, has_depth=False)
    made = taken_in(home, path)
    assert "observation.depth_mm" not in made.array_names
    assert "no depth was recorded: calibrate, which tracks the object, cannot" in made.notes[0]
    assert f"recorded with another policy than {given['student']}: x/y" in made.notes


FAR = np.eye(4)
OTHERS = [
    ({"task": "pick_place"}, "is of task 'pick_place', not 'push_block'"),
    ({"robot": "ur5e"}, "is of a ur5e; policies here are trained for a panda"),
    ({"action_names": ["dx", "dy", "dz", "gripper"]}, "its actions are dx, dy, dz, gripper"),
    ({"T_world_cam": FAR}, "stands .* cm and .* degrees from where the policy learned"),
    ({"action_names": [1, 2, 3]}, "its actions are 1, 2, 3, those of the task"),
    ({"seed": 1 << 63}, "its header's seed 9223372036854775808 is none of 64 bits"),
    ({"K": np.zeros(2)}, "describes no camera"),
    ({"policy": None}, "its header says no 'policy'"),
    ({"image_hw": [24, 32]}, "0.* pixels for each of the policy's"),
]


@pytest.mark.parametrize(("other", "said"), OTHERS)
def test_recordings_of_something_else_are_refused(home, tmp_path, other, said):
    _, given, sim = home
    header = header_of(sim, given["student"]) | other
    if "image_hw" in other:  # As small a camera: its pictures would be a blur.
        header["K"] = header["K"] * np.array([[0.1], [0.1], [1]])
    path = write(tmp_path / "a.rollout", header, [step_at(i) for i in range(4)])
    with pytest.raises(BadInputError, match=said):
        taken_in(home, path)


def test_another_camera_than_the_first_recordings_is_refused(home, tmp_path):
    _, given, sim = home
    header, rows = header_of(sim, given["student"]), [step_at(i) for i in range(4)]
    write(tmp_path / "a.rollout", header, rows)
    moved = header["T_world_cam"].copy()
    moved[0, 3] += 0.01
    write(tmp_path / "b.rollout", header | {"T_world_cam": moved}, rows)
    with pytest.raises(BadInputError, match=r"b\.rollout was recorded with another camera"):
        taken_in(home, tmp_path)


def test_pictures_of_another_size_than_they_should_have_are_not_unpacked(home, tmp_path):
    _, given, sim = home
    header = header_of(sim, given["student"])
    path = write(tmp_path / "a.rollout", header, [step_at(i) for i in range(3)])
    height, width = header["image_hw"]
    data = path.read_bytes()
    told = header | {"image_hw": [height, 2 * width]}
    other = write(tmp_path / "b.rollout", told, [])
    head = 8 + 8 + int.from_bytes(other.read_bytes()[8:12], "little")
    first = 8 + 8 + int.from_bytes(data[8:12], "little")
    other.write_bytes(other.read_bytes()[:head] + data[first:])
    with pytest.raises(BadInputError, match="of step 0 is not the"):
        taken_in(home, other)


def test_a_crash_of_the_process_that_reads_is_a_sentence(home, tmp_path, monkeypatch):
    _, given, sim = home
    rows = [step_at(i) for i in range(4)]
    path = write(tmp_path / "a.rollout", header_of(sim, given["student"]), rows)
    script = tmp_path / "python"
    script.write_text(
        f"#!{sys.executable}\nimport json, os, pathlib, sys\n"
        "request = json.load(sys.stdin)\n"
        "name = request.get('0', request.get('recording'))\n"
        "pathlib.Path(request['out'], 'doing').write_text(name)\n"
        f"os.kill(os.getpid(), {int(signal.SIGSEGV)})\n"
    )
    script.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(script))
    said = r"a\.rollout cannot be read: .*SIGSEGV"
    with pytest.raises(BadInputError, match=said):
        taken_in(home, path)
    with pytest.raises(BadInputError, match=said):
        recorded_policy(path)


def test_nothing_left_is_refused_and_so_is_an_empty_folder(home, tmp_path):
    _, given, sim = home
    with pytest.raises(BadInputError, match="holds no recordings"):
        taken_in(home, tmp_path)
    write(tmp_path / "a.rollout", header_of(sim, given["student"]), [])
    with pytest.raises(
        BadInputError, match=r"nothing is left of 1 recordings: a\.rollout: dropped"
    ):
        taken_in(home, tmp_path)


def test_a_recording_that_still_grows_is_refused(home, tmp_path):
    store, given, sim = home
    rows = [step_at(i) for i in range(4)]
    path = write(tmp_path / "a.rollout", header_of(sim, given["student"]), rows)
    config = IngestRolloutsConfig.of([path])
    path.write_bytes(path.read_bytes() + b"\0")
    with pytest.raises(BadInputError, match="changed after it was submitted"):
        run_stage(INGEST_ROLLOUTS, config, store, given)


def test_the_command_says_the_artifact_and_what_was_left_out(home, tmp_path, monkeypatch, capsys):
    store, given, sim = home
    monkeypatch.setenv("XSIM_STORE", store.url)
    rows = [step_at(i) for i in range(4)]
    path = write(tmp_path / "a.rollout", header_of(sim, given["student"]), rows)
    RobotIngest(recordings=(str(tmp_path),)).run()
    said = capsys.readouterr().out
    assert said.startswith(f"{taken_in(home, path).ref}\n1 rollouts of push_block, 3 rows; 1 succ")
    assert "note: pictures lay up to 280 ms behind" in said
    alone = make_student(store, seed=1)
    with pytest.raises(BadInputError, match="does not say in which world it was trained"):
        RobotIngest(recordings=(str(path),), policy=str(alone)).run()
    with pytest.raises(BadInputError, match="is no image policy"):
        RobotIngest(recordings=(str(path),), policy=str(given["sim"])).run()
